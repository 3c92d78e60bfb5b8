"""What Account Engagement's error codes mean for us: the table beside `http.outcome`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from connector.errors import ConnectorError, StopError
from connector.http.outcome import AN_HOUR, OURS, PASSES, Answer, Effect, Verdict, from_answer, of_status

REMOTE = "Account Engagement"
UNIT = "Check CONNECTOR_ACCOUNT_ENGAGEMENT_BUSINESS_UNIT_IDS and CONNECTOR_ACCOUNT_ENGAGEMENT_URL."
ABILITY = "Give the integration user's role the ability for it in Account Engagement."
PAGES_ENDED = "The pages of this question have ended: ask again from the last row on."

CODES: Mapping[int, Verdict] = {
    13: Verdict("stop", "no", OURS),
    46: Verdict("stop", "no", ABILITY),
    49: Verdict("configuration", "no", "Check that the integration user may use Account Engagement's API."),
    51: Verdict("stop", "no", "Check the fields of this collection in fields.yaml."),
    60: Verdict("stop", "no", OURS),
    66: Verdict("busy", "no", f"Too many calls at once, be they ours or others'. {PASSES}"),
    76: Verdict("configuration", "no", "Enable API access in Account Engagement."),
    109: Verdict("stop", "no", "It is not there."),
    122: Verdict(
        "spent",
        "no",
        "The business unit's API calls of the day are used up, by us or others; it goes on by itself.",
        AN_HOUR,
    ),
    181: Verdict("configuration", "no", UNIT),
    182: Verdict("configuration", "no", UNIT),
    183: Verdict("slow", "unknown", f"It failed inside. {PASSES}"),
    184: Verdict(
        "configuration",
        "no",
        "Give the app the scope pardot_api, and the integration user access to this business unit.",
    ),
    88: Verdict("stop", "no", OURS),
    89: Verdict("stop", "no", OURS),
    192: Verdict("stop", "no", OURS),
    198: Verdict("configuration", "no", "Check CONNECTOR_ACCOUNT_ENGAGEMENT_URL."),
    201: Verdict("configuration", "no", UNIT),
    202: Verdict("slow", "no", f"The question was too large. {PASSES}"),
    209: Verdict("stop", "no", OURS),
    210: Verdict("stop", "no", PAGES_ENDED),
    211: Verdict("stop", "no", PAGES_ENDED),
    214: Verdict("slow", "unknown", f"The question was too large. {PASSES}"),
}

_UNKNOWN_FIELD = re.compile(r"unknown field: (?P<field>[\w.]+?)\.?\s*$")


class UnknownFieldError(StopError):
    """A collection has no field of this name: ask again without it, and tell."""

    def __init__(self, message: str, field: str) -> None:
        super().__init__(message, "51")
        self.field = field


OF_ONE_RECORD = frozenset(
    {3, 4, 9, 10, 16, 18, 38, 39, 50, 51, 54, 55, 56, 57, 58, 61, 62, 85, 109, 125, 132, 154, 180, 219}
)
"""Refusals of a write that concern its record or its values: those of other records go through all the same."""


class RefusedRecordError(StopError):
    """A write of one record was refused; `words` are the platform's own."""

    def __init__(self, message: str, code: str, words: str) -> None:
        super().__init__(message, code)
        self.words = words


def refusal(where: str, status: int, content: Any, effect: Effect, again_after: float | None = None) -> ConnectorError:
    """The error to raise for an answer that refuses. `content`: the body, parsed where it was JSON."""
    body: Mapping[str, Any] = content if isinstance(content, Mapping) else {}
    code, message = body.get("code"), body.get("message")
    verdict = CODES.get(code) if isinstance(code, int) else None
    answer = Answer(where, status, str(code) if code else None, str(message) if message else None, again_after)
    error = from_answer(answer, verdict or of_status(status if status >= 300 else 400), effect)
    if effect == "write" and code in OF_ONE_RECORD:
        return RefusedRecordError(str(error), str(code), str(message or ""))
    named = _UNKNOWN_FIELD.search(str(message)) if code == 51 else None
    return UnknownFieldError(str(error), named["field"]) if named else error


def legacy_refusal(where: str, body: Mapping[str, Any]) -> ConnectorError | None:
    """The error of an answer of version 3 or 4, which come with HTTP 200; None when it tells of none."""
    attributes = body.get("@attributes")
    if not isinstance(attributes, Mapping) or attributes.get("stat") == "ok":
        return None
    code = attributes.get("err_code")
    return refusal(where, 200, {"code": code, "message": body.get("err")}, "write")
