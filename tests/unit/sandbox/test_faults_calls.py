"""Faults that answer in the place of the work: sessions, limits, breakdowns, and pages that have ended."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from connector.sandbox.sessions import find_session
from tests.unit.sandbox.faulty_org import OBJECTS, FaultyOrg, new_faulty_org

pytestmark = pytest.mark.requirement("OP-3")

PROSPECTS = f"{OBJECTS}/prospects?fields=id&limit=1"


@pytest.fixture
def org(tmp_path: Path) -> FaultyOrg:
    return new_faulty_org(tmp_path)


def code(answer: tuple[int, object]) -> tuple[int, object]:
    """The status and the code of a refusal of either system."""
    status, body = answer
    if isinstance(body, list):
        return status, body[0]["errorCode"]
    assert isinstance(body, dict)
    return status, body["code"]


def test_without_faults_the_document_is_empty_and_nothing_fails(org: FaultyOrg) -> None:
    assert org.ask("GET", "/_sandbox/faults") == (200, {})
    assert org.ask("PUT", "/_sandbox/faults", {}) == (200, {})
    assert org.ask("GET", "limits")[0] == 200


def test_a_session_really_ends_in_the_middle(org: FaultyOrg) -> None:
    org.faults({"kind": "session_expired", "nth": 2})
    assert org.ask("GET", "limits")[0] == 200
    status, body = org.ask("GET", "limits")
    assert (status, body) == (401, [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}])
    assert find_session(org.sandbox, org.token) is None
    assert org.ask("GET", "limits")[0] == 401
    org.log_in_again()
    assert org.ask("GET", "limits")[0] == 200
    assert org.fired() == [1]


def test_a_session_that_ends_is_184_in_account_engagement(org: FaultyOrg) -> None:
    org.faults({"kind": "session_expired", "system": "account_engagement"})
    assert org.ask("GET", "limits")[0] == 200
    assert code(org.ask("GET", PROSPECTS)) == (401, 184)
    assert find_session(org.sandbox, org.token) is None


def test_the_refusal_that_is_no_expiry_leaves_the_session_open(org: FaultyOrg) -> None:
    org.faults({"kind": "session_expired", "expiry": False, "times": 1})
    status, body = org.ask("GET", "limits")
    assert status == 401
    assert body[0]["message"] == "This session is not valid for use with the REST API"
    assert org.ask("GET", "limits")[0] == 200


def test_limits_are_refused_in_each_systems_words(org: FaultyOrg) -> None:
    org.faults({"kind": "request_limit", "times": 1}, {"kind": "concurrency"}, {"kind": "daily_limit"})
    first = org.send("GET", "limits")
    assert first.status == 403
    assert first.headers["Sforce-Limit-Info"] == "api-usage=100000/100000"
    assert first.body == b'[{"message":"TotalRequests Limit exceeded.","errorCode":"REQUEST_LIMIT_EXCEEDED"}]'
    status, body = org.ask("GET", "limits")
    assert status == 403
    assert body[0]["message"].startswith("ConcurrentRequests")
    assert code(org.ask("GET", PROSPECTS)) == (429, 66)
    org.faults({"kind": "daily_limit"})
    assert code(org.ask("GET", PROSPECTS)) == (429, 122)


def test_a_limit_does_not_go_before_the_session(org: FaultyOrg) -> None:
    org.faults({"kind": "request_limit"})
    org.token = "nobody"
    assert org.ask("GET", "limits")[0] == 401
    assert org.fired() == [0]


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_breakdown_answers_html(org: FaultyOrg, status: int) -> None:
    org.faults({"kind": "server_error", "status": status, "path": "*/limits"})
    response = org.send("GET", "limits")
    assert response.status == status
    assert response.content_type == "text/html; charset=UTF-8"
    assert response.body.startswith(b"<html>")  # type: ignore[union-attr] # never a file here
    assert org.ask("GET", "sobjects")[0] == 200


def test_a_breakdown_can_come_after_the_work(org: FaultyOrg) -> None:
    org.faults({"kind": "server_error", "after_work": True, "method": "POST", "times": 1})
    assert org.send("POST", "sobjects/Lead", {"LastName": "Mori", "Company": "Acme"}).status == 503
    assert len(org.query("SELECT Id FROM Lead")) == 1


def test_timeouts_of_account_engagement_have_their_codes(org: FaultyOrg) -> None:
    org.faults({"kind": "timeout_code", "times": 1}, {"kind": "timeout_code", "code": 202})
    assert code(org.ask("GET", PROSPECTS)) == (504, 214)
    assert code(org.ask("GET", PROSPECTS)) == (429, 202)


def test_an_expired_locator_stays_expired(org: FaultyOrg) -> None:
    for _ in range(201):
        org.lead()
    org.faults({"kind": "locator_expiry", "times": 1})
    small = {"sforce-query-options": "batchSize=200"}
    first = org.send("GET", "query?q=SELECT+Id+FROM+Lead", headers=small)
    following = str(first.body).partition('"nextRecordsUrl":"')[2].partition('"')[0]
    expected = (400, [{"message": "invalid query locator", "errorCode": "INVALID_QUERY_LOCATOR"}])
    assert org.ask("GET", following) == expected
    assert org.ask("GET", following) == expected
    assert len(org.query("SELECT Id FROM Lead")) == 201
    assert org.fired() == [1]


def test_an_expired_locator_of_bulk_results_stays_expired_and_the_first_page_does_not(org: FaultyOrg) -> None:
    for _ in range(3):
        org.lead()
    wish = {"operation": "query", "query": "SELECT Id FROM Lead"}
    job = org.ask("POST", "jobs/query", wish)[1]["id"]
    while org.ask("GET", f"jobs/query/{job}")[1]["state"] != "JobComplete":
        time.sleep(0.01)
    first = org.send("GET", f"jobs/query/{job}/results?maxRecords=2")
    following = f"jobs/query/{job}/results?maxRecords=2&locator={first.headers['Sforce-Locator']}"
    org.faults({"kind": "locator_expiry", "times": 1})
    expected = (400, [{"message": "invalid query locator", "errorCode": "INVALID_QUERY_LOCATOR"}])
    assert org.ask("GET", following) == expected
    assert org.ask("GET", following) == expected
    assert org.send("GET", f"jobs/query/{job}/results").status == 200


def test_an_expired_page_token_stays_expired(org: FaultyOrg) -> None:
    for number in (1, 2, 3):
        org.prospect(number)
    org.faults({"kind": "token_expiry", "times": 1})
    token = org.ask("GET", PROSPECTS)[1]["nextPageToken"]
    url = f"{OBJECTS}/prospects?fields=id&nextPageToken={token}"
    assert code(org.ask("GET", url)) == (400, 210)
    assert code(org.ask("GET", url)) == (400, 210)
    second = org.ask("GET", PROSPECTS)[1]["nextPageToken"]
    assert second == token, "the same question gives the same token, which has expired"


def test_a_call_meets_one_refusal_and_the_others_do_not_count_it(org: FaultyOrg) -> None:
    org.faults({"kind": "concurrency", "nth": 1}, {"kind": "server_error", "nth": 1})
    assert [org.send("GET", "limits").status for _ in range(3)] == [403, 503, 200]


def test_every_nth_probability_and_times_are_kept(org: FaultyOrg) -> None:
    org.faults({"kind": "server_error", "every": 3, "times": 2})
    assert [org.send("GET", "limits").status for _ in range(10)] == [200, 200, 503, 200, 200, 503, 200, 200, 200, 200]
    runs = []
    for seed in (1, 1, 2):
        org.faults({"kind": "server_error", "probability": 0.5}, seed=seed)
        runs.append([org.send("GET", "limits").status for _ in range(40)])
    assert runs[0] == runs[1] != runs[2]
    assert {200, 503} == set(runs[0])


def test_a_reset_of_the_world_takes_the_faults_away_and_delete_too(org: FaultyOrg) -> None:
    org.faults({"kind": "server_error"})
    assert org.send("GET", "limits").status == 503
    assert org.ask("DELETE", "/_sandbox/faults") == (200, {})
    assert org.send("GET", "limits").status == 200


def test_the_control_plane_never_fails(org: FaultyOrg) -> None:
    org.faults({"kind": "server_error"}, {"kind": "reset_after"})
    shown = org.ask("GET", "/_sandbox/faults")[1]
    assert shown["faults"][0] == {"kind": "server_error", "matched": 0, "fired": 0}
    assert org.send("GET", "/_sandbox/clock").delivery is None
