"""Whatever somebody owns has a next action: who, what, by when (CD-7); and runs as files tell them (CD-2)."""

from __future__ import annotations

import contextlib
import io
import json
import random
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from connector.cli.main import run

pytestmark = pytest.mark.requirement("CD-7", "CD-2", "CD-6", "CD-9")

NOW = datetime.fromisoformat("2026-06-01T10:00:00+09:00")
DAY = timedelta(days=1)
KINDS = ("demo_view", "page_view", "inquiry", "call", "meeting", "email_reply", "quote_request", "content_download")
STATUSES = ("", "", "", "", "opportunity", "won", "lost", "disqualified")
ENDS = {"won", "disqualified"}
"""Stages after which nothing has to be done: documented in docs/evaluate.md."""
CLOSED = "2026-05-28T10:00:00+09:00"


def person(number: int, chance: random.Random) -> dict[str, Any]:
    return {
        "person_id": f"p{number}",
        "created_at": (NOW - chance.randint(1, 400) * DAY).isoformat(),
        "owner_id": chance.choice(("", "u1", "u2")),
        "crm_status": chance.choice(STATUSES),
        "source": chance.choice(("webinar", "referral", "")),
        "opted_out": chance.random() < 0.2,
        "do_not_call": chance.random() < 0.2,
        "not_before": chance.choice(("", "", "", "2026-09-01")),
    }


def acts(number: int, chance: random.Random) -> Iterator[dict[str, Any]]:
    for _ in range(chance.choice((0, 1, 3, 20))):
        at = NOW - chance.randint(0, 60 * 24) * timedelta(hours=1)
        yield {"person_id": f"p{number}", "occurred_at": at.isoformat(), "type": chance.choice(KINDS)}


def tasks(number: int, chance: random.Random) -> Iterator[dict[str, Any]]:
    if chance.random() < 0.3:
        start = NOW.date() - chance.randint(0, 40) * DAY
        for step, days in (("day1", 0), ("day2", 1), ("day5", 4))[: chance.randint(1, 3)]:
            status = chance.choice(("Completed", "Not Started"))
            yield {"person_id": f"p{number}", "step": step, "due": f"{start + days * DAY}", "status": status}


FIXED: tuple[tuple[dict[str, Any], ...], ...] = (
    # Two runs of one cadence: the first was decided, the second is at its second day.
    tuple(
        {"person_id": "two runs", "step": step, "due": due, "status": "Completed", "outcome": outcome}
        for step, due, outcome in (
            ("day1", "2026-03-02", ""), ("day21", "2026-03-23", "active_prospect"), ("day1", "2026-05-29", ""),
        )
    ),
    # A call that was made is not asked for again; the e-mail of the day is.
    tuple(
        {"person_id": "by channel", "step": "day1", "due": "2026-06-01", "status": status, "channel": channel}
        for channel, status in (("call", "Completed"), ("email", "Not Started"))
    ),
    ({"person_id": "off", "step": "day21", "due": "2026-05-28", "outcome": "対象外", "closed_at": CLOSED},),
    ({"person_id": "back", "step": "day21", "due": "2026-05-28", "outcome": "", "closed_at": CLOSED},),
)  # fmt: skip


def csv(rows: list[Mapping[str, Any]]) -> str:
    names = list(dict.fromkeys(name for row in rows for name in row))
    lines = [",".join(str(row.get(name, "")) for name in names) for row in rows]
    return "\n".join([",".join(names), *lines]) + "\n"


def evaluated(arguments: list[str]) -> list[dict[str, Any]]:
    """The documents of an evaluation."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        assert run(arguments) == 0
    return [json.loads(line) for line in out.getvalue().splitlines()]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Everybody of the random world and of the fixed one: the row of the file, and what `evaluate --json` tells."""
    folder, chance = tmp_path_factory.mktemp("world"), random.Random(20260601)
    numbers = range(400)
    known = [{"person_id": rows[0]["person_id"], "created_at": "2026-01-01", "owner_id": "u1"} for rows in FIXED]
    did = [row for number in numbers for row in acts(number, chance)]
    due = [row for number in numbers for row in tasks(number, chance)] + [row for rows in FIXED for row in rows]
    people: list[Mapping[str, Any]] = [*(person(number, chance) for number in numbers), *known]
    files: dict[str, list[Mapping[str, Any]]] = {
        "people": people,
        "activities": [{"activity_id": f"a{place}", **row} for place, row in enumerate(did)],
        "tasks": [{"task_id": f"t{place}", **row} for place, row in enumerate(due)],
    }
    arguments = ["evaluate", "--rules", "classic", "--as-of", NOW.isoformat(), "--json"]
    for name, rows in files.items():
        (folder / f"{name}.csv").write_text(csv(rows), encoding="utf-8")
        arguments += [f"--{name}", str(folder / f"{name}.csv")]
    given = {str(row["person_id"]): row for row in people}
    return {one["person_id"]: {**given[one["person_id"]], **one} for one in evaluated(arguments)}


def test_whatever_somebody_owns_has_a_next_action_save_for_the_won_and_the_disqualified(
    told: dict[str, dict[str, Any]],
) -> None:
    owned = [one for one in told.values() if one["owner_id"]]
    assert len(owned) > 200
    assert {one["stage"] for one in owned} >= {"registered", "cold", "hot", "opportunity", "won", "lost"}
    gaps = [one["person_id"] for one in owned if one["next_action"] is None and one["stage"] not in ENDS]
    assert gaps == []


def test_each_says_who_what_and_by_when_and_breaks_no_consent(told: dict[str, dict[str, Any]]) -> None:
    for one in told.values():
        action = one["next_action"]
        if action is None:
            continue
        assert action["owner"], one
        assert action["why"], one
        assert action["why_id"], one
        assert action["due"] or action["purpose"] == "recycle", one
        # What is overdue lies behind, on a business day of its own; nothing else does.
        assert action["purpose"] == "cadence" or not action["due"] or action["due"] >= f"{NOW.date()}", one
        assert not (action["channel"] == "call" and one.get("do_not_call") is True), one
        assert not (action["channel"] == "email" and one.get("opted_out") is True), one


def test_an_inquiry_that_nobody_answered_comes_before_everything(told: dict[str, dict[str, Any]]) -> None:
    waiting = [one for one in told.values() if one["inquiry"] and one["inquiry"]["waits"]]
    purposes = {one["next_action"]["purpose"] for one in waiting if one["stage"] != "disqualified"}
    assert (len(waiting) > 20, purposes) == (True, {"inquiry"})


def test_the_disqualified_are_asked_for_nothing_but_the_reason(told: dict[str, dict[str, Any]]) -> None:
    off = [one["next_action"] for one in told.values() if one["stage"] == "disqualified"]
    assert {action["purpose"] for action in off if action} <= {"ask_reason", "recycle"}


def test_two_runs_of_one_cadence_are_two(told: dict[str, dict[str, Any]]) -> None:
    one = told["two runs"]
    assert (one["stage"], one["cadence"]) == ("hot", {"id": "hot", "step": "day2", "due": "2026-06-01"})
    assert one["touches"]["tasks"] == 3


def test_a_step_is_ticked_off_by_channel(told: dict[str, dict[str, Any]]) -> None:
    action = told["by channel"]["next_action"]
    assert (action["purpose"], action["channel"], action["why_parts"]) == ("cadence", "email", ["day1"])


def test_a_decision_says_where_the_lead_goes(told: dict[str, dict[str, Any]]) -> None:
    assert (told["off"]["stage"], told["off"]["next_action"]) == ("disqualified", None)
    assert (told["back"]["stage"], told["back"]["next_action"]["purpose"]) == ("registered", "nurture")


def test_the_usual_chain_goes_from_inside_sales_to_field_sales(told: dict[str, dict[str, Any]]) -> None:
    assert {tuple(one["routing"].values()) for one in told.values()} == {(None, "inside_sales", None, "field_sales")}
