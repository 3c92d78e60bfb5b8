"""Since when a lead stands closed, and why: from the versions of the record (RC-1, SY-11); and what else waits."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import pytest

from connector.engine.enrich import EnrichMapping, enrich
from connector.store.database import Store, memory_store
from connector.store.lists import freeze_lists
from connector.store.mirror import freeze, merge, prepare
from tests.enrich_world import NO_CATALOGUE, SeenWorld
from tests.mirror_world import DAY, HOUR, NOON, land, lead, mapped

pytestmark = pytest.mark.requirement("RC-1", "RC-2", "SY-11")

LEADS = mapped("salesforce.Lead", status="Status", title="Title", close_reason="Close_Reason__c")
MAPPING = EnrichMapping(statuses={"Closed": "disqualified", "Dead ": "disqualified"})
Told = tuple[str | None, datetime | None, str | None]


class Records:
    """One lead as the org tells it from time to time."""

    def __init__(self, folder: Path) -> None:
        self.store: Store = memory_store()
        self._folder = folder
        prepare(self.store, [LEADS])

    def pulled(
        self, at: datetime, status: str, reason: str | None = None, seen: datetime | None = None, **fields: str
    ) -> None:
        row = lead(1, at, Status=status, Close_Reason__c=reason, **fields)
        with self.store.transaction():
            merge(self.store, LEADS, "", land(self._folder, LEADS, [row]), seen or at + HOUR)

    def told(self, **times: datetime) -> Told:
        freeze(self.store, [LEADS], **times)
        freeze_lists(self.store)
        enrich(self.store.run, self.store.load, MAPPING, NO_CATALOGUE, None)
        ((status, closed_at, reason),) = self.store.run("SELECT crm_status, closed_at, close_reason FROM people")
        return status, closed_at, reason


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    made = Records(tmp_path)
    yield made
    made.store.close()


def plain(moment: datetime) -> datetime:
    return moment.replace(tzinfo=None)


def test_a_lead_is_closed_since_the_version_in_which_it_first_was_and_a_later_change_does_not_move_that(
    records: Records,
) -> None:
    records.pulled(NOON, "Open")
    records.pulled(NOON + DAY, "Closed", "No budget")
    records.pulled(NOON + 2 * DAY, "Open")
    records.pulled(NOON + 3 * DAY, "Closed")
    records.pulled(NOON + 4 * DAY, " dead", title="課長")
    records.pulled(NOON + 5 * DAY, "Dead", "Bad timing", title="部長")
    assert records.told() == ("disqualified", plain(NOON + 3 * DAY), "Bad timing")
    # What was known then: the first time, with its reason; and opened again.
    assert records.told(as_of=NOON + DAY) == ("disqualified", plain(NOON + DAY), "No budget")
    assert records.told(known_at=NOON + 4 * DAY) == ("disqualified", plain(NOON + 3 * DAY), None)
    assert records.told(as_of=NOON + 2 * DAY) == (None, None, None)


def test_one_that_was_closed_when_it_was_first_seen_was_so_by_its_last_change(records: Records) -> None:
    records.pulled(NOON, "Closed", "No need", seen=NOON + 9 * DAY)
    records.pulled(NOON + 10 * DAY, "Closed", "No need", title="ours", seen=NOON + 10 * DAY)
    assert records.told() == ("disqualified", plain(NOON), "No need")


def test_the_fiscal_year_is_the_orgs_and_the_latest_agreed_day_of_the_living_records_counts() -> None:
    world = SeenWorld()
    world.add("salesforce_organization", id="00D1", fiscal_month=7)
    world.lead("00Q1", email="a@one.example", not_before=date(2026, 3, 1))
    world.prospect(7, email="a@one.example", not_before=date(2026, 5, 1))
    world.prospect(8, email="a@one.example", not_before=date(2026, 9, 1), is_deleted=True)
    world.enrich()
    assert world.rows("SELECT first_month FROM fiscal_calendar") == [{"first_month": 7}]
    person = world.person("salesforce.Lead:00Q1")
    assert person is not None
    assert person["not_before"] == date(2026, 5, 1)
