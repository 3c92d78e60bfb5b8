"""SOQL over HTTP: query, queryAll, and their next pages."""

from __future__ import annotations

import re
import secrets
import string
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from connector.sandbox.context import Sandbox
from connector.sandbox.routing import route
from connector.sandbox.salesforce.payload import answer, answered, resource, user_of
from connector.sandbox.salesforce.reading import environment
from connector.sandbox.salesforce.refused import RefusedError
from connector.sandbox.soql import Result, ResultColumn, execute
from connector.sandbox.wire import Request, Response

LARGEST_PAGE = 2000
_SMALLEST_PAGE = 200
_PAGE_WITH_LONG_TEXT = 1000
_LONG_TEXT = 32_000
_LONGEST_QUERY = 100_000
_CURSOR_LIFE = timedelta(days=2)
_MOST_CURSORS = 1000
_MOST_ROWS_HELD = 50_000_000
_LETTERS = string.ascii_letters + string.digits
_LOCATOR = re.compile(r"(0r8\w{15})-(\d+)")
_APEX_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "id": "Id",
        "reference": "Id",
        "boolean": "Boolean",
        "int": "Integer",
        "double": "Double",
        "currency": "Double",
        "percent": "Double",
        "date": "Date",
        "datetime": "Datetime",
    }
)
_BATCH_SIZE = re.compile(r"batchSize\s*=\s*(\d+)", re.IGNORECASE)


@dataclass(frozen=True)
class _Cursor:
    """A result that has more pages: whose, of what page size, and since when."""

    result: Result
    user_id: str
    size: int
    opened_at: datetime


class _Cursors:
    """The open cursors of one sandbox by locator; the oldest go when there are too many, or too many rows in them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: OrderedDict[str, _Cursor] = OrderedDict()
        self._rows = 0

    def open(self, cursor: _Cursor) -> str:
        locator = "0r8" + "".join(secrets.choice(_LETTERS) for _ in range(15))
        with self._lock:
            self._open[locator] = cursor
            self._rows += cursor.result.total_size
            while len(self._open) > _MOST_CURSORS or (self._rows > _MOST_ROWS_HELD and len(self._open) > 1):
                _, oldest = self._open.popitem(last=False)
                self._rows -= oldest.result.total_size
        return locator

    def find(self, locator: str, user_id: str, now: datetime) -> _Cursor | None:
        with self._lock:
            cursor = self._open.get(locator)
        if cursor is None or cursor.user_id != user_id or now - cursor.opened_at > _CURSOR_LIFE:
            return None
        return cursor


def query(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:
    """GET query?q=: the first page of the live records; with `columns=true` what the columns are instead."""
    return _first_page(request, sandbox, groups, include_deleted=False)


def query_all(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:
    """GET queryAll?q=: the same with deleted, merged-away and archived records."""
    return _first_page(request, sandbox, groups, include_deleted=True)


def next_page(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:
    """GET query/LOCATOR-OFFSET: a further page; parameters are ignored. The same page can be asked for again."""
    match = _LOCATOR.fullmatch(groups["locator"])
    found = match and _cursors(sandbox).find(match[1], user_of(request, sandbox), sandbox.clock.now())
    if match is None or not found or int(match[2]) > found.result.total_size:
        raise RefusedError("INVALID_QUERY_LOCATOR", "invalid query locator", None)
    return _page(request, sandbox, groups, found, match[1], int(match[2]))


def page_size(sandbox: Sandbox, result: Result, options: str | None) -> int:
    """Rows a page: 2,000 or the batchSize of Sforce-Query-Options (200 to 2,000); fewer with long text.

    Recorded: 1,000 with one text field of 32,000 characters; documented: 200 with two long custom ones.
    """
    asked = _BATCH_SIZE.search(options or "")
    size = min(max(int(asked[1]), _SMALLEST_PAGE), LARGEST_PAGE) if asked else LARGEST_PAGE
    definition = sandbox.salesforce.object(result.entity)
    fields = [definition.field(name) for name in result.selected] if definition else []
    long = [field for field in fields if field is not None and field.length >= _LONG_TEXT]
    if sum(field.custom for field in long) > 1:
        return min(size, _SMALLEST_PAGE)
    return min(size, _PAGE_WITH_LONG_TEXT) if long else size


def _first_page(request: Request, sandbox: Sandbox, groups: dict[str, str], *, include_deleted: bool) -> Response:
    text = request.parameter("q")
    if not text:
        raise RefusedError("MALFORMED_QUERY", "unexpected token: <EOF>", None)
    if len(text) > _LONGEST_QUERY:
        raise RefusedError("MALFORMED_QUERY", "SOQL statements cannot be longer than 100000 characters.", None)
    user_id = user_of(request, sandbox)
    where = environment(sandbox, user_id, groups["version"], include_deleted=include_deleted)
    result = execute(text, where)
    if (request.parameter("columns") or "").lower() == "true":
        return answer(request, 200, _metadata(sandbox, result))
    options = request.headers.get("sforce-query-options")
    cursor = _Cursor(result, user_id, page_size(sandbox, result, options), sandbox.clock.now())
    return _page(request, sandbox, groups, cursor, None, 0)


def _page(
    request: Request, sandbox: Sandbox, groups: dict[str, str], cursor: _Cursor, locator: str | None, offset: int
) -> Response:
    result = cursor.result
    records = [] if result.is_count else result.page(offset, cursor.size, sandbox.database.current())
    following = offset + cursor.size
    done = result.is_count or following >= result.total_size
    body: dict[str, Any] = {"totalSize": result.total_size, "done": done}
    if not done:
        locator = locator or _cursors(sandbox).open(cursor)
        body["nextRecordsUrl"] = resource(groups, "query", f"{locator}-{following}")
    return answer(request, 200, {**body, "records": records})


def _metadata(sandbox: Sandbox, result: Result) -> dict[str, Any]:
    """What `columns=true` answers: undocumented, but Salesforce's own command line cannot do without it."""
    definition = sandbox.salesforce.object(result.entity)
    return {
        "columnMetadata": [_column(column) for column in result.columns],
        "entityName": result.entity,
        "groupBy": any(column.aggregate for column in result.columns),
        "idSelected": "Id" in result.selected,
        "keyPrefix": definition.prefix if definition else None,
    }


def _column(column: ResultColumn) -> dict[str, Any]:
    return {
        "aggregate": column.aggregate,
        "apexType": _APEX_TYPES.get(column.type, "String"),
        "booleanType": column.type == "boolean",
        "columnName": column.name,
        "custom": column.custom,
        "displayName": column.display_name,
        "foreignKeyName": column.name if column.columns else None,
        "insertable": False,
        "joinColumns": [_column(entry) for entry in column.columns],
        "numberType": column.type in {"int", "double", "currency", "percent"},
        "textType": column.type in {"string", "textarea", "email", "phone", "url", "picklist", "combobox"},
        "updatable": False,
    }


def _cursors(sandbox: Sandbox) -> _Cursors:
    cursors: _Cursors = sandbox.open_state.setdefault("query_cursors", _Cursors())
    return cursors


ROUTES = (
    route("GET", "/services/data/v{version}/query", answered(query), "salesforce"),
    route("GET", "/services/data/v{version}/queryAll", answered(query_all), "salesforce"),
    route("GET", "/services/data/v{version}/query/{locator}", answered(next_page), "salesforce"),
    route("GET", "/services/data/v{version}/queryAll/{locator}", answered(next_page), "salesforce"),
)
