"""Reading Account Engagement: its paging, its warnings, its refusals."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import responses

from connector.account_engagement import AccountEngagementReader, UnknownFieldError, connect
from connector.account_engagement.outcome import refusal
from connector.errors import BudgetSpentError, ConfigurationError, ConnectorError, RetryError, StopError
from connector.http.outcome import BusyError, TooSlowError
from connector.http.retry import Retry
from connector.http.session import open_session
from tests.unit.remote_settings import ENGAGEMENT_URL, TOKEN_URL, UNIT, settings_for, token_body

pytestmark = pytest.mark.requirement("SY-2", "OP-3")

PROSPECTS = f"{ENGAGEMENT_URL}/api/v5/objects/prospects"
TOKEN = "eyJvcmRlckJ5IjoiIn0+/w=="


@pytest.fixture
def remote() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.post(TOKEN_URL, json=token_body())
        yield mock


@pytest.fixture
def reader(remote: responses.RequestsMock, tmp_path: Path) -> AccountEngagementReader:
    settings = settings_for(tmp_path)
    return connect(settings, open_session(settings), Retry(lambda _seconds: None))[0]


def page(ids: list[int], token: str | None = None) -> dict[str, object]:
    url = f"http://elsewhere.example/api/v5/objects/prospects?fields=id&nextPageToken={token}" if token else None
    return {"nextPageToken": token, "nextPageUrl": url, "values": [{"id": number} for number in ids]}


def asked(remote: responses.RequestsMock) -> list[dict[str, list[str]]]:
    return [
        parse_qs(urlsplit(str(call.request.url)).query)
        for call in remote.calls
        if str(call.request.url).startswith(ENGAGEMENT_URL)
    ]


def test_pages_follow_their_token_on_our_own_host(
    remote: responses.RequestsMock, reader: AccountEngagementReader, tmp_path: Path
) -> None:
    remote.get(PROSPECTS, json=page([1, 2], TOKEN))
    remote.get(PROSPECTS, json=page([3]))
    since = datetime(2026, 10, 1, 9, tzinfo=timezone(timedelta(hours=9)))
    filters = {"updatedAtAfterOrEqualTo": since, "idGreaterThan": 5}
    pages = list(reader.pages("prospects", ("id", "email"), filters, "id", tmp_path, deleted="all"))
    assert [(each.number, each.last, each.truncated, each.total) for each in pages] == [
        (1, False, False, None),
        (2, True, False, None),
    ]
    assert [json.loads(each.path.read_bytes())["values"] for each in pages] == [[{"id": 1}, {"id": 2}], [{"id": 3}]]
    assert asked(remote) == [
        {
            "fields": ["id,email"],
            "limit": ["1000"],
            "orderBy": ["id"],
            "deleted": ["all"],
            "updatedAtAfterOrEqualTo": ["2026-10-01T00:00:00+00:00"],
            "idGreaterThan": ["5"],
        },
        {"fields": ["id,email"], "nextPageToken": [TOKEN]},
    ]
    headers = remote.calls[-1].request.headers
    assert headers["Pardot-Business-Unit-Id"] == UNIT == reader.unit
    assert headers["Authorization"] == "Bearer token-1"


@pytest.mark.parametrize(
    ("warning", "truncated"),
    [
        ("203;Record count for nextPageToken sequence has been exceeded. No page token returned.", True),
        ("201;Record In Recycle Bin", False),
        ("", False),
    ],
)
def test_the_warning_is_believed(
    remote: responses.RequestsMock, reader: AccountEngagementReader, tmp_path: Path, warning: str, truncated: bool
) -> None:
    remote.get(PROSPECTS, json=page([1]), headers={"Pardot-Warning": warning})
    assert [each.truncated for each in reader.pages("prospects", ("id",), {}, None, tmp_path)] == [truncated]
    assert asked(remote) == [{"fields": ["id"], "limit": ["1000"]}]


def test_an_unknown_field_is_named(
    remote: responses.RequestsMock, reader: AccountEngagementReader, tmp_path: Path
) -> None:
    message = "Invalid parameter: fields. It contains an invalid or unknown field: hobby__c."
    remote.get(PROSPECTS, json={"code": 51, "message": message}, status=400)
    with pytest.raises(UnknownFieldError) as caught:
        list(reader.pages("prospects", ("id", "hobby__c"), {}, "id", tmp_path))
    assert caught.value.field == "hobby__c"
    other = {"code": 51, "message": "Invalid parameter: Parameter updatedAtAfterOrEqualTo is invalid."}
    assert type(refusal("x", 400, other, "read")) is StopError


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (429, 66, BusyError),
        (429, 122, BudgetSpentError),
        (400, 202, TooSlowError),
        (400, 214, TooSlowError),
        (504, None, TooSlowError),
        (500, 183, TooSlowError),
        (400, 181, ConfigurationError),
        (400, 201, ConfigurationError),
        (401, 184, ConfigurationError),
        (401, 49, ConfigurationError),
        (405, 46, StopError),
        (400, 210, StopError),
        (400, 211, StopError),
        (400, 9999, StopError),
        (503, None, RetryError),
    ],
)
def test_refusals(status: int, code: int | None, expected: type[ConnectorError]) -> None:
    content = {"code": code, "message": "words"} if code else "<html>"
    assert type(refusal("Account Engagement at x", status, content, "read")) is expected


@pytest.mark.parametrize(
    "odd",
    [
        {"json": {"code": 66, "message": "You have exceeded your concurrent request limit."}, "status": 429},
        {"body": "<html>gateway</html>", "status": 504},
        {"body": '{"nextPageToken":null,"nextPageUrl":null,"values":[{"id":1}'},
        {"body": "<html>hello</html>"},
        {"json": {"values": []}},
        {"body": requests.exceptions.ReadTimeout("slow")},
    ],
)
def test_an_odd_page_is_asked_for_again(
    remote: responses.RequestsMock, reader: AccountEngagementReader, tmp_path: Path, odd: dict[str, object]
) -> None:
    remote.get(PROSPECTS, **odd)  # type: ignore[arg-type] # parametrized
    remote.get(PROSPECTS, json=page([1]))
    pages = list(reader.pages("prospects", ("id",), {}, "id", tmp_path / "pages"))
    assert [json.loads(each.path.read_bytes())["values"] for each in pages] == [[{"id": 1}]]
    assert [path.name for path in (tmp_path / "pages").iterdir()] == ["00001.json"]


def test_the_days_limit_ends_the_run_at_once(
    remote: responses.RequestsMock, reader: AccountEngagementReader, tmp_path: Path
) -> None:
    remote.get(PROSPECTS, json={"code": 122, "message": "Daily API rate limit met"}, status=429)
    with pytest.raises(BudgetSpentError, match="API calls of the day are used up"):
        list(reader.pages("prospects", ("id",), {}, "id", tmp_path))
    assert len(asked(remote)) == 1


def test_the_remotes_wish_to_wait_is_heard(remote: responses.RequestsMock, tmp_path: Path) -> None:
    remote.get(PROSPECTS, json={"code": 66, "message": "wait"}, status=429, headers={"Retry-After": "17"})
    remote.get(PROSPECTS, json=page([1]))
    slept: list[float] = []
    settings = settings_for(tmp_path)
    reader = connect(settings, open_session(settings), Retry(slept.append))[0]
    assert len(list(reader.pages("prospects", ("id",), {}, "id", tmp_path / "pages"))) == 1
    assert slept == [17.0]


def test_account_and_clock(remote: responses.RequestsMock, reader: AccountEngagementReader) -> None:
    account = f"{ENGAGEMENT_URL}/api/v5/objects/account"
    remote.get(account, json={"id": 1}, headers={"Date": "Thu, 01 Oct 2026 00:00:00 GMT"})
    assert reader.server_time().isoformat().startswith("2026-10-01T00:00:0")
    reader.server_time()
    assert len(asked(remote)) == 1
    assert reader.account(("id",)) == {"id": 1}


def test_a_time_without_a_zone_is_refused(reader: AccountEngagementReader, tmp_path: Path) -> None:
    naive = datetime(2026, 10, 1)  # noqa: DTZ001 - what is refused
    with pytest.raises(ValueError, match="without a time zone"):
        list(reader.pages("prospects", ("id",), {"createdAtAfter": naive}, "id", tmp_path))


def test_no_business_unit_no_reader(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, account_engagement_business_unit_ids="")
    assert connect(settings, open_session(settings), Retry()) == ()
