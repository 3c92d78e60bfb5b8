"""Writing: every row gets its result, nothing is sent twice, and what is in doubt is said."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
import responses

from connector.errors import RetryError, StopError
from connector.http.outcome import UnknownOutcomeError
from connector.http.retry import Retry
from connector.http.session import open_session
from connector.salesforce import NOT_SENT, SalesforceWriter, connect
from tests.unit.remote_settings import BASE, TOKEN_URL, settings_for, token_body

pytestmark = pytest.mark.requirement("WB-1", "WB-3", "WB-5", "OP-3")

COLLECTION = f"{BASE}/composite/sobjects"
Answer = tuple[int, dict[str, str], str]
SINCE = datetime(2026, 10, 1, tzinfo=UTC)


@pytest.fixture
def remote() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.post(TOKEN_URL, json=token_body())
        yield mock


@pytest.fixture
def writer(remote: responses.RequestsMock, tmp_path: Path) -> SalesforceWriter:
    settings = settings_for(tmp_path)
    return connect(settings, open_session(settings), Retry(lambda _seconds: None))[1]


def bodies(remote: responses.RequestsMock) -> list[Any]:
    return [json.loads(call.request.body or "null") for call in list(remote.calls)[1:]]


def good(ids: list[str]) -> str:
    return json.dumps([{"id": row_id, "success": True, "errors": []} for row_id in ids])


def echoing(request: requests.PreparedRequest) -> Answer:
    """Every row succeeds."""
    return 200, {}, good([row.get("id", "new") for row in json.loads(request.body or "")["records"]])


def lead(number: int) -> dict[str, object]:
    return {"Id": f"00Q{number:015d}", "Connector_Score__c": number}


def test_an_update_of_many_rows_keeps_their_order(remote: responses.RequestsMock, writer: SalesforceWriter) -> None:
    remote.add_callback(responses.PATCH, COLLECTION, echoing)
    rows = [lead(number) for number in range(450)]
    results = writer.update("Lead", rows)
    assert [result.id for result in results] == [row["Id"] for row in rows]
    assert [len(body["records"]) for body in bodies(remote)] == [200, 200, 50]
    headers = remote.calls[-1].request.headers
    assert headers["Sforce-Auto-Assign"] == "FALSE"
    assert headers["Sforce-Duplicate-Rule-Header"] == "allowSave=true"
    assert bodies(remote)[0]["allOrNone"] is False


def test_a_refused_row_does_not_stop_the_others(remote: responses.RequestsMock, writer: SalesforceWriter) -> None:
    answers = [
        {
            "success": False,
            "errors": [{"statusCode": "ENTITY_IS_DELETED", "message": "entity is deleted", "fields": []}],
        },
        {"id": lead(2)["Id"], "success": True, "errors": []},
    ]
    remote.patch(COLLECTION, json=answers)
    results = writer.update("Lead", [lead(1), lead(2)])
    assert [(result.id, result.success, result.error_code) for result in results] == [
        (lead(1)["Id"], False, "ENTITY_IS_DELETED"),
        (lead(2)["Id"], True, None),
    ]


def test_row_results_are_taken_from_a_400_too(remote: responses.RequestsMock, writer: SalesforceWriter) -> None:
    refused = [{"success": False, "errors": [{"statusCode": "INVALID_CROSS_REFERENCE_KEY", "message": "x"}]}]
    remote.patch(COLLECTION, json=refused, status=400)
    assert writer.update("Lead", [lead(1)])[0].error_code == "INVALID_CROSS_REFERENCE_KEY"


def test_a_locked_row_is_sent_again_alone(remote: responses.RequestsMock, writer: SalesforceWriter) -> None:
    locked = {"success": False, "errors": [{"statusCode": "UNABLE_TO_LOCK_ROW", "message": "locked"}]}
    remote.patch(COLLECTION, json=[{"id": lead(1)["Id"], "success": True, "errors": []}, locked])
    remote.patch(COLLECTION, json=[{"id": lead(2)["Id"], "success": True, "errors": []}])
    assert all(result.success for result in writer.update("Lead", [lead(1), lead(2)]))
    assert [[row["id"] for row in body["records"]] for body in bodies(remote)] == [
        [lead(1)["Id"], lead(2)["Id"]],
        [lead(2)["Id"]],
    ]


LOST: list[dict[str, object]] = [
    {"body": requests.exceptions.ReadTimeout("slow")},
    {"body": requests.exceptions.ConnectionError(ConnectionResetError("reset"))},
    {"body": requests.exceptions.ChunkedEncodingError("cut")},
    {"body": "<html>502</html>", "status": 502},
    {"body": "{cut", "status": 200},
    {"json": [], "status": 200},
    {"json": {"odd": 1}, "status": 200},
    {"json": [{"odd": 1}, {"odd": 2}], "status": 200},
]


@pytest.mark.parametrize("lost", LOST)
def test_a_lost_answer_is_never_sent_again(
    remote: responses.RequestsMock, writer: SalesforceWriter, lost: dict[str, object]
) -> None:
    remote.post(COLLECTION, **lost)  # type: ignore[arg-type] # parametrized
    with pytest.raises(UnknownOutcomeError) as caught:
        writer.create("Task", [{"Subject": "a"}, {"Subject": "b"}])
    assert caught.value.unknown == (0, 1)
    assert caught.value.results == {}
    assert len(bodies(remote)) == 1


def test_a_call_that_surely_did_nothing_is_sent_again(remote: responses.RequestsMock, writer: SalesforceWriter) -> None:
    busy = [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "ConcurrentRequests Limit exceeded."}]
    remote.patch(COLLECTION, json=busy, status=403)
    remote.patch(COLLECTION, body=requests.exceptions.ConnectTimeout("no route"))
    remote.add_callback(responses.PATCH, COLLECTION, echoing)
    assert writer.update("Lead", [lead(1)])[0].success
    assert len(bodies(remote)) == 3


def turns(*answers: Callable[[requests.PreparedRequest], Answer]) -> Callable[[requests.PreparedRequest], Answer]:
    """One answer after another."""
    queue = list(answers)

    def answer(request: requests.PreparedRequest) -> Answer:
        return queue.pop(0)(request)

    return answer


def test_a_loss_in_a_later_call_tells_what_is_settled_and_what_was_not_sent(
    remote: responses.RequestsMock, writer: SalesforceWriter
) -> None:
    remote.add_callback(responses.PATCH, COLLECTION, turns(echoing, lambda _request: (504, {}, "")))
    with pytest.raises(UnknownOutcomeError) as caught:
        writer.update("Lead", [lead(number) for number in range(450)])
    assert sorted(caught.value.results) == list(range(200))
    assert caught.value.unknown == tuple(range(200, 400))
    assert len(bodies(remote)) == 2


def test_a_refusal_in_a_later_call_keeps_what_was_written(
    remote: responses.RequestsMock, writer: SalesforceWriter
) -> None:
    full = json.dumps([{"errorCode": "STORAGE_LIMIT_EXCEEDED", "message": "storage limit exceeded"}])
    remote.add_callback(responses.PATCH, COLLECTION, turns(echoing, lambda _request: (400, {}, full)))
    results = writer.update("Lead", [lead(number) for number in range(450)])
    assert [result.success for result in results] == [True] * 200 + [False] * 250
    assert {result.error_code for result in results[200:]} == {NOT_SENT}
    assert results[449].id == lead(449)["Id"]


def test_a_refusal_of_the_first_call_is_raised(remote: responses.RequestsMock, writer: SalesforceWriter) -> None:
    remote.patch(COLLECTION, json=[{"errorCode": "INVALID_TYPE", "message": "no such object"}], status=400)
    with pytest.raises(StopError) as caught:
        writer.update("Nope", [lead(1)])
    assert caught.value.code == "INVALID_TYPE"
    remote.replace(responses.PATCH, COLLECTION, body=requests.exceptions.ConnectTimeout("no route"))
    with pytest.raises(RetryError) as gone:
        writer.update("Lead", [lead(1)])
    assert not isinstance(gone.value, UnknownOutcomeError)


def test_an_upsert_never_has_one_key_twice_in_a_call(remote: responses.RequestsMock, writer: SalesforceWriter) -> None:
    def answer(request: requests.PreparedRequest) -> Answer:
        records = json.loads(request.body or "")["records"]
        rows = [{"id": f"00T{row['Subject']}", "success": True, "created": True, "errors": []} for row in records]
        return 200, {}, json.dumps(rows)

    remote.add_callback(responses.PATCH, f"{COLLECTION}/Task/Connector_Key__c", answer)
    rows = [{"Connector_Key__c": key, "Subject": str(place)} for place, key in enumerate(["a", "b", "a"])]
    results = writer.upsert("Task", "Connector_Key__c", rows)
    assert [(result.id, result.created) for result in results] == [("00T0", True), ("00T1", True), ("00T2", True)]
    assert [[row["Connector_Key__c"] for row in body["records"]] for body in bodies(remote)] == [["a", "b"], ["a"]]


def test_delete(remote: responses.RequestsMock, writer: SalesforceWriter) -> None:
    remote.delete(COLLECTION, body=good(["1", "2"]))
    assert [result.id for result in writer.delete(["1", "2"])] == ["1", "2"]
    assert "ids=1%2C2" in str(remote.calls[-1].request.url)


def test_a_conditional_update_carries_its_condition_in_each_part(
    remote: responses.RequestsMock, writer: SalesforceWriter
) -> None:
    def answer(request: requests.PreparedRequest) -> Answer:
        parts = json.loads(request.body or "")["compositeRequest"]
        found = [
            {"referenceId": part["referenceId"], "httpStatusCode": 412 if "moved" in part["url"] else 204, "body": None}
            for part in parts
        ]
        return 200, {}, json.dumps({"compositeResponse": found[::-1]})

    remote.add_callback(responses.POST, f"{BASE}/composite", answer)
    rows = [(f"00Q{n}" if n != 7 else "00Qmoved", {"Status": "Nurturing"}, SINCE) for n in range(30)]
    results = writer.update_unmodified("Lead", rows)
    assert [result.moved for result in results] == [n == 7 for n in range(30)]
    assert [result.success for result in results] == [n != 7 for n in range(30)]
    sent = bodies(remote)
    assert [len(body["compositeRequest"]) for body in sent] == [25, 5]
    part = sent[0]["compositeRequest"][0]
    assert part["httpHeaders"]["If-Unmodified-Since"] == "Thu, 01 Oct 2026 00:00:00 GMT"
    assert part["httpHeaders"]["Sforce-Auto-Assign"] == "FALSE"
    assert (part["method"], part["url"], part["body"]) == (
        "PATCH",
        "/services/data/v62.0/sobjects/Lead/00Q0",
        {"Status": "Nurturing"},
    )
    assert "If-Unmodified-Since" not in remote.calls[-1].request.headers


def test_a_conditional_update_with_a_missing_part_is_in_doubt(
    remote: responses.RequestsMock, writer: SalesforceWriter
) -> None:
    remote.post(f"{BASE}/composite", json={"compositeResponse": []})
    with pytest.raises(UnknownOutcomeError):
        writer.update_unmodified("Lead", [("00Q1", {"Status": "x"}, SINCE)])


def test_nothing_to_write_calls_nobody(remote: responses.RequestsMock, writer: SalesforceWriter) -> None:
    assert writer.update("Lead", []) == writer.update_unmodified("Lead", []) == writer.delete([]) == []
    assert len(remote.calls) == 1


def test_a_value_that_is_no_json_never_leaves(remote: responses.RequestsMock, writer: SalesforceWriter) -> None:
    with pytest.raises(StopError, match="could not be sent as JSON"):
        writer.update("Lead", [{"Id": "1", "Connector_Score__c": float("nan")}])
    assert bodies(remote) == []
