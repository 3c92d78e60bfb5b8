"""When an answer in a record was heard, and by whom: from the versions of the record (LC-3, SY-11)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.engine.enrich import EnrichMapping, enrich
from connector.store.database import Store, memory_store
from connector.store.lists import freeze_lists
from connector.store.mirror import freeze, merge, prepare
from tests.enrich_world import NO_CATALOGUE
from tests.mirror_world import DAY, HOUR, NOON, land, lead, mapped

pytestmark = pytest.mark.requirement("LC-3", "SY-11")

LEADS = mapped("salesforce.Lead", title="Title", budget="Budget__c", need="Need__c", modified_by_id="LastModifiedById")
USERS = mapped("salesforce.User", name="Name")
HANAKO, TARO = "005A", "005B"
CREATED = NOON - DAY


class Records:
    """One lead as the org tells it from time to time."""

    def __init__(self, folder: Path) -> None:
        self.store: Store = memory_store()
        self._folder = folder
        prepare(self.store, [LEADS, USERS])
        users = [{"Id": HANAKO, "Name": "佐藤 花子"}, {"Id": TARO, "Name": "Taro"}]
        with self.store.transaction():
            merge(self.store, USERS, "", land(folder, USERS, users), CREATED)

    def pulled(self, at: datetime, by: str, seen: datetime | None = None, **fields: Any) -> None:
        row = lead(1, at, LastModifiedById=by, **fields)
        with self.store.transaction():
            merge(self.store, LEADS, "", land(self._folder, LEADS, [row]), seen or at + HOUR)

    def heard(self, **times: datetime) -> dict[str, tuple[Any, ...]]:
        """item → (value, at, heard_by)"""
        freeze(self.store, [LEADS, USERS], **times)
        freeze_lists(self.store)
        enrich(self.store.run, self.store.load, EnrichMapping(), NO_CATALOGUE, None)
        rows = self.store.run('SELECT item, value, "at", heard_by FROM hearing')
        assert self.store.run("SELECT count(*) FROM hearing WHERE said_by IS NOT NULL OR via <> 'lead'") == [(0,)]
        return {row[0]: tuple(row[1:]) for row in rows}


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    made = Records(tmp_path)
    yield made
    made.store.close()


def plain(moment: datetime) -> datetime:
    return moment.replace(tzinfo=None)


def test_an_answer_was_heard_when_it_was_written_down_by_whoever_wrote_it(records: Records) -> None:
    records.pulled(NOON, HANAKO)
    records.pulled(NOON + DAY, HANAKO, Budget__c="1,000万円")
    records.pulled(NOON + 2 * DAY, TARO, Budget__c="1,000万円", title="課長")
    records.pulled(NOON + 3 * DAY, TARO, Budget__c="1,000万円", title="課長", Fax="unmapped")
    told = ("1,000万円", plain(NOON + DAY), "佐藤 花子")
    assert records.heard() == {"budget": told}
    assert records.heard(known_at=NOON + 2 * DAY + 2 * HOUR) == {"budget": told}
    assert records.heard(as_of=NOON + DAY) == {"budget": told}
    assert records.heard(as_of=NOON + DAY - HOUR) == {}
    assert records.heard(known_at=NOON + DAY) == {}, "written down, but not seen yet"


def test_another_answer_and_one_that_comes_back_were_heard_anew(records: Records) -> None:
    records.pulled(NOON, HANAKO)
    records.pulled(NOON + DAY, HANAKO, Budget__c="yes")
    records.pulled(NOON + 2 * DAY, TARO, Budget__c=None)
    records.pulled(NOON + 3 * DAY, TARO, Budget__c="yes", Need__c="old machines")
    records.pulled(NOON + 4 * DAY, HANAKO, Budget__c="yes", Need__c="new machines")
    assert records.heard() == {
        "budget": ("yes", plain(NOON + 3 * DAY), "Taro"),
        "need": ("new machines", plain(NOON + 4 * DAY), "佐藤 花子"),
    }


def test_what_stood_there_before_we_looked_was_heard_by_the_last_change_then_and_nobody_knows_by_whom(
    records: Records,
) -> None:
    records.pulled(NOON, HANAKO, seen=NOON + DAY, Budget__c="yes")
    assert records.heard() == {"budget": ("yes", plain(NOON), None)}
    records.pulled(NOON + 9 * DAY, TARO, Budget__c="yes")
    assert records.heard() == {"budget": ("yes", plain(NOON + DAY), None)}, "a later change does not make it younger"


def test_in_a_record_that_nobody_changed_since_it_was_made_whoever_made_it_heard_it(records: Records) -> None:
    records.pulled(CREATED, TARO, Budget__c="yes")
    assert records.heard() == {"budget": ("yes", plain(CREATED), "Taro")}


def test_who_changed_a_record_last_makes_no_version_of_it(records: Records) -> None:
    records.pulled(NOON, HANAKO)
    records.pulled(NOON + timedelta(days=1), TARO)
    assert records.store.run('SELECT count(*), any_value(modified_by_id) FROM "mirror_salesforce_lead"') == [
        (1, HANAKO)
    ]
