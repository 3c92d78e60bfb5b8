"""Rows that the org refuses: kept with its words, sent again when that makes sense, gone when it is resolved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from connector.applying.application import Application
from connector.applying.apply import apply_plan
from connector.applying.refusals import CODES, PATIENCE, refusal, remedy
from connector.domain.outcome import RowResult
from connector.domain.plan import Plan, Refused
from connector.errors import RetryError
from connector.http.outcome import UnknownOutcomeError
from connector.http.retry import RETRIED_ROWS
from connector.store.database import Store
from connector.store.failures import KeptFailure, failures, release
from connector.store.journal import unsettled
from tests.mirror_world import HOUR, NOON, lead_id
from tests.remote_world import Remote, bases, change, emptied, leads, org, outcomes, plan_of, run_of, task

pytestmark = pytest.mark.requirement("WB-5", "OP-3")

RULE = ("FIELD_CUSTOM_VALIDATION_EXCEPTION", "失注理由を入力してください (taro@example.co.jp)")
LOCKED = ("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record")
DAY = timedelta(days=1)


@pytest.fixture
def store(module_store: Store) -> Store:
    return emptied(module_store)


def kept(store: Store) -> list[KeptFailure]:
    return failures(store.run)


def refusing(remote: Remote, words: tuple[str, str], *records: str, times: int = 1_000) -> Remote:
    """The org refuses these records, so many times each."""
    left = dict.fromkeys(records, times)

    def refuse(_object: str, row: Mapping[str, Any]) -> tuple[str, str] | None:
        record = str(row.get("Id") or row.get("Connector_Key__c"))
        if left.get(record, 0) < 1:
            return None
        left[record] -= 1
        return words

    remote.refuses = refuse
    return remote


def later(plan: Plan, hours: float) -> Plan:
    return replace(plan, as_of=NOON + hours * HOUR, made_at=NOON + hours * HOUR)


def apply(remote: Remote, store: Store, plan: Plan, run_id: str = "run1") -> Application:
    application = run_of(remote, store, run_id, plan.made_at)
    apply_plan(application, plan)
    return application


def test_a_refused_row_is_kept_with_the_platform_s_words_since_when_and_how_often(store: Store) -> None:
    remote = refusing(org(2), RULE, lead_id(2))
    plan = plan_of(change(1), change(2, person="P2"))
    apply(remote, store, plan)
    (first,) = kept(store)
    assert (first.object, first.record, first.kind, first.person_id) == ("Lead", lead_id(2), "update", "P2")
    assert (first.code, first.message) == (RULE[0], "失注理由を入力してください ([e-mail])")
    assert (first.remedy, first.since, first.times, first.last_at, first.run_id) == ("person", NOON, 1, NOON, "run1")
    apply(remote, store, later(plan, 25), "run2")
    (second,) = kept(store)
    assert (second.since, second.times, second.last_at, second.run_id) == (NOON, 2, NOON + 25 * HOUR, "run2")


def test_it_is_gone_when_the_row_goes_through(store: Store) -> None:
    plan = plan_of(change(1), tasks=(task(2),))
    remote = refusing(org(2), RULE, lead_id(1), task(2).key, times=1)
    apply(remote, store, plan)
    assert [one.object for one in kept(store)] == ["Lead", "Task"]
    apply(remote, store, later(plan, 1), "run2")
    assert kept(store) == []
    assert (leads(remote, "Score__c")[0], list(remote.tasks)) == ((72,), [task(2).key])


def test_it_is_gone_when_the_value_is_not_wanted_any_more_and_stays_while_it_waits_in_a_plan(store: Store) -> None:
    apply(refusing(org(2), RULE, lead_id(1), lead_id(2)), store, plan_of(change(1), change(2)))
    waits = Refused("Lead", lead_id(1), "P1", (), RULE[0], NOON)
    apply(org(2), store, later(plan_of(refused=(waits,)), 1), "run2")
    assert [one.record for one in kept(store)] == [lead_id(1)]
    apply(org(2), store, later(plan_of(), 2), "run3")
    assert kept(store) == []


def test_a_plan_that_is_older_than_a_refusal_or_takes_a_run_back_says_nothing_of_it(store: Store) -> None:
    apply(refusing(org(1), RULE, lead_id(1)), store, later(plan_of(change(1)), 1))
    apply(org(1), store, plan_of(), "run2")
    apply(org(1), store, later(plan_of(undoes="run0"), 2), "run3")
    assert len(kept(store)) == 1


def test_another_field_of_the_record_that_goes_through_resolves_nothing(store: Store) -> None:
    application = run_of(org(1), store)
    named = RowResult(lead_id(1), False, error_code=RULE[0], message=RULE[1], fields=("STATUS",))

    def answer(object_name: str, rows: Any) -> list[RowResult]:
        assert (object_name, len(rows)) == ("Lead", 1)
        return [named]

    application.writer.update_unmodified = answer  # type: ignore[method-assign] # the answer to one call
    apply_plan(application, plan_of(change(1, status="Hot")))
    assert [one.fields for one in kept(store)] == [("Status",)], "in the letters of fields.yaml"
    waits = Refused("Lead", lead_id(1), "P1", ("Status",), RULE[0], NOON)
    apply(org(1), store, later(plan_of(change(1), refused=(waits,)), 1), "run2")
    assert len(kept(store)) == 1
    apply(org(1), store, later(plan_of(change(1, status="Hot")), 2), "run3")
    assert kept(store) == []


def test_what_waits_is_let_go_by_a_word(store: Store) -> None:
    apply(refusing(org(1), RULE, lead_id(1)), store, plan_of(change(1)))
    assert release(store) == 1
    assert [one.remedy for one in kept(store)] == ["later"]
    assert release(store) == 0


class TestARowThatSomebodyHadLocked:
    def test_goes_in_another_round_of_the_same_apply_in_smaller_calls(self, store: Store) -> None:
        locked = [lead_id(n) for n in range(1, 31)]
        remote = refusing(org(40), LOCKED, *locked, times=1)
        application = apply(remote, store, plan_of(*(change(n) for n in range(1, 41))))
        assert (application.applied.records, application.applied.failures) == (40, [])
        assert remote.calls == [("update", 40), ("update", 20), ("update", 10)]
        assert {score for (score,) in leads(remote, "Score__c")} == {72}
        assert kept(store) == []
        assert [outcome for _, _, outcome, _ in outcomes(store)].count("again") == 30

    def test_fails_when_it_is_still_locked_and_is_kept_as_what_passes(self, store: Store) -> None:
        remote = refusing(org(2), LOCKED, lead_id(1))
        application = apply(remote, store, plan_of(change(1), change(2)))
        assert remote.calls == [("update", 2), ("update", 1)], "a bounded number of times"
        assert [one.code for one in application.applied.failures] == [LOCKED[0]]
        assert [(one.remedy, one.times) for one in kept(store)] == [("now", 1)]

    def test_counts_once_and_keeps_its_condition(self, store: Store) -> None:
        remote = refusing(org(2), LOCKED, lead_id(1), times=1)
        application = apply(remote, store, plan_of(change(1, status="Hot"), change(2, status="Hot")))
        assert (application.applied.records, application.applied.moved) == (2, 0)
        assert [name for name, _ in remote.calls] == ["update_unmodified", "update_unmodified"]
        assert bases(store)[lead_id(1), "Status"] == "Hot"


@pytest.mark.requirement("CD-2")
@pytest.mark.parametrize("code", ["INACTIVE_OWNER_OR_USER", "OP_WITH_INVALID_USER_TYPE_EXCEPTION"])
def test_a_task_whose_owner_may_own_none_is_our_own_user_s_and_told(store: Store, code: str) -> None:
    remote = org(2)
    remote.refuses = lambda _object, row: (code, "inactive user") if row.get("OwnerId") == "005A" else None
    application = apply(remote, store, plan_of(tasks=(task(1),)))
    (made,) = remote.tasks.values()
    assert "OwnerId" not in made
    assert (application.applied.tasks, application.applied.unowned, application.applied.failures) == (1, 1, [])
    assert kept(store) == []
    apply(remote, store, later(plan_of(tasks=(task(1),)), 1), "run2")
    assert sum(remote.created.values()) == 1


class TestAnAnswerThatWasLostInPart:
    def test_is_settled_by_what_is_known_and_reads_back_only_the_rest(self, store: Store) -> None:
        remote = org(4)
        application = run_of(remote, store)

        def lost(object_name: str, rows: Any) -> list[RowResult]:
            assert object_name == "Lead"
            for row in rows[:2]:
                remote.records["Lead"][row["Id"]]["Score__c"] = row["Score__c"]
            refused = RowResult(rows[2]["Id"], False, error_code=RULE[0])
            raise UnknownOutcomeError("lost", None, {0: RowResult(rows[0]["Id"], True), 2: refused}, (1,))

        remote.update = lost  # type: ignore[method-assign] # the answer to one call
        asked: list[int] = []
        remote.before = lambda: asked.append(1)
        with pytest.raises(RetryError):
            apply_plan(application, plan_of(*(change(n) for n in range(1, 5))))
        assert [row[2:] for row in outcomes(store)] == [
            ("done", None), ("done", None), ("failed", RULE[0]), ("failed", "NOT_SENT"),
        ]  # fmt: skip
        assert asked == [1]
        assert set(bases(store)) == {(lead_id(1), "Score__c"), (lead_id(2), "Score__c")}
        assert unsettled(store) == []

    def test_keeps_what_is_known_when_the_reading_back_fails_too(self, store: Store) -> None:
        remote = org(2)

        def lost(object_name: str, rows: Any) -> list[RowResult]:
            assert object_name == "Lead"
            raise UnknownOutcomeError("lost", None, {0: RowResult(rows[0]["Id"], True)}, (1,))

        def down() -> None:
            raise RetryError("down")

        remote.update = lost  # type: ignore[method-assign] # the answer to one call
        remote.before = down
        with pytest.raises(RetryError):
            apply_plan(run_of(remote, store), plan_of(change(1), change(2)))
        assert [intent.record for intent in unsettled(store)] == [lead_id(2)]
        assert set(bases(store)) == {(lead_id(1), "Score__c")}


def lose_after(remote: Remote, meanwhile: Any) -> None:
    """The first answer is lost after the work, and then people do something."""

    def once() -> None:
        if not remote.calls:
            return
        remote.after = lambda: None
        meanwhile()
        raise UnknownOutcomeError("lost")

    remote.after = once


@pytest.mark.requirement("WB-3", "CD-2")
@pytest.mark.parametrize("did", [{"IsDeleted": True}, {"Status": "Completed"}, {"Subject": "another"}])
def test_a_task_whose_answer_was_lost_is_found_by_its_key_whatever_its_rep_did(
    store: Store, did: dict[str, Any]
) -> None:
    remote = org(1)
    lose_after(remote, lambda: remote.tasks[task(1).key].update(did))
    with pytest.raises(RetryError):
        apply_plan(run_of(remote, store), plan_of(tasks=(task(1),)))
    apply(remote, store, later(plan_of(tasks=(task(1),)), 1), "run2")
    assert remote.created == {task(1).key: 1}
    assert {name: remote.tasks[task(1).key][name] for name in did} == did


@pytest.mark.requirement("WB-3")
def test_complaint_38_and_39_what_was_made_is_not_made_again_when_the_answer_was_lost(store: Store) -> None:
    remote = org(3)
    lose_after(remote, lambda: None)
    plan = plan_of(tasks=(task(1), task(2), task(3)))
    with pytest.raises(RetryError):
        apply_plan(run_of(remote, store), plan)
    application = apply(remote, store, later(plan, 1), "run2")
    assert set(remote.created.values()) == {1}
    assert len(remote.created) == 3
    assert application.applied.tasks == 0, "the run that made them has told of them"


@pytest.mark.requirement("WB-3")
@pytest.mark.parametrize("edit", [{"Status": "Working"}, {"Status": None}, {"IsDeleted": True}])
def test_a_record_whose_answer_was_lost_keeps_what_people_did_since(store: Store, edit: dict[str, Any]) -> None:
    remote = org(1)
    lose_after(remote, lambda: remote.edit("Lead", lead_id(1), **edit))
    with pytest.raises(RetryError):
        apply_plan(run_of(remote, store), plan_of(change(1, status="Hot")))
    assert bases(store) == {(lead_id(1), "Status"): "Hot", (lead_id(1), "Score__c"): "72"}
    again = apply(remote, store, later(plan_of(change(1, status="Hot")), 1), "run2")
    assert {name: remote.records["Lead"][lead_id(1)][name] for name in edit} == edit
    assert again.applied.records == 0


@pytest.mark.requirement("WB-3")
def test_complaint_40_a_key_that_several_records_have_makes_none_and_says_so(store: Store) -> None:
    remote = refusing(org(2), ("DUPLICATE_EXTERNAL_ID", "Duplicate external id specified"), task(1).key)
    application = apply(remote, store, plan_of(tasks=(task(1), task(2))))
    assert (list(remote.tasks), application.applied.tasks) == ([task(2).key], 1)
    (failure,) = kept(store)
    assert (failure.code, failure.remedy) == ("DUPLICATE_EXTERNAL_ID", "person")
    assert "nothing was written" in refusal(failure.code).advice


def test_complaint_44_and_45_what_failed_is_never_told_as_success_nor_the_other_way_round(store: Store) -> None:
    bad = [lead_id(n) for n in range(1, 6)]
    remote = refusing(org(12), RULE, *bad, task(11).key)
    application = apply(remote, store, plan_of(*(change(n) for n in range(1, 11)), tasks=(task(11), task(12))))
    assert (application.applied.records, application.applied.tasks, application.applied.changes) == (5, 1, 6)
    assert sorted(one.record for one in kept(store)) == sorted([*bad, task(11).key])
    assert sorted(one.record for one in application.applied.failures) == sorted([*bad, task(11).key])
    assert {record for record, _field in bases(store)} == {lead_id(n) for n in range(6, 11)}
    told = store.run("SELECT record FROM journal WHERE outcome = 'done'")
    assert not {record for (record,) in told} & {*bad, task(11).key}


def test_a_refusal_that_the_next_plan_resolves_needs_somebody_only_when_it_does_not() -> None:
    assert remedy("CANNOT_UPDATE_CONVERTED_LEAD", 1) == "next"
    assert remedy("CANNOT_UPDATE_CONVERTED_LEAD", PATIENCE + 1) == "person"
    assert remedy("NEVER_HEARD_OF", 1) == "person"
    assert remedy("UNABLE_TO_LOCK_ROW", 99) == "now"


def test_every_code_has_advice_for_people_and_what_is_tried_again_at_once_needs_nobody() -> None:
    assert all(one.advice.endswith(".") for one in CODES.values())
    assert {refusal(code).remedy for code in RETRIED_ROWS} <= {"now", "later"}
