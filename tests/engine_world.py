"""A small world for tests of the rules and the engine: tables in memory, and the calls that the engine is given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from connector.domain.running import Run
from connector.rules.conditions import Bind
from connector.rules.load import SHIPPED, RuleSet, load_rules
from connector.store.binding import open_binding

PEOPLE = {
    "person_id": "VARCHAR", "email": "VARCHAR", "name": "VARCHAR", "company": "VARCHAR", "company_id": "VARCHAR",
    "title": "VARCHAR", "department": "VARCHAR", "source": "VARCHAR", "created_at": "TIMESTAMP",
    "crm_status": "VARCHAR", "opted_out": "BOOLEAN", "do_not_call": "BOOLEAN", "owner_id": "VARCHAR",
    "industry": "VARCHAR", "employees": "BIGINT", "prefecture": "VARCHAR",
    "lost_at": "TIMESTAMP", "call_review_score": "DOUBLE", "closed_at": "TIMESTAMP", "close_reason": "VARCHAR",
    "not_before": "DATE",
}  # fmt: skip
ACTIVITIES = {
    "activity_id": "VARCHAR", "person_id": "VARCHAR", "occurred_at": "TIMESTAMP", "type": "VARCHAR",
    "content": "VARCHAR", "theme": "VARCHAR", "url": "VARCHAR", "visit_id": "VARCHAR", "machine": "BOOLEAN",
    "product": "VARCHAR",
}  # fmt: skip
COMPANIES = {
    "company_id": "VARCHAR", "name": "VARCHAR", "corporate_number": "VARCHAR", "domain": "VARCHAR",
    "industry": "VARCHAR", "employees": "BIGINT", "revenue_jpy": "BIGINT", "capital_jpy": "BIGINT",
    "prefecture": "VARCHAR", "listed": "BOOLEAN", "target": "BOOLEAN", "match_status": "VARCHAR",
}  # fmt: skip
HEARING = {
    "person_id": "VARCHAR", "item": "VARCHAR", "value": "VARCHAR", "said_by": "VARCHAR", "via": "VARCHAR",
    "at": "TIMESTAMP", "heard_by": "VARCHAR",
}  # fmt: skip
DEALS = {
    "opportunity_id": "VARCHAR", "person_id": "VARCHAR", "company_id": "VARCHAR", "created_at": "TIMESTAMP",
    "closed_at": "TIMESTAMP", "status": "VARCHAR", "amount": "DOUBLE", "loss_reason": "VARCHAR",
    "competitor": "VARCHAR", "product": "VARCHAR", "renewal_on": "DATE",
}  # fmt: skip
FISCAL_CALENDAR = {"first_month": "INTEGER"}
STAGES_OF_CONTENT = {"content": "VARCHAR", "stage": "VARCHAR", "rank": "VARCHAR"}
LIST_FOLLOW_UPS = {
    "person_id": "VARCHAR", "name": "VARCHAR", "kind": "VARCHAR", "segment": "VARCHAR", "segment_ja": "VARCHAR",
    "segment_en": "VARCHAR", "follow_up_until": "DATE", "attended": "BOOLEAN", "answers": "VARCHAR",
    "review_score": "DOUBLE", "happened_at": "TIMESTAMP", "moments": "TIMESTAMP[]",
}  # fmt: skip
RUNS = {
    "person_id": "VARCHAR", "cadence": "VARCHAR", "start_date": "DATE", "ended_at": "TIMESTAMP",
    "crossed_at": "TIMESTAMP", "end_reason": "VARCHAR",
}  # fmt: skip
TRANSITIONS = {
    "person_id": "VARCHAR", "happened_at": "TIMESTAMP", "from_stage": "VARCHAR", "to_stage": "VARCHAR",
    "reason": "VARCHAR", "score": "INTEGER", "run_id": "VARCHAR", "recorded_at": "TIMESTAMP",
}  # fmt: skip

DEAL_PAST = {
    "opportunity_id": "VARCHAR", "begins": "TIMESTAMP", "ends": "TIMESTAMP", "status": "VARCHAR",
    "closed_at": "TIMESTAMP",
}  # fmt: skip
CRM_WORDS = {"person_id": "VARCHAR", "begins": "TIMESTAMP", "status": "VARCHAR", "reason": "VARCHAR"}

Row = Mapping[str, Any]


def utc(text: str) -> datetime:
    """An ISO time with its offset as an aware moment; without one it is UTC."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class World:
    """The input relations of the engine, filled by rows of what a test is about."""

    def __init__(self) -> None:
        self.connection = duckdb.connect(":memory:", config={"threads": 1})
        for table, columns in (
            ("people", PEOPLE), ("activities", ACTIVITIES), ("companies", COMPANIES), ("cadence_runs", RUNS),
            ("hearing", HEARING), ("opportunities", DEALS), ("content_stages", STAGES_OF_CONTENT),
            ("list_follow_ups", LIST_FOLLOW_UPS), ("fiscal_calendar", FISCAL_CALENDAR), ("transitions", TRANSITIONS),
            ("crm_words", CRM_WORDS), ("deal_past", DEAL_PAST),
        ):  # fmt: skip
            fields = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
            self.connection.execute(f"CREATE TABLE {table} ({fields})")

    def run(self, sql: str, parameters: Mapping[str, object]) -> list[tuple[Any, ...]]:
        return self.connection.execute(sql, dict(parameters)).fetchall()

    def people(self, *rows: Row) -> None:
        self._insert("people", PEOPLE, rows)

    def activities(self, *rows: Row) -> None:
        count = self._count("activities")
        named = ({"activity_id": f"a{count + n}", **row} for n, row in enumerate(rows))
        self._insert("activities", ACTIVITIES, named)

    def companies(self, *rows: Row) -> None:
        self._insert("companies", COMPANIES, rows)

    def cadence_runs(self, *rows: Row) -> None:
        self._insert("cadence_runs", RUNS, rows)

    def hearing(self, *rows: Row) -> None:
        self._insert("hearing", HEARING, rows)

    def deals(self, *rows: Row) -> None:
        self._insert("opportunities", DEALS, rows)

    def transitions(self, *rows: Row) -> None:
        self._insert("transitions", TRANSITIONS, rows)

    def crm_words(self, *rows: Row) -> None:
        self._insert("crm_words", CRM_WORDS, rows)

    def content_stages(self, *rows: Row) -> None:
        self._insert("content_stages", STAGES_OF_CONTENT, rows)

    def rows(self, table: str, key: str = "person_id") -> dict[str, dict[str, Any]]:
        """A table of results by its key."""
        cursor = self.connection.execute(f"SELECT * FROM {table}")
        names = [column[0] for column in cursor.description]
        return {row[names.index(key)]: dict(zip(names, row, strict=True)) for row in cursor.fetchall()}

    def clear(self) -> None:
        tables = ("people", "activities", "companies", "cadence_runs", "hearing", "opportunities", "content_stages")
        for table in tables:
            self.connection.execute(f"DELETE FROM {table}")

    def _count(self, table: str) -> int:
        ((count,),) = self.connection.execute(f"SELECT count(*) FROM {table}").fetchall()
        return int(count)

    def _insert(self, table: str, columns: Mapping[str, str], rows: Iterable[Row]) -> None:
        stored = [[_stored(row.get(name)) for name in columns] for row in rows]
        if stored:
            lists = [list(column) for column in zip(*stored, strict=True)]
            fields = ", ".join(f"unnest(?::{kind}[])" for kind in columns.values())
            self.connection.execute(f"INSERT INTO {table} SELECT {fields}", lists)


def _stored(value: object) -> object:
    if isinstance(value, datetime) and value.tzinfo:
        return value.astimezone(UTC).replace(tzinfo=None)
    return value


@cache
def _wall() -> Bind:
    return open_binding()


@cache
def bind(condition: str, item: str) -> str | None:
    """The store's own second wall, opened once, and asked once for each condition."""
    return _wall()(condition, item)


@cache
def shipped(name: str = "classic") -> RuleSet:
    """A packaged rule set, read once: it is frozen."""
    return load_rules(SHIPPED / name, bind)


def rules_with(folder: Path, **files: str) -> RuleSet:
    """`classic` with some files written anew, such as scoring="version: 1…"."""
    for file in ("scoring", "tiers", "lifecycle", "cadence", "nurture"):
        text = files.get(file) or (SHIPPED / "classic" / f"{file}.yaml").read_text(encoding="utf-8")
        (folder / f"{file}.yaml").write_text(text, encoding="utf-8")
    return load_rules(folder, bind)


def block(text: str, key: str) -> str:
    """The lines of a top-level key of a YAML text, as they stand there."""
    _, start, rest = text.partition(f"\n{key}:\n")
    lines = rest.split("\n")
    count = next(number for number, line in enumerate(lines) if not line.startswith(" "))
    return start[1:] + "\n".join(lines[:count]) + "\n"


def as_run(world: World) -> Run:
    return world.run
