"""Reading: pages land one by one, odd bodies are asked for again, long questions still fit."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import responses

from connector.errors import RetryError, StopError
from connector.http.retry import Retry
from connector.http.session import open_session
from connector.salesforce import Limit, Organization, SalesforceReader, connect
from tests.unit.remote_settings import BASE, TOKEN_URL, URL, settings_for, token_body

pytestmark = pytest.mark.requirement("SY-1", "OP-3")

QUERY = f"{BASE}/query/"
NEXT = "/services/data/v62.0/query/0r8xx5R2sM3DgWhASK-2000"


@pytest.fixture
def remote() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.post(TOKEN_URL, json=token_body())
        yield mock


@pytest.fixture
def reader(remote: responses.RequestsMock, tmp_path: Path) -> SalesforceReader:
    settings = settings_for(tmp_path)
    return connect(settings, open_session(settings), Retry(lambda _seconds: None))[0]


def answer(rows: list[object], *, total: int | None = None, following: str | None = None) -> dict[str, object]:
    found: dict[str, object] = {"totalSize": len(rows) if total is None else total, "done": following is None}
    if following:
        found["nextRecordsUrl"] = following
    return {**found, "records": rows}


def test_pages_land_as_they_came(remote: responses.RequestsMock, reader: SalesforceReader, tmp_path: Path) -> None:
    first, second = answer([{"Id": "1"}], total=2, following=NEXT), answer([{"Id": "2"}], total=2)
    remote.get(f"{BASE}/queryAll/", json=first)
    remote.get(f"{URL}{NEXT}", json=second)
    pages = list(reader.query_pages("SELECT Id FROM Lead", tmp_path / "pages", deleted=True))
    assert [(page.number, page.total, page.last, page.truncated) for page in pages] == [
        (1, 2, False, False),
        (2, 2, True, False),
    ]
    assert [json.loads(page.path.read_bytes()) for page in pages] == [first, second]
    assert [page.path.name for page in pages] == ["00001.json", "00002.json"]
    asked = parse_qs(urlsplit(str(remote.calls[1].request.url)).query)
    assert asked == {"q": ["SELECT Id FROM Lead"]}
    assert "X-PrettyPrint" not in remote.calls[1].request.headers


def test_a_page_is_asked_for_only_when_the_one_before_was_taken(
    remote: responses.RequestsMock, reader: SalesforceReader, tmp_path: Path
) -> None:
    remote.get(QUERY, json=answer([{"Id": "1"}], total=2, following=NEXT))
    next(reader.query_pages("SELECT Id FROM Lead", tmp_path, deleted=False))
    assert len(remote.calls) == 2


@pytest.mark.parametrize(
    "odd",
    [
        {"body": '{"totalSize":1,"done":true,"records":[{"Id":"1"'},
        {"body": "<html>hello</html>"},
        {"body": '{"totalSize":2,"done":false,"records":[]}'},
        {"body": requests.exceptions.ChunkedEncodingError("cut")},
        {"body": requests.exceptions.ReadTimeout("slow")},
        {"body": "<html>down</html>", "status": 503},
        {
            "json": [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "ConcurrentRequests Limit exceeded."}],
            "status": 403,
        },
        {"body": "", "status": 420},
    ],
)
def test_an_odd_page_is_asked_for_again(
    remote: responses.RequestsMock, reader: SalesforceReader, tmp_path: Path, odd: dict[str, object]
) -> None:
    remote.get(QUERY, **odd)  # type: ignore[arg-type] # parametrized
    remote.get(QUERY, json=answer([{"Id": "1"}]))
    pages = list(reader.query_pages("SELECT Id FROM Lead", tmp_path / "pages", deleted=False))
    assert [json.loads(page.path.read_bytes())["records"] for page in pages] == [[{"Id": "1"}]]
    assert [path.name for path in (tmp_path / "pages").iterdir()] == ["00001.json"]


def test_a_remote_that_stays_odd_is_given_up(
    remote: responses.RequestsMock, reader: SalesforceReader, tmp_path: Path
) -> None:
    remote.get(QUERY, body="<html>hello</html>")
    with pytest.raises(RetryError, match="a page that is not whole"):
        list(reader.query_pages("SELECT Id FROM Lead", tmp_path / "pages", deleted=False))
    assert list((tmp_path / "pages").iterdir()) == []


def test_pages_that_have_ended_are_told_by_their_code(
    remote: responses.RequestsMock, reader: SalesforceReader, tmp_path: Path
) -> None:
    remote.get(QUERY, json=[{"errorCode": "INVALID_QUERY_LOCATOR", "message": "invalid query locator"}], status=400)
    with pytest.raises(StopError) as caught:
        list(reader.query_pages("SELECT Id FROM Lead", tmp_path, deleted=False))
    assert caught.value.code == "INVALID_QUERY_LOCATOR"


def test_a_small_question_gives_rows_without_attributes(
    remote: responses.RequestsMock, reader: SalesforceReader
) -> None:
    remote.get(QUERY, json=answer([{"attributes": {}, "Id": "1"}], total=2, following=NEXT))
    remote.get(f"{URL}{NEXT}", json=answer([{"attributes": {}, "Id": "2"}], total=2))
    assert reader.query("SELECT Id FROM Lead") == [{"Id": "1"}, {"Id": "2"}]


def test_complaint_4_a_long_question_goes_inside_a_body(
    remote: responses.RequestsMock, reader: SalesforceReader
) -> None:
    soql = "SELECT Id FROM Task WHERE Connector_Key__c IN (" + ", ".join(f"'{'k' * 100}{n}'" for n in range(200)) + ")"
    part = {"httpStatusCode": 200, "body": answer([{"Id": "1"}]), "referenceId": "question"}
    remote.post(f"{BASE}/composite", json={"compositeResponse": [part]})
    assert reader.query(soql, deleted=True) == [{"Id": "1"}]
    sent = json.loads(str(remote.calls[-1].request.body, "utf-8"))["compositeRequest"][0]  # type: ignore[arg-type, call-overload] # a body of bytes
    assert sent["url"].startswith("/services/data/v62.0/queryAll/?q=SELECT%20Id%20FROM%20Task")


def test_a_refusal_inside_a_body_is_a_refusal(remote: responses.RequestsMock, reader: SalesforceReader) -> None:
    part = {"httpStatusCode": 400, "body": [{"errorCode": "MALFORMED_QUERY", "message": "no"}]}
    remote.post(f"{BASE}/composite", json={"compositeResponse": [part]})
    with pytest.raises(StopError) as caught:
        reader.query("x" * 20_000)
    assert caught.value.code == "MALFORMED_QUERY"


def test_the_organization(remote: responses.RequestsMock, reader: SalesforceReader) -> None:
    row = {
        "attributes": {},
        "Id": "00D000000000001AAA",
        "Name": "Vendor",
        "TimeZoneSidKey": "Asia/Tokyo",
        "FiscalYearStartMonth": 4,
        "IsSandbox": False,
    }
    remote.get(QUERY, json=answer([row]))
    assert reader.organization() == Organization("00D000000000001AAA", "Vendor", "Asia/Tokyo", 4, False)


def test_count_and_limits(remote: responses.RequestsMock, reader: SalesforceReader) -> None:
    remote.get(QUERY, json=answer([], total=17))
    remote.get(f"{BASE}/limits/", json={"DailyApiRequests": {"Max": 15000, "Remaining": 14982, "Other": {"Max": 0}}})
    assert reader.count("Lead", "IsConverted = false") == 17
    assert "q=SELECT+COUNT%28%29+FROM+Lead+WHERE+IsConverted+%3D+false" in str(remote.calls[-1].request.url)
    assert reader.limits() == {"DailyApiRequests": Limit(15000, 14982)}


def test_an_object_is_described_once(remote: responses.RequestsMock, reader: SalesforceReader) -> None:
    flags = {"createable": True, "updateable": True, "nillable": False, "filterable": True}
    status = {
        "name": "Status",
        "label": "Status",
        "type": "picklist",
        "length": 255,
        "restrictedPicklist": True,
        "picklistValues": [{"value": "Open", "active": True}, {"value": "Old", "active": False}],
        **flags,
    }
    body = {"name": "Lead", "label": "Lead", "keyPrefix": "00Q", "queryable": True, **flags, "fields": [status]}
    remote.get(f"{BASE}/sobjects/Lead/describe", json=body)
    found = reader.describe("Lead")
    assert reader.describe("Lead") is found
    assert len(remote.calls) == 2
    field = found.fields["Status"]
    assert (field.type, field.length, field.restricted, field.values) == ("picklist", 255, True, ("Open",))
    assert (field.external_id, field.unique, field.reference_to) == (False, False, ())


def test_the_orgs_clock(remote: responses.RequestsMock, reader: SalesforceReader) -> None:
    remote.get(f"{URL}/services/data", json=[], headers={"Date": "Thu, 01 Oct 2026 00:00:00 GMT"})
    now = reader.server_time()
    assert abs((now - datetime(2026, 10, 1, tzinfo=UTC)).total_seconds()) < 5


def test_an_org_without_a_clock(remote: responses.RequestsMock, reader: SalesforceReader) -> None:
    remote.get(f"{URL}/services/data", json=[])
    with pytest.raises(StopError, match="sends no Date header"):
        reader.server_time()


def test_an_answer_without_its_keys_is_asked_for_again(
    remote: responses.RequestsMock, reader: SalesforceReader
) -> None:
    for odd in ({"odd": 1}, [], {}, ["x"]):
        remote.get(QUERY, json=odd)
    remote.get(QUERY, json=answer([{"Id": "1"}]))
    assert reader.query("SELECT Id FROM Lead") == [{"Id": "1"}]


def test_an_org_that_hides_itself(remote: responses.RequestsMock, reader: SalesforceReader) -> None:
    remote.get(QUERY, json=answer([]))
    with pytest.raises(StopError, match="shows no Organization"):
        reader.organization()
