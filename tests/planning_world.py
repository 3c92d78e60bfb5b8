"""People, what they did and the records they stand in: everything that a plan is assembled from."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from connector.domain.cursor import Cursor
from connector.domain.plan import Plan
from connector.engine.decide import decide
from connector.engine.grade import grade
from connector.engine.moments import as_column
from connector.engine.our_tasks import our_tasks
from connector.engine.routing import owner_names
from connector.engine.score import score
from connector.engine.tier import tier
from connector.planning.assemble import Basis, assemble
from connector.planning.book import Book
from connector.rules.content import load_content
from connector.rules.load import SHIPPED
from connector.rules.mapping import load_mapping
from connector.store.cursors import save_cursor
from connector.store.database import Store, memory_store
from connector.store.lists import freeze_lists
from connector.store.mirror import freeze, prepare
from tests.engine_world import (
    ACTIVITIES,
    COMPANIES,
    CRM_WORDS,
    DEALS,
    HEARING,
    LIST_FOLLOW_UPS,
    PEOPLE,
    STAGES_OF_CONTENT,
    shipped,
)

MONDAY = datetime(2026, 6, 1, 10, 0, tzinfo=ZoneInfo("Asia/Tokyo"))
ORG = "00D000000000001EAA"
DAY = timedelta(days=1)


def lead_of(person_id: str) -> str:
    return f"00Q{person_id:0>12}AAA"


def _names(columns: Mapping[str, Any]) -> str:
    return ", ".join(f'"{name}"' for name in columns)


@cache
def _book() -> Book:
    folder = SHIPPED / "classic"
    return Book(shipped(), load_mapping(folder).fields, load_content(folder / "content.yaml"))


class PlanningWorld:
    """A store with the shipped rules and mapping; the guard counts from the first record on where a test says so."""

    def __init__(self) -> None:
        self.store: Store = memory_store()
        self.store.run("SET threads = 1")
        self.book = _book()
        prepare(self.store, self.book.fields.streams)
        freeze(self.store, self.book.fields.streams)
        freeze_lists(self.store)
        more = {"lead_ids": "VARCHAR[]", "contact_ids": "VARCHAR[]"}
        for name, columns in (
            ("people", {**PEOPLE, **more}),
            ("activities", ACTIVITIES),
            ("companies", COMPANIES),
            ("company_accounts", {"company_id": "VARCHAR", "account_id": "VARCHAR"}),
            ("list_follow_ups", LIST_FOLLOW_UPS),
            ("hearing", HEARING),
            ("opportunities", DEALS),
            ("content_stages", STAGES_OF_CONTENT),
            ("crm_words", CRM_WORDS),
        ):
            fields = ", ".join(f'"{key}" {kind}' for key, kind in columns.items())
            self.store.run(f"CREATE TEMP TABLE {name} ({fields})")

    def empty(self) -> None:
        for table in (
            "people", "activities", "companies", "company_accounts", "list_follow_ups", "cadence_runs", "transitions",
            "journal", "written", "lock", "held", "cursor", "mirror_salesforce_lead", "mirror_salesforce_task",
            "mirror_salesforce_contact",
        ):  # fmt: skip
            self.store.run(f"DELETE FROM {table}")

    def insert(self, table: str, values: Mapping[str, Any]) -> None:
        plain = {key: as_column(value) if isinstance(value, datetime) else value for key, value in values.items()}
        self.store.run(f"INSERT INTO {table} ({_names(plain)}) VALUES ({', '.join(f'${key}' for key in plain)})", plain)

    def person(self, person_id: str, demos: int = 0, at: datetime = MONDAY - timedelta(hours=1), **fields: Any) -> None:
        """A person with one Lead, who looked at so many demos (5 points each)."""
        lead = lead_of(person_id)
        known = {
            "person_id": person_id, "created_at": at - DAY, "owner_id": "005A", "lead_ids": [lead], "contact_ids": [],
            **fields,
        }  # fmt: skip
        self.insert("people", known)
        for number in range(demos):
            act = {"activity_id": f"{person_id}-{number}", "person_id": person_id, "occurred_at": at}
            self.insert("activities", {**act, "type": "demo_view", "content": f"demo{number}"})
        self.stands(person_id)

    def stands(self, person_id: str, **values: Any) -> None:
        """The Lead of a person in the mirror."""
        seen = {"_seen_at": MONDAY - DAY, "_valid_from": MONDAY - DAY, "_unit": "", "modified_at": MONDAY - DAY}
        row = {"id": lead_of(person_id), "is_deleted": False, "status": "Open - Not Contacted", **seen, **values}
        self.store.run("DELETE FROM mirror_salesforce_lead WHERE id = $id", {"id": row["id"]})
        self.insert("mirror_salesforce_lead", row)

    def plan(self, as_of: datetime = MONDAY) -> Plan:
        run, rules = self.store.run, self.book.rules
        save_cursor(self.store, Cursor("salesforce.Lead", "", MONDAY - DAY), MONDAY - DAY)
        today = as_of.astimezone(ZoneInfo(rules.scoring.time_zone)).date()
        score(rules, as_of, run)
        tier(rules, run)
        grade(rules, run)
        owner_names(run)
        our_tasks(run)
        decide(rules, as_of, today, run)
        return assemble(run, self.book, Basis(ORG, "rules", as_of, today))
