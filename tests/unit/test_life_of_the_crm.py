"""What people set in the CRM enters a life at its time, by the versions that the mirror keeps (LC-5, SY-11)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connector.engine.decide import decide
from connector.engine.enrich import EnrichMapping, enrich
from connector.engine.grade import grade
from connector.engine.life import lives
from connector.engine.score import score
from connector.engine.tier import tier
from connector.store.database import Store, memory_store
from connector.store.lists import freeze_lists
from connector.store.mirror import freeze, merge, prepare
from tests.engine_world import shipped
from tests.enrich_world import NO_CATALOGUE
from tests.mirror_world import DAY, HOUR, NOON, land, lead, mapped, sf_time

pytestmark = pytest.mark.requirement("LC-5", "SY-11", "SC-10")

LEADS = mapped("salesforce.Lead", status="Status", source="LeadSource", is_converted=("IsConverted", "boolean"))
CONTACTS = mapped("salesforce.Contact")
DEALS = mapped(
    "salesforce.Opportunity",
    contact_id="ContactId",
    is_closed=("IsClosed", "boolean"),
    is_won=("IsWon", "boolean"),
    stage_changed_at=("LastStageChangeDate", "instant"),
)
CONTACT = "003000000000001AAA"
STREAMS = (LEADS, CONTACTS, DEALS)
WORDS = EnrichMapping(statuses={"Closed - Not Converted": "disqualified"})
CLOSED, OPEN = "Closed - Not Converted", "Open - Not Contacted"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A lead that somebody closed and opened again, and one that stood closed when it was first seen."""
    folder = tmp_path_factory.mktemp("pages")
    store = memory_store()
    prepare(store, STREAMS)
    pulled = [(1, NOON, OPEN), (1, NOON + 2 * DAY, CLOSED), (1, NOON + 5 * DAY, OPEN), (2, NOON + 3 * DAY, CLOSED)]
    for number, at, status in sorted(pulled, key=lambda told: told[1]):
        with store.transaction():
            merge(store, LEADS, "", land(folder, LEADS, [lead(number, at, Status=status)]), at + HOUR)
    yield store
    store.close()


def told(store: Store, now: datetime, **times: datetime) -> dict[str, list[tuple[datetime, str, list[str]]]]:
    """The stages of each lead's person, with their times and what is undated of them."""
    freeze(store, STREAMS, **times)
    freeze_lists(store)
    rules = shipped()
    enrich(store.run, store.load, WORDS, NO_CATALOGUE, None)
    tier(rules, store.run)
    grade(rules, store.run)
    score(rules, now, store.run)
    decide(rules, now, (now + timedelta(hours=9)).date(), store.run)
    lives(rules, now, store.run)
    found: dict[str, list[tuple[datetime, str, list[str]]]] = {}
    for key, at, stage, undated in store.run(
        'SELECT record_key, "at", to_stage, undated FROM life JOIN person_records USING (person_id) '
        "WHERE to_stage IS NOT NULL ORDER BY record_key, n"
    ):
        found.setdefault(key.rpartition(":")[2][:15], []).append((at.replace(tzinfo=UTC), stage, undated))
    return found


def test_a_word_that_somebody_set_and_took_back_is_in_the_life_at_its_times(store: Store) -> None:
    first, second = told(store, NOON + 6 * DAY).values()
    assert [line[1:] for line in first] == [("registered", []), ("disqualified", []), ("registered", [])]
    assert [line[0] for line in first[1:]] == [NOON + 2 * DAY, NOON + 5 * DAY]
    # The lead was changed since it was made: nobody knows when it was closed.
    assert [line[1:] for line in second] == [("disqualified", ["crm_status"])]


def test_the_life_of_then_by_what_was_seen_then_and_by_what_is_known_now(store: Store) -> None:
    between = NOON + 4 * DAY
    for times in ({"as_of": between}, {"known_at": between}):
        first, _ = told(store, between, **times).values()
        assert [line[1] for line in first] == ["registered", "disqualified"]
    just_before_it_was_seen = NOON + 2 * DAY + HOUR / 2
    known = told(store, just_before_it_was_seen, known_at=just_before_it_was_seen)
    assert [line[1] for line in next(iter(known.values()))] == ["registered"]


def test_a_deal_that_was_lost_opened_again_and_won_has_all_of_it_in_the_life(tmp_path: Path) -> None:
    store = memory_store()
    prepare(store, STREAMS)
    with store.transaction():
        merge(store, CONTACTS, "", land(tmp_path, CONTACTS, [{**lead(1), "Id": CONTACT}]), NOON)
    for day, closed, won in ((1, False, False), (4, True, False), (9, False, False), (20, True, True)):
        at = NOON + day * DAY
        row = lead(1, at, Id="006000000000001AAA", CreatedDate=sf_time(NOON + DAY), ContactId=CONTACT, IsClosed=closed)
        row |= {"IsWon": won, "LastStageChangeDate": sf_time(at)}
        with store.transaction():
            merge(store, DEALS, "", land(tmp_path, DEALS, [row]), at + HOUR)
    (life,) = told(store, NOON + 30 * DAY).values()
    assert [(at, stage) for at, stage, _ in life[1:]] == [
        (NOON + DAY, "opportunity"),
        (NOON + 4 * DAY, "lost"),
        (NOON + 9 * DAY, "opportunity"),
        (NOON + 20 * DAY, "won"),
    ]
    store.close()
