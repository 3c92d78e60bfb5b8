"""What Salesforce's error codes mean for us: the table beside `http.outcome`, and how its error bodies are read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.errors import ConnectorError
from connector.http.outcome import AN_HOUR, PASSES, Answer, Effect, Verdict, from_answer, of_status

REMOTE = "Salesforce"
MAPPING = "Check the objects and fields in fields.yaml against the org, and the user's rights to them."

CODES: Mapping[str, Verdict] = {
    "API_CURRENTLY_DISABLED": Verdict("configuration", "no", "Enable the API for the integration user."),
    "API_DISABLED_FOR_ORG": Verdict("configuration", "no", "This edition or user has no API: enable it in the org."),
    "CANNOT_UPDATE_CONVERTED_LEAD": Verdict("stop", "no", "Converted leads are read-only."),
    "CONCURRENT_REQUESTS_LIMIT_EXCEEDED": Verdict("retry", "no", f"Too many calls at once. {PASSES}"),
    "ENTITY_IS_DELETED": Verdict("stop", "no", "The record was deleted meanwhile."),
    "INSUFFICIENT_ACCESS": Verdict("stop", "no", "Give the integration user the right that is named."),
    "INSUFFICIENT_ACCESS_OR_READONLY": Verdict("stop", "no", "Give the integration user the right to this record."),
    "INVALID_FIELD": Verdict("stop", "no", MAPPING),
    "INVALID_QUERY_LOCATOR": Verdict("stop", "no", "The query's pages have ended: ask again from the last row on."),
    "INVALID_SESSION_ID": Verdict(
        "configuration", "no", "The token is refused for good: check the user's API access and the app in the org."
    ),
    "INVALID_TYPE": Verdict("stop", "no", MAPPING),
    "QUERY_TIMEOUT": Verdict("slow", "no", f"The question was too large. {PASSES}"),
    "REQUEST_LIMIT_EXCEEDED": Verdict(
        "spent", "no", "The org's API calls of the day are used up, by us or others; it goes on by itself.", AN_HOUR
    ),
    "REQUEST_RUNNING_TOO_LONG": Verdict("slow", "unknown", f"It took too long. {PASSES}"),
    "SERVER_UNAVAILABLE": Verdict("retry", "unknown", f"It is down for now. {PASSES}"),
    "STORAGE_LIMIT_EXCEEDED": Verdict("stop", "no", "The org has no storage left."),
    "UNABLE_TO_LOCK_ROW": Verdict("retry", "no", f"Somebody else was writing the same record. {PASSES}"),
    "UNKNOWN_EXCEPTION": Verdict("retry", "unknown", f"It failed inside. {PASSES}"),
    "UNSUPPORTED_API_VERSION": Verdict(
        "configuration", "no", "This API version is retired: set CONNECTOR_SALESFORCE_API_VERSION."
    ),
}

CONCURRENCY = Verdict("retry", "no", f"Too many long calls at once. {PASSES}")


def refusal(where: str, status: int, content: Any, effect: Effect, again_after: float | None = None) -> ConnectorError:
    """The error to raise for an answer that refuses. `content`: the body, parsed where it was JSON."""
    code, message = code_and_message(content)
    verdict = of_code(code, message) or of_status(status)
    # Salesforce's HTML error pages say nothing that a person needs.
    words = None if (message or "").lstrip().startswith("<") else message
    return from_answer(Answer(where, status, code, words, again_after), verdict, effect)


def of_code(code: str | None, message: str | None) -> Verdict | None:
    """The verdict on an errorCode; None when the status has to tell."""
    # One code stands for two limits: calls at one time, which passes at once, and calls a day.
    if code == "REQUEST_LIMIT_EXCEEDED" and "Concurrent" in (message or ""):
        return CONCURRENCY
    return CODES.get(code or "")


def code_and_message(content: Any) -> tuple[str | None, str | None]:
    """The first error of a body: [{"errorCode" or "statusCode", "message"}], {"error", …}, or text."""
    if isinstance(content, list) and content:
        return code_and_message(content[0])
    if isinstance(content, Mapping):
        code = content.get("errorCode") or content.get("statusCode") or content.get("error")
        message = content.get("message") or content.get("error_description")
        return (str(code) if code else None), (str(message) if message else None)
    return None, (str(content) if content else None)
