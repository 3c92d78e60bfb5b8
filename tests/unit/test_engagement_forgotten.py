"""What was written to a prospect, and onto which lists it came, is forgotten with the person (SY-10)."""

from __future__ import annotations

import pytest

from connector.domain.outcome import RowResult
from connector.rules.load import SHIPPED
from connector.rules.mapping import load_mapping
from connector.store.database import memory_store
from connector.store.erasing import begin_forgetting, erase, load_seeds
from connector.store.journal import Intent, intend, remember_written, settle
from connector.store.mirror import prepare
from tests.mirror_world import NOON

pytestmark = pytest.mark.requirement("SY-10")

UNIT = "0UvSb0000000001KAA"


def test_one_prospect_is_forgotten_and_its_namesake_by_number_is_not() -> None:
    store = memory_store()
    prepare(store, load_mapping(SHIPPED / "classic").fields.streams)
    intents = [
        Intent("prospect", "prospects", f"{UNIT}:1", {"Stage__c": None}, {"Stage__c": "hot"}, "why"),
        Intent("membership", "list-memberships", f"{UNIT}:1:10", {"member": False}, {"member": True}, "track a"),
        Intent("prospect", "prospects", f"{UNIT}:11", {"Stage__c": None}, {"Stage__c": "cold"}, "why"),
        Intent("membership", "list-memberships", f"{UNIT}:11:1", {"member": False}, {"member": True}, "track a"),
    ]
    numbers = intend(store, "run", intents, NOON)
    settle(store, [(number, "done", RowResult(None, True)) for number in numbers], NOON)
    remember_written(store, intents, NOON)
    store.run(
        f"INSERT INTO mirror_account_engagement_prospects (_unit, id, _seen_at) VALUES ('{UNIT}', 1, now()::TIMESTAMP)"
    )
    load_seeds(store, [("account_engagement.prospects", UNIT, "1")])
    erase(store, begin_forgetting(store, "asked", NOON))
    kept = [(f"{UNIT}:11", "prospects"), (f"{UNIT}:11:1", "list-memberships")]
    assert store.run("SELECT record_id, object FROM written ORDER BY record_id") == kept
    assert store.run("SELECT record, object FROM journal WHERE record <> '' ORDER BY record") == kept
    assert store.run("SELECT count(*) FROM journal WHERE record = '' AND values_after = '{}' AND why IS NULL") == [(2,)]
