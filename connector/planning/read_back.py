"""Reading records back from the org, and whether a value that we wrote still stands there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from connector.domain.plan import PlainValue
from connector.store.journal import as_text

ROWS_A_QUESTION = 200
_MORE = {"Lead": ("IsConverted",), "Task": ("CreatedById", "CreatedDate", "IsClosed", "LastModifiedById")}
"""What has to be known of an object's records beside the fields that were written."""

Query = Callable[[str], list[dict[str, Any]]]
Row = Mapping[str, Any]
"""A record by lower-case field names: the org answers by its own, whatever letters it was asked in."""


def read_back(query: Query, object_name: str, key: str, values: Sequence[str], fields: Sequence[str]) -> Iterator[Row]:
    """The records with these values in `key`, so far as they are there: 200 a call. Deleted ones are not shown."""
    names = dict.fromkeys(("Id", key, "LastModifiedDate", *_MORE.get(object_name, ()), *fields))
    asked = {name.lower(): name for name in reversed(names)}
    for start in range(0, len(values), ROWS_A_QUESTION):
        listed = ", ".join(f"'{_quoted(value)}'" for value in values[start : start + ROWS_A_QUESTION])
        for row in query(f"SELECT {', '.join(reversed(asked.values()))} FROM {object_name} WHERE {key} IN ({listed})"):
            yield {name.lower(): value for name, value in row.items()}


def instant(row: Row, field: str = "lastmodifieddate") -> datetime | None:
    """A time of a record (aware, UTC); None where the org did not tell it."""
    told = row.get(field)
    if told is None:
        return None
    moment = told if isinstance(told, datetime) else datetime.fromisoformat(str(told))
    return moment.astimezone(UTC)


def stands(written: PlainValue, there: object) -> bool:
    """Whether a value read back is the one that was written, whatever its spelling.

    The org trims texts, knows no empty ones, gives numbers with a fraction and times in its own form (72 and 72.0,
    Z and +0000).
    """
    ours, theirs = _plain(written), _plain(there)
    if ours == theirs:
        return True
    if not isinstance(ours, str) or not isinstance(theirs, str):
        return False
    try:
        return datetime.fromisoformat(ours) == datetime.fromisoformat(theirs)
    except (ValueError, TypeError):
        return False


def _plain(value: object) -> str | None:
    if isinstance(value, str):
        return value.strip() or None
    if value is None or isinstance(value, bool | int | float):
        return as_text(value)
    return str(value)


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")
