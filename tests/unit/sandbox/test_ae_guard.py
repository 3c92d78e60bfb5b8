"""Headers, allowances, and paths that do not exist."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.sandbox.account_engagement.guard import metered
from connector.sandbox.context import Sandbox
from connector.sandbox.wire import Request, Response
from tests.unit.sandbox.engagement_calls import Unit, new_unit, refusal, value

pytestmark = pytest.mark.requirement("SY-2")

_ACCOUNT = "/api/v5/objects/account"
_FIELDS = (("fields", "id"),)


@pytest.fixture
def unit(tmp_path: Path) -> Iterator[Unit]:
    made = new_unit(tmp_path, account_engagement_daily_calls=3)
    yield made
    made.sandbox.database.close()


@pytest.mark.parametrize(
    ("headers", "status", "code", "message"),
    [
        ({"authorization": "", "pardot-business-unit-id": ""}, 401, 49, "Access Denied"),
        ({"authorization": "Bearer"}, 401, 49, "Access Denied"),
        (
            {"authorization": "Bearer wrong", "pardot-business-unit-id": ""},
            401,
            184,
            "access_token is invalid, unknown, or malformed",
        ),
        (
            {"pardot-business-unit-id": ""},
            400,
            181,
            "A required header is missing: Pardot-Business-Unit-Id header not found on request.",
        ),
        ({"pardot-business-unit-id": "0Uv1"}, 400, 182, "Invalid header value: Pardot-Business-Unit-Id"),
        (
            {"pardot-business-unit-id": "0UvSb0000000009KAA"},
            400,
            201,
            "Business Unit specified in Pardot-Business-Unit-Id header not found or inactive.",
        ),
    ],
)
def test_headers_are_checked_in_the_documented_order(
    unit: Unit, headers: dict[str, str], status: int, code: int, message: str
) -> None:
    assert refusal(unit.send("GET", _ACCOUNT, _FIELDS, headers=headers)) == (status, code, message)


def test_the_days_allowance_ends_with_122(unit: Unit) -> None:
    usage = {"x-return-api-usage": "1"}
    answers = [unit.send("GET", _ACCOUNT, _FIELDS, headers=usage) for _ in range(4)]
    assert [answer.status for answer in answers] == [200, 200, 200, 429]
    assert [answer.headers["x-api-usage"] for answer in answers] == ["1/3", "2/3", "3/3", "3/3"]
    assert refusal(answers[-1]) == (429, 122, "Daily API rate limit met")


def test_usage_is_told_only_when_asked_for(unit: Unit) -> None:
    assert "x-api-usage" not in unit.send("GET", _ACCOUNT, _FIELDS).headers


def test_calls_with_wrong_headers_cost_nothing(unit: Unit) -> None:
    for _ in range(5):
        unit.send("GET", _ACCOUNT, _FIELDS, headers={"authorization": "Bearer wrong"})
    assert unit.send("GET", _ACCOUNT, _FIELDS).status == 200


def test_the_sixth_call_at_once_is_refused(tmp_path: Path) -> None:
    unit = new_unit(tmp_path)
    release, begun = threading.Event(), threading.Semaphore(0)

    def slow(_request: Request, _sandbox: Sandbox, _groups: dict[str, str]) -> Response:
        begun.release()
        assert release.wait(10)
        return Response(200)

    handler = metered(slow)
    request = Request("GET", "/", (), {}, b"", "http", "host", unit.sandbox.clock.now())
    threads = [threading.Thread(target=handler, args=(request, unit.sandbox, {})) for _ in range(5)]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert begun.acquire(timeout=10)
    refused = handler(request, unit.sandbox, {})
    release.set()
    for thread in threads:
        thread.join(10)
    assert refusal(refused) == (
        429,
        66,
        "You have exceeded your concurrent request limit. Please wait, before trying again",
    )
    assert handler(request, unit.sandbox, {}).status == 200
    unit.sandbox.database.close()


def test_the_account_says_how_many_calls_are_left(unit: Unit) -> None:
    unit.call("GET", "account", fields="id")
    body = value(unit.call("GET", "account", fields="maximumDailyApiCalls,apiCallsUsed,id"))
    assert list(body.items()) == [("id", 1), ("apiCallsUsed", 2), ("maximumDailyApiCalls", 3)]


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/v5/objects/unicorns", 404, 192),
        ("GET", "/api/v5/objects/opportunity-prospects", 404, 192),
        ("GET", "/api/v5/objects/visitor_activities", 404, 192),
        ("GET", "/api/v5/unicorns", 404, 198),
        ("GET", "/api/v5", 404, 198),
        ("POST", "/api/v5/objects/visitor-activities", 405, 60),
        ("PATCH", "/api/v5/objects/campaigns/1", 405, 60),
        ("DELETE", "/api/v5/objects/users/1", 405, 60),
        ("DELETE", "/api/v5/objects/prospects", 405, 60),
        ("POST", "/api/v5/objects/account", 405, 60),
        ("POST", "/api/v5/objects/prospects/do/dance", 400, 205),
        ("POST", "/api/v5/objects/prospects/1/do/dance", 400, 205),
        ("GET", "/api/v5/objects/prospects/one", 400, 16),
    ],
)
def test_paths_and_methods_that_are_not_there(tmp_path: Path, method: str, path: str, status: int, code: int) -> None:
    unit = new_unit(tmp_path)
    assert refusal(unit.send(method, path, _FIELDS, {}))[:2] == (status, code)
    unit.sandbox.database.close()


def test_older_versions_are_refused_in_their_own_shape(unit: Unit) -> None:
    path = "/api/prospect/version/4/do/query"
    as_json = (("format", "json"),)
    assert value(unit.send("GET", path, as_json)) == {
        "@attributes": {"stat": "fail", "version": 1, "err_code": 22},
        "err": "Unsupported feature in this version of the API: The sandbox answers version 5 only.",
    }
    bad_token = unit.send("GET", path, as_json, headers={"authorization": "Bearer wrong"})
    assert bad_token.status == 200
    assert value(bad_token)["@attributes"]["err_code"] == 184
    as_xml = unit.send("POST", path)
    assert as_xml.content_type == "application/xml"
    assert isinstance(as_xml.body, bytes)
    assert b'<rsp stat="fail" version="1.0"><err code="22">' in as_xml.body
