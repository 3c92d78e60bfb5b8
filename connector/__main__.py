"""`python -m connector`: the same as the console script."""

from connector.cli.main import main

main()
