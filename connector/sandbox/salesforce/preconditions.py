"""Conditional requests on records: weak validation by Last-Modified, strong by ETag for accounts alone."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from connector.sandbox.clock import instant
from connector.sandbox.salesforce.refused import RefusedError

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def http_date(moment: datetime) -> str:
    """An instant as Salesforce's Last-Modified has it: the day of the month without a leading zero."""
    utc = moment.astimezone(UTC)
    day = f"{_DAYS[utc.weekday()]}, {utc.day} {_MONTHS[utc.month - 1]} {utc.year}"
    return f"{day} {utc:%H:%M:%S} GMT"


def validators(object_name: str, record: str, stamp: str) -> dict[str, str]:
    """Last-Modified, and for an account an ETag, of a record whose last change has that stamp."""
    headers = {"Last-Modified": http_date(instant(stamp))}
    return {"ETag": _etag(record, stamp), **headers} if object_name == "Account" else headers


def is_unchanged(headers: Mapping[str, str], object_name: str, record: str, stamp: str) -> bool:
    """Whether a GET's conditions say that the client has this state already (304)."""
    tags = headers.get("if-none-match")
    if tags is not None and object_name == "Account":
        return _names(tags, _etag(record, stamp))
    since = headers.get("if-modified-since")
    return since is not None and instant(stamp) <= moment_of("If-Modified-Since", since)


def check_unmodified(headers: Mapping[str, str], object_name: str, record: str, stamp: str) -> None:
    """Refuses (412) a change whose conditions say that the client knew another state of the record."""
    tags = headers.get("if-match")
    if tags is not None and object_name == "Account" and not _names(tags, _etag(record, stamp)):
        raise _failed("If-Match")
    since = headers.get("if-unmodified-since")
    if since is not None and instant(stamp) > moment_of("If-Unmodified-Since", since):
        raise _failed("If-Unmodified-Since")


def moment_of(name: str, text: str) -> datetime:
    """The instant of a conditional header. Raises RefusedError when it is no HTTP date."""
    try:
        found = parsedate_to_datetime(text)
    except ValueError:
        raise RefusedError(
            "INVALID_HEADER", f"The value of the header {name} is not a valid date: {text}", None
        ) from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found


def _failed(name: str) -> RefusedError:
    message = f"The record was changed: the precondition of the header {name} failed"
    return RefusedError("PRECONDITION_FAILED", message, None, status=412)


def _etag(record: str, stamp: str) -> str:
    return f'"{hashlib.sha256(f"{record} {stamp}".encode()).hexdigest()[:8]}"'


def _names(tags: str, tag: str) -> bool:
    """Whether a list of entity tags has `tag`; a proxy's --gzip at its end is looked through."""
    bare = {entry.strip().removeprefix("W/").replace("--gzip", "") for entry in tags.split(",")}
    return tag in bare or "*" in bare
