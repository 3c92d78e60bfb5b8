"""What becomes of runs: pauses, ends, decisions, inquiries, and how many tasks a rep gets (CD-2, CD-3, CD-4, CD-5).

One story of eight weeks is planned and carried out once; each test asks about the people whom it is about.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from connector.domain.outcome import RowResult
from connector.domain.plan import Plan, Withheld
from connector.engine.cadence import BusinessCalendar, cadence_steps
from connector.planning.book import Book
from connector.planning.tasks import FollowUp, due_tasks
from connector.planning.waiting import within_day
from connector.rules.cadence import Cadence
from connector.rules.conditions import Condition
from connector.store.decisions import record_ends, record_starts, record_transitions
from connector.store.journal import Intent, intend, settle
from tests.engine_world import shipped
from tests.planning_world import DAY, MONDAY, PlanningWorld

pytestmark = pytest.mark.requirement("CD-2", "CD-3", "CD-4", "CD-5", "CD-9")

HOT = 13
HOUR = timedelta(hours=1)
WORDS: dict[str, tuple[dict[str, Any], str]] = {
    "silent decision": ({}, "active_prospect"),
    "deal": ({"disposition": "商談化"}, "opportunity"),
    "off": ({"disposition": " Disqualified "}, "disqualified"),
    "off by status": ({"status": "対象外"}, "disqualified"),
    "nurtured": ({"disposition": "ナーチャリングへ戻す"}, "active_prospect"),
    "deleted decision": ({"is_deleted": True}, "active_prospect"),
}
"""What the task of the decision says at last, and what is made of it."""


def hot(name: str = "hot", **changes: Any) -> Cadence:
    """The shipped follow-up under another name, for those whose source is that name."""
    cadence = shipped().cadence.of_kind("fresh_crossing")[0]
    when = None if name == "hot" else Condition(f"source = '{name}'", f"fit.source = '{name}'", frozenset({"source"}))
    return cadence.model_copy(update={"id": name, "when": when, **changes})


def cadences() -> tuple[Cadence, ...]:
    decision = hot().decision
    assert decision is not None
    return (
        hot("stops", stops_on=("meeting",), pauses_on=()),
        hot("anew", restarts_on=("event_attend",)),
        hot("patient", one_at_a_time=True),
        hot("short", steps=hot().steps[:2], decision=None),
        hot(decision=decision.model_copy(update={"escalate_to": "Mika"})),
        *(one for one in shipped().cadence.cadences if one.id != "hot"),
    )


class Story:
    """People, what happens to them, and the plan of each day, carried out."""

    def __init__(self) -> None:
        self.world = PlanningWorld()
        rules = shipped()
        update = {"cadences": cadences(), "tasks_a_day": None}
        rules = replace(rules, cadence=rules.cadence.model_copy(update=update))
        self.world.book = Book(rules, self.world.book.fields, self.world.book.content)
        self.plans: dict[int, Plan] = {}
        self.stages: dict[int, dict[str, tuple[str, str]]] = {}

    def did(self, person: str, kind: str, at: datetime, **fields: Any) -> None:
        row = {"activity_id": f"{person}{kind}{at:%m%d%H%M}", "person_id": person, "occurred_at": at, "type": kind}
        self.world.insert("activities", {**row, **fields})

    def tick_off(self, person: str, ending: str, at: datetime, **values: Any) -> None:
        """Somebody closes the task of a person whose key ends so."""
        closed = {"is_closed": True, "completed_at": at.astimezone().replace(tzinfo=None), **values}
        told = ", ".join(f"{name} = ${name}" for name in closed)
        found = {**closed, "lead": self.world.store.run(_LEAD, {"person": person})[0][0], "ending": ending}
        self.world.store.run(f"UPDATE mirror_salesforce_task SET {told} WHERE {_THEIRS}", found)

    def day(self, days: int) -> None:
        """Plans a day and does what an apply does; by the next day the mirror has the tasks."""
        at = MONDAY + days * DAY
        plan = self.plans[days] = self.world.plan(at)
        store = self.world.store
        record_starts(store, "run1", plan.starts, at)
        record_ends(store, plan.ends, at)
        record_transitions(store, "run1", plan.transitions, at)
        intents = [Intent("task", "Task", task.key, {}, task.values, "") for task in plan.tasks]
        intents += [Intent("close", "Task", one.record_id, {}, {}, one.why) for one in plan.closings]
        settle(store, [(n, "done", RowResult(None, True)) for n in intend(store, "run1", intents, at)], at)
        for number, task in enumerate(plan.tasks):
            seen = {"_seen_at": at, "_valid_from": at, "_unit": "", "is_deleted": False, "is_closed": False}
            made = {name: task.values[field] for name, field in _READ.items()}
            id_ = f"00T{days:02d}{number:04d}"
            self.world.insert("mirror_salesforce_task", {**seen, **made, "id": id_, "key": task.key})
        for one in plan.closings:
            store.run(_CLOSED, {"id": one.record_id, "at": at.astimezone(UTC).replace(tzinfo=None)})
        rows = store.run("SELECT person_id, stage, stage_rule FROM decided", {})
        self.stages[days] = {person: (stage, rule) for person, stage, rule in rows}

    def steps(self, person: str, days: int) -> list[str]:
        keys = [task.key.split(":") for task in self.plans[days].tasks if task.person_id == person]
        return [f"{key[4]}:{key[5]}" for key in keys]

    def ends(self, person: str, days: int) -> list[tuple[str, str]]:
        return [(end.start_date, end.reason) for end in self.plans[days].ends if end.person_id == person]

    def starts(self, person: str, days: int) -> list[tuple[str, str]]:
        return [(one.cadence, one.start_date) for one in self.plans[days].starts if one.person_id == person]

    def withheld(self, person: str, days: int) -> list[Withheld]:
        return [one for one in self.plans[days].withheld if one.person_id == person]


_READ = {"subject": "Subject", "status": "Status", "due": "ActivityDate", "priority": "Priority"}
_CLOSED = """
UPDATE mirror_salesforce_task SET status = 'Completed', is_closed = TRUE, completed_at = $at WHERE id = $id
"""
_LEAD = "SELECT lead_ids[1] FROM people WHERE person_id = $person"
_THEIRS = "ends_with(key, $ending) AND split_part(key, ':', 2) = $lead"
IN_RUN = ("replied", "replied early", "machine", "silent", "overdue", "cool", *WORDS)
ASKED = ("asked", "answered", "lost", "off the list", "deleted inquiry", "warm", "student")


def begin(story: Story) -> None:
    world = story.world
    seen = {"_seen_at": MONDAY, "_valid_from": MONDAY, "_unit": ""}
    world.insert("mirror_salesforce_user", {"id": "005M", "name": "Mika", "is_active": True, **seen})
    numbered = iter(range(1, 100))
    for person in (*IN_RUN, "stops", "anew", "patient", "short", "pupil"):
        source = person if person in {"stops", "anew", "patient", "short"} else None
        world.person(person, HOT, source=source, lead_ids=[f"00Q{next(numbered):012d}AAA"])
    for person in ASKED:
        away = {"not_before": date(2026, 12, 1), "crm_status": "lost", "lost_at": MONDAY - 3 * DAY}
        fields = away if person == "lost" else {"crm_status": "disqualified"} if person == "off the list" else {}
        world.person(person, 0, lead_ids=[f"00Q{next(numbered):012d}AAA"], **fields)
        story.did(person, "inquiry", MONDAY - HOUR)
    story.did("replied early", "email_reply", MONDAY - 2 * HOUR)


def first_days(story: Story) -> None:
    story.did("replied", "email_reply", MONDAY + 6 * HOUR)
    story.did("machine", "email_reply", MONDAY + HOUR, machine=True)
    story.did("stops", "meeting", MONDAY + HOUR)
    story.did("asked", "inquiry", MONDAY + HOUR)
    story.did("answered", "call", MONDAY + HOUR)
    story.did("answered", "inquiry", MONDAY + 3 * HOUR)
    story.tick_off("answered", "answer:call", MONDAY + HOUR)
    story.tick_off("deleted inquiry", "answer:call", MONDAY + HOUR, is_closed=False, is_deleted=True)
    story.tick_off("anew", "day1:call", MONDAY + HOUR)
    story.did("anew", "event_attend", MONDAY + DAY - HOUR)
    story.tick_off("patient", "day1:email", MONDAY + HOUR)
    for number in range(HOT):
        story.did("warm", "demo_view", MONDAY + HOUR + number * timedelta(minutes=1), content=f"d{number}")
    story.world.store.run("UPDATE people SET opted_out = TRUE, do_not_call = TRUE WHERE person_id = 'silent'")
    story.world.store.run("UPDATE people SET title = '学生' WHERE person_id IN ('pupil', 'student')")


@pytest.fixture(scope="module")
def story() -> Iterator[Story]:
    told = Story()
    begin(told)
    told.day(0)
    first_days(told)
    for days in (1, 2, 4, 7, 8):
        told.day(days)
    for person in (*WORDS, "overdue"):
        told.did(person, "page_view", MONDAY + 20 * DAY)
    told.day(21)
    for person, (word, _) in WORDS.items():
        told.tick_off(person, "day21:decide", MONDAY + 21 * DAY + HOUR, **word)
    told.day(22)
    told.day(24)
    told.tick_off("overdue", "day21:escalate", MONDAY + 25 * DAY, disposition="opportunity")
    for number in range(2 * HOT):
        told.did("off", "demo_view", MONDAY + 25 * DAY + number * HOUR / 2, content=f"new{number}")
    told.did("off", "inquiry", MONDAY + 25 * DAY)
    told.day(28)
    told.tick_off("off", "day21:decide", MONDAY + 21 * DAY + HOUR, disposition="継続フォロー")
    told.day(31)
    yield told
    told.world.store.close()


class TestPauses:
    def test_after_a_reply_nothing_is_asked_for_and_then_it_goes_on(self, story: Story) -> None:
        # The pause is Tuesday to Thursday: day 2 comes on Friday, day 5, which was Friday, on Monday.
        assert [story.steps("replied", days) for days in (0, 1, 2, 4, 7, 8)] == [
            ["day1:call", "day1:email"], [], [], ["day2:call", "day2:email"], ["day5:email"], ["day9:call"],
        ]  # fmt: skip

    @pytest.mark.parametrize("person", ["replied early", "machine"])
    def test_a_reply_before_the_crossing_and_a_machine_s_pause_nothing(self, story: Story, person: str) -> None:
        assert story.steps(person, 1) == ["day2:call", "day2:email"]


class TestEnds:
    def test_a_meeting_can_stop_a_run_for_good(self, story: Story) -> None:
        assert story.ends("stops", 1) == [("2026-06-01", "meeting")]
        assert not any(story.steps("stops", days) or story.starts("stops", days) for days in story.plans if days)

    def test_who_can_be_reached_by_nothing_any_more_is_in_no_run(self, story: Story) -> None:
        assert (story.ends("silent", 1), story.steps("silent", 1)) == ([("2026-06-01", "opt_out")], [])

    def test_who_is_screened_out_meanwhile_is_asked_for_nothing_more(self, story: Story) -> None:
        assert story.steps("pupil", 0) == ["day1:call", "day1:email"]
        assert story.stages[1]["pupil"] == ("cold", "screened")
        assert not any(story.steps("pupil", days) for days in story.plans if days)
        assert Withheld("pupil", "day2:call", "was screened out") in story.withheld("pupil", 1)

    def test_a_run_can_begin_anew_and_never_has_a_step_two_open_tasks(self, story: Story) -> None:
        assert story.ends("anew", 1) == [("2026-06-01", "restarted")]
        assert story.starts("anew", 1) == [("anew", "2026-06-02")]
        assert story.steps("anew", 1) == ["day1:call"]
        assert story.withheld("anew", 1) == [
            Withheld("anew", "day1:email", "an open task of this step is there"),
        ]  # fmt: skip
        assert (story.starts("anew", 2), story.steps("anew", 2)) == ([], ["day2:call", "day2:email"])

    def test_with_one_at_a_time_a_call_waits_for_the_earlier_one(self, story: Story) -> None:
        assert story.steps("patient", 1) == ["day2:email"]
        assert story.withheld("patient", 1) == [
            Withheld("patient", "day2:call", "waits: an earlier task of this channel is open"),
        ]  # fmt: skip

    def test_a_run_that_ends_with_a_call_is_over_after_its_last_day(self, story: Story) -> None:
        assert story.ends("short", 2) == [("2026-06-01", "over")]
        assert story.stages[2]["short"][0] == "hot"
        assert not any(story.starts("short", days) or story.steps("short", days) for days in (4, 8, 24))


class TestDecisions:
    @pytest.mark.parametrize("person", WORDS)
    def test_the_task_tells_what_was_decided_and_nothing_begins_without_a_new_crossing(
        self, story: Story, person: str
    ) -> None:
        assert story.steps(person, 21) == ["day16:email", "day21:decide"]
        assert story.ends(person, 22) == [("2026-06-01", WORDS[person][1])]
        is_off = WORDS[person][1] == "disqualified"
        assert story.stages[22][person] == (("disqualified", "decision") if is_off else ("hot", "score_at_threshold"))
        assert (story.starts(person, 24), story.steps(person, 24)) == ([], [])

    def test_who_was_disqualified_gets_nothing_until_somebody_reopens(self, story: Story) -> None:
        assert story.stages[28]["off"] == ("disqualified", "decision")
        assert (story.starts("off", 28), story.steps("off", 28)) == ([], [])
        assert story.stages[31]["off"][0] == "hot"
        assert story.starts("off", 31) == [("inquiry", "2026-07-02")], (
            "hot all the time: no new crossing, but a question"
        )

    def test_an_overdue_decision_is_told_on_once_to_whom_the_rules_name(self, story: Story) -> None:
        assert story.steps("overdue", 22) == [], "one business day after it"
        (task,) = [one for one in story.plans[24].tasks if one.person_id == "overdue"]
        assert task.key.endswith(":hot:2026-06-01:day21:escalate")
        assert (task.values["OwnerId"], task.values["Priority"]) == ("005M", "High")
        assert story.ends("overdue", 28) == [("2026-06-01", "opportunity")]

    def test_a_decision_stays_to_be_taken_however_cool_the_person_is(self, story: Story) -> None:
        assert story.stages[31]["cool"][0] == "cold"
        assert (story.steps("cool", 24), story.ends("cool", 31)) == (["day21:escalate"], [])


class TestInquiries:
    def test_one_task_at_once_whatever_the_score_and_once_for_all_until_it_is_answered(self, story: Story) -> None:
        (task,) = [one for one in story.plans[0].tasks if one.person_id == "asked"]
        assert (task.key.split(":")[2:], task.values["ActivityDate"]) == (
            ["inquiry", "2026-06-01", "answer", "call"], "2026-06-01",
        )  # fmt: skip
        assert [one.crossed_at for one in story.plans[0].starts if one.person_id == "asked"] == [MONDAY - HOUR]
        assert not any(story.starts("asked", days) or story.steps("asked", days) for days in story.plans if days)

    def test_one_that_nobody_ever_answered_does_not_count_as_answered(self, story: Story) -> None:
        assert story.ends("student", 31) == [("2026-06-01", "unanswered")]

    def test_an_answer_ends_it_and_another_question_is_another_one(self, story: Story) -> None:
        assert story.ends("answered", 1) == [("2026-06-01", "finished")]
        assert (story.starts("answered", 1), story.steps("answered", 1)) == (
            [("inquiry", "2026-06-02")], ["answer:call"],
        )  # fmt: skip

    def test_it_goes_against_a_day_agreed_upon_and_a_loss_but_not_for_the_disqualified(self, story: Story) -> None:
        assert story.steps("lost", 0) == ["answer:call"]
        assert story.steps("off the list", 0) == []

    def test_it_makes_nobody_hot_and_covers_no_crossing(self, story: Story) -> None:
        assert story.stages[0]["warm"][0] == "cold"
        assert story.starts("warm", 1) == [("hot", "2026-06-02")]

    def test_one_that_a_rep_deleted_is_not_made_again(self, story: Story) -> None:
        assert story.ends("deleted inquiry", 1) == [("2026-06-01", "finished")]
        assert not any(story.starts("deleted inquiry", days) for days in story.plans if days)

    @pytest.mark.parametrize(
        ("opted_out", "do_not_call", "channel"),
        [(False, True, "email"), (True, False, "call"), (True, True, "review")],
    )
    def test_it_is_answered_as_the_person_may_be_reached_on_a_saturday_at_once(
        self, opted_out: bool, do_not_call: bool, channel: str
    ) -> None:
        run = FollowUp("1", "inquiry", date(2026, 6, 1), "00Q", "00Q", None, opted_out, do_not_call)
        ((_, step),) = due_tasks([run], shipped().cadence, BusinessCalendar("JP"), date(2026, 5, 30))
        assert (step.channel, step.due) == (channel, date(2026, 6, 1))


class TestTheLimitOfADay:
    def chosen(self, story: Story, limit: int, wanted: Sequence[tuple[str, str, str | None]]) -> tuple[str, list[str]]:
        rules = story.world.book.rules.cadence.model_copy(update={"tasks_a_day": limit})
        kinds = {cadence.id: cadence for cadence in rules.cadences}
        day = date(2026, 9, 1)
        pairs = [
            (run, step)
            for person, cadence, owner in wanted
            for run in (FollowUp(person, cadence, day, "00Q", "00Q", owner, False, False),)
            for step in cadence_steps(kinds[cadence], day, BusinessCalendar("JP"))[:1]
        ]
        chosen, left = within_day(pairs, rules, day, story.world.store.run, "Asia/Tokyo")
        return ", ".join(run.person_id for run, _ in chosen), [one.reason for one in left]

    def test_inquiries_go_first_reviews_last_and_what_is_over_it_is_told(self, story: Story) -> None:
        wanted = [("cool", "review", "A"), ("stops", "hot", "A"), ("asked", "inquiry", "A"), ("deal", "hot", "A")]
        assert self.chosen(story, 2, wanted) == ("asked, deal", ["waits: A has 2 tasks today"] * 2)

    def test_it_is_each_rep_s_own(self, story: Story) -> None:
        wanted = [("stops", "hot", "A"), ("anew", "hot", "B"), ("short", "hot", None), ("patient", "hot", None)]
        chosen, left = self.chosen(story, 1, wanted)
        assert min(chosen.split(", ")) == "anew"
        assert (len(chosen.split(", ")), left) == (3, ["waits: nobody has 1 tasks today"])

    def test_what_was_made_today_counts(self, story: Story) -> None:
        rules = story.world.book.rules.cadence.model_copy(update={"tasks_a_day": 1})
        run = FollowUp("cool", "review", date(2026, 6, 1), "00Q", "00Q", "005A", False, False)
        pairs = [(run, cadence_steps(hot(), run.start, BusinessCalendar("JP"))[0])]
        chosen, left = within_day(pairs, rules, date(2026, 6, 1), story.world.store.run, "Asia/Tokyo")
        assert (chosen, len(left)) == ([], 1)


class TestComplaints:
    """What users of other products complained about, over the eight weeks of this story."""

    def test_complaint_41_a_run_s_effects_happen_once(self, story: Story) -> None:
        keys = [task.key for plan in story.plans.values() for task in plan.tasks]
        starts = [(one.person_id, one.cadence, one.start_date) for plan in story.plans.values() for one in plan.starts]
        assert len(keys) == len(set(keys)) > 50
        assert len(starts) == len(set(starts))

    def test_complaint_42_no_task_is_due_in_the_past_or_reminds_anybody_by_surprise(self, story: Story) -> None:
        for days, plan in story.plans.items():
            today = (MONDAY + days * DAY).date()
            assert all(date.fromisoformat(str(task.values["ActivityDate"])) >= today for task in plan.tasks)
            assert not any(name.startswith(("Reminder", "IsReminder")) for task in plan.tasks for name in task.values)

    def test_complaint_43_how_many_tasks_at_a_time_is_the_cadence_s_own_word(self, story: Story) -> None:
        assert story.steps("replied early", 1) == ["day2:call", "day2:email"], "as shipped both stand side by side"
        assert story.steps("patient", 1) == ["day2:email"], "with `one_at_a_time` the call waits for the one before"
