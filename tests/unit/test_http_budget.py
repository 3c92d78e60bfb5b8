"""Counting calls, and never exceeding what was allowed."""

from __future__ import annotations

import pytest

from connector.errors import StopError
from connector.http.budget import UNMETERED, CallBudget, Usage, usage_in

pytestmark = pytest.mark.requirement("WB-8", "OP-2")


def test_the_call_beyond_the_limit_is_refused_and_logins_are_free() -> None:
    budget = CallBudget(limit=2)
    for remote in ("salesforce", UNMETERED, "account_engagement", UNMETERED):
        budget.spend(remote)
    with pytest.raises(StopError, match="budget of 2 API calls is used up") as caught:
        budget.spend("salesforce")
    assert caught.value.code == "CALL_BUDGET"
    assert budget.calls == {"salesforce": 1, "account_engagement": 1}


@pytest.mark.parametrize(
    ("header", "usage"),
    [
        ("api-usage=18/5000", Usage(18, 5000)),
        ("api-usage=25/5000; per-app-api-usage=17/250(appName=sample)", Usage(25, 5000)),
        ("per-app-api-usage=17/250(appName=sample)", None),
        ("", None),
        ("nonsense", None),
    ],
)
def test_the_limit_header(header: str, usage: Usage | None) -> None:
    assert usage_in(header) == usage


def test_a_header_that_counts_backwards_is_noise_until_the_day_is_new() -> None:
    budget = CallBudget()
    for header in ("api-usage=73995/100000", "api-usage=73994/100000", "", "garbage"):
        budget.heard(header)
    assert budget.usage == Usage(73995, 100000)
    budget.heard("api-usage=12/100000")
    assert budget.usage == Usage(12, 100000)
