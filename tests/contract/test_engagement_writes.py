"""Writes to Account Engagement against the sandbox: roads, refused rows, consent, what a kill leaves (WB-1, WB-3)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from connector.account_engagement import connect
from connector.account_engagement.connect import writers
from connector.account_engagement.imports import LONGEST_POLL
from connector.account_engagement.write import AccountEngagementWriter
from connector.applying.application import Application, Applied
from connector.applying.apply import apply_plan, settle_open_intents
from connector.domain.plan import FieldChange, MembershipChange, PlainValue, Plan, ProspectChange
from connector.http.outcome import UnknownOutcomeError
from connector.http.retry import Retry
from connector.http.session import RemoteSession, open_session
from connector.sandbox.config import SandboxConfig
from connector.store.database import Store, memory_store
from connector.store.mirror import prepare
from tests.mirror_world import NOON
from tests.remote_world import Killed, Moments, MortalStore, Remote, emptied, plan_of
from tests.worlds.ground import START, ground
from tests.worlds.people import Control

pytestmark = pytest.mark.requirement("WB-1", "WB-3", "WB-8", "GR-3", "NU-2", "SY-10")

SCORE, STAGE = "Connector_Score__c", "Connector_Stage__c"
PATIENT = Retry(sleep=lambda seconds: time.sleep(0.5 if seconds < LONGEST_POLL else 0.0), jitter=lambda: 0.5)
"""Waits for the first polls of an import as long as a busy machine may need, and for nothing else."""

CRITERIA = (361, 362, 363, 364)
"""Of the sandbox's profile 2, whose weights are 3/3, 3/3, 3/3 and 1/3."""


@dataclass(frozen=True)
class World:
    control: Control
    writer: AccountEngagementWriter
    session: RemoteSession
    store: Store

    @property
    def unit(self) -> str:
        return self.writer.unit

    def rows(self, name: str) -> dict[int, dict[str, Any]]:
        return {int(row["id"]): row for row in self.control.truth(name)}

    def prospects(self) -> list[int]:
        return sorted(number for number, row in self.rows("prospects").items() if not row["isDeleted"])

    def values(self, field: str) -> dict[int, Any]:
        return {number: row[field] for number, row in self.rows("prospects").items()}

    def members(self, list_id: int) -> set[int]:
        found = self.rows("list_memberships").values()
        return {int(row["prospectId"]) for row in found if row["listId"] == list_id and not row["isDeleted"]}

    def patch(self, number: int, **values: Any) -> None:
        self.writer._connection.write("PATCH", f"/api/v5/objects/prospects/{number}", {}, json=values)

    def calls(self) -> int:
        return sum(self.session.budget.calls.values())

    def application(self, store: Store | None = None, now: datetime = NOON, **more: Any) -> Application:
        remote = Remote(now)
        criteria = {self.unit: CRITERIA}
        given = {"units": {self.unit: self.writer}, "criteria": criteria, **more}
        return Application(remote, remote, store or self.store, "run", now, **given)

    def apply(self, plan: Plan, **more: Any) -> Applied:
        return apply_plan(self.application(**more), plan)

    def change(
        self, number: int, values: Mapping[str, tuple[PlainValue, PlainValue]], *, shared: bool = False
    ) -> ProspectChange:
        changes = tuple(FieldChange(field, before, after) for field, (before, after) in values.items())
        return ProspectChange(self.unit, str(number), f"P{number}", changes, "why", shared)

    def joins(self, number: int, list_id: int, *, wanted: bool = True) -> MembershipChange:
        return MembershipChange(self.unit, str(list_id), "list", str(number), f"P{number}", wanted, "track a")

    def outcomes(self) -> list[tuple[Any, ...]]:
        return self.store.run("SELECT kind, outcome, error_code, count(*) FROM journal GROUP BY ALL ORDER BY ALL")


@pytest.fixture(scope="module")
def laid(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("engagement")
    config = SandboxConfig(state=folder, people=14, seed=5, start=START, frozen=True)
    with ground(folder, config, ("prospects", "lists", "list-memberships")) as there:
        session = open_session(there.settings)
        ((_unit, writer),) = writers(connect(there.settings, session, PATIENT)).items()
        store = memory_store()
        prepare(store, there.streams)
        yield World(Control(there.running.url), writer, session, store)


@pytest.fixture
def world(laid: World) -> World:
    emptied(laid.store)
    for table in ("engagement_imports", "failure", "mirror_account_engagement_list_memberships"):
        laid.store.run(f"DELETE FROM {table}")
    return laid


def prospects_of(*changes: ProspectChange) -> Plan:
    return replace(plan_of(), prospects=changes)


def lists_of(*changes: MembershipChange) -> Plan:
    return replace(plan_of(), memberships=changes)


def new_list(world: World) -> int:
    body = {"name": f"list {len(world.rows('lists'))}"}
    answer = world.writer._connection.write("POST", "/api/v5/objects/lists", {"fields": "id"}, json=body)
    return int(answer["id"])


def test_a_few_prospects_take_a_call_each(world: World) -> None:
    some, before = world.prospects()[:3], world.calls()
    applied = world.apply(prospects_of(*(world.change(one, {SCORE: (None, 40 + one)}) for one in some)))
    assert {one: world.values(SCORE)[one] for one in some} == {one: 40 + one for one in some}
    assert (applied.fields, applied.records, applied.failures) == (3, 3, [])
    assert world.calls() - before == 3
    assert world.outcomes() == [("prospect", "done", None, 3)]
    bases = world.store.run("SELECT record_id, value FROM written WHERE object = 'prospects' ORDER BY record_id")
    assert (f"{world.unit}:{some[0]}", str(40 + some[0])) in bases


def test_many_go_by_one_import_that_erases_nothing(world: World) -> None:
    ids = world.prospects()
    assert len(ids) > 7
    for one in ids:
        world.patch(one, **{SCORE: 1, STAGE: "cold"})
    half = len(ids) // 2
    changes = [world.change(one, {SCORE: (1, 7)}) for one in ids[:half]]
    changes += [world.change(one, {STAGE: ("cold", 'hot, "now"')}) for one in ids[half:]]
    before = world.calls()
    applied = world.apply(prospects_of(*changes))
    assert [road.name for road in applied.roads] == ["import"]
    assert world.calls() - before <= 6 < len(ids)
    # A blank cell of the one file means that a field stays as it is.
    assert [world.values(SCORE)[one] for one in ids] == [7] * half + [1] * (len(ids) - half)
    assert [world.values(STAGE)[one] for one in ids] == ["cold"] * half + ['hot, "now"'] * (len(ids) - half)


def test_what_is_emptied_goes_in_a_file_of_its_own(world: World) -> None:
    ids = world.prospects()[:8]
    for one in ids:
        world.patch(one, **{SCORE: 1, STAGE: "hot"})
    world.apply(prospects_of(*(world.change(one, {STAGE: ("hot", None)}) for one in ids)))
    assert {world.values(STAGE)[one] for one in ids} == {None}
    assert {world.values(SCORE)[one] for one in ids} == {1}


@pytest.mark.parametrize("count", [3, 8])
def test_a_row_that_is_refused_is_named_and_the_others_go_through(world: World, count: int) -> None:
    ids = world.prospects()
    gone, some = 999_000 + count, ids[:count]
    changes = [world.change(one, {SCORE: (None, 55)}) for one in (*some, gone)]
    applied = world.apply(prospects_of(*changes))
    assert [one.record for one in applied.failures] == [f"{world.unit}:{gone}"]
    assert "not found" in str(applied.failures[0].message)
    assert {world.values(SCORE)[one] for one in some} == {55}


def test_what_somebody_changed_since_the_plan_is_left_alone(world: World) -> None:
    ids = world.prospects()[:8]
    for one in ids:
        world.patch(one, **{STAGE: "cold"})
    world.patch(ids[0], **{STAGE: "theirs"})
    applied = world.apply(prospects_of(*(world.change(one, {STAGE: ("cold", "hot")}, shared=True) for one in ids)))
    assert applied.moved == 1
    assert [world.values(STAGE)[one] for one in ids] == ["theirs", *["hot"] * 7]
    assert not world.store.run("SELECT 1 FROM written WHERE record_id = $id", {"id": f"{world.unit}:{ids[0]}"})


@pytest.mark.parametrize("count", [2, 8])
def test_complaint_34_an_opt_in_never_flows_from_us(world: World, count: int) -> None:
    ids, list_id = world.prospects()[:count], new_list(world)
    world.patch(ids[0], optedOut=True)
    applied = world.apply(lists_of(*(world.joins(one, list_id) for one in ids)))
    assert world.members(list_id) == set(ids[1:])
    assert (applied.moved, applied.memberships) == (1, count - 1)
    assert world.values("optedOut")[ids[0]]
    assert [
        row for row in world.rows("list_memberships").values() if row["listId"] == list_id and row["optedOut"]
    ] == []
    assert not world.store.run(
        "SELECT 1 FROM written WHERE starts_with(record_id, $id)", {"id": f"{world.unit}:{ids[0]}:"}
    )
    world.patch(ids[0], optedOut=False)


def test_who_is_on_the_list_already_was_not_put_there_by_us(world: World) -> None:
    (one, two), list_id = world.prospects()[:2], new_list(world)
    world.writer.add_members([(list_id, one)])
    applied = world.apply(lists_of(world.joins(one, list_id), world.joins(two, list_id)))
    assert (applied.moved, applied.memberships) == (1, 1)
    assert world.store.run("SELECT record_id FROM written") == [(f"{world.unit}:{two}:{list_id}",)]


def pulled_memberships(world: World) -> None:
    """The memberships as the mirror would have them."""
    world.store.run("DELETE FROM mirror_account_engagement_list_memberships")
    for number, row in world.rows("list_memberships").items():
        world.store.run(
            "INSERT INTO mirror_account_engagement_list_memberships "
            "(_unit, id, list_id, prospect_id, is_deleted, _seen_at) "
            "VALUES ($unit, $id, $list, $prospect, $gone, $now)",
            {"unit": world.unit, "id": number, "list": row["listId"], "prospect": row["prospectId"],
             "gone": bool(row["isDeleted"]), "now": NOON.replace(tzinfo=None)},
        )  # fmt: skip


@pytest.mark.parametrize("count", [2, 8])
def test_who_moves_leaves_one_list_for_another(world: World, count: int) -> None:
    ids, old, new = world.prospects()[:count], new_list(world), new_list(world)
    world.writer.add_members([(old, one) for one in ids])
    pulled_memberships(world)
    moves = [world.joins(one, old, wanted=False) for one in ids] + [world.joins(one, new) for one in ids]
    applied = world.apply(lists_of(*moves))
    assert (world.members(old), world.members(new)) == (set(), set(ids))
    assert applied.memberships == 2 * count


def test_an_import_that_does_not_end_is_asked_again_and_not_sent_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = world.prospects()[:8]
    started = started_imports(world, monkeypatch)
    plan = prospects_of(*(world.change(one, {SCORE: (None, 77)}) for one in ids))
    monkeypatch.setattr(world.writer._imports, "ended", lambda _number, _patience: None)
    applied = world.apply(plan)
    assert (applied.waiting, applied.failures, world.outcomes()) == (8, [], [("prospect", None, None, 8)])
    assert settle_open_intents(world.application()) == 8
    assert world.outcomes() == [("prospect", None, None, 8)]
    monkeypatch.undo()
    settle_open_intents(world.application())
    assert world.outcomes() == [("prospect", "done", None, 8)]
    assert started == [1]
    assert {world.values(SCORE)[one] for one in ids} == {77}


def started_imports(world: World, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Counts the imports that are begun."""
    counted: list[int] = []
    start = world.writer._imports.start

    def counting(*given: Any, **named: Any) -> int:
        counted.append(1)
        return start(*given, **named)

    monkeypatch.setattr(world.writer._imports, "start", counting)
    return counted


def test_an_import_whose_answer_was_lost_is_not_sent_blindly_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = world.prospects()[:8]
    start = world.writer._imports.start

    def lost(*given: Any, **named: Any) -> int:
        start(*given, **named)
        raise UnknownOutcomeError("the answer was lost")

    monkeypatch.setattr(world.writer._imports, "start", lost)
    applied = world.apply(prospects_of(*(world.change(one, {SCORE: (None, 88)}) for one in ids)))
    assert applied.waiting == 8
    monkeypatch.undo()
    monkeypatch.setattr(world.writer._imports, "running", lambda _since: True)
    settle_open_intents(world.application())
    assert world.outcomes() == [("prospect", None, None, 8)]
    monkeypatch.undo()
    wait_for(lambda: not world.writer.imports_running(START - timedelta(days=1)))
    settle_open_intents(world.application())
    assert world.outcomes() == [("prospect", "done", None, 8)]


def wait_for(over: Callable[[], bool]) -> None:
    for _ in range(200):
        if over():
            return
        time.sleep(0.01)
    raise AssertionError("it did not end")


@pytest.mark.parametrize("kind", ["import", "lists"])
def test_killed_anywhere_and_settled_the_ledger_knows_what_arrived(world: World, kind: str) -> None:
    ids, list_id = world.prospects()[: 7 if kind == "import" else 2], new_list(world)
    for dies_at in range(1, 40):
        emptied(world.store)
        world.store.run("DELETE FROM engagement_imports")
        take_off(world, list_id)
        changes = [world.change(one, {SCORE: (None, 100 + dies_at)}) for one in ids]
        lists = kind == "lists"
        plan = lists_of(*(world.joins(one, list_id) for one in ids)) if lists else prospects_of(*changes)
        moments = Moments(dies_at)
        dying: Any = Dying(world.writer, moments)
        try:
            apply_plan(world.application(MortalStore(world.store, moments), units={world.unit: dying}), plan)
        except Killed:
            wait_for(lambda: not world.writer.imports_running(START - timedelta(days=1)))
            settle_open_intents(world.application())
            assert not world.store.run("SELECT 1 FROM journal WHERE outcome IS NULL")
            scores = world.values(SCORE)
            there = world.members(list_id) if lists else {one for one in ids if scores[one] == 100 + dies_at}
            assert done(world) == there
        else:
            assert moments.passed < dies_at
            return
    raise AssertionError("there were more moments than this test looks at")


def done(world: World) -> set[int]:
    """The prospects of which the journal says that a write was done, and the ledger what it was."""
    records = {str(row[0]) for row in world.store.run("SELECT record FROM journal WHERE outcome = 'done'")}
    assert records == {str(row[0]) for row in world.store.run("SELECT record_id FROM written")}
    return {int(record.split(":")[1]) for record in records}


def take_off(world: World, list_id: int) -> None:
    there = world.rows("list_memberships").items()
    world.writer.remove_members([one for one, row in there if row["listId"] == list_id and not row["isDeleted"]])


class Dying:
    """A writer whose process can die before and after each of its calls."""

    def __init__(self, writer: AccountEngagementWriter, moments: Moments) -> None:
        self._writer, self._moments = writer, moments

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._writer, name)
        if not callable(found):
            return found

        def call(*given: Any, **named: Any) -> Any:
            self._moments.tick()
            answer = found(*given, **named)
            self._moments.tick()
            return answer

        return call


def test_a_plan_that_was_carried_out_or_overtaken_is_not_carried_out_again(world: World) -> None:
    (one, two), list_id, later = world.prospects()[:2], new_list(world), NOON + timedelta(hours=1)
    first = replace(
        prospects_of(world.change(one, {SCORE: (None, 5)}), world.change(two, {SCORE: (None, 6)})),
        memberships=(world.joins(one, list_id),),
    )
    world.apply(first, now=later)
    before = world.calls()
    again = world.apply(first, now=later)
    assert (world.calls() - before, again.changes, again.moved) == (0, 0, 0)
    newer = replace(prospects_of(world.change(two, {SCORE: (6, 9)})), made_at=later)
    world.apply(newer, now=later + timedelta(hours=1))
    assert world.apply(first, now=later + timedelta(hours=2)).moved == 1
    assert (world.values(SCORE)[one], world.values(SCORE)[two]) == (5, 9)


def grades(world: World, changes: Mapping[int, str]) -> Applied:
    before = world.values("grade")
    wanted = (world.change(one, {"grade": (before[one], grade)}) for one, grade in changes.items())
    return world.apply(prospects_of(*wanted))


def test_the_native_grade_follows_its_criteria(world: World) -> None:
    ids = world.prospects()[:4]
    for one in ids:
        world.patch(one, profileId=2)
    wanted = dict(zip(ids, ("A+", "F", "B-", "D"), strict=True))
    assert grades(world, wanted).failures == []
    assert {one: world.values("grade")[one] for one in ids} == wanted
    assert ("native_grade", "done", None, 4) in world.outcomes()
    world.patch(ids[0], profileId=1)
    (failure,) = grades(world, {ids[0]: "A+"}).failures
    assert failure.code == "GRADE_NOT_FOLLOWED"
    assert world.values("grade")[ids[0]] == "D"
    plan = prospects_of(world.change(ids[1], {"grade": ("A", "C")}), world.change(ids[2], {"grade": ("B-", "C")}))
    applied = world.apply(plan)
    assert (applied.records, applied.moved) == (1, 1), "what somebody has changed since the plan was made stays"
    assert [world.values("grade")[one] for one in ids[1:3]] == ["F", "C"]
