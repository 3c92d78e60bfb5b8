"""The next action of a person, as the rep who gets it and the manager who looks for gaps would want it.

All leads of this file are evaluated at once: each is registered where a test speaks of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from connector.engine.catalogue import OFFERS
from connector.engine.decide import decide
from connector.engine.grade import grade
from connector.engine.next_action import next_actions
from connector.engine.score import score
from connector.engine.tier import tier
from tests.engine_world import World, shipped, utc

pytestmark = pytest.mark.requirement("CD-3", "CD-7", "LC-3", "NU-1")

NOW = utc("2026-06-01T10:00:00+09:00")  # a Monday in Tokyo
TODAY = date(2026, 6, 1)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
HEARD = ("need", "current_solution", "timing", "inside_information")
BANT = ["budget", "authority", "need", "timeframe"]
RANKS = {"guide": 1, "story": 2, "checklist": 2, "price": 3, "contract": 4}

Rows = list[dict[str, Any]]
Told = Mapping[str, dict[str, Any]]
PEOPLE: Rows = []
ACTIVITIES: Rows = []
ANSWERS: Rows = []
RUNS: Rows = []
DEALS: Rows = []
FINISHED: list[tuple[str, str]] = []


def did(*moments: tuple[str, timedelta], **fields: Any) -> Rows:
    return [{"type": kind, "occurred_at": NOW - ago, **fields} for kind, ago in moments]


def hot(ago: timedelta = HOUR) -> Rows:
    return did(*[("demo_view", ago)] * 14)


def lead(
    activities: Rows | None = None,
    heard: Sequence[str] = (),
    run: date | None = None,
    finished: Sequence[str] = (),
    deal: Mapping[str, Any] | None = None,
    **person: Any,
) -> str:
    """Registers somebody and gives the id."""
    key = f"p{len(PEOPLE)}"
    PEOPLE.append({"person_id": key, "created_at": NOW - 300 * DAY, **person})
    ACTIVITIES.extend({"person_id": key, **row} for row in activities or ())
    ANSWERS.extend({"person_id": key, "item": item, "value": "yes"} for item in heard)
    RUNS.extend([{"person_id": key, "cadence": "hot", "start_date": run}] if run else [])
    DEALS.extend([{"person_id": key, **deal}] if deal else [])
    FINISHED.extend((key, step) for step in finished)
    return key


def evaluated(now: datetime) -> Told:
    world = World()
    world.people(*PEOPLE)
    world.activities(*ACTIVITIES)
    world.hearing(*ANSWERS)
    world.cadence_runs(*RUNS)
    world.deals(*DEALS)
    stages = ({"content": content, "stage": f"s{rank}", "rank": str(rank)} for content, rank in RANKS.items())
    world.content_stages(*stages)

    def load(name: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        fields = ", ".join(f"{column} VARCHAR" for column in columns)
        world.connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} ({fields})")
        world.connection.executemany(f"INSERT INTO {name} VALUES ({', '.join('?' for _ in columns)})", rows)

    columns = (
        "person_id", "cadence", "start_date", "step", "channel", "task_id", "is_done", "done_at", "outcome", "status",
    )  # fmt: skip
    started = {row["person_id"]: row["start_date"] for row in RUNS}
    done = [(who, "hot", started[who], step, None, None, "true", None, None, None) for who, step in FINISHED]
    load("tasks_as_text", columns, done)
    world.run(
        "CREATE OR REPLACE TEMP TABLE our_tasks AS SELECT * REPLACE (start_date::DATE AS start_date, "
        "is_done::BOOLEAN AS is_done, done_at::TIMESTAMP AS done_at), "
        "NOT is_done::BOOLEAN AS is_open FROM tasks_as_text", {},
    )  # fmt: skip
    actions = [
        ("company_profile", "inquiry", None, None),
        ("survey", "thanks", None, None),
        ("support_form", "inquiry", "email", "サポート窓口"),
    ]
    load("content_actions", ("content", "action", "channel", "destination"), actions)
    offers = [(content, rank, place, 0, None, None) for place, (content, rank) in enumerate(RANKS.items())]
    load("content_offers", OFFERS, offers)
    rules, today = shipped(), (now + 9 * HOUR).date()
    score(rules, now, world.run)
    tier(rules, world.run)
    grade(rules, world.run)
    decide(rules, now, today, world.run)
    next_actions(rules, now, today, world.run, load)
    return world.rows("next_actions")


@pytest.fixture(scope="module")
def actions() -> Told:
    return evaluated(NOW)


OVER_TIME = ("nurture", "email")
"""Registered for 300 days: nobody owns them, and marketing takes them on (lifecycle.yaml, `within_days`)."""


def short(actions: Told, who: str) -> tuple[str, str] | None:
    return (actions[who]["purpose"], actions[who]["channel"]) if who in actions else None


def _asked(*later: tuple[str, timedelta], **person: Any) -> str:
    return lead(did(("inquiry", DAY), *later), **person)


INQUIRY = ("inquiry", "call")
ASKED = _asked()
MAILED = lead([*did(("inquiry", DAY), ("email_reply", HOUR)), *did(("email_sent", 2 * HOUR), content="mail:7")])


@pytest.mark.parametrize(
    ("who", "answered"),
    [
        (ASKED, False),
        (_asked(("call", HOUR)), True),
        (_asked(("call_attempt", HOUR)), True),
        (_asked(("meeting", HOUR)), True),
        (_asked(("call", DAY)), True),
        (_asked(("call", 2 * DAY)), False),
        (_asked(("email_reply", HOUR)), False),
        (_asked(("email_sent", HOUR)), False),
        (_asked(("email_sent", 2 * HOUR), ("email_reply", HOUR)), True),
        (_asked(("email_sent", 2 * DAY), ("email_reply", HOUR)), False),
        (MAILED, False),
        (lead(did(("inquiry", 30 * DAY))), True),
        (lead(did(("inquiry", 30 * DAY - HOUR))), False),
        (lead(did(("inquiry", DAY), machine=True)), True),
        (_asked(("email_sent", HOUR), do_not_call=True), True),
        (_asked(deal={"status": "open", "created_at": NOW - HOUR}, crm_status="opportunity", owner_id="u"), True),
    ],
)
@pytest.mark.complaint(79)
def test_an_inquiry_asks_for_a_call_until_somebody_of_ours_got_in_touch(
    actions: Told, who: str, answered: bool
) -> None:
    assert (short(actions, who) == INQUIRY) is not answered


def test_an_inquiry_says_who_calls_by_when_and_what_to_ask(actions: Told) -> None:
    told = actions[ASKED]
    assert (told["owner"], told["due"], told["ask"], told["why"]) == (
        "inside_sales", TODAY, BANT, "asked by inquiry",
    )  # fmt: skip


def test_on_a_weekend_the_next_business_day_is_the_day() -> None:
    assert evaluated(utc("2026-05-31T13:00:00+09:00"))[ASKED]["due"] == TODAY


@pytest.mark.parametrize(
    ("who", "channel"),
    [
        (_asked(opted_out=True), "call"),
        (_asked(do_not_call=True, opted_out=False), "email"),
        (_asked(do_not_call=True, opted_out=True), "review"),
    ],
)
def test_an_inquiry_is_answered_as_the_person_may_be_reached(actions: Told, who: str, channel: str) -> None:
    assert short(actions, who) == ("inquiry", channel)


@pytest.mark.parametrize(
    ("who", "owner"),
    [
        (_asked(crm_status="opportunity"), "field_sales"),
        (_asked(crm_status="won"), "field_sales"),
        (_asked(crm_status="lost", lost_at=NOW - 2 * DAY), "inside_sales"),
        (_asked(crm_status="disqualified"), None),
    ],
)
def test_an_inquiry_counts_at_every_stage_but_the_disqualified(actions: Told, who: str, owner: str | None) -> None:
    assert short(actions, who) == (INQUIRY if owner else None)
    assert owner is None or actions[who]["owner"] == owner


PROFILE = lead(
    [*did(("content_download", DAY), content="company_profile"), *did(("survey_answer", HOUR), content="survey")]
)
PROFILE_SENT = lead(did(("email_sent", DAY), content="company_profile"))
QUOTED = lead(did(("quote_request", DAY)))
QUOTED_FOR_THANKS = lead(did(("quote_request", DAY), content="survey"))


def test_content_of_the_class_of_an_inquiry_is_one_where_the_person_used_it(actions: Told) -> None:
    assert (actions[PROFILE]["purpose"], actions[PROFILE]["why"]) == ("inquiry", "asked by company_profile")
    assert short(actions, PROFILE_SENT) != INQUIRY


def test_who_asks_for_a_quote_asks_for_a_call_unless_the_catalogue_says_otherwise(actions: Told) -> None:
    assert (actions[QUOTED]["purpose"], actions[QUOTED]["why"]) == ("inquiry", "asked by quote_request")
    assert actions[QUOTED_FOR_THANKS]["purpose"] == "thanks"


def _thanked(*later: tuple[str, timedelta], ago: timedelta = DAY, **person: Any) -> str:
    return lead([*did(("survey_answer", ago), content="survey"), *did(*later)], **person)


@pytest.mark.parametrize(
    ("who", "channel"),
    [
        (_thanked(), "email"),
        (_thanked(opted_out=True), "call"),
        (_thanked(opted_out=True, do_not_call=True), None),
        (_thanked(("email_sent", HOUR)), None),
        (_thanked(("call", HOUR)), None),
        (_thanked(ago=7 * DAY), None),
    ],
)
def test_content_of_the_class_of_thanks_is_answered_by_an_e_mail_of_thanks(
    actions: Told, who: str, channel: str | None
) -> None:
    told = actions.get(who, {})
    assert (told.get("purpose") == "thanks") is (channel is not None)
    if channel:
        assert (told["channel"], told["why_id"], told["why_parts"]) == (channel, "thanks", ["survey"])


ONLINE = lead([*did(("content_download", DAY), content="support_form")])


def test_content_says_how_an_inquiry_is_answered_and_where_it_goes(actions: Told) -> None:
    told = actions[ONLINE]
    assert (told["purpose"], told["channel"], told["destination"]) == ("inquiry", "email", "サポート窓口")


LOST = lead(heard=HEARD, crm_status="lost", lost_at=NOW - DAY, owner_id="u", close_reason="price")
LOST_SOMEDAY = lead(crm_status="lost")


@pytest.mark.requirement("RC-2", "RC-3")
def test_what_was_heard_in_a_lost_deal_hands_nobody_over(actions: Told) -> None:
    told = actions[LOST]
    assert (told["purpose"], told["channel"], told["due"], told["ask"]) == ("recycle", "wait", date(2026, 8, 29), [])
    told = actions[LOST_SOMEDAY]
    assert (told["due"], told["owner"], told["why"]) == (None, "marketing", "deal was lost, nobody knows when")


def _recycled(ago: timedelta) -> str:
    return lead(did(("page_view", ago)), heard=HEARD, crm_status="lost", lost_at=NOW - 100 * DAY, owner_id="u")


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        (_recycled(12 * DAY), ("nurture", "email")),
        (_recycled(10 * DAY), ("nurture", "email")),
        (_recycled(8 * DAY), ("toss_up", "hand_over")),
    ],
)
@pytest.mark.requirement("RC-2", "RC-3")
def test_a_recycled_person_is_handed_over_only_after_doing_something_anew(
    actions: Told, who: str, expected: tuple[str, str]
) -> None:
    assert short(actions, who) == expected


READY, READY_AND_ASKING = lead(hot(), heard=HEARD), lead([*hot(), *did(("inquiry", HOUR))], heard=HEARD)


@pytest.mark.requirement("TU-1")
def test_handing_over_goes_before_a_cadence_and_after_an_inquiry(actions: Told) -> None:
    told = actions[READY]
    assert (told["purpose"], told["channel"], told["owner"]) == ("toss_up", "hand_over", "field_sales")
    assert told["why"] == "4 of 4 criteria: need, current_solution, timing, inside_information"
    assert short(actions, READY_AND_ASKING) == INQUIRY


@pytest.mark.parametrize(
    ("who", "channel"),
    [(lead(hot()), "call"), (lead(hot(), opted_out=True), "call"), (lead(hot(), do_not_call=True), "email")],
)
def test_turning_hot_begins_by_voice_where_that_is_allowed(actions: Told, who: str, channel: str) -> None:
    told = actions[who]
    assert (told["purpose"], told["channel"], told["ask"]) == ("cadence_starts", channel, BANT)


REVIEWED = lead(hot(25 * DAY))


def test_hot_since_longer_is_looked_at_once(actions: Told) -> None:
    assert actions[REVIEWED]["why"] == "hot since longer"
    assert short(actions, REVIEWED) == ("review", "review")


def _in_run(*finished: str, **person: Any) -> str:
    return lead(hot(7 * DAY), run=date(2026, 5, 25), finished=finished, **person)


@pytest.mark.parametrize(
    ("who", "step", "channel", "due"),
    [
        # Day 2's call and e-mail are due too, and day 5's e-mail: what came before them was missed.
        (_in_run(), "day2", "call", date(2026, 5, 26)),
        (_in_run("day1"), "day2", "call", date(2026, 5, 26)),
        (_in_run("day2"), "day5", "email", date(2026, 5, 29)),
        (_in_run(do_not_call=True), "day5", "email", date(2026, 5, 29)),
        (_in_run("day1", "day2", opted_out=True), "day9", "call", date(2026, 6, 2)),
        (lead(run=date(2026, 5, 12)), "day9", "call", date(2026, 5, 20)),
        # After the last day only the decision is left; three business days later it is told on.
        (lead(run=date(2026, 5, 8)), "day21", "decide", date(2026, 5, 28)),
    ],
)
@pytest.mark.requirement("CD-2", "CD-4")
def test_a_run_goes_on_with_the_first_step_that_may_be_done(
    actions: Told, who: str, step: str, channel: str, due: date
) -> None:
    told = actions[who]
    assert (told["purpose"], told["why"], told["channel"], told["due"]) == ("cadence", f"step {step}", channel, due)


OVERDUE = lead(run=date(2026, 4, 1), finished=["day1"], owner_id="u")
SILENT = _in_run("day9", do_not_call=True, opted_out=True, owner_id="u")


@pytest.mark.requirement("CD-2", "CD-4")
def test_a_decision_overdue_is_told_on_and_who_may_be_reached_by_nobody_is_in_no_run(actions: Told) -> None:
    told = actions[OVERDUE]
    assert (told["purpose"], told["channel"], told["due"]) == ("cadence", "decide", date(2026, 4, 21))
    assert (told["why_id"], told["why_parts"]) == ("decision_overdue", ["day21"])
    assert (actions[SILENT]["purpose"], actions[SILENT]["why_id"]) == ("review", "no_consent")


STALE, LATER = lead(hot(), run=date(2026, 1, 5)), lead(run=date(2026, 6, 2))


def test_a_new_crossing_goes_before_an_old_run_and_a_run_to_come_is_not_looked_at(actions: Told) -> None:
    assert short(actions, STALE) == ("cadence_starts", "call")
    assert short(actions, LATER) == OVER_TIME


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        (lead(owner_id="u"), ("nurture", "email")),
        (lead(owner_id="u", opted_out=True), ("nurture", "call")),
        (lead(owner_id="u", opted_out=True, do_not_call=True), ("review", "review")),
        (lead(owner_id="u", crm_status="opportunity"), ("deal", "call")),
        (lead(owner_id="u", crm_status="won"), None),
        (lead(owner_id="u", crm_status="disqualified"), None),
    ],
)
def test_whatever_somebody_owns_has_a_next_action(actions: Told, who: str, expected: tuple[str, str] | None) -> None:
    assert short(actions, who) == expected
    assert expected is None or (actions[who]["owner"], actions[who]["due"]) == ("u", TODAY)


UNOWNED_MQL = lead(did(("quote_request", 40 * DAY)), source="webinar")
SILENCED = lead(hot(), opted_out=True, do_not_call=True, owner_id="u")


@pytest.mark.requirement("LC-4")
def test_an_mql_that_nobody_owns_is_marketings_and_nobody_is_called_without_consent(actions: Told) -> None:
    told = actions[UNOWNED_MQL]
    assert (told["purpose"], told["channel"], told["owner"], told["why"]) == ("nurture", "email", "marketing", "MQL")
    assert (short(actions, SILENCED), actions[SILENCED]["why"]) == (
        ("review", "review"), "may be neither called nor written to",
    )  # fmt: skip


def _saw(*contents: str) -> str:
    return lead([row for content in contents for row in did(("content_download", DAY), content=content)], owner_id="u")


@pytest.mark.parametrize(
    ("who", "offered"),
    [
        (_saw(), "guide"),
        (_saw("guide"), "story"),
        (_saw("story"), "checklist"),
        (_saw("story", "checklist"), "price"),
        (_saw("story", "checklist", "price"), "contract"),
        (_saw("story", "checklist", "price", "contract"), None),
    ],
)
def test_what_is_offered_is_of_the_stage_or_the_next_and_not_seen_yet(
    actions: Told, who: str, offered: str | None
) -> None:
    assert (actions[who]["purpose"], actions[who]["content"]) == ("nurture", offered)
