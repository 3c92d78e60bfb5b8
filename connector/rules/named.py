"""Which columns conditions name, so that what a file brings beside them need not be kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import BaseModel

from connector.rules.conditions import Condition


def named_columns(*parts: object) -> frozenset[str]:
    """The columns that any condition within these models reads, in small letters, of whatever relation."""
    return frozenset(column for part in parts for one in _conditions(part) for column in one.columns)


def _conditions(part: object) -> Iterator[Condition]:
    if isinstance(part, Condition):
        yield part
    elif isinstance(part, BaseModel):
        for name in type(part).model_fields:
            yield from _conditions(getattr(part, name))
    elif isinstance(part, tuple):
        for one in part:
            yield from _conditions(one)
    elif isinstance(part, Mapping):
        for one in part.values():
            yield from _conditions(one)
