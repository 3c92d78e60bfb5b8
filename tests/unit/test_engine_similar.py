"""Past leads like a person: which, how they ended, and what went before their wins; nothing is claimed of too few."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import Any

import pytest

from connector.engine.similar import Similar, similar
from tests.engine_world import shipped, utc
from tests.nurture_world import Ground

pytestmark = pytest.mark.requirement("NU-3")

NOW = utc("2026-06-01T10:00:00+09:00")
DAY = timedelta(days=1)
RULES = cache(shipped)


def fit(person_id: str, employees: int | None = 500, tier: str | None = "tier1", **other: Any) -> tuple[Any, ...]:
    return person_id, tier, other.get("industry", "機械"), employees, other.get("source", "webinar")


def _of(person_id: str, *statuses: str) -> list[dict[str, Any]]:
    """Deals of somebody, older than all others."""
    closed = NOW - 300 * DAY
    return [
        {"opportunity_id": f"{person_id}{status}", "person_id": person_id, "status": status, "closed_at": closed,
         "created_at": closed - DAY, "product": "cloud"}
        for status in statuses
    ]  # fmt: skip


def asked(won: int, lost: int, like: tuple[Any, ...] = fit("me")) -> Similar:
    """Of somebody who was at the webinar, among past leads who are the same; who share half of what is known; who share
    less; and who have a deal that is still open.

    All who were won saw the case studies before the deal, and the price list after it began; so did the last who was
    lost.
    """
    ground = Ground()
    past = [f"w{n}" for n in range(won)] + [f"l{n}" for n in range(lost)]
    ground.load(
        "grade_fit", ("person_id", "tier", "industry", "employees BIGINT", "source"),
        [
            like, *(fit(name) for name in past), fit("other", 5, "tier3", industry="食品", source="list"),
            fit("half", 5, "tier3"), fit("busy"),
        ],
    )  # fmt: skip
    ground.load("personified", ("person_id", "persona"), [(name, "chief") for name in ("me", *past)])
    ground.load("interested", ("person_id", "product"), [("me", "cloud")])
    acts: list[dict[str, Any]] = [{"person_id": "me", "type": "webinar_attend", "occurred_at": NOW - DAY}]
    deals: list[dict[str, Any]] = []
    for place, name in enumerate([*past, "other"]):
        status = "won" if name[0] == "w" else "lost"
        began, closed = NOW - (50 + place) * DAY, NOW - (10 + place) * DAY
        deals.append(
            {"opportunity_id": name, "person_id": name, "status": status, "created_at": began, "closed_at": closed,
             "product": "cloud"},
        )  # fmt: skip
        act = {"person_id": name, "type": "content_download"}
        if status == "won" or name == past[-1]:
            acts += [
                {**act, "content": "cases", "occurred_at": began - DAY},
                {**act, "content": "price", "occurred_at": began + DAY},
            ]
        acts.append({**act, "type": "page_view", "occurred_at": began - DAY})
    ground.deals(*deals, *_of("half", "lost"), *_of("busy", "won", "open"))
    ground.activities(
        {"person_id": "w0", "type": "demo_view", "occurred_at": NOW - 60 * DAY},
        {"person_id": "half", "type": "page_view", "occurred_at": NOW - 310 * DAY},
    )
    ground.activities(*acts)
    ground.content_stages({"content": "cases", "stage": "interest", "rank": "2"})
    return similar(RULES(), NOW, "me", ground.run)


def test_the_likest_come_first_and_say_what_is_alike() -> None:
    found = asked(won=6, lost=2, like=fit("me", 700))
    assert found.traits == {
        "persona": "chief", "tier": "tier1", "industry": "機械", "size": "300 to 999", "source": "webinar",
        "product": "cloud",
    }  # fmt: skip
    assert [lead.person_id for lead in found.leads] == ["w0", "w1", "w2", "w3", "w4", "w5", "l0", "l1", "half"]
    assert (found.leads[-1].alike, found.leads[-1].different) == (("industry", "source", "product"), ("tier", "size"))
    first = found.leads[0]
    assert (first.outcome, len(first.alike), first.different) == ("won", 6, ())
    assert first.closed_at == NOW - 10 * DAY
    # The other extreme shares one trait of six, the product: less than half. Who has an open deal is no past lead.
    assert (found.won, found.lost, found.all_won, found.all_lost) == (6, 3, 6, 4)


def test_what_went_before_the_wins_is_told_with_its_counts() -> None:
    (cases,) = asked(won=6, lost=2).preceding
    # Everybody looked at pages, the price list came after the deals had begun, and one alone saw a demo.
    assert (cases.what, cases.won, cases.lost, cases.done) == ("cases", 6, 1, False)


@pytest.mark.parametrize(("won", "lost", "enough"), [(2, 1, False), (2, 2, True), (4, 0, True)])
def test_of_too_few_nothing_is_claimed(won: int, lost: int, enough: bool) -> None:
    found = asked(won, lost)
    assert (found.enough, found.preceding) == (enough, ())
    assert (found.won, found.lost) == (won, lost + 1)


def test_what_is_not_known_of_the_person_does_not_count_against_anybody() -> None:
    found = asked(won=6, lost=1, like=("me", None, None, None, "webinar"))
    assert set(found.traits) == {"persona", "source", "product"}
    assert [len(lead.alike) for lead in found.leads] == [3] * 7 + [2]
    unknown = asked(won=6, lost=1, like=("somebody", None, None, None, None))
    assert (unknown.traits, unknown.leads, unknown.enough) == ({}, (), False)
