"""What a failed call means: the table from exception or status to what to do about it.

    answer or exception ──► Verdict(kind, happened, advice) ──► one of

    RetryError            it passes; nothing happened, or only a read was lost
    ├── BusyError         too many calls at one time: wait for a place, however long the queue
    ├── TooSlowError      the remote ran out of time on the question: ask for less at once
    └── UnknownOutcomeError   a write was sent and its answer lost: read back before sending it again
    StopError             a person has to look; `code` is the remote's own
    └── BudgetSpentError      the calls of the day are used up: it goes on by itself
    └── RoadClosedError   this way of reading is refused or has failed: take another
    ConfigurationError    a setting is wrong

Codes that only one remote speaks have their tables beside that remote (`salesforce.outcome`,
`account_engagement.outcome`) in the same terms.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import NameResolutionError, NewConnectionError

from connector.domain.outcome import RowResult
from connector.errors import BudgetSpentError, ConfigurationError, ConnectorError, RetryError, StopError
from connector.redaction import redact

Kind = Literal["retry", "busy", "slow", "stop", "spent", "configuration"]
Effect = Literal["read", "write"]

LONGEST_QUOTE = 300
AN_HOUR = 3600.0
"""Seconds after which a remote is asked again that has said no more than that the day's calls are used up."""


@dataclass(frozen=True)
class Verdict:
    """What to do about one kind of failure.

    `happened`: whether a write may have been carried out all the same. `advice` is the end of the sentence for
    people. `again_after`: seconds; more than retrying waits means that this run gives up.
    """

    kind: Kind
    happened: Literal["no", "unknown"]
    advice: str
    again_after: float | None = None


@dataclass(frozen=True)
class Answer:
    """A refusal as the remote worded it. `where` is the remote's name and host, for the sentence."""

    where: str
    status: int
    code: str | None = None
    message: str | None = None
    again_after: float | None = None


class BusyError(RetryError):
    """The remote answers so many calls at one time and no more, be they ours or others': there will be a place."""


class TooSlowError(RetryError):
    """The remote ran out of time on a question; the same one will fail again: ask for a smaller part."""


class RoadClosedError(StopError):
    """A way of reading (a bulk query, an export) is not open for this question, or has failed; another may be."""


class UnknownOutcomeError(RetryError):
    """A write was sent and its answer was lost: it may or may not have happened.

    Row writes tell which rows (positions in what was given): `results` of those that are settled, `unknown` of
    those in the lost call. All others were not sent.
    """

    def __init__(
        self,
        message: str,
        again_after: float | None = None,
        results: Mapping[int, RowResult] | None = None,
        unknown: tuple[int, ...] = (),
    ) -> None:
        super().__init__(message, again_after)
        self.results = dict(results or {})
        self.unknown = unknown


PASSES = "It should pass: run the command again later."
OURS = "This is a fault of the connector: please report it with the log."
SETTING = "Check the address in the settings."

# Every exception of requests stands here by name; the nearest in its family tree counts.
EXCEPTIONS: Mapping[type[BaseException], Verdict] = {
    requests.exceptions.ConnectTimeout: Verdict("retry", "no", f"It did not answer in time. {PASSES}"),
    requests.exceptions.ReadTimeout: Verdict("slow", "unknown", f"It took too long to answer. {PASSES}"),
    requests.exceptions.Timeout: Verdict("slow", "unknown", f"It took too long to answer. {PASSES}"),
    requests.exceptions.ProxyError: Verdict("retry", "no", "The proxy failed: check HTTPS_PROXY, or try later."),
    requests.exceptions.SSLError: Verdict("retry", "unknown", f"The encrypted connection broke. {PASSES}"),
    requests.exceptions.ConnectionError: Verdict("retry", "unknown", f"The connection broke. {PASSES}"),
    requests.exceptions.ChunkedEncodingError: Verdict("retry", "unknown", f"The answer was cut off. {PASSES}"),
    requests.exceptions.ContentDecodingError: Verdict("retry", "unknown", f"The answer was garbled. {PASSES}"),
    requests.exceptions.JSONDecodeError: Verdict("retry", "unknown", f"The answer was not JSON. {PASSES}"),
    requests.exceptions.RetryError: Verdict("retry", "unknown", f"It kept failing. {PASSES}"),
    requests.exceptions.HTTPError: Verdict("retry", "unknown", f"It answered with an error. {PASSES}"),
    requests.exceptions.TooManyRedirects: Verdict("configuration", "no", f"It redirects in circles. {SETTING}"),
    requests.exceptions.URLRequired: Verdict("configuration", "no", f"The address is empty. {SETTING}"),
    requests.exceptions.MissingSchema: Verdict("configuration", "no", f"The address lacks https://. {SETTING}"),
    requests.exceptions.InvalidSchema: Verdict("configuration", "no", f"The address is not https. {SETTING}"),
    requests.exceptions.InvalidURL: Verdict("configuration", "no", f"The address is no URL. {SETTING}"),
    requests.exceptions.InvalidProxyURL: Verdict(
        "configuration", "no", "The proxy's address is no URL: see HTTPS_PROXY."
    ),
    requests.exceptions.InvalidHeader: Verdict("stop", "no", f"A header could not be sent. {OURS}"),
    requests.exceptions.InvalidJSONError: Verdict("stop", "no", f"A value could not be sent as JSON. {OURS}"),
    requests.exceptions.StreamConsumedError: Verdict("stop", "unknown", f"An answer was read twice. {OURS}"),
    requests.exceptions.UnrewindableBodyError: Verdict("stop", "no", f"A body could not be sent again. {OURS}"),
    requests.exceptions.RequestException: Verdict("retry", "unknown", f"The call failed. {PASSES}"),
}

REFUSED = Verdict("retry", "no", "Nobody answers there: check the address and the network, or try again later.")
UNNAMED = Verdict("retry", "no", "Its name is not known: check the address and the network, or try again later.")
UNTRUSTED = Verdict(
    "configuration", "no", "Its certificate is not trusted: name your certificate authority in CONNECTOR_CA_FILE."
)

STATUSES: Mapping[int, Verdict] = {
    300: Verdict("stop", "no", "Several records have this key: mend them in the org."),
    400: Verdict("stop", "no", OURS),
    401: Verdict("stop", "no", "A new token was refused as well: check the user and the app in the org."),
    403: Verdict("stop", "no", "Give the integration user the permission that is named."),
    404: Verdict("stop", "no", "It is not there: check the address and the API version in the settings."),
    405: Verdict("stop", "no", OURS),
    408: Verdict("retry", "unknown", PASSES),
    410: Verdict("configuration", "no", "This API version is retired: set CONNECTOR_SALESFORCE_API_VERSION."),
    412: Verdict("stop", "no", "The record changed meanwhile."),
    413: Verdict("stop", "no", OURS),
    414: Verdict("stop", "no", "The question is too long: read fewer fields of this object."),
    415: Verdict("stop", "no", OURS),
    420: Verdict("retry", "no", f"It is too busy. {PASSES}"),
    425: Verdict("retry", "no", PASSES),
    429: Verdict("retry", "no", f"Too many calls. {PASSES}"),
    431: Verdict("stop", "no", "The question is too long: read fewer fields of this object."),
    500: Verdict("retry", "unknown", PASSES),
    502: Verdict("retry", "unknown", PASSES),
    503: Verdict("retry", "unknown", f"It is down for now. {PASSES}"),
    504: Verdict("slow", "unknown", PASSES),
}


def of_status(status: int) -> Verdict:
    """The verdict where no code of the remote says more."""
    if status in STATUSES:
        return STATUSES[status]
    if status >= 500:
        return Verdict("retry", "unknown", PASSES)
    if 300 <= status < 400:
        return Verdict("configuration", "no", f"It sends us elsewhere. {SETTING}")
    if status < 300:
        return Verdict("retry", "unknown", f"The answer makes no sense. {PASSES}")
    return Verdict("stop", "no", OURS)


def of_exception(error: requests.RequestException) -> Verdict:
    """The verdict on a call that got no answer, or none that can be read."""
    causes = _causes(error)
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
        return UNTRUSTED
    if not isinstance(error, requests.exceptions.ProxyError | requests.exceptions.ConnectTimeout):
        if any(isinstance(cause, NameResolutionError) for cause in causes):
            return UNNAMED
        if any(isinstance(cause, NewConnectionError) for cause in causes):
            return REFUSED
    return next(EXCEPTIONS[kind] for kind in type(error).__mro__ if kind in EXCEPTIONS)


def from_exception(where: str, error: requests.RequestException, effect: Effect) -> ConnectorError:
    """The error to raise for a call without a readable answer."""
    verdict = of_exception(error)
    return _error(verdict, effect, f"{where} could not be used ({type(error).__name__}). {verdict.advice}", None)


def from_answer(answer: Answer, verdict: Verdict, effect: Effect) -> ConnectorError:
    """The error to raise for an answer that refuses."""
    words = redact(answer.message or "").strip()
    quote = words if len(words) <= LONGEST_QUOTE else f"{words[:LONGEST_QUOTE]}…"
    named = f"{answer.code}: {quote}" if answer.code and quote else answer.code or quote or "no words"
    again = verdict.again_after if verdict.again_after is not None else answer.again_after
    sentence = f"{answer.where} answered {answer.status} ({named}). {verdict.advice}"
    return _error(verdict, effect, sentence, again, answer.code)


def wish(headers: Mapping[str, str]) -> float | None:
    """The seconds that a Retry-After header asks for; None without one, or when it names a date."""
    text = headers.get("Retry-After", "").strip()
    return float(text) if text.isascii() and text.isdigit() else None


def where(remote: str, url: str) -> str:
    """A remote in a sentence: "Salesforce at example.my.salesforce.com"."""
    return f"{remote} at {urlsplit(url).netloc or url}"


def _error(
    verdict: Verdict, effect: Effect, sentence: str, again_after: float | None, code: str | None = None
) -> ConnectorError:
    if verdict.kind == "configuration":
        return ConfigurationError(sentence)
    if verdict.kind == "stop":
        return StopError(sentence, code)
    if verdict.kind == "spent":
        return BudgetSpentError(sentence, again_after or AN_HOUR, code=code or "CALL_BUDGET")
    if effect == "write" and verdict.happened == "unknown":
        return UnknownOutcomeError(sentence, again_after)
    passing = {"busy": BusyError, "slow": TooSlowError}.get(verdict.kind, RetryError)
    return passing(sentence, again_after)


def _causes(error: BaseException) -> list[BaseException]:
    """The error and all that it wraps: requests and urllib3 put the true one several layers down."""
    found: list[BaseException] = []
    queue: list[object] = [error]
    while queue:
        each = queue.pop()
        if isinstance(each, BaseException) and each not in found:
            found.append(each)
            queue += [each.__cause__, each.__context__, getattr(each, "reason", None), *each.args]
    return found
