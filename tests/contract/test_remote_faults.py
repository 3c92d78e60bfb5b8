"""The connector's readers against a sandbox that fails: every row arrives once, whatever befell a call on the way."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from connector import account_engagement, salesforce
from connector.account_engagement import AccountEngagementReader
from connector.errors import ConnectorError
from connector.http.retry import Retry
from connector.http.session import open_session
from connector.salesforce import SalesforceReader
from tests.contract.remote_access import settings_of
from tests.sandbox_process import SandboxProcess, running_sandbox

pytestmark = pytest.mark.requirement("OP-3", "SY-3", "SY-6")

QUICK = Retry(lambda _seconds: None)
SALESFORCE, ENGAGEMENT = "salesforce", "account_engagement"
PAGES = {SALESFORCE: "*/query*", ENGAGEMENT: "*/visitor-page-views"}
OBJECTS = {SALESFORCE: "Task", ENGAGEMENT: "visitor_page_views"}

Fault = Mapping[str, object]
Read = Callable[[SandboxProcess, Path], list[str]]

SURVIVED: list[Fault] = [
    {"kind": "session_expired"},
    {"kind": "server_error", "status": 503},
    {"kind": "server_error", "status": 500},
    {"kind": "server_error", "status": 502, "after_work": True},
    {"kind": "server_error", "status": 504},
    {"kind": "reset_before"},
    {"kind": "reset_after"},
    {"kind": "truncated", "share": 0.5},
    {"kind": "truncated", "share": 0.0},
    {"kind": "malformed_json"},
    {"kind": "concurrency"},
    {"kind": "slow", "seconds": 0.3},
    {"kind": "clock_skew", "seconds": 3600},
]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    """Its own, large enough for several pages of each system."""
    with running_sandbox(tmp_path_factory.mktemp("faulty"), "--people", "1000", "--frozen") as running:
        yield running


@contextmanager
def failing(sandbox: SandboxProcess, *faults: Fault) -> Iterator[Callable[[], list[int]]]:
    """The faults for as long as the block lasts; gives how often each has fired."""
    scheduled = sandbox.control("PUT", "faults", {"faults": list(faults), "seed": 1})
    assert scheduled.status_code == 200, scheduled.text
    try:
        yield lambda: [fault["fired"] for fault in sandbox.control("GET", "faults").json()["faults"]]
    finally:
        assert sandbox.control("DELETE", "faults").status_code == 200


def salesforce_reader(sandbox: SandboxProcess, tmp_path: Path) -> SalesforceReader:
    settings = settings_of(sandbox, tmp_path)
    return salesforce.connect(settings, open_session(settings), QUICK)[0]


def engagement_reader(sandbox: SandboxProcess, tmp_path: Path) -> AccountEngagementReader:
    settings = settings_of(sandbox, tmp_path)
    return account_engagement.connect(settings, open_session(settings), QUICK)[0]


def salesforce_ids(sandbox: SandboxProcess, tmp_path: Path) -> list[str]:
    reader = salesforce_reader(sandbox, tmp_path)
    # With a long text a page has 1,000 rows at most.
    soql = f"SELECT Id, Description FROM {OBJECTS[SALESFORCE]} ORDER BY Id"
    pages = list(reader.query_pages(soql, tmp_path / "pages", deleted=True))
    return [row["Id"] for page in pages for row in json.loads(page.path.read_bytes())["records"]]


def engagement_ids(sandbox: SandboxProcess, tmp_path: Path) -> list[str]:
    reader = engagement_reader(sandbox, tmp_path)
    pages = list(reader.pages("visitor-page-views", ("id",), {}, "id", tmp_path / "pages"))
    return [str(row["id"]) for page in pages for row in json.loads(page.path.read_bytes())["values"]]


READS: dict[str, Read] = {SALESFORCE: salesforce_ids, ENGAGEMENT: engagement_ids}


def true_ids(sandbox: SandboxProcess, system: str) -> list[str]:
    rows = sandbox.truth(OBJECTS[system])
    key = "Id" if system == SALESFORCE else "id"
    return [str(row[key]) for row in sorted(rows, key=lambda row: row[key])]  # type: ignore[arg-type,return-value] # of one type


@pytest.mark.parametrize("fault", SURVIVED, ids=lambda fault: "-".join(str(value) for value in fault.values()))
@pytest.mark.parametrize("system", [SALESFORCE, ENGAGEMENT])
def test_every_row_arrives_once(world: SandboxProcess, tmp_path: Path, system: str, fault: Fault) -> None:
    struck = {**fault, "system": system, "path": PAGES[system], "nth": 2}
    with failing(world, struck) as fired:
        found = READS[system](world, tmp_path)
        assert fired() == [1]
    assert found == true_ids(world, system)


@pytest.mark.parametrize("system", [SALESFORCE, ENGAGEMENT])
def test_several_faults_on_one_read(world: SandboxProcess, tmp_path: Path, system: str) -> None:
    kinds = ("session_expired", "server_error", "reset_before", "truncated")
    faults = [{"kind": kind, "system": system, "path": PAGES[system], "times": 1} for kind in kinds]
    with failing(world, *faults) as fired:
        found = READS[system](world, tmp_path)
        assert fired() == [1, 1, 1, 1]
    assert found == true_ids(world, system)


@pytest.mark.parametrize("kind", ["server_error", "reset_before", "reset_after", "truncated", "malformed_json"])
def test_a_login_that_fails_once_is_tried_again(world: SandboxProcess, tmp_path: Path, kind: str) -> None:
    with failing(world, {"kind": kind, "system": "login", "times": 1}) as fired:
        assert salesforce_ids(world, tmp_path) == true_ids(world, SALESFORCE)
        assert fired() == [1]


@pytest.mark.parametrize(
    ("system", "fault", "sentence"),
    [
        (SALESFORCE, {"kind": "request_limit"}, "The org's API calls of the day are used up."),
        (ENGAGEMENT, {"kind": "daily_limit"}, "The business unit's API calls of the day are used up."),
        (SALESFORCE, {"kind": "session_expired", "expiry": False}, "not valid for use with the REST API"),
        (SALESFORCE, {"kind": "locator_expiry"}, "The query's pages have ended"),
        (ENGAGEMENT, {"kind": "token_expiry"}, "The pages of this question have ended"),
    ],
)
def test_what_no_other_try_would_mend_is_told_at_once(
    world: SandboxProcess, tmp_path: Path, system: str, fault: Fault, sentence: str
) -> None:
    struck = {**fault, "path": PAGES[system]}
    with failing(world, struck) as fired:
        with pytest.raises(ConnectorError, match=sentence):
            READS[system](world, tmp_path)
        assert fired() == [1]


def test_a_remote_that_stays_broken_is_given_up_with_a_sentence(world: SandboxProcess, tmp_path: Path) -> None:
    with failing(world, {"kind": "server_error", "path": PAGES[SALESFORCE]}) as fired:
        with pytest.raises(ConnectorError, match="It is down for now"):
            salesforce_ids(world, tmp_path)
        assert fired() == [QUICK.attempts]
