"""What Salesforce's refusals mean, in the bodies in which they come."""

from __future__ import annotations

from datetime import timedelta

import pytest

from connector.errors import BudgetSpentError, ConfigurationError, ConnectorError, RetryError, StopError
from connector.http.outcome import TooSlowError, UnknownOutcomeError
from connector.http.retry import LONGEST_WAIT
from connector.salesforce.outcome import code_and_message, refusal
from tests.mirror_world import NOON

pytestmark = pytest.mark.requirement("OP-3", "WB-5")


def body(code: str, message: str = "words") -> list[dict[str, str]]:
    return [{"errorCode": code, "message": message}]


@pytest.mark.parametrize(
    ("status", "content", "read", "write"),
    [
        (403, body("REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded."), RetryError, RetryError),
        (403, body("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."), BudgetSpentError, BudgetSpentError),
        (400, body("UNABLE_TO_LOCK_ROW"), RetryError, RetryError),
        (400, body("QUERY_TIMEOUT"), TooSlowError, TooSlowError),
        (500, body("UNKNOWN_EXCEPTION"), RetryError, UnknownOutcomeError),
        (503, "<html>down</html>", RetryError, UnknownOutcomeError),
        (503, body("SERVER_UNAVAILABLE"), RetryError, UnknownOutcomeError),
        (401, body("INVALID_SESSION_ID"), ConfigurationError, ConfigurationError),
        (403, body("API_DISABLED_FOR_ORG"), ConfigurationError, ConfigurationError),
        (410, body("UNSUPPORTED_API_VERSION"), ConfigurationError, ConfigurationError),
        (400, body("INVALID_FIELD"), StopError, StopError),
        (400, body("SOMETHING_NEW"), StopError, StopError),
        (404, b"", StopError, StopError),
        (300, ["/services/data/v62.0/sobjects/Lead/1"], StopError, StopError),
    ],
)
def test_refusals(status: int, content: object, read: type[ConnectorError], write: type[ConnectorError]) -> None:
    assert type(refusal("Salesforce at x", status, content, "read")) is read
    assert type(refusal("Salesforce at x", status, content, "write")) is write


def test_the_days_limit_is_not_waited_for_but_the_moments_is() -> None:
    day = refusal("x", 403, body("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."), "read")
    moment = refusal("x", 403, body("REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests Limit exceeded."), "read")
    assert isinstance(day, BudgetSpentError)
    assert isinstance(moment, RetryError)
    assert day.again_after > LONGEST_WAIT
    assert day.goes_on_at(NOON) == NOON + timedelta(hours=1)
    assert moment.again_after is None


def test_the_sentence_has_the_code_and_no_html() -> None:
    error = refusal("Salesforce at x", 400, body("INVALID_FIELD", "\nSELECT Nope\nNo such column 'Nope'"), "read")
    assert "400 (INVALID_FIELD: SELECT Nope" in str(error)
    assert "fields.yaml" in str(error)
    assert "html" not in str(refusal("Salesforce at x", 503, "<html>down</html>", "read"))


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (body("A", "b"), ("A", "b")),
        ([{"statusCode": "A", "message": "b"}], ("A", "b")),
        ({"error": "invalid_grant", "error_description": "b"}, ("invalid_grant", "b")),
        ("text", (None, "text")),
        ([], (None, None)),
        (None, (None, None)),
    ],
)
def test_where_the_code_stands(content: object, found: tuple[str | None, str | None]) -> None:
    assert code_and_message(content) == found
