"""Rows on their way out and back: values, calls without duplicates, and what came of each."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.outcome import RowResult
from connector.salesforce.rows import calls, http_date, id_of, record, row_result, subrequest_result, wire_value

pytestmark = pytest.mark.requirement("WB-1", "WB-5")

TOKYO = timezone(timedelta(hours=9))


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        (datetime(2026, 10, 1, 9, 0, 5, 999, tzinfo=TOKYO), "2026-10-01T00:00:05.000+0000"),
        (date(2026, 10, 1), "2026-10-01"),
        (Decimal(72), 72),
        (Decimal("0.5"), 0.5),
        (None, None),
        ("髙橋", "髙橋"),
        (True, True),
    ],
)
def test_values_on_the_wire(value: object, sent: object) -> None:
    assert wire_value(value) == sent


def test_times_without_a_zone_are_refused() -> None:
    naive = datetime(2026, 10, 1)  # noqa: DTZ001 - what is refused
    with pytest.raises(ValueError, match="without a time zone"):
        wire_value(naive)
    with pytest.raises(ValueError, match="without a time zone"):
        http_date(naive)


def test_the_condition_is_compared_to_the_second() -> None:
    assert http_date(datetime(2026, 10, 1, 9, 0, 5, 999_999, tzinfo=TOKYO)) == "Thu, 01 Oct 2026 00:00:05 GMT"


def test_a_record_says_its_type_first_and_its_id_as_collections_want_it() -> None:
    sent = record("Lead", {"Id": "00Q1", "Connector_Stage__c": None})
    assert list(sent.items()) == [("attributes", {"type": "Lead"}), ("id", "00Q1"), ("Connector_Stage__c", None)]
    assert id_of({"id": "x"}) == id_of({"Id": "x"}) == "x"
    assert id_of({"Name": "x"}) is None


def test_no_call_holds_a_key_twice() -> None:
    assert list(calls(["a", "b", "a", "c", "a", "b"], 2)) == [[0, 1], [3], [2, 5], [4]]
    assert list(calls([], 200)) == []
    assert [len(call) for call in calls(list(range(450)), 200)] == [200, 200, 50]


def test_row_results() -> None:
    assert row_result({"id": "1", "success": True, "errors": [], "created": True}, None) == RowResult("1", True, True)
    failed = {
        "success": False,
        "errors": [
            {"statusCode": "REQUIRED_FIELD_MISSING", "message": "Required", "fields": ["LastName"]},
            {"statusCode": "OTHER", "message": "And this", "fields": []},
        ],
    }
    assert row_result(failed, "00Q1") == RowResult(
        "00Q1", False, error_code="REQUIRED_FIELD_MISSING", message="Required; And this", fields=("LastName",)
    )


@pytest.mark.parametrize(
    ("answer", "result"),
    [
        ({"httpStatusCode": 204, "body": None}, RowResult("1", True)),
        (
            {"httpStatusCode": 412, "body": [{"errorCode": "ENTITY_CHANGED", "message": "moved"}]},
            RowResult("1", False, moved=True, error_code="ENTITY_CHANGED", message="moved"),
        ),
        ({"httpStatusCode": 412, "body": None}, RowResult("1", False, moved=True, error_code="PRECONDITION_FAILED")),
        (
            {"httpStatusCode": 400, "body": [{"errorCode": "INVALID_FIELD", "message": "No", "fields": ["X__c"]}]},
            RowResult("1", False, error_code="INVALID_FIELD", message="No", fields=("X__c",)),
        ),
        ({"httpStatusCode": 500, "body": "oops"}, RowResult("1", False, error_code="HTTP_500")),
    ],
)
def test_subrequest_results(answer: dict[str, object], result: RowResult) -> None:
    assert subrequest_result(answer, "1") == result


@given(st.lists(st.integers(0, 5), max_size=60), st.integers(1, 7))
def test_calls_cover_every_row_once_in_order_and_no_key_twice(keys: list[int], size: int) -> None:
    made = list(calls(keys, size))
    assert sorted(place for call in made for place in call) == list(range(len(keys)))
    assert all(len(call) <= size and len({keys[place] for place in call}) == len(call) for call in made)
    for key in set(keys):
        turns = [place for call in made for place in call if keys[place] == key]
        assert turns == sorted(turns)
