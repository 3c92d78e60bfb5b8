"""The connector's Account Engagement reader over the wire: complete chains, believed warnings, typed refusals."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.account_engagement import AccountEngagementReader, UnknownFieldError, connect
from connector.errors import ConfigurationError
from connector.http.retry import Retry
from connector.http.session import open_session
from tests.contract.remote_access import settings_of
from tests.sandbox_process import SandboxProcess, running_sandbox

pytestmark = pytest.mark.requirement("SY-2")

QUICK = Retry(lambda _seconds: None)


@pytest.fixture(scope="module")
def capped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    with running_sandbox(tmp_path_factory.mktemp("capped"), "--people", "200", "--chain-cap", "1100") as running:
        yield running


def reader_of(sandbox: SandboxProcess, tmp_path: Path, **changes: object) -> AccountEngagementReader:
    settings = settings_of(sandbox, tmp_path, **changes)
    return connect(settings, open_session(settings), QUICK)[0]


def values(path: Path) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = json.loads(path.read_bytes())["values"]
    return rows


def test_every_prospect_lands_also_from_the_bin(sandbox: SandboxProcess, tmp_path: Path) -> None:
    reader = reader_of(sandbox, tmp_path)
    pages = list(reader.pages("prospects", ("id", "email", "isDeleted"), {}, "id", tmp_path / "p", deleted="all"))
    landed = {row["id"]: row for page in pages for row in values(page.path)}
    truth = {row["id"]: row for row in sandbox.truth("prospects")}
    assert landed.keys() == truth.keys()
    assert all(landed[key]["email"] == truth[key]["email"] for key in truth)
    assert not any(page.truncated for page in pages)


def test_a_chain_that_reaches_the_cap_is_taken_up_from_its_last_row(capped: SandboxProcess, tmp_path: Path) -> None:
    reader = reader_of(capped, tmp_path)
    found: list[int] = []
    truncated = True
    chains: list[int] = []
    while truncated:
        filters = {"idGreaterThan": found[-1]} if found else {}
        pages = list(
            reader.pages("visitor-page-views", ("id", "createdAt"), filters, "id", tmp_path / str(len(chains)))
        )
        found += [int(str(row["id"])) for page in pages for row in values(page.path)]
        truncated = pages[-1].truncated
        chains.append(len(pages))
    assert chains == [2, 1]
    assert found == sorted(int(str(row["id"])) for row in capped.truth("visitor_page_views"))


def test_only_what_changed_since(sandbox: SandboxProcess, tmp_path: Path) -> None:
    reader = reader_of(sandbox, tmp_path)
    now = reader.server_time()
    pages = list(reader.pages("visitor-activities", ("id",), {"updatedAtAfterOrEqualTo": now}, "id", tmp_path / "p"))
    assert [values(page.path) for page in pages] == [[]]
    assert pages[0].last


def test_an_unknown_field_is_named(sandbox: SandboxProcess, tmp_path: Path) -> None:
    with pytest.raises(UnknownFieldError) as caught:
        list(reader_of(sandbox, tmp_path).pages("prospects", ("id", "hobby__c"), {}, "id", tmp_path / "p"))
    assert caught.value.field == "hobby__c"


def test_an_unknown_business_unit_is_a_setting(sandbox: SandboxProcess, tmp_path: Path) -> None:
    reader = reader_of(sandbox, tmp_path, account_engagement_business_unit_ids="0Uv000000000000AAA")
    with pytest.raises(ConfigurationError, match="CONNECTOR_ACCOUNT_ENGAGEMENT_BUSINESS_UNIT_IDS"):
        reader.account()


def test_the_account(sandbox: SandboxProcess, tmp_path: Path) -> None:
    account = reader_of(sandbox, tmp_path).account(("id", "maximumDailyApiCalls", "apiCallsUsed"))
    assert int(account["apiCallsUsed"]) <= int(account["maximumDailyApiCalls"])
