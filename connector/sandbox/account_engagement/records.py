"""Single records: found, shown, written and stamped, whatever their collection."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any
from zoneinfo import ZoneInfo

from connector.sandbox.account_engagement.refusals import RefusalError, answer
from connector.sandbox.account_engagement.shapes import parse_fields, shape
from connector.sandbox.catalogue.model import ObjectDef
from connector.sandbox.clock import instant, stamp
from connector.sandbox.context import Sandbox
from connector.sandbox.sessions import request_session
from connector.sandbox.wire import Request, Response

BINNED = "201;Record In Recycle Bin"


def record_number(text: str) -> int:
    """A record's id from a path: 16 when it is no whole number."""
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise RefusalError(16)
    return int(text)


def find(connection: sqlite3.Connection, definition: ObjectDef, number: int) -> sqlite3.Row:
    """The whole row of a record, also from the recycle bin: 109 when there is none."""
    text = f'SELECT * FROM "{definition.name}" WHERE "id" = ?'
    row: sqlite3.Row | None = connection.execute(text, (number,)).fetchone()
    if row is None:
        raise RefusalError(109)
    return row


def is_binned(definition: ObjectDef, row: sqlite3.Row) -> bool:
    """Whether a record lies in the recycle bin."""
    return definition.field("isDeleted") is not None and row["isDeleted"] == 1


def read(request: Request, sandbox: Sandbox, definition: ObjectDef, number: int) -> Response:
    """GET of one record: 404 from the recycle bin unless `deleted` asks for it, 304 when it did not change."""
    parse_fields(request.parameter("fields"))
    row = find(sandbox.database.reader(), definition, number)
    binned = is_binned(definition, row)
    allowed = {None: {False}, "false": {False}, "true": {True}, "all": {True, False}}
    if binned not in allowed.get(request.parameter("deleted"), {False}):
        raise RefusalError(109, headers={"Pardot-Warning": BINNED} if binned else None)
    changed = _last_modified(row)
    since = _http_time(request.headers.get("if-modified-since"))
    if changed is not None and since is not None and changed <= since:
        return Response(304, content_type=None)
    headers = {"Last-Modified": format_datetime(changed, usegmt=True)} if changed else {}
    return answer(200, shown(request.parameter("fields"), sandbox, definition, number), headers)


def check_fields(fields: str | None, sandbox: Sandbox, definition: ObjectDef) -> None:
    """Refuses what `fields` names wrongly, before anything is written. None or empty asks for nothing."""
    if (fields or "").strip():
        zone = ZoneInfo(sandbox.config.account_engagement_time_zone)
        shape(definition, parse_fields(fields), sandbox.account_engagement, zone, single=True)


def shown(fields: str | None, sandbox: Sandbox, definition: ObjectDef, number: int) -> dict[str, Any]:
    """The named fields of one record as they go out."""
    zone = ZoneInfo(sandbox.config.account_engagement_time_zone)
    wanted = shape(definition, parse_fields(fields), sandbox.account_engagement, zone, single=True)
    cursor = sandbox.database.current().cursor()
    cursor.row_factory = None
    row = cursor.execute(
        f'SELECT {", ".join(wanted.columns)} FROM "{definition.name}" AS m {" ".join(wanted.joins)} WHERE m."id" = ?',
        (number,),
    ).fetchone()
    return wanted.record(row)


def outcome(
    status: int,
    fields: str | None,
    sandbox: Sandbox,
    definition: ObjectDef,
    number: int,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The answer to a write: the asked fields with `status`, or 204 when none was asked for."""
    if not (fields or "").strip():
        return Response(204, headers=headers or {}, content_type=None)
    return answer(status, shown(fields, sandbox, definition, number), headers)


@dataclass(frozen=True)
class Writing:
    """One write transaction on one collection, by the user whose call it is."""

    connection: sqlite3.Connection
    sandbox: Sandbox
    definition: ObjectDef
    user: int

    def insert(self, values: Mapping[str, Any]) -> int:
        """Adds a record with its defaults and stamps; answers its id."""
        now = stamp(self.sandbox.clock.now())
        fields = self.definition.every_field
        defaults = {entry.name: entry.default for entry in fields if entry.default is not None}
        number = next_number(self.connection, self.sandbox, self.definition)
        stamps = {"createdAt": now, "updatedAt": now, "createdById": self.user, "updatedById": self.user}
        row = {**defaults, **values, **stamps, "id": number}
        self.sandbox.database.insert(self.definition.name, tuple(row), [tuple(row.values())])
        return number

    def update(self, number: int, values: Mapping[str, Any]) -> None:
        """Changes a record and moves its stamp, as every write through the API does."""
        stamps = {"updatedAt": stamp(self.sandbox.clock.now()), "updatedById": self.user}
        kept = {field.name for field in self.definition.every_field}
        row = {**values, **{name: value for name, value in stamps.items() if name in kept}}
        assignments = ", ".join(f'"{name}" = ?' for name in row)
        text = f'UPDATE "{self.definition.name}" SET {assignments} WHERE "id" = ?'
        self.connection.execute(text, (*row.values(), number))

    def live(self, number: int, *, refuse: int) -> sqlite3.Row:
        """The row of a record: 109 when there is none, `refuse` when it lies in the recycle bin."""
        row = find(self.connection, self.definition, number)
        if is_binned(self.definition, row):
            raise RefusalError(refuse, headers={"Pardot-Warning": BINNED})
        return row


@contextmanager
def writing(request: Request, sandbox: Sandbox, definition: ObjectDef) -> Iterator[Writing]:
    """A write transaction, undone when the call is refused in it."""
    user = calling_user(request, sandbox)
    with sandbox.database.write() as connection:
        yield Writing(connection, sandbox, definition, user)


def calling_user(request: Request, sandbox: Sandbox) -> int:
    """Account Engagement's id of the user whose token it is; the first user where none is mapped."""
    session = request_session(request, sandbox)
    row = (
        sandbox.database.reader()
        .execute(
            'SELECT "id" FROM "users" ORDER BY "salesforceId" IS ? DESC, "id" LIMIT 1',
            (session.user_id if session else None,),
        )
        .fetchone()
    )
    return int(row[0]) if row else 1


def exists(connection: sqlite3.Connection, table: str, number: Any) -> bool:
    """Whether a table has a record of that id."""
    found = connection.execute(f'SELECT 1 FROM "{table}" WHERE "id" = ?', (number,)).fetchone()
    return found is not None


def next_number(connection: sqlite3.Connection, sandbox: Sandbox, definition: ObjectDef) -> int:
    """An id above all that are there, however they came to be, taken from the object's sequence."""
    first = sandbox.database.next_ids(definition.name)
    top = connection.execute(f'SELECT max("id") FROM "{definition.name}"').fetchone()[0] or 0
    if first > top:
        return first
    return sandbox.database.next_ids(definition.name, top - first + 1) + top - first


def _last_modified(row: sqlite3.Row) -> datetime | None:
    text = row["updatedAt"] if "updatedAt" in row.keys() else row["createdAt"]  # noqa: SIM118 - a Row iterates values
    return instant(text) if text else None


def _http_time(text: str | None) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text) if text else None
    except ValueError:
        return None
    return moment.replace(tzinfo=moment.tzinfo or UTC) if moment else None
