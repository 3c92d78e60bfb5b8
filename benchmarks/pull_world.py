"""The sandbox of `pull.py`, in a process of its own: a small invented world, multiplied to any size within minutes.

Each row is a copy of one of the small world's rows with an id, names, times and references of its own, written straight
into the sandbox's tables. Half of the activity is Salesforce's (three Tasks to two CampaignMembers), half Account
Engagement's (visitor activities); each person is a Lead and a prospect. The clock stands still.

It says `ready` when the sandbox answers, and `done` after each of these lines on its input:

    change N    the clock goes on by an hour, and N Leads, spread evenly, get another title
"""

from __future__ import annotations

import argparse
import sqlite3
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from connector.sandbox.catalogue.model import ObjectDef
from connector.sandbox.clock import stamp
from connector.sandbox.config import SandboxConfig
from connector.sandbox.context import Sandbox
from connector.sandbox.ids import record_id
from connector.sandbox.serve import serving

MODEL_PEOPLE = 40
YEARS = timedelta(days=730)
SHUFFLE = 7_919
"""A prime: rows are modified in another order than they were created in."""

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Filling:
    """How many rows of each kind there shall be, and the time at which the world stands."""

    people: int
    activities: int
    now: datetime

    @property
    def tasks(self) -> int:
        return self.activities * 3 // 10

    @property
    def members(self) -> int:
        return self.activities * 2 // 10

    @property
    def visits(self) -> int:
        return self.activities - self.tasks - self.members

    def created(self, number: int, count: int) -> datetime:
        """When the row was created: the first one two years ago, the last one a day ago."""
        span = YEARS - timedelta(days=1)
        return self.now - YEARS + timedelta(seconds=int(span.total_seconds() * number / count))

    def modified(self, number: int, count: int) -> datetime:
        """When it was changed last: up to sixty days after its creation."""
        later = timedelta(seconds=number * SHUFFLE % (60 * 86_400))
        return min(self.created(number, count) + later, self.now - timedelta(hours=1))


def main() -> None:
    """Fills the sandbox, serves it, and does what is asked on the input until that ends."""
    asked = _arguments()
    config = SandboxConfig(
        state=asked.state,
        people=min(MODEL_PEOPLE, asked.people),
        frozen=True,
        daily_api_requests=10_000_000,
        account_engagement_daily_calls=10_000_000,
    )
    with serving(config) as running:
        fill(running.sandbox, Filling(asked.people, asked.activities, config.start))
        print("ready", flush=True)
        for line in sys.stdin:
            change(running.sandbox, int(line.split()[1]))
            print("done", flush=True)


def fill(sandbox: Sandbox, filling: Filling) -> None:
    """Puts the rows in place of the small world's."""
    model = {name: _rows(sandbox, name) for name in ("Lead", "Task", "CampaignMember", "prospects")}
    model["visitor_activities"] = _rows(sandbox, "visitor_activities")
    kinds: tuple[tuple[str, int, Callable[[Row, int, Filling], Row]], ...] = (
        ("Lead", filling.people, _lead),
        ("prospects", filling.people, _prospect),
        ("Task", filling.tasks, _task),
        ("CampaignMember", filling.members, _member),
        ("visitor_activities", filling.visits, _visit),
    )
    for name, count, make in kinds:
        definition = sandbox.salesforce.object(name) or sandbox.account_engagement.object(name)
        if definition is None:
            raise LookupError(name)
        _replace(sandbox, definition, tuple(model[name][0]), _made(model[name], count, make, filling))


def change(sandbox: Sandbox, count: int) -> None:
    """Changes Leads as people do who are at work while an hour passes."""
    sandbox.clock.set(sandbox.clock.now() + timedelta(hours=1))
    at = stamp(sandbox.clock.now() - timedelta(minutes=30))
    with sandbox.database.write() as connection:
        people = connection.execute('SELECT count(*) FROM "Lead"').fetchone()[0]
        step = max(1, people // count)
        ids = [(f"Title of {at}", at, at, record_id("00Q", 1 + place * step)) for place in range(count)]
        connection.executemany(
            'UPDATE "Lead" SET Title = ?, LastModifiedDate = ?, SystemModstamp = ? WHERE Id = ?', ids
        )


def _rows(sandbox: Sandbox, name: str) -> list[Row]:
    connection = sandbox.database.reader()
    # Columns that are worked out from others are not listed here, and cannot be written.
    columns = ", ".join(f'"{row[1]}"' for row in connection.execute(f'PRAGMA table_info("{name}")'))
    return [dict(row) for row in connection.execute(f'SELECT {columns} FROM "{name}"')]


def _made(
    model: list[Row], count: int, make: Callable[[Row, int, Filling], Row], filling: Filling
) -> Iterator[tuple[Any, ...]]:
    positions = {name: place for place, name in enumerate(model[0])}
    patterns = [list(row.values()) for row in model]
    for number in range(count):
        place = number % len(model)
        row = list(patterns[place])
        for name, value in make(model[place], number, filling).items():
            if name in positions:
                row[positions[name]] = value
        yield tuple(row)


def _replace(
    sandbox: Sandbox, definition: ObjectDef, columns: tuple[str, ...], rows: Iterator[tuple[Any, ...]]
) -> None:
    """The table with other rows; its indexes are made afterwards, which takes half the time."""
    name = definition.name
    with sandbox.database.write() as connection:
        for index in _indexes(connection, name):
            connection.execute(f'DROP INDEX "{index}"')
        connection.execute(f'DELETE FROM "{name}"')
        sandbox.database.insert(name, columns, rows)
    sandbox.database.create([definition])


def _indexes(connection: sqlite3.Connection, table: str) -> list[str]:
    found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = ?", (table,))
    return [str(row[0]) for row in found if not str(row[0]).startswith("sqlite_")]


def _lead(like: Row, number: int, filling: Filling) -> Row:
    return {
        "Id": record_id("00Q", number + 1),
        "LastName": f"{like['LastName']}{number}",
        "Email": f"person{number}@{str(like['Email'] or 'x@example.jp').rpartition('@')[2]}",
        "MasterRecordId": None,
        "Ext_Id__c": None,
        **_salesforce_times(number, filling.people, filling),
    }


def _prospect(like: Row, number: int, filling: Filling) -> Row:
    person = record_id("00Q", number + 1)
    return {
        "id": number + 1,
        "email": f"person{number}@{str(like['email'] or 'x@example.jp').rpartition('@')[2]}",
        "lastName": f"{like['lastName']}{number}",
        "salesforceId": person,
        "salesforceLeadId": person,
        "salesforceContactId": None,
        **_engagement_times(number, filling.people, filling),
    }


def _task(_like: Row, number: int, filling: Filling) -> Row:
    return {
        "Id": record_id("00T", number + 1),
        "WhoId": record_id("00Q", 1 + number * SHUFFLE % filling.people),
        "WhatId": None,
        "Connector_Key__c": None,
        **_salesforce_times(number, filling.tasks, filling),
    }


def _member(like: Row, number: int, filling: Filling) -> Row:
    person = number * SHUFFLE % filling.people
    return {
        "Id": record_id("00v", number + 1),
        "LeadId": record_id("00Q", 1 + person),
        "LeadOrContactId": record_id("00Q", 1 + person),
        "ContactId": None,
        "LastName": f"{like['LastName']}{person}",
        **_salesforce_times(number, filling.members, filling),
    }


def _visit(_like: Row, number: int, filling: Filling) -> Row:
    return {
        "id": number + 1,
        "prospectId": 1 + number * SHUFFLE % filling.people,
        "visitorId": None,
        **_engagement_times(number, filling.visits, filling),
    }


def _salesforce_times(number: int, count: int, filling: Filling) -> Row:
    modified = stamp(filling.modified(number, count))
    return {
        "CreatedDate": stamp(filling.created(number, count)),
        "LastModifiedDate": modified,
        "SystemModstamp": modified,
    }


def _engagement_times(number: int, count: int, filling: Filling) -> Row:
    modified = stamp(filling.modified(number, count))
    return {"createdAt": stamp(filling.created(number, count)), "updatedAt": modified}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="A large sandbox for benchmarks/pull.py.")
    parser.add_argument("--people", type=int, required=True)
    parser.add_argument("--activities", type=int, required=True)
    parser.add_argument("--state", type=Path, required=True, help="where the sandbox keeps its files")
    return parser.parse_args()


if __name__ == "__main__":
    main()
