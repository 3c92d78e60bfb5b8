"""Small streams and landed pages for tests of the store and of pulling."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from connector.domain.streams import BY_NAME, Column, MappedStream
from connector.store.database import Store
from connector.store.mirror import freeze, table_of

NOON = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
"""Noon in Tokyo: the moment from which the tests count."""

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

Row = Mapping[str, Any]


def mapped(stream_name: str, /, **attributes: str | tuple[str, str]) -> MappedStream:
    """A stream with its system columns and some attributes: `title="Title"` or `size=("Size__c", "integer")`."""
    stream = BY_NAME[stream_name]
    columns = [Column(attribute, field, kind) for attribute, (field, kind) in stream.system.items()]
    for attribute, behind in attributes.items():
        field, kind = (behind, "text") if isinstance(behind, str) else behind
        columns.append(Column(attribute, field, kind))  # type: ignore[arg-type] # the tests give types by their names
    return MappedStream(stream, tuple(columns))


LEADS = mapped("salesforce.Lead", title="Title", employees=("NumberOfEmployees", "integer"))
PROSPECTS = mapped("account_engagement.prospects", email="email")
FORMS = mapped("account_engagement.forms", name="name")
STATUSES = mapped("salesforce.LeadStatus", label="MasterLabel")


def sf_time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def ae_time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")


def lead(number: int, stamp: datetime = NOON, *, title: str | None = "部長", **fields: Any) -> dict[str, Any]:
    """A Lead as Salesforce sends it; created a day before noon."""
    return {
        "Id": lead_id(number),
        "IsDeleted": False,
        "CreatedDate": sf_time(NOON - DAY),
        "LastModifiedDate": sf_time(stamp),
        "SystemModstamp": sf_time(stamp),
        "Title": title,
        "NumberOfEmployees": 100,
        **fields,
    }


def lead_id(number: int) -> str:
    return f"00Q{number:012d}AAA"


def prospect(number: int, updated: datetime = NOON, **fields: Any) -> dict[str, Any]:
    """A prospect as Account Engagement sends it; created a day before noon."""
    return {
        "id": number,
        "updatedAt": ae_time(updated),
        "createdAt": ae_time(NOON - DAY),
        "isDeleted": False,
        "email": f"p{number}@example.com",
        **fields,
    }


def form(number: int, **fields: Any) -> dict[str, Any]:
    return {**prospect(number), "name": f"form {number}", **fields}


def land(folder: Path, stream: MappedStream, *pages: Sequence[Row]) -> list[Path]:
    """The rows as pages in files, as the stream's remote words them."""
    key = "records" if stream.stream.remote == "salesforce" else "values"
    files = []
    for rows in pages:
        file = folder / f"{len(list(folder.iterdir())):05d}.json"
        file.write_text(json.dumps({"done": True, key: list(rows)}, ensure_ascii=False), encoding="utf-8")
        files.append(file)
    return files


def current(store: Store, stream: MappedStream, *columns: str) -> list[tuple[Any, ...]]:
    """What is known now, by id."""
    names = ", ".join(columns)
    return store.run(f'SELECT id, {names} FROM "{table_of(stream)}" WHERE _until IS NULL ORDER BY id')


def versions(store: Store, stream: MappedStream, *columns: str) -> list[tuple[Any, ...]]:
    """Every version, in the order of seeing, without its times."""
    names = ", ".join(columns)
    return store.run(f'SELECT id, {names} FROM "{table_of(stream)}" ORDER BY id, _seen_at, _valid_from, rowid')


def seen(store: Store, stream: MappedStream, *columns: str, **times: datetime) -> list[tuple[Any, ...]]:
    """What the views show after a freeze with `as_of` or `known_at`."""
    freeze(store, [stream], **times)
    names = ", ".join(("id", *columns))
    return store.run(f'SELECT {names} FROM "seen_{stream.stream.table}" ORDER BY id')


def ids(rows: Iterable[tuple[Any, ...]]) -> list[Any]:
    return [row[0] for row in rows]
