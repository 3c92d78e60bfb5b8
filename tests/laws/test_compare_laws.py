"""The three-way comparison against a plain function that says the policies in so many words (WB-1)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.domain.cursor import Cursor
from connector.planning.compare import compare
from connector.rules.fields import Fields
from connector.store.cursors import naive, save_cursor
from connector.store.database import Store, memory_store
from connector.store.journal import Intent, intend, remember_written
from connector.store.mirror import freeze, prepare, table_of
from tests.mirror_world import HOUR, NOON, lead_id

pytestmark = pytest.mark.requirement("WB-1")

POLICIES = ("never", "if_blank", "if_unchanged", "always")
WORDS = st.sampled_from([None, "A", "B", "A ", " B\u3000", "hot"])
Outcome = Literal["written", "kept", "nothing"]


@dataclass(frozen=True)
class Case:
    """One field of one record. `wrote`: whether we ever wrote it, and before or after the last pull."""

    wrote: Literal["never", "before", "after"]
    base: str | None
    theirs: str | None
    ours: str | None


CASES = st.builds(Case, st.sampled_from(["never", "before", "after"]), WORDS, WORDS, WORDS)


def reference(policy: str, case: Case) -> Outcome:
    """What becomes of it, as docs/fields.md says it."""
    base, theirs, ours = (None if value is None else value.strip() for value in (case.base, case.theirs, case.ours))
    if case.wrote == "after":
        theirs = base
    ours_stands_there = case.wrote != "never" and theirs == base
    if policy == "never" or theirs == ours:
        return "nothing"
    if ours is None:
        may_empty = ours_stands_there and policy in {"if_unchanged", "always"}
        return "written" if may_empty else "nothing"
    if policy == "always":
        return "written"
    if case.wrote != "never" and not ours_stands_there:
        emptied = theirs is None
        return "kept" if policy == "if_unchanged" or emptied else "nothing"
    return "written" if policy == "if_unchanged" or theirs is None else "nothing"


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    opened = memory_store()
    opened.run("SET threads = 1")
    yield opened
    opened.close()


def found(store: Store, policy: str, cases: Sequence[Case]) -> list[Outcome]:
    """What the comparison says, all of them at once."""
    write = {"Grade__c": {"value": "grade", "policy": policy}}
    fields = Fields.model_validate({"version": 1, "salesforce": {"Lead": {"write": write}}})
    (mapped,) = fields.streams
    prepare(store, [mapped])
    for name in (table_of(mapped), "written", "journal", "lock", "held"):
        store.run(f'DELETE FROM "{name}"')
    ids = [lead_id(number) for number in range(len(cases))]
    store.load("seen", ("id", "theirs"), [(record, case.theirs) for record, case in zip(ids, cases, strict=True)])
    store.run(
        f'INSERT INTO "{table_of(mapped)}" (_unit, id, stamp, modified_at, is_deleted, "Grade__c", _valid_from, '
        "_seen_at) SELECT '', id, $at, $at, FALSE, theirs, $at, $at FROM seen",
        {"at": naive(NOON)},
    )
    intents = [
        (case.wrote, Intent("update", "Lead", record, {}, {"Grade__c": case.base}, "", 0, "run1"))
        for record, case in zip(ids, cases, strict=True)
    ]
    remember_written(store, [intent for wrote, intent in intents if wrote == "before"], NOON - HOUR)
    save_cursor(store, Cursor("salesforce.Lead", "", NOON), NOON)
    later = [intent for wrote, intent in intents if wrote == "after"]
    numbers = intend(store, "run1", later, NOON)
    numbered = [replace(intent, number=number) for intent, number in zip(later, numbers, strict=True)]
    remember_written(store, numbered, NOON)
    freeze(store, [mapped])
    store.load("grades", ("record_id", "grade"), [(record, case.ours) for record, case in zip(ids, cases, strict=True)])
    store.run(
        "CREATE OR REPLACE TEMP TABLE desired AS SELECT 'Lead' AS object, record_id, 'P' AS person_id, 0 AS score, "
        "grade, 'cold' AS stage, 'why' AS why FROM grades"
    )
    records, kept = compare(store.run, mapped, fields.salesforce["Lead"], NOON)
    written = {record.record_id for record in records}
    stays = {one.record_id for one in kept}
    assert not written & stays
    return ["written" if record in written else "kept" if record in stays else "nothing" for record in ids]


@settings(max_examples=3, deadline=None)
@given(st.lists(CASES, min_size=20, max_size=60))
def test_every_policy_does_what_it_says(store: Store, cases: list[Case]) -> None:
    for policy in POLICIES:
        expected = [reference(policy, case) for case in cases]
        assert list(zip(cases, found(store, policy, cases), strict=True)) == list(zip(cases, expected, strict=True))
