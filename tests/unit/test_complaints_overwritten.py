"""What users of other connectors complain of: their edits were overwritten (complaints 32, 33, 35, 36; WB-1)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from connector.applying.apply import apply_plan
from connector.domain.plan import FieldChange, RecordChange
from connector.store.database import Store, memory_store
from tests.mirror_world import HOUR, NOON, lead_id
from tests.remote_world import SEEN, emptied, leads, org, plan_of, run_of
from tests.unit.test_planning_compare import compared, desired, fields_of, outcome, stands, wrote

pytestmark = pytest.mark.requirement("WB-1", "WB-2")


@pytest.fixture(scope="module")
def module_store() -> Iterator[Store]:
    opened = memory_store()
    opened.run("SET threads = 1")
    yield opened
    opened.close()


@pytest.fixture
def store(module_store: Store) -> Store:
    for (table,) in module_store.run("SELECT table_name FROM duckdb_tables() WHERE table_name LIKE 'mirror_%'"):
        module_store.run(f'DROP TABLE "{table}"')
    return emptied(module_store)


@pytest.mark.parametrize("policy", ["if_blank", "if_unchanged", "always"])
@pytest.mark.parametrize("value", ["tier", "grade"])
@pytest.mark.parametrize("first", [True, False])
def test_complaint_32_what_we_do_not_know_never_overwrites_what_people_know(
    store: Store, policy: str, value: str, first: bool
) -> None:
    fields = fields_of(Company_Tier__c={"value": value, "policy": policy})
    stands(store, fields, Company_Tier__c="Key account")
    if not first:
        wrote(store, Company_Tier__c="tier1")
    desired(store, **{value: None})
    assert compared(store, fields) == ([], []), "neither emptied nor called unknown"


def test_complaint_33_each_field_has_its_own_rule(store: Store) -> None:
    """Overwrite, only if empty, only if unchanged, never: side by side in one record."""
    rules = {"A__c": "always", "B__c": "if_blank", "C__c": "if_unchanged", "D__c": "never", "E__c": "if_blank"}
    fields = fields_of(**{name: {"value": "grade", "policy": policy} for name, policy in rules.items()})
    stands(store, fields, A__c="theirs", B__c="theirs", C__c="theirs", D__c="theirs", E__c=None)
    wrote(store, A__c="ours before", C__c="ours before")
    desired(store, grade="A+")
    (record,), kept = compared(store, fields)
    assert {change.field for change in record.changes} == {"A__c", "E__c"}
    assert [one.field for one in kept] == ["C__c"]


@pytest.mark.parametrize("policy", ["if_blank", "if_unchanged"])
def test_complaint_35_a_value_does_not_flip_back_and_a_deleted_one_does_not_reappear(store: Store, policy: str) -> None:
    fields = fields_of(Grade__c={"value": "grade", "policy": policy})
    stands(store, fields, Grade__c=None)
    wrote(store, Grade__c="A")
    for ours in ("A", "B", "A"):
        desired(store, grade=ours)
        assert outcome(store, fields) == "kept"


@pytest.mark.parametrize("theirs", ["理由 ", "理由", " 理由", "理由\u3000"])
def test_complaint_35_the_org_s_spelling_of_our_value_flips_nothing(store: Store, theirs: str) -> None:
    """The org trims what it is sent; we trim nothing. Neither is anybody's edit."""
    fields = fields_of(Reason__c={"value": "reason", "policy": "if_unchanged"})
    stands(store, fields, Reason__c=theirs)
    wrote(store, Reason__c="理由 ")
    desired(store, reason="理由 ")
    assert outcome(store, fields) == "nothing"
    desired(store, reason="他の理由")
    assert outcome(store, fields) == "'他の理由'"


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (None, ("Hot", 72)),
        ({"Status": "Working"}, ("Working", 70.0)),
        ({"Title": "部長"}, ("Open", 70.0)),
    ],
)
def test_complaint_36_the_last_writer_does_not_win(
    store: Store, edit: dict[str, Any] | None, expected: tuple[str, float]
) -> None:
    """A rep saves the record between our reading and our write: ours is skipped, whole, and planned anew."""
    remote = org(1)
    if edit is not None:
        remote.edit("Lead", lead_id(1), **edit)
    changes = (FieldChange("Status", "Open", "Hot"), FieldChange("Score__c", 70, 72))
    plan = plan_of(RecordChange("Lead", lead_id(1), "P1", changes, "why", True, SEEN))
    applied = apply_plan(run_of(remote, store, now=NOON + HOUR), plan)
    assert leads(remote, "Status", "Score__c") == [expected]
    assert (applied.moved, applied.records) == ((0, 1) if edit is None else (1, 0))


def test_complaint_36_our_own_write_is_nobody_s_edit(store: Store) -> None:
    """Nor does our reading of it: the next plan finds our value, and writes another one over it."""
    fields = fields_of(Status={"value": "status", "values": {"hot": "Hot", "cold": "Cold"}, "policy": "if_unchanged"})
    stands(store, fields, Status="Hot", modified_at=NOON + timedelta(seconds=1))
    wrote(store, Status="Hot")
    desired(store, stage="cold")
    assert outcome(store, fields) == "'Cold'"
