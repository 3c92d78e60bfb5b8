"""Statements of engine/sql with their holes filled: the only way in which rules become SQL."""

from __future__ import annotations

import re

from connector.domain.statements import quoted, statements

__all__ = ["compose", "quoted"]

_HOLE = re.compile(r"<<(\w+)>>")


def compose(file: str, name: str, **holes: object) -> str:
    """The statement `name` of engine/sql/`file`.sql with each <<hole>> filled.

    Only generated SQL and numbers go in, never what a user wrote. KeyError for a hole that nothing fills.
    """
    statement = statements("connector.engine.sql", f"{file}.sql")[name]
    return _HOLE.sub(lambda hole: str(holes[hole.group(1)]), statement)
