"""Page tokens: base64 of JSON, in the recorded shape, with the query frozen inside."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from connector.sandbox.account_engagement.refusals import RefusalError

_T = TypeVar("_T")

LIFE = timedelta(hours=4)


@dataclass(frozen=True)
class PageToken:
    """Where a chain of pages stands.

    `filters` are parameter names and values as they were sent; `resume_value` holds the last row's values of
    the order's keys as the database has them; `record_count` counts the rows given so far by the whole chain.
    """

    order_by: str
    filters: tuple[tuple[str, str], ...]
    limit: int
    resume_value: Mapping[str, Any]
    page: int
    record_count: int
    expires_at: datetime
    deleted: str | None


def encode(token: PageToken) -> str:
    """The token as clients carry it; `expires_at` keeps the offset that it has."""
    document = {
        "orderBy": token.order_by,
        "filters": [{"name": name, "value": value} for name, value in token.filters],
        "limit": token.limit,
        "resumeValue": dict(token.resume_value),
        "page": token.page,
        "recCount": token.record_count,
        "expireTime": token.expires_at.isoformat(timespec="seconds"),
        "deleted": token.deleted,
    }
    return base64.b64encode(json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()).decode()


def decode(text: str, now: datetime) -> PageToken:
    """The token in `text`: 211 when it is none, 210 when it expired before `now` (the world's time)."""
    try:
        document = json.loads(base64.b64decode(text.replace(" ", "+"), validate=True))
        token = PageToken(
            order_by=_checked(document["orderBy"], str),
            filters=tuple((str(entry["name"]), str(entry["value"])) for entry in document["filters"]),
            limit=_count(document["limit"]),
            resume_value=_plain_values(document["resumeValue"]),
            page=_count(document["page"]),
            record_count=_count(document["recCount"]),
            expires_at=datetime.fromisoformat(document["expireTime"]),
            deleted=document["deleted"],
        )
        expired = token.expires_at < now
    except (binascii.Error, ValueError, KeyError, TypeError):
        raise RefusalError(211) from None
    if expired:
        raise RefusalError(210)
    return token


def _checked(value: Any, kind: type[_T]) -> _T:
    if not isinstance(value, kind):
        raise TypeError
    return value


def _count(value: Any) -> int:
    if not 0 < _checked(value, int) < 2**31:
        raise ValueError
    return int(value)


def _plain_values(value: Any) -> dict[str, Any]:
    if not all(entry is None or isinstance(entry, str | int | float) for entry in _checked(value, dict).values()):
        raise TypeError
    return dict(value)
