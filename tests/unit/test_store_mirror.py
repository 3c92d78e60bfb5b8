"""The mirror: every version seen of every record, and the views of now and of other times (SY-3, SY-11, SC-10)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from connector.domain.cursor import Cursor
from connector.domain.streams import MappedStream
from connector.errors import RetryError
from connector.store.cursors import read_cursor, save_cursor
from connector.store.database import Store, memory_store
from connector.store.mirror import Merged, close_missing, merge, note_read, prepare, table_of
from connector.store.reconciling import load_remote_ids
from tests.mirror_world import (
    DAY,
    FORMS,
    HOUR,
    LEADS,
    NOON,
    PROSPECTS,
    STATUSES,
    Row,
    current,
    form,
    ids,
    land,
    lead,
    lead_id,
    mapped,
    prospect,
    seen,
    sf_time,
    versions,
)

pytestmark = pytest.mark.requirement("SY-3", "SY-11")


@pytest.fixture
def store() -> Iterator[Store]:
    store = memory_store()
    prepare(store, [LEADS, PROSPECTS, FORMS, STATUSES])
    yield store
    store.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "o'brien's pages"
    folder.mkdir()
    return folder


def take(store: Store, folder: Path, rows: list[Row], at: datetime, stream: MappedStream = LEADS) -> Merged:
    with store.transaction():
        return merge(store, stream, "", land(folder, stream, rows), at)


def test_a_first_version_is_valid_from_the_record_s_creation(store: Store, folder: Path) -> None:
    merged = take(store, folder, [lead(1), lead(2)], NOON + HOUR)
    assert (merged.rows, merged.added, merged.last_id) == (2, 2, lead_id(2))
    rows = store.run(
        f"SELECT id, title, employees, is_deleted, _valid_from, _seen_at FROM {table_of(LEADS)} ORDER BY id"
    )
    began, saw = (NOON - DAY).replace(tzinfo=None), (NOON + HOUR).replace(tzinfo=None)
    assert rows == [(lead_id(number), "部長", 100, False, began, saw) for number in (1, 2)]


def test_a_change_ends_one_version_and_begins_another_at_its_stamp(store: Store, folder: Path) -> None:
    take(store, folder, [lead(1, title="課長")], NOON)
    merged = take(store, folder, [lead(1, NOON + HOUR, title="部長")], NOON + 2 * HOUR)
    assert merged.added == 1
    rows = store.run(f"SELECT title, _valid_from, _seen_at, _until FROM {table_of(LEADS)} ORDER BY _valid_from")
    later = (NOON + 2 * HOUR).replace(tzinfo=None)
    assert [row[0] for row in rows] == ["課長", "部長"]
    assert rows[0][3] == later
    assert rows[1][1:] == ((NOON + HOUR).replace(tzinfo=None), later, None)


def test_stamps_alone_move_without_a_version(store: Store, folder: Path) -> None:
    take(store, folder, [lead(1)], NOON)
    merged = take(store, folder, [lead(1, NOON + HOUR)], NOON + 2 * HOUR)
    assert merged.added == 0
    moved = (NOON + HOUR).replace(tzinfo=None)
    assert current(store, LEADS, "stamp", "modified_at") == [(lead_id(1), moved, moved)]


def test_a_modification_in_the_second_of_an_earlier_stamp_is_kept(store: Store, folder: Path) -> None:
    moved = lead(1, NOON + HOUR, LastModifiedDate=sf_time(NOON))
    take(store, folder, [moved], NOON + HOUR)
    merged = take(store, folder, [lead(1, NOON + HOUR)], NOON + 2 * HOUR)
    assert merged.added == 0
    second = (NOON + HOUR).replace(tzinfo=None)
    assert current(store, LEADS, "stamp", "modified_at") == [(lead_id(1), second, second)]


def test_a_row_that_is_older_than_what_is_known_changes_nothing(store: Store, folder: Path) -> None:
    take(store, folder, [lead(1, NOON + HOUR, title="部長")], NOON + HOUR)
    merged = take(store, folder, [lead(1, NOON, title="課長")], NOON + 2 * HOUR)
    assert merged.added == 0
    assert versions(store, LEADS, "title", "stamp") == [(lead_id(1), "部長", (NOON + HOUR).replace(tzinfo=None))]


def test_of_a_row_sent_twice_in_one_batch_the_later_stamp_counts(store: Store, folder: Path) -> None:
    pages = land(folder, LEADS, [lead(1, NOON, title="課長")], [lead(1, NOON + HOUR, title="部長")], [lead(1, NOON)])
    merged = merge(store, LEADS, "", pages, NOON + HOUR)
    assert (merged.rows, merged.added) == (1, 1)
    assert versions(store, LEADS, "title") == [(lead_id(1), "部長")]


def test_an_overlap_read_again_adds_nothing(store: Store, folder: Path) -> None:
    rows = [lead(number, NOON, title=str(number)) for number in range(20)]
    take(store, folder, rows, NOON)
    assert take(store, folder, rows[5:], NOON + HOUR).added == 0
    assert len(versions(store, LEADS, "title")) == 20


def test_values_of_another_type_are_counted_and_kept_as_unknown(store: Store, folder: Path) -> None:
    rows = [
        lead(1, NumberOfEmployees="many"),
        lead(2, NumberOfEmployees=None),
        lead(3, NumberOfEmployees=7),
        lead(4, NumberOfEmployees="", CreatedDate="yesterday"),
    ]
    merged = take(store, folder, rows, NOON)
    assert merged.unreadable == {"NumberOfEmployees": 1, "CreatedDate": 1}
    assert [row[1] for row in current(store, LEADS, "employees")] == [None, None, 7, None]


def test_texts_arrive_as_they_were_sent(store: Store, folder: Path) -> None:
    titles = ["改行\nあり", 'quo"te', "髙", "ｶﾅ", "😀", "#N/A", "null", " 前後 ", "\\n"]
    take(store, folder, [lead(number, title=title) for number, title in enumerate(titles)], NOON)
    assert [row[1] for row in current(store, LEADS, "title")] == titles


def test_an_empty_page_is_nothing(store: Store, folder: Path) -> None:
    merged = take(store, folder, [], NOON)
    assert (merged.rows, merged.added, merged.last_stamp, merged.last_id) == (0, 0, None, None)


def test_business_units_are_kept_apart(store: Store, folder: Path) -> None:
    for unit, email in (("0Uv1", "one@example.com"), ("0Uv2", "two@example.com")):
        merge(store, PROSPECTS, unit, land(folder, PROSPECTS, [prospect(1, email=email)]), NOON)
    rows = store.run(f"SELECT _unit, email FROM {table_of(PROSPECTS)} WHERE _until IS NULL ORDER BY _unit")
    assert rows == [("0Uv1", "one@example.com"), ("0Uv2", "two@example.com")]


@pytest.mark.requirement("SY-10", "SC-10")
def test_a_whole_reading_ends_what_did_not_come_and_a_later_one_begins_it_anew(store: Store, folder: Path) -> None:
    def whole(numbers: list[int], at: datetime) -> int:
        take(store, folder, [form(number) for number in numbers], at, FORMS)
        note_read(store, first=True)
        return close_missing(store, FORMS, "", at)

    assert whole([1, 2, 3], NOON) == 0
    assert whole([1, 3], NOON + HOUR) == 1
    assert ids(current(store, FORMS, "name")) == [1, 3]
    assert ids(seen(store, FORMS, as_of=NOON + HOUR / 2)) == [1, 2, 3]
    assert ids(seen(store, FORMS, as_of=NOON + 2 * HOUR)) == [1, 3]
    assert whole([1, 2, 3], NOON + 3 * HOUR) == 0
    assert ids(seen(store, FORMS)) == [1, 2, 3]
    assert ids(seen(store, FORMS, known_at=NOON + 2 * HOUR)) == [1, 3]


@pytest.mark.requirement("SC-10")
def test_now_as_of_and_known_at_are_three_questions(store: Store, folder: Path) -> None:
    take(store, folder, [lead(1, NOON, title="課長")], NOON)
    # Changed at one o'clock, seen at three.
    take(store, folder, [lead(1, NOON + HOUR, title="部長")], NOON + 3 * HOUR)
    two = NOON + 2 * HOUR
    assert seen(store, LEADS, "title") == [(lead_id(1), "部長")]
    assert seen(store, LEADS, "title", as_of=two) == [(lead_id(1), "部長")]
    assert seen(store, LEADS, "title", known_at=two) == [(lead_id(1), "課長")]
    assert seen(store, LEADS, "title", as_of=NOON + HOUR / 2) == [(lead_id(1), "課長")]
    assert seen(store, LEADS, "title", as_of=NOON - 2 * DAY) == []
    assert seen(store, LEADS, "title", known_at=NOON - HOUR) == []


@pytest.mark.requirement("SY-10", "SC-10")
def test_a_tombstone_is_a_version_and_an_undelete_another(store: Store, folder: Path) -> None:
    for hours, deleted in ((0, False), (1, True), (2, False)):
        at = NOON + hours * HOUR
        take(store, folder, [lead(1, at, IsDeleted=deleted)], at)
    assert versions(store, LEADS, "is_deleted") == [(lead_id(1), gone) for gone in (False, True, False)]
    for hours, deleted in ((0, False), (1, True), (2, False)):
        at = NOON + hours * HOUR
        assert seen(store, LEADS, "is_deleted", as_of=at) == [(lead_id(1), deleted)]
        assert seen(store, LEADS, "is_deleted", known_at=at) == [(lead_id(1), deleted)]


def test_attributes_outside_the_mapping_are_there_as_unknown(store: Store, folder: Path) -> None:
    take(store, folder, [lead(1)], NOON)
    assert seen(store, LEADS, "email", "score", "do_not_call") == [(lead_id(1), None, None, None)]
    assert seen(store, STATUSES, "is_deleted") == []


class TestAMappingThatChanges:
    WIDER = mapped("salesforce.Lead", title="Title", employees=("NumberOfEmployees", "integer"), budget="Budget__c")

    def test_a_gained_attribute_is_read_from_the_beginning(self, store: Store, folder: Path) -> None:
        take(store, folder, [lead(1)], NOON)
        save_cursor(store, Cursor("salesforce.Lead", "", watermark=NOON), NOON)
        save_cursor(store, Cursor("salesforce.Contact", "", watermark=NOON), NOON)
        prepare(store, [self.WIDER])
        assert read_cursor(store, "salesforce.Lead", "") == Cursor("salesforce.Lead")
        assert read_cursor(store, "salesforce.Contact", "").watermark == NOON
        take(store, folder, [lead(1, Budget__c="300万円")], NOON + HOUR, self.WIDER)
        assert current(store, self.WIDER, "title", "budget") == [(lead_id(1), "部長", "300万円")]
        assert len(versions(store, self.WIDER, "budget")) == 2

    def test_the_same_mapping_again_leaves_the_place_alone(self, store: Store) -> None:
        save_cursor(store, Cursor("salesforce.Lead", "", watermark=NOON), NOON)
        prepare(store, [LEADS])
        assert read_cursor(store, "salesforce.Lead", "").watermark == NOON

    def test_a_lost_attribute_leaves_the_place_alone_and_its_return_does_not(self, store: Store) -> None:
        prepare(store, [self.WIDER])
        save_cursor(store, Cursor("salesforce.Lead", "", watermark=NOON), NOON)
        prepare(store, [LEADS])
        assert read_cursor(store, "salesforce.Lead", "").watermark == NOON
        prepare(store, [self.WIDER])
        assert read_cursor(store, "salesforce.Lead", "").watermark is None

    def test_another_field_or_type_behind_an_attribute_is_read_anew(self, store: Store, folder: Path) -> None:
        take(store, folder, [lead(1, title="7"), lead(2, title="部長")], NOON)
        save_cursor(store, Cursor("salesforce.Lead", "", watermark=NOON), NOON)
        number = mapped("salesforce.Lead", title=("Rank__c", "integer"), employees=("NumberOfEmployees", "integer"))
        prepare(store, [number])
        assert read_cursor(store, "salesforce.Lead", "").watermark is None
        assert [row[1] for row in current(store, number, "title")] == [7, None]
        take(store, folder, [lead(1, Rank__c=9), lead(2, Rank__c=3)], NOON + HOUR, number)
        assert [row[1] for row in current(store, number, "title")] == [9, 3]


def test_parents_fields_come_by_their_path(store: Store, folder: Path) -> None:
    stream = mapped("salesforce.Lead", title="Title", owner_name="Owner.Name")
    prepare(store, [stream])
    rows = [lead(1, Owner={"Name": "佐藤"}), lead(2, Owner=None), lead(3)]
    take(store, folder, rows, NOON, stream)
    assert [row[1] for row in current(store, stream, "owner_name")] == ["佐藤", None, None]


def test_the_place_reached_is_the_last_stamp_and_the_last_id_of_it(store: Store, folder: Path) -> None:
    rows = [lead(9, NOON), lead(1, NOON + HOUR), lead(5, NOON + HOUR)]
    merged = take(store, folder, rows, NOON + HOUR)
    assert (sf_time(NOON + HOUR)[:19], lead_id(5)) == (f"{merged.last_stamp:%Y-%m-%dT%H:%M:%S}", merged.last_id)
    later = take(store, folder, [prospect(9, NOON), prospect(3, NOON + HOUR)], NOON, PROSPECTS)
    assert later.last_id == "9", "Account Engagement is walked by id"


@pytest.mark.parametrize("gone", [False, True], ids=["changed", "gone and back"])
def test_a_clock_that_is_set_back_never_ends_a_version_before_it_was_seen(
    store: Store, folder: Path, gone: bool
) -> None:
    table = table_of(FORMS)
    take(store, folder, [form(1)], NOON + HOUR, FORMS)
    if gone:
        note_read(store, first=True)
        store.run("DELETE FROM read_whole")
        assert close_missing(store, FORMS, "", NOON) == 1
    take(store, folder, [form(1, name="renamed")], NOON, FORMS)
    times = store.run(f"SELECT name, _seen_at, _until FROM {table} ORDER BY _until NULLS LAST")
    later = (NOON + HOUR).replace(tzinfo=None)
    assert times == [("form 1", later, later), ("renamed", later, None)]


@pytest.mark.parametrize("text", ['{"totalSize":1,"done":true,"records":[{"Id": }]}', "not JSON", ""])
def test_a_spoilt_page_is_told_without_its_content_and_leaves_nothing(store: Store, tmp_path: Path, text: str) -> None:
    page = tmp_path / "00001.json"
    page.write_text(text, "utf-8")
    with pytest.raises(RetryError, match="is not whole") as caught, store.transaction():
        merge(store, LEADS, "", [page], NOON)
    assert text == "" or text not in str(caught.value)
    assert store.run(f"SELECT count(*) FROM {table_of(LEADS)}") == [(0,)]
    with pytest.raises(RetryError, match="is not whole") as caught:
        load_remote_ids(store, LEADS, [page])
    assert text == "" or text not in str(caught.value)
