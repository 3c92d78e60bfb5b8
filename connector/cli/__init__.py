"""The command line: parse → flow → render → exit code. One file a group of commands."""
