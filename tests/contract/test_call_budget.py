"""The budget against a sandbox: never exceeded by its count, over many runs, with a word on when it goes on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connector import flow
from connector.bootstrap import open_river
from connector.domain.calls import SALESFORCE, unit_account
from connector.errors import BudgetSpentError
from connector.river import here
from connector.sandbox.config import SandboxConfig
from connector.settings import Settings
from connector.store.calls import read_calls, read_heard
from tests.worlds.ground import QUICK, START, Ground, ground
from tests.worlds.people import Control
from tests.worlds.truth import differences

pytestmark = pytest.mark.requirement("WB-8", "SY-3", "SY-6", "OP-2")

MIDNIGHT_IN_TOKYO = START + timedelta(hours=15)
NAMES = ("Lead", "Task", "prospects", "visitor-activities")


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    folder = tmp_path_factory.mktemp("budget")
    config = SandboxConfig(state=folder, people=12, seed=5, start=START, frozen=True, daily_api_requests=1000)
    with ground(folder, config, NAMES) as laid:
        yield laid


@pytest.fixture
def laid(sandbox: Ground, tmp_path: Path) -> Ground:
    """A new day in the same world, and an empty store."""
    sandbox.running.sandbox.clock.set(START)
    sandbox.running.sandbox.usage.clear()
    Control(sandbox.running.url).do("DELETE", "faults")
    return replace(sandbox, settings=sandbox.settings.model_copy(update={"state": tmp_path}))


def used(laid: Ground, system: str = "salesforce") -> int:
    return laid.running.sandbox.usage.get(system, 0)


def allowed(laid: Ground, **changes: Any) -> Settings:
    return laid.settings.model_copy(update=changes)


def pulled(settings: Settings) -> list[datetime]:
    """Pulls and compares; when what ended early goes on."""
    with open_river(settings, retry=QUICK) as river:
        flow.reconcile(river, flow.pull(river))
        return [wait.resumes_at for wait in here(river).budget.waits]


def test_complaint_3_it_finishes_early_at_the_limit_and_goes_on_the_next_day(laid: Ground) -> None:
    few = allowed(laid, api_day_calls=4)
    assert set(pulled(few)) == {START + timedelta(hours=25), MIDNIGHT_IN_TOKYO}
    assert (used(laid), used(laid, "account_engagement")) == (3, 3), "a tenth, one call, is kept for writes"
    pulled_or_refused(few)
    pulled_or_refused(few)
    assert (used(laid), used(laid, "account_engagement")) == (4, 3), "many short runs keep to one budget"
    control = Control(laid.running.url)
    for _ in range(2):
        control.do("PUT", "clock", {"advance_seconds": 90_000})
        pulled_or_refused(few)
        assert used(laid) <= 4
    pulled(laid.settings)
    with open_river(laid.settings, retry=QUICK) as river:
        assert differences(control.truth, river.store, laid.streams, set()) == []


def pulled_or_refused(settings: Settings) -> None:
    with suppress(BudgetSpentError):
        pulled(settings)


def test_complaint_8_a_reserve_is_left_to_others(laid: Ground) -> None:
    pulled(laid.settings)
    laid.running.sandbox.usage["salesforce"] = 850
    with open_river(laid.settings, retry=QUICK) as river:
        flow.pull(river)
        sentences = {wait.sentence for wait in here(river).budget.waits if wait.account == SALESFORCE}
    assert used(laid) == 851, "the first answer has told what the others have done"
    (sentence,) = sentences
    assert re.search(r"851 of 1,000 API calls .* left to others.* goes on at 2026-10-01 01:00 UTC", sentence)
    with pytest.raises(BudgetSpentError, match="left to others"):
        pulled(laid.settings)
    assert used(laid) == 851


def test_complaint_7_what_the_remotes_refuse_is_named_and_not_asked_again(laid: Ground) -> None:
    refusals = [
        {"kind": "request_limit", "path": "*/query*", "nth": [3]},
        {"kind": "daily_limit", "path": "*/prospects*", "nth": [1]},
    ]
    before = Control(laid.running.url).do("GET", "requests")["next"]
    Control(laid.running.url).do("PUT", "faults", {"seed": 1, "faults": refusals})
    with open_river(laid.settings, retry=QUICK) as river:
        flow.pull(river)
        waits = here(river).budget.waits
    org, unit = sorted({wait.sentence for wait in waits}, reverse=True)
    assert re.search(r"Salesforce .* answered 403 \(REQUEST_LIMIT_EXCEEDED.*used up, by us or others", org)
    assert re.search(r"Account Engagement .* answered 429 \(122.*used up, by us or others", unit)
    asked = Control(laid.running.url).do("GET", f"requests?since={before}")["requests"]
    assert [call["status"] for call in asked if call["status"] in {403, 429}] == [403, 429]


def test_complaints_1_and_6_calls_grow_with_pages_and_not_with_rows(laid: Ground) -> None:
    pulled(laid.settings)
    first = used(laid)
    streams = [mapped for mapped in laid.streams if mapped.stream.remote == "salesforce"]
    rows = sum(len(Control(laid.running.url).truth(mapped.stream.object)) for mapped in streams)
    assert first <= 1 + 5 * len(streams) < rows, "a page of each, what it shows, and a comparison"
    pulled(laid.settings)
    assert used(laid) - first <= 1 + len(streams), "nothing has changed"


def test_complaint_9_a_stream_has_a_share_of_its_own(laid: Ground) -> None:
    with open_river(allowed(laid, api_day_calls=50), retry=QUICK) as river:
        budget = here(river).budget
        assert budget.policy is not None
        object.__setattr__(budget.policy, "streams", {"account_engagement.visitor_activities": 0.02})
        flow.pull(river)
        flow.pull(river)
        (wait,) = budget.waits
    assert wait.stream == "account_engagement.visitor_activities"
    assert "share of the day's API calls (1)" in wait.sentence


def test_calls_are_told_by_stream_and_purpose_as_the_sandbox_counts_them(laid: Ground) -> None:
    pulled(laid.settings)
    with open_river(laid.settings, remote=False) as river:
        calls, heard = read_calls(river.store.run), read_heard(river.store.run)
    unit = unit_account(laid.settings.account_engagement_business_unit_ids[0])
    for account, system in ((SALESFORCE, "salesforce"), (unit, "account_engagement")):
        mine = [one for one in calls if one.account == account]
        assert sum(one.count for one in mine) == used(laid, system)
        assert {one.purpose for one in mine if one.stream} == {"pull", "reconcile"}
    assert {one.stream for one in calls if one.stream} == {mapped.stream.name for mapped in laid.streams}
    assert {one.account: (one.usage.used, one.usage.allowed, one.zone) for one in heard} == {
        SALESFORCE: (used(laid), 1000, ""),
        unit: (used(laid, "account_engagement"), 100_000, "Asia/Tokyo"),
    }
