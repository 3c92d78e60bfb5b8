"""A small world for tests of enrich: the seen_ relations in memory, filled by hand, and what enrich makes of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from connector.domain.streams import STREAMS, AttributeType, Stream
from connector.engine.enrich import EnrichMapping, EnrichReport, enrich
from connector.firmographics.register import Register
from connector.rules.content import Content
from connector.store.database import Store, memory_store
from connector.store.lists import freeze_lists

START = datetime(2026, 1, 1, 0, 0)  # noqa: DTZ001 - times in the store are UTC without a zone
UNIT = "0Uv000000000001"
_TYPES = {
    "text": "VARCHAR", "integer": "BIGINT", "number": "DOUBLE", "boolean": "BOOLEAN", "instant": "TIMESTAMP",
    "date": "DATE",
}  # fmt: skip
NO_CATALOGUE = Content(version=1, content=())


def at(days: float = 0, seconds: float = 0) -> datetime:
    """A time after START."""
    return START + timedelta(days=days, seconds=seconds)


class SeenWorld:
    """The relations that the mirror shows. `add` puts a record into one of them; what is not given is null."""

    def __init__(self, extra: Mapping[str, Mapping[str, AttributeType]] | None = None) -> None:
        self.store: Store = memory_store()
        self._extra = extra or {}
        for stream in STREAMS:
            columns = {"_unit": "VARCHAR", **{name: _TYPES[kind] for name, kind in self._columns(stream).items()}}
            spelled = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
            self.store.run(f'CREATE TEMP TABLE "seen_{stream.table}" ({spelled})')
            moment = "stamp" if "stamp" in stream.system else "NULL::TIMESTAMP"
            self.store.run(
                f'CREATE TEMP VIEW "versions_{stream.table}" AS '
                f'SELECT *, {moment} AS _valid_from, {moment} AS _seen_at FROM "seen_{stream.table}"'
            )
        self._streams = {entry.table: entry for entry in STREAMS}
        self._filled: set[str] = set()
        freeze_lists(self.store)

    def empty(self) -> None:
        """Forgets the records and whom they were known as: making the tables takes longer than most tests."""
        for table in (*(f"seen_{name}" for name in self._filled), "known_persons"):
            self.store.run(f'DELETE FROM "{table}"')
        self._filled.clear()

    def add(self, table: str, **values: object) -> None:
        stream = self._streams[table]
        self._filled.add(table)
        filled: dict[str, object] = {"_unit": UNIT if stream.remote == "account_engagement" else ""}
        if "created_at" in stream.system:
            filled["created_at"] = START
        filled["stamp"] = values.get("created_at", START)
        filled = {name: value for name, value in filled.items() if name == "_unit" or name in self._columns(stream)}
        filled.update({"is_deleted": False, **values})
        names = ", ".join(f'"{name}"' for name in filled)
        slots = ", ".join(f"${name}" for name in filled)
        self.store.run(f'INSERT INTO "seen_{table}" ({names}) VALUES ({slots})', filled)

    def lead(self, id_: str, **values: object) -> None:
        self.add("salesforce_lead", id=id_, **values)

    def contact(self, id_: str, **values: object) -> None:
        self.add("salesforce_contact", id=id_, **values)

    def account(self, id_: str, **values: object) -> None:
        self.add("salesforce_account", id=id_, **values)

    def prospect(self, id_: int, **values: object) -> None:
        self.add("account_engagement_prospects", id=id_, **values)

    def act(self, id_: int, type_: int, type_name: str, **values: object) -> None:
        self.add("account_engagement_visitor_activities", id=id_, type=type_, type_name=type_name, **values)

    def change(self, table: str, id_: object, **values: object) -> None:
        changes = ", ".join(f'"{name}" = ${name}' for name in values)
        self.store.run(f'UPDATE "seen_{table}" SET {changes} WHERE id = $id_', {**values, "id_": id_})

    def know(self, record_key: str, person_id: str, since: datetime = START) -> None:
        self.store.run("INSERT INTO known_persons VALUES ($key, $person, $since)", {
            "key": record_key, "person": person_id, "since": since,
        })  # fmt: skip

    def enrich(
        self,
        mapping: EnrichMapping | None = None,
        catalogue: Content = NO_CATALOGUE,
        register: Register | None = None,
    ) -> EnrichReport:
        return enrich(self.store.run, self.store.load, mapping or EnrichMapping(), catalogue, register)

    def persons(self) -> dict[str, str]:
        """record_key → person_id."""
        return dict(self.store.run("SELECT record_key, person_id FROM person_records"))

    def rows(self, sql: str) -> list[dict[str, Any]]:
        return self.store.rows(sql)

    def person(self, record_key: str) -> dict[str, Any] | None:
        """The row of people to which a record belongs, if that person lives."""
        rows = self.store.rows(
            "SELECT people.* FROM people JOIN person_records USING (person_id) WHERE record_key = $key",
            {"key": record_key},
        )
        return rows[0] if rows else None

    def _columns(self, stream: Stream) -> dict[str, str]:
        system = {name: kind for name, (_, kind) in stream.system.items()}
        return {**system, **stream.attributes, "is_deleted": "boolean", **self._extra.get(stream.name, {})}


@cache
def _one_world() -> SeenWorld:
    made = SeenWorld()
    made.store.run("SET threads = 1")
    return made


def empty_world() -> SeenWorld:
    """The one world that tests share, emptied: whoever had it before is done with it."""
    world = _one_world()
    world.empty()
    return world
