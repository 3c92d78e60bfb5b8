"""Which columns a table has: some attributes of people are there only where somebody mapped them."""

from __future__ import annotations

from connector.domain.running import Run


def has_column(run: Run, table: str, column: str) -> bool:
    """Whether a table of the store has a column; `table` is one of our own names."""
    return column in {str(row[0]) for row in run(f"DESCRIBE {table}", {})}
