"""Account Engagement's API v5 over the wire, as a client with its fixed host sees it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.sandbox_process import SandboxProcess, running_sandbox

pytestmark = pytest.mark.requirement("SY-2")

HOST = "https://pi.pardot.com"


@pytest.fixture
def client(sandbox: SandboxProcess, https_session: requests.Session) -> requests.Session:
    """A session that is logged in, with the header for the business unit."""
    https_session.headers["Authorization"] = f"Bearer {sandbox.token()}"
    https_session.headers["Pardot-Business-Unit-Id"] = sandbox.business_unit_id
    return https_session


def rows_of(client: requests.Session, collection: str, **parameters: str) -> Iterator[dict[str, Any]]:
    """Every row of a collection, page after page by `nextPageUrl` as it was given."""
    url: str | None = f"{HOST}/api/v5/objects/{collection}"
    while url:
        answer = client.get(url, params=parameters, timeout=30)
        answer.raise_for_status()
        assert answer.headers["Content-Type"] == "application/json"
        page = answer.json()
        yield from page["values"]
        url, parameters = page["nextPageUrl"], {}
        assert url is None or url.startswith(f"{HOST}/api/v5/objects/{collection}?")


def test_prospects_page_by_page_are_those_of_the_truth(sandbox: SandboxProcess, client: requests.Session) -> None:
    truth = {row["id"]: row for row in sandbox.truth("prospects")}
    asked = {"fields": "id,email,isDeleted", "limit": "7", "orderBy": "id", "deleted": "all"}
    found = list(rows_of(client, "prospects", **asked))
    assert [row["id"] for row in found] == sorted(truth)
    assert all(row["email"] == truth[row["id"]]["email"] for row in found)


def test_activities_and_page_views_are_complete(sandbox: SandboxProcess, client: requests.Session) -> None:
    for collection, table in (
        ("visitor-activities", "visitor_activities"),
        ("visitor-page-views", "visitor_page_views"),
        ("visits", "visits"),
    ):
        found = {row["id"] for row in rows_of(client, collection, fields="id", limit="100")}
        assert found == {row["id"] for row in sandbox.truth(table)}


def test_prospect_is_written_read_binned_and_brought_back(sandbox: SandboxProcess, client: requests.Session) -> None:
    url = f"{HOST}/api/v5/objects/prospects"
    created = client.post(
        f"{url}?fields=id,email", json={"email": "wire@kigyou.example", "firstName": "波"}, timeout=30
    )
    assert created.status_code == 201
    number = created.json()["id"]
    changed = client.patch(f"{url}/{number}?fields=id,firstName", json={"firstName": "海"}, timeout=30)
    assert changed.json()["firstName"] == "海"
    assert client.delete(f"{url}/{number}", timeout=30).status_code == 204
    assert client.get(f"{url}/{number}?fields=id", timeout=30).status_code == 404
    assert client.post(f"{url}/{number}/do/undelete", timeout=30).status_code in {200, 204}
    truth = {row["id"]: row for row in sandbox.truth("prospects")}
    assert (truth[number]["firstName"], truth[number]["isDeleted"]) == ("海", False)


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"Authorization": None}, 401, 49),
        ({"Authorization": "Bearer stale"}, 401, 184),
        ({"Pardot-Business-Unit-Id": None}, 400, 181),
        ({"Pardot-Business-Unit-Id": "0UvAAAAAAAAAAAAAAA"}, 400, 201),
    ],
)
def test_headers_are_checked_in_the_documented_order(
    client: requests.Session, changes: dict[str, str | None], status: int, code: int
) -> None:
    answer = client.get(f"{HOST}/api/v5/objects/prospects?fields=id", headers=changes, timeout=30)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_same_seed_gives_the_same_world_and_another_seed_another_one(sandbox: SandboxProcess) -> None:
    def world(seed: int) -> list[dict[str, object]]:
        small.control("POST", "reset", {"people": 30, "seed": seed}).raise_for_status()
        return [row for name in ("Lead", "Task", "prospects", "visitor_activities") for row in small.truth(name)]

    with running_sandbox(sandbox.state.parent / "second", "--people", "0") as small:
        first = world(1)
        assert first != world(2)
        assert first == world(1)
