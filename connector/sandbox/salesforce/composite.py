"""Composite: up to 25 calls in one, later ones with values of earlier answers; and composite graphs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connector.sandbox.context import Sandbox
from connector.sandbox.routing import route
from connector.sandbox.salesforce.composite_references import UnresolvedError, resolved
from connector.sandbox.salesforce.payload import answer, answered, json_object
from connector.sandbox.salesforce.refused import RefusedError
from connector.sandbox.salesforce.subrequest import body_of, call
from connector.sandbox.wire import Request, Response

_MOST_CALLS = 25
_MOST_HEAVY = 5
_MOST_GRAPHS = 75
_MOST_NODES = 500
_MOST_FAILED_GRAPHS = 14
_REFERENCE_ID = re.compile(r"[A-Za-z0-9]\w*", re.ASCII)
_HEAVY = re.compile(r"/services/data/v[^/]+/(composite/sobjects|query|queryAll)\b", re.IGNORECASE)
_INHERITED = frozenset({"accept", "authorization", "content-type"})
_ROLLED_BACK = "The transaction was rolled back since another operation in the same transaction failed."


@dataclass(frozen=True)
class _Call:
    """One subrequest as it was asked for."""

    method: str
    url: str
    reference: str
    headers: Mapping[str, str]
    body: Any


@dataclass(frozen=True)
class _Outcome:
    """One subrequest's answer."""

    status: int
    body: Any
    headers: Mapping[str, str]

    @property
    def failed(self) -> bool:
        """Whether the answer is an error, or a collection's in which a record failed."""
        return self.status >= 400 or (
            isinstance(self.body, list)
            and any(isinstance(entry, dict) and entry.get("success") is False for entry in self.body)
        )


class _HaltedError(Exception):
    """Undoes calls of which one failed; `outcomes` are the answers so far."""

    def __init__(self, outcomes: dict[str, _Outcome]) -> None:
        super().__init__("rolled back")
        self.outcomes = outcomes


def composite(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:  # noqa: ARG001 - a handler's shape
    """POST `{"allOrNone", "compositeRequest"}`: always 200, with one answer a call."""
    body = json_object(request)
    calls = _calls(body.get("compositeRequest"), _MOST_CALLS)
    heavy = sum(bool(_HEAVY.match(entry.url)) for entry in calls)
    if heavy > _MOST_HEAVY:
        message = f"Cannot have more than {_MOST_HEAVY} query or collection subrequests: there are {heavy}"
        raise RefusedError("LIMIT_EXCEEDED", message, None)
    outcomes = _taken(request, sandbox, calls, all_or_none=body.get("allOrNone") is True)
    return answer(request, 200, {"compositeResponse": _shown(calls, outcomes)})


def graph(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:  # noqa: ARG001 - a handler's shape
    """POST `{"graphs": [{"graphId", "compositeRequest"}]}`: each graph is done wholly or not at all."""
    graphs = json_object(request).get("graphs")
    if not isinstance(graphs, list) or not graphs or not all(isinstance(entry, dict) for entry in graphs):
        raise RefusedError("REQUIRED_FIELD_MISSING", "Required parameter is missing: graphs")
    if len(graphs) > _MOST_GRAPHS:
        raise RefusedError("LIMIT_EXCEEDED", f"Cannot have more than {_MOST_GRAPHS} graphs in one call", None)
    parsed = [(str(entry.get("graphId")), _calls(entry.get("compositeRequest"), _MOST_NODES)) for entry in graphs]
    if sum(len(calls) for _, calls in parsed) > _MOST_NODES:
        raise RefusedError("LIMIT_EXCEEDED", f"Cannot have more than {_MOST_NODES} nodes in one call", None)
    shown: list[dict[str, Any]] = []
    failed = 0
    for name, calls in parsed:
        outcomes = {} if failed > _MOST_FAILED_GRAPHS else _taken(request, sandbox, calls, all_or_none=True)
        is_good = bool(outcomes) and not any(outcome.failed for outcome in outcomes.values())
        failed += not is_good
        response = {"compositeResponse": _shown(calls, outcomes)}
        shown.append({"graphId": name, "graphResponse": response, "isSuccessful": is_good})
    return answer(request, 200, {"graphs": shown})


def _calls(entries: Any, most: int) -> list[_Call]:
    """Checks and reads the subrequests. One that cannot be read fails the whole call."""
    if not isinstance(entries, list) or not entries:
        raise RefusedError("REQUIRED_FIELD_MISSING", "Required parameter is missing: compositeRequest")
    if len(entries) > most:
        raise RefusedError(
            "LIMIT_EXCEEDED", f"Cannot have more than {most} subrequests: there are {len(entries)}", None
        )
    calls = [_read_call(entry) for entry in entries]
    names = [entry.reference for entry in calls]
    repeated = next((name for name in names if names.count(name) > 1), None)
    if repeated is not None:
        raise RefusedError("INVALID_INPUT", f"Duplicate Reference Id: {repeated}", None)
    return calls


def _read_call(entry: Any) -> _Call:
    if not isinstance(entry, dict):
        raise RefusedError("JSON_PARSER_ERROR", "A subrequest must be a JSON object", None)
    missing = [name for name in ("method", "url", "referenceId") if not isinstance(entry.get(name), str)]
    if missing:
        raise RefusedError("REQUIRED_FIELD_MISSING", f"Required parameter is missing: {missing[0]}")
    if not _REFERENCE_ID.fullmatch(entry["referenceId"]):
        message = f"Provided referenceId ('{entry['referenceId']}') must start with a letter or a number"
        raise RefusedError("INVALID_INPUT", f"{message} and contain only letters, numbers and underscores", None)
    given = entry.get("httpHeaders") or {}
    if not isinstance(given, dict):
        raise RefusedError("JSON_PARSER_ERROR", "httpHeaders must be a JSON object", None)
    headers = {str(name).lower(): str(value) for name, value in given.items()}
    forbidden = sorted(_INHERITED & headers.keys())
    if forbidden:
        raise RefusedError("INVALID_INPUT", f"The header {forbidden[0]} may not be set in a subrequest", None)
    return _Call(entry["method"].upper(), entry["url"], entry["referenceId"], headers, entry.get("body"))


def _taken(request: Request, sandbox: Sandbox, calls: list[_Call], *, all_or_none: bool) -> dict[str, _Outcome]:
    """The answers by reference; with `all_or_none` those up to the first failure, and nothing is kept then."""
    if not all_or_none:
        return _one_by_one(request, sandbox, calls, halting=False)
    try:
        with sandbox.database.write():
            return _one_by_one(request, sandbox, calls, halting=True)
    except _HaltedError as halted:
        name, outcome = next((name, outcome) for name, outcome in halted.outcomes.items() if outcome.failed)
        return {name: outcome}


def _one_by_one(request: Request, sandbox: Sandbox, calls: list[_Call], *, halting: bool) -> dict[str, _Outcome]:
    outcomes: dict[str, _Outcome] = {}
    for entry in calls:
        outcomes[entry.reference] = outcome = _answered(request, sandbox, entry, outcomes)
        if halting and outcome.failed:
            raise _HaltedError(outcomes)
    return outcomes


def _answered(request: Request, sandbox: Sandbox, entry: _Call, outcomes: Mapping[str, _Outcome]) -> _Outcome:
    bodies = {name: outcome.body for name, outcome in outcomes.items() if outcome.status < 400}
    try:
        url, body = resolved(entry.url, bodies), resolved(entry.body, bodies)
    except UnresolvedError as error:
        message = f"Invalid reference specified. No value for {error.path} found in {error.reference}"
        return _Outcome(400, [{"errorCode": "PROCESSING_HALTED", "message": message}], {})
    response = call(request, sandbox, entry.method, str(url), entry.headers, body)
    return _Outcome(response.status, body_of(response), response.headers)


def _shown(calls: list[_Call], outcomes: Mapping[str, _Outcome]) -> list[dict[str, Any]]:
    halted = _Outcome(400, [{"errorCode": "PROCESSING_HALTED", "message": _ROLLED_BACK}], {})
    return [
        {
            "body": outcome.body,
            "httpHeaders": dict(outcome.headers),
            "httpStatusCode": outcome.status,
            "referenceId": entry.reference,
        }
        for entry, outcome in ((entry, outcomes.get(entry.reference, halted)) for entry in calls)
    ]


ROUTES = (
    route("POST", "/services/data/v{version}/composite", answered(composite), "salesforce"),
    route("POST", "/services/data/v{version}/composite/graph", answered(graph), "salesforce"),
)
