"""Rows on their way out, and what came of each. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from email.utils import format_datetime
from typing import Any

from connector.domain.outcome import RowResult

Row = Mapping[str, object]

ID_NAMES = ("Id", "id")
"""Queries say Id, collections say id; rows may come by either."""


def wire_value(value: object) -> object:
    """A value as JSON takes it: aware datetimes in UTC with milliseconds, decimals as numbers; None stays null.

    ValueError for a datetime without a zone.
    """
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("a datetime without a time zone cannot be written")
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value


def record(object_name: str, row: Row) -> dict[str, object]:
    """A row of a collections call: its type first, the id by the name that updates want."""
    found: dict[str, object] = {"attributes": {"type": object_name}}
    for name, value in row.items():
        found["id" if name in ID_NAMES else name] = wire_value(value)
    return found


def id_of(row: Row) -> object:
    """A row's id, None when it has none."""
    return next((row[name] for name in ID_NAMES if row.get(name)), None)


def http_date(instant: datetime) -> str:
    """An aware datetime as If-Unmodified-Since wants it, to the second (which is all that the org compares).

    ValueError for one without a zone.
    """
    if instant.tzinfo is None:
        raise ValueError("a datetime without a time zone cannot be compared")
    return format_datetime(instant.astimezone(UTC).replace(microsecond=0), usegmt=True)


def calls(keys: Sequence[object], size: int) -> Iterator[list[int]]:
    """The positions of rows for each call, at most `size` each, so that no call has the same key twice.

    The second row with a key waits for a later call, the third for one after it.
    """
    seen: Counter[object] = Counter()
    rounds: list[list[int]] = []
    for place, key in enumerate(keys):
        turn = seen[key]
        seen[key] += 1
        if turn == len(rounds):
            rounds.append([])
        rounds[turn].append(place)
    for places in rounds:
        for start in range(0, len(places), size):
            yield places[start : start + size]


def row_result(answer: Mapping[str, Any], given_id: object) -> RowResult:
    """What a collections call said about one row; `given_id` where the answer of a failure leaves the id out."""
    errors = answer.get("errors") or ()
    row_id = answer.get("id") or given_id
    return RowResult(
        id=str(row_id) if row_id else None,
        success=bool(answer["success"]),
        created=bool(answer.get("created", False)),
        error_code=_code(errors[0]) if errors else None,
        message="; ".join(str(error.get("message", "")) for error in errors) or None,
        fields=tuple(name for error in errors for name in error.get("fields") or ()),
    )


def subrequest_result(answer: Mapping[str, Any], given_id: str) -> RowResult:
    """What a composite call said about one PATCH of a row: 204, 412 (moved since), or errors."""
    status = int(answer["httpStatusCode"])
    if 200 <= status < 300:
        return RowResult(given_id, success=True)
    body = answer.get("body")
    error = body[0] if isinstance(body, list) and body and isinstance(body[0], Mapping) else {}
    moved = status == 412
    return RowResult(
        id=given_id,
        success=False,
        moved=moved,
        error_code=_code(error) or ("PRECONDITION_FAILED" if moved else f"HTTP_{status}"),
        message=error.get("message"),
        fields=tuple(error.get("fields") or ()),
    )


def _code(error: Mapping[str, Any]) -> str | None:
    # Collections say statusCode, everything else says errorCode.
    return error.get("statusCode") or error.get("errorCode")
