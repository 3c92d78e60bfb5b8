"""The word that an org may be written to: only a person gives it, and it is kept."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import cast

import pytest

from connector.cli.river import permit
from connector.domain.plan import Finding
from connector.errors import RefusedError
from connector.river import River
from connector.store.database import Store, memory_store
from connector.store.decisions import meet_org, writes_allowed
from tests.mirror_world import NOON
from tests.remote_world import change, plan_of

pytestmark = pytest.mark.requirement("WB-2", "WB-6")

ORG = "00DSb0000000001MAA"


@pytest.fixture
def river() -> Iterator[River]:
    store: Store = memory_store()
    meet_org(store, ORG, "Org", "https://org.example")
    yield cast(River, SimpleNamespace(store=store, remotes=SimpleNamespace(org_id=ORG)))
    store.close()


def test_a_cycle_with_nothing_to_do_gives_no_word(river: River) -> None:
    permit(river, plan_of(), first_contact=False, force=False, instant=NOON)
    assert not writes_allowed(river.store, ORG)
    with pytest.raises(RefusedError, match="first contact"):
        permit(river, plan_of(change(1)), first_contact=False, force=False, instant=NOON)


def test_the_word_is_kept_even_when_there_is_nothing_to_do_yet(river: River) -> None:
    permit(river, plan_of(), first_contact=True, force=False, instant=NOON)
    assert writes_allowed(river.store, ORG)
    permit(river, plan_of(change(1)), first_contact=False, force=False, instant=NOON)


def test_a_plan_that_the_guard_stops_gives_no_word(river: River) -> None:
    stopped = plan_of(change(1), findings=(Finding("Lead.Status", 90, 100, 0.1),))
    with pytest.raises(RefusedError, match="guard"):
        permit(river, stopped, first_contact=True, force=False, instant=NOON)
    assert not writes_allowed(river.store, ORG)


@pytest.mark.requirement("OP-4", "OP-6")
def test_what_leaves_the_terminal_holds_no_value_of_a_record(river: River) -> None:
    examples = ("00Q1: 田中様は休職中 → hot", "00Q2: Open → hot")
    stopped = plan_of(change(1), findings=(Finding("Lead.Note__c", 90, 100, 0.1, examples), Finding("tasks", 7, 0, 6)))
    with pytest.raises(RefusedError, match="田中") as refused:
        permit(river, stopped, first_contact=True, force=False, instant=NOON)
    told = stopped.less_examples(str(refused.value))
    assert ("田中" in told, "00Q" in told, "90 of 100" in told, "tasks: 7" in told) == (False, False, True, True)


@pytest.mark.requirement("WB-6")
def test_a_word_for_one_limit_passes_no_other(river: River) -> None:
    findings = (Finding("Lead.Status", 90, 100, 0.1), Finding("tasks", 70, 0, 60))
    stopped = plan_of(change(1), findings=findings)
    with pytest.raises(RefusedError, match="tasks: 70; the limit is 60") as refused:
        permit(river, stopped, first_contact=True, force=False, passed=("Lead.Status",), instant=NOON)
    assert "Lead.Status" not in str(refused.value)
    assert "`--pass tasks` of `connector apply` and `sync` passes no more" in str(refused.value)
    assert not writes_allowed(river.store, ORG)
    permit(river, stopped, first_contact=True, force=False, passed=("Lead.Status", "tasks"), instant=NOON)
    assert writes_allowed(river.store, ORG)
