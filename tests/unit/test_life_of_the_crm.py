"""What people set in the CRM enters a life at its time, by the versions that the mirror keeps (LC-5, SY-11)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from connector.engine.crm_past import crm_past
from connector.engine.enrich import EnrichMapping, enrich
from connector.engine.moments import EPOCH, microseconds
from connector.engine.recycle import recycle
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
    """A lead that somebody closed and opened again, and one that stood closed when first seen and is written to."""
    folder = tmp_path_factory.mktemp("pages")
    store = memory_store()
    prepare(store, STREAMS)
    pulled = [(1, NOON, OPEN), (1, NOON + 2 * DAY, CLOSED), (1, NOON + 5 * DAY, OPEN), (2, NOON + 3 * DAY, CLOSED)]
    for number, at, status in sorted(pulled, key=lambda told: told[1]):
        with store.transaction():
            merge(store, LEADS, "", land(folder, LEADS, [lead(number, at, Status=status)]), at + HOUR)
    written = lead(2, NOON + 5 * DAY, Status=CLOSED, LeadSource="Web")
    with store.transaction():
        merge(store, LEADS, "", land(folder, LEADS, [written]), NOON + 5 * DAY + HOUR)
    yield store
    store.close()


def told(store: Store, now: datetime, **times: datetime) -> list[list[tuple[datetime | None, str | None]]]:
    """What the CRM said of each person, and since when (None: nobody knows), by the person's first record."""
    freeze(store, STREAMS, **times)
    freeze_lists(store)
    enrich(store.run, store.load, WORDS, NO_CATALOGUE, None)
    recycle(shipped(), now, store.run)
    crm_past(microseconds(now), store.run)
    found: dict[str, list[tuple[datetime | None, str | None]]] = {}
    for key, at, status, undated in store.run(
        "SELECT record_key, begins, status, undated FROM crm_spans JOIN person_records USING (person_id) "
        "ORDER BY record_key, begins"
    ):
        since = None if undated or at < 0 else EPOCH + timedelta(microseconds=at)
        found.setdefault(key, []).append((since, status))
    return list(found.values())


def test_a_word_that_somebody_set_and_took_back_enters_at_its_times(store: Store) -> None:
    first, second = told(store, NOON + 6 * DAY)
    assert first == [(None, None), (NOON + 2 * DAY, "disqualified"), (NOON + 5 * DAY, None)]
    # The lead was changed since it was made: nobody knows when it was closed. Its other fields say nothing new of that.
    assert second == [(None, "disqualified")]


def test_the_past_of_then_by_what_was_seen_then_and_by_what_is_known_now(store: Store) -> None:
    between = NOON + 4 * DAY
    for times in ({"as_of": between}, {"known_at": between}):
        first, _ = told(store, between, **times)
        assert [status for _, status in first] == [None, "disqualified"]
    just_before_it_was_seen = NOON + 2 * DAY + HOUR / 2
    assert told(store, just_before_it_was_seen, known_at=just_before_it_was_seen) == []


def test_a_deal_that_was_lost_opened_again_and_won_has_all_of_it_in_the_past(tmp_path: Path) -> None:
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
    (past,) = told(store, NOON + 30 * DAY)
    assert past == [
        (NOON + DAY, "opportunity"),
        (NOON + 4 * DAY, "lost"),
        (NOON + 9 * DAY, "opportunity"),
        (NOON + 20 * DAY, "won"),
    ]
    store.close()
