"""Queries of a collection: `fields`, filters, order, and pages that follow one another by key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from connector.sandbox.account_engagement import tokens
from connector.sandbox.account_engagement.filters import Filter, find_filter, find_filters
from connector.sandbox.account_engagement.order import Key, after, parse_order
from connector.sandbox.account_engagement.refusals import (
    RefusalError,
    answer,
    invalid_value,
    unknown_parameter,
)
from connector.sandbox.account_engagement.shapes import Shape, parse_fields, shape
from connector.sandbox.catalogue.model import ObjectDef
from connector.sandbox.context import Sandbox
from connector.sandbox.database import Database
from connector.sandbox.wire import Request, Response

DEFAULT_LIMIT = 200
MOST_ROWS = 1000
MOST_OFFSET = 2000
CAPPED = "203;Record count for nextPageToken sequence has been exceeded. No page token returned."
_OWN_PARAMETERS = frozenset({"fields", "limit", "orderBy", "offset", "deleted", "nextPageToken"})
_FEW = 50_000
"""Below so many matching rows, sorting what an index finds is cheaper than walking the table in its order."""


@dataclass(frozen=True)
class _Page:
    """One page to read. `given` counts the rows of earlier pages, `number` this page from 1."""

    order_by: str
    filters: tuple[Filter, ...]
    limit: int
    deleted: str | None
    offset: int = 0
    resume: Mapping[str, Any] | None = None
    number: int = 1
    given: int = 0


def query(request: Request, sandbox: Sandbox, definition: ObjectDef) -> Response:
    """GET of a collection: a page of values, and where the next one is."""
    parameters = dict(request.query)
    names = parse_fields(parameters.get("fields"))
    zone = ZoneInfo(sandbox.config.account_engagement_time_zone)
    page = _page(parameters, sandbox, definition)
    keys = parse_order(definition, page.order_by)
    wanted = shape(definition, names, sandbox.account_engagement, zone)
    size = min(page.limit, max(sandbox.config.chain_cap - page.given, 0))
    rows = _read(sandbox.database, definition, wanted, page, keys, size)
    values = [wanted.record(row) for row in rows]
    given = page.given + len(rows)
    headers: dict[str, str] = {}
    token = None
    if len(rows) == size and given >= sandbox.config.chain_cap:
        headers["Pardot-Warning"] = CAPPED
    elif len(rows) == page.limit:
        token = _next_token(page, keys, rows[-1], given, sandbox, zone)
    url = f"{request.origin}{request.path}?fields={','.join(names)}&nextPageToken={token}" if token else None
    return answer(200, {"nextPageToken": token, "nextPageUrl": url, "values": values}, headers)


def _page(parameters: Mapping[str, str], sandbox: Sandbox, definition: ObjectDef) -> _Page:
    if "nextPageToken" in parameters:
        return _following_page(parameters, sandbox, definition)
    filters = find_filters(definition, parameters)
    taken = {entry.parameter for entry in filters} | _OWN_PARAMETERS
    for name in parameters:
        if name not in taken:
            raise unknown_parameter(name)
    return _Page(
        order_by=parameters.get("orderBy", "").strip(),
        filters=filters,
        limit=_number(parameters, "limit", DEFAULT_LIMIT, 1, MOST_ROWS),
        deleted=_deleted(parameters, definition),
        offset=_number(parameters, "offset", 0, 0, MOST_OFFSET),
    )


def _following_page(parameters: Mapping[str, str], sandbox: Sandbox, definition: ObjectDef) -> _Page:
    for name in parameters:
        if name not in {"fields", "nextPageToken"}:
            raise invalid_value(name, "Only fields can be specified together with nextPageToken.")
    token = tokens.decode(parameters["nextPageToken"], sandbox.clock.now())
    filters = tuple(find_filter(definition, name, value) for name, value in token.filters)
    resumed = [key.name for key in parse_order(definition, token.order_by)]
    if None in filters or set(resumed) != set(token.resume_value):
        raise RefusalError(211)
    return _Page(
        order_by=token.order_by,
        filters=tuple(entry for entry in filters if entry is not None),
        limit=token.limit,
        deleted=token.deleted,
        resume=token.resume_value,
        number=token.page,
        given=token.record_count,
    )


def _next_token(
    page: _Page, keys: Sequence[Key], last: Sequence[Any], given: int, sandbox: Sandbox, zone: ZoneInfo
) -> str:
    resume = dict(zip((key.name for key in keys), last[-len(keys) :], strict=True))
    return tokens.encode(
        tokens.PageToken(
            order_by=page.order_by,
            filters=tuple((entry.parameter, entry.value) for entry in page.filters),
            limit=page.limit,
            resume_value=resume,
            page=page.number + 1,
            record_count=given,
            expires_at=sandbox.clock.now().astimezone(zone) + tokens.LIFE,
            deleted=page.deleted,
        )
    )


def _read(
    database: Database, definition: ObjectDef, wanted: Shape, page: _Page, keys: Sequence[Key], size: int
) -> list[Sequence[Any]]:
    """The rows of a page: the wanted columns, then the values of the order's keys."""
    conditions = [entry.sql for entry in page.filters]
    parameters: list[Any] = [entry.bound for entry in page.filters]
    if page.resume is not None:
        condition, bound = after(keys, page.resume)
        conditions.append(condition)
        parameters += bound
    if definition.field("isDeleted") is not None and page.deleted != "all":
        conditions.append(f'm."isDeleted" IS {"1" if page.deleted == "true" else "NOT 1"}')
    columns = ", ".join((*wanted.columns, *(f'm."{key.name}"' for key in keys)))
    where = f"WHERE {' AND '.join(conditions)} " if conditions else ""
    text = (
        f'SELECT {columns} FROM "{definition.name}" AS m {_access(database, definition, page, keys)} '
        f"{' '.join(wanted.joins)} {where}ORDER BY {', '.join(key.sql for key in keys)} LIMIT ? OFFSET ?"
    )
    cursor = database.reader().cursor()
    cursor.row_factory = None
    return cursor.execute(text, (*parameters, size, page.offset)).fetchall()


def _access(database: Database, definition: ObjectDef, page: _Page, keys: Sequence[Key]) -> str:
    """Which index to walk, where SQLite could choose one that sorts the whole table for each page."""
    if any(entry.operator == "=" for entry in page.filters):
        return ""
    first = definition.field(keys[0].name)
    if first is not None and first.indexed:
        return f'INDEXED BY "{definition.name}_{first.name}"'
    ranges = [entry for entry in page.filters if entry.field.indexed]
    if keys[0].name != "id" or not ranges:
        return ""
    index = f'INDEXED BY "{definition.name}_{ranges[0].field.name}"'
    on_field = [entry for entry in ranges if entry.field == ranges[0].field]
    conditions = " AND ".join(entry.sql for entry in on_field)
    found = (
        database.reader()
        .execute(
            f'SELECT count(*) FROM (SELECT 1 FROM "{definition.name}" AS m {index} WHERE {conditions} LIMIT ?)',
            (*(entry.bound for entry in on_field), _FEW),
        )
        .fetchone()[0]
    )
    return index if found < _FEW else "NOT INDEXED"


def _number(parameters: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    text = parameters.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit():
        raise invalid_value(name, "It must be an integer.")
    if not least <= int(text) <= most:
        raise RefusalError(52, f"{name} must be between {least} and {most}.")
    return int(text)


def _deleted(parameters: Mapping[str, str], definition: ObjectDef) -> str | None:
    text = parameters.get("deleted")
    if text is None:
        return None
    if definition.field("isDeleted") is None:
        raise unknown_parameter("deleted")
    if text not in {"true", "false", "all"}:
        raise invalid_value("deleted", "It must be true, false, or all.")
    return text
