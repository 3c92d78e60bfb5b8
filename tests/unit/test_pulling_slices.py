"""What a remote is asked for: the words of each slice (SY-3, SY-6)."""

from __future__ import annotations

from datetime import timedelta, timezone

import pytest

from connector.domain.cursor import Cursor
from connector.pulling.slices import OVERLAP, engagement_filters, finished, next_slice, soql
from tests.mirror_world import FORMS, HOUR, LEADS, MINUTE, NOON, PROSPECTS, STATUSES, lead_id, mapped

pytestmark = pytest.mark.requirement("SY-3", "SY-6")

SELECT = "SELECT Id, IsDeleted, CreatedDate, LastModifiedDate, SystemModstamp, Title, NumberOfEmployees FROM Lead"
ORDER = "ORDER BY SystemModstamp, Id"


def test_a_first_slice_takes_everything_up_to_now() -> None:
    cursor = next_slice(Cursor("salesforce.Lead"), NOON)
    assert soql(LEADS, cursor) == f"{SELECT} WHERE SystemModstamp <= 2026-03-02T03:00:00Z {ORDER}"
    assert engagement_filters(PROSPECTS, next_slice(Cursor("p", "0Uv1"), NOON)) == {}


def test_a_later_slice_begins_an_overlap_before_the_last_one_ended() -> None:
    cursor = next_slice(finished(next_slice(Cursor("salesforce.Lead"), NOON)), NOON + HOUR)
    assert (cursor.slice_lower, cursor.slice_upper) == (NOON - OVERLAP, NOON + HOUR)
    assert soql(LEADS, cursor) == (
        f"{SELECT} WHERE SystemModstamp <= 2026-03-02T04:00:00Z AND SystemModstamp >= 2026-03-02T02:45:00Z {ORDER}"
    )
    assert engagement_filters(PROSPECTS, cursor) == {
        "updatedAtAfterOrEqualTo": "2026-03-02T02:45:00+00:00",
        "updatedAtBeforeOrEqualTo": "2026-03-02T04:00:00+00:00",
    }


def test_the_overlap_covers_the_longest_transaction() -> None:
    assert timedelta(minutes=10) < OVERLAP


def test_the_rest_of_a_slice_begins_after_stamp_and_id() -> None:
    place = Cursor("salesforce.Lead", "", None, NOON - HOUR, NOON, NOON - 5 * MINUTE, lead_id(7))
    assert soql(LEADS, place) == (
        f"{SELECT} WHERE SystemModstamp <= 2026-03-02T03:00:00Z AND (SystemModstamp > 2026-03-02T02:55:00Z "
        f"OR (SystemModstamp = 2026-03-02T02:55:00Z AND Id > '{lead_id(7)}')) {ORDER}"
    )


def test_account_engagement_goes_on_by_id_within_the_slice_s_times() -> None:
    place = Cursor("p", "0Uv1", NOON, NOON - HOUR, NOON, NOON - MINUTE, "4711")
    assert engagement_filters(PROSPECTS, place) == {
        "updatedAtAfterOrEqualTo": "2026-03-02T02:00:00+00:00",
        "updatedAtBeforeOrEqualTo": "2026-03-02T03:00:00+00:00",
        "idGreaterThan": "4711",
    }
    assert engagement_filters(FORMS, place) == {"idGreaterThan": "4711"}


def test_page_views_are_found_by_their_creation() -> None:
    views = mapped("account_engagement.visitor-page-views".replace("-", "_"), url="url")
    place = Cursor("v", "0Uv1", NOON, NOON - HOUR, NOON)
    assert set(engagement_filters(views, place)) == {"createdAtAfterOrEqualTo", "createdAtBeforeOrEqualTo"}


def test_a_small_object_is_asked_for_whole() -> None:
    cursor = next_slice(Cursor("salesforce.LeadStatus", "", NOON), NOON + HOUR)
    assert soql(STATUSES, cursor) == "SELECT Id, SystemModstamp, MasterLabel FROM LeadStatus ORDER BY Id"


def test_an_interrupted_slice_goes_on_as_it_was() -> None:
    cut_off = Cursor("salesforce.Lead", "", None, None, NOON, NOON - HOUR, lead_id(3))
    assert next_slice(cut_off, NOON + 5 * HOUR) == cut_off
    assert finished(cut_off) == Cursor("salesforce.Lead", "", NOON)


def test_a_clock_that_was_put_back_leaves_no_gap() -> None:
    ahead = Cursor("salesforce.Lead", "", NOON + 2 * HOUR)
    cursor = next_slice(ahead, NOON)
    assert (cursor.slice_lower, cursor.slice_upper) == (NOON - OVERLAP, NOON)
    assert finished(cursor).watermark == NOON


def test_times_are_worded_in_utc_and_one_field_is_asked_for_once() -> None:
    tokyo = (NOON - HOUR).astimezone(timezone(timedelta(hours=9)))
    twice = mapped("salesforce.Lead", title="Title", reason="Title")
    text = soql(twice, next_slice(Cursor("salesforce.Lead", "", tokyo), NOON))
    assert "SystemModstamp >= 2026-03-02T01:45:00Z" in text
    assert text.count("Title") == 1
