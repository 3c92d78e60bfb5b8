"""The counting by itself: what each count sees, and what it rightly does not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from connector.domain.plan import TaskCreation
from connector.rules.fields import Fields, WriteField
from connector.rules.writing import Modes
from connector.store.database import Store, open_store
from tests.chaos import counts, engagement, lost, twin
from tests.chaos.counts import Change, Undone
from tests.worlds.ground import rulebook_of

pytestmark = pytest.mark.requirement("WB-3", "WB-4", "SY-10")

OURS, REP = "005us", "005rep"
LEAD = "00Q1"
STATUS, GRADE = "Status", "Connector_Grade__c"
ORDER = ["Open", "Cold", "Hot", "Working"]
WRITES = {
    STATUS: WriteField(value="status", policy="if_unchanged", values={"hot": "Hot", "cold": "Cold"}, order=ORDER),
    GRADE: WriteField(value="grade", policy="always"),
}
Step = tuple[str, str, Any]
"""Who, which field, what stands there then. A step is a second."""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with open_store(tmp_path_factory.mktemp("store") / "store.duckdb") as opened:
        yield opened


def fields(writes: Mapping[str, WriteField]) -> Fields:
    whole = rulebook_of(("Lead",)).mapping.fields
    return whole.model_copy(
        update={"salesforce": {"Lead": whole.salesforce["Lead"].model_copy(update={"write": dict(writes)})}}
    )


def log(steps: Sequence[Step], *, every: int = 1, name: str = "Lead", record: str = LEAD) -> list[Change]:
    """The steps as the world's log; `every`: so many of them fall into a second."""
    last: dict[str, Any] = {}
    found = []
    for place, (by, field, after) in enumerate(steps):
        found.append(Change(place + 1, f"{place // every:02}", name, record, field, last.get(field), after, by, "edit"))
        last[field] = after
    return found


@pytest.mark.parametrize(
    ("policy", "steps", "found"),
    [
        ("if_unchanged", [(OURS, GRADE, "A"), (REP, GRADE, "B"), (OURS, GRADE, "C")], 1),
        ("if_unchanged", [(OURS, GRADE, "A"), (REP, GRADE, None), (OURS, GRADE, "C")], 1),
        ("if_unchanged", [(OURS, GRADE, "A"), (REP, GRADE, "B"), (REP, GRADE, "A"), (OURS, GRADE, "C")], 0),
        ("if_unchanged", [(REP, GRADE, "B"), (OURS, GRADE, "C")], 0),
        ("if_unchanged", [(OURS, GRADE, "A"), (OURS, GRADE, "C")], 0),
        ("if_blank", [(REP, GRADE, "B"), (OURS, GRADE, "C")], 1),
        ("if_blank", [(REP, GRADE, None), (OURS, GRADE, "C")], 0),
        ("never", [(REP, GRADE, None), (OURS, GRADE, "C")], 1),
        ("always", [(OURS, GRADE, "A"), (REP, GRADE, "B"), (OURS, GRADE, "C")], 0),
    ],
)
def test_which_writes_overwrite_an_edit(policy: Any, steps: Sequence[Step], found: int) -> None:
    mapping = fields({GRADE: WriteField(value="grade", policy=policy)})
    over, apart = counts.overwritten(log(steps), mapping, OURS)
    assert (len(over), len(apart)) == (found, 0)
    over, apart = counts.overwritten(log(steps, every=9), mapping, OURS)
    assert (len(over), len(apart)) == (0, found)


def test_which_tasks_are_doubled() -> None:
    def made(record: str, key: str | None, who: str) -> list[Change]:
        values = {"Connector_Key__c": key, "WhoId": who, "Subject": "call"}
        return [Change(1, "00", "Task", record, name, None, value, OURS, "new") for name, value in values.items()]

    first = "org:00Q1:hot:2026-10-01:day1:call"
    other = "org:0032:hot:2026-10-01:day1:call"
    assert counts.doubled([*made("a", first, LEAD), *made("b", other, "0032")], OURS) == []
    assert len(counts.doubled([*made("a", first, LEAD), *made("b", first, LEAD)], OURS)) == 1
    assert len(counts.doubled([*made("a", first, LEAD), *made("b", other, LEAD)], OURS)) == 1
    assert len(counts.doubled([*made("a", None, LEAD), *made("b", None, LEAD)], OURS)) == 1
    assert counts.doubled([*made("a", None, LEAD), *made("b", None, LEAD)], REP) == []


def test_what_needs_a_word_is_not_written_without_one() -> None:
    mapping = fields(WRITES).model_copy(update={"modes": Modes(status="approval", tasks="approval")})
    made = Change(1, "00", "Task", "00T1", "Connector_Key__c", None, "key", OURS, "new")
    changes = [made, *log([(OURS, STATUS, "Hot"), (OURS, GRADE, "A"), (REP, STATUS, "Cold")])]
    words = {("tasks", "key"), ("status", f"Lead:{LEAD}")}
    assert counts.unapproved(changes, mapping, OURS, words) == []
    assert len(counts.unapproved(changes, mapping, OURS, set())) == 2
    assert counts.unapproved(changes, fields(WRITES), OURS, set()) == []


def test_an_undo_leaves_what_people_did() -> None:
    undo = [Undone(3, 9)]
    touched = log([(OURS, GRADE, "A"), (REP, GRADE, "B"), (OURS, GRADE, None)])
    untouched = log([(OURS, GRADE, "A"), (REP, STATUS, "Working"), (OURS, GRADE, None)])
    assert len(counts.wrongly_undone(touched, OURS, undo)) == 1
    assert counts.wrongly_undone(touched, OURS, []) == []
    assert counts.wrongly_undone(untouched, OURS, undo) == []
    worked_on = log([(OURS, "Status", "Open"), (REP, "Subject", "mine"), (OURS, "Status", "Completed")], name="Task")
    assert len(counts.wrongly_undone(worked_on, OURS, undo)) == 1


@pytest.mark.parametrize(
    ("decided", "there", "steps", "missing"),
    [
        ({"grade": "A"}, {GRADE: "B"}, [], True),
        ({"grade": "A"}, {GRADE: "A"}, [], False),
        ({"grade": None}, {GRADE: "B"}, [], False),
        ({"status": "hot"}, {STATUS: "Open"}, [], True),
        ({"status": "hot"}, {STATUS: "Working"}, [], False),
        ({"status": "hot"}, {STATUS: "Cold"}, [(OURS, STATUS, "Hot"), (REP, STATUS, "Cold")], False),
        ({"status": "cold"}, {STATUS: "Open"}, [], False),
        ({"status": "cold"}, {STATUS: "Hot"}, [(OURS, STATUS, "Hot")], True),
        ({"status": "registered"}, {STATUS: "Hot"}, [(OURS, STATUS, "Hot")], False),
    ],
)
def test_which_values_are_lost(
    store: Store, decided: Mapping[str, Any], there: Mapping[str, Any], steps: Sequence[Step], missing: bool
) -> None:
    names = ("score", "grade", "tier", "stage", "status", "reason")
    values = ", ".join(f"${name} AS {name}" for name in names)
    store.run(
        f"CREATE OR REPLACE TEMP TABLE desired AS SELECT 'Lead' AS object, '{LEAD}' AS record_id, {values}",
        {**dict.fromkeys(names), **decided},
    )
    truth = {"Lead": {LEAD: {GRADE: None, STATUS: None, **there}}}
    assert bool(lost.lost(store, fields(WRITES), truth, counts.histories(log(steps)), OURS)) is missing


def test_which_tasks_are_lost() -> None:
    due = TaskCreation("key", "p", {}, "why")
    assert len(lost.lost_tasks([due], {"other"})) == 1
    assert lost.lost_tasks([due], {"key"}) == []


def test_states_differ_by_cell() -> None:
    calm = {("Lead", LEAD, GRADE): "A", ("Task", "key", "Status"): "Open"}
    assert list(twin.differences(calm, calm, set())) == []
    assert len(list(twin.differences({**calm, ("Lead", LEAD, GRADE): "B"}, calm, set()))) == 1
    assert len(list(twin.differences({("Lead", LEAD, GRADE): "A"}, calm, set()))) == 1
    assert list(twin.differences({}, calm, {LEAD, "key"})) == []


def test_whom_lists_wrongly_have_or_lack() -> None:
    def step(at: int, number: int, by: int, out: int | None = None, *, name: str = "list_memberships") -> list[Change]:
        field = "optedOut" if name == "prospects" else "isDeleted"
        if out is not None:
            return [Change(at, f"{at:02}", name, str(number), field, 1 - out, out, str(by), "edit")]
        values = {"prospectId": 5, "listId": 8, "isDeleted": 0}
        return [
            Change(at, f"{at:02}", name, str(number), name_, None, value, str(by), "new")
            for name_, value in values.items()
        ]

    connector, marketer = 1, engagement.MARKETER
    opt_out = step(2, 5, marketer, 1, name="prospects")
    fine = [*step(1, 1, connector), *step(2, 1, connector, 1), *step(3, 2, connector)]
    assert engagement.memberships(fine, ()) == ([], [], [])
    twice = [*step(1, 1, connector), *step(2, 2, connector)]
    again = [*step(1, 1, connector), *step(2, 1, marketer, 1), *step(3, 2, connector)]
    taken = [*step(1, 1, marketer), *step(2, 1, connector, 1)]
    late = [*opt_out, *step(3, 1, connector)]
    counted = [[len(lines) for lines in engagement.memberships(one, ())] for one in (twice, again, taken, late)]
    assert counted == [[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]]
    assert engagement.memberships(fine, (5,))[2] != []
