"""The thinking: rules → SQL statements and decisions, through a call that runs them. Knows no database."""
