"""The control plane under /_sandbox: for tests and people, not part of any emulated system."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from connector.sandbox.building import lived_until, move_world, rebuild
from connector.sandbox.clock import stamp
from connector.sandbox.context import Sandbox
from connector.sandbox.request_log import request_log
from connector.sandbox.routing import route
from connector.sandbox.wire import Request, Response, json_response

_MOST_PEOPLE = 2_000_000
_WORKINGS = ("sqlite_", "id_sequence", "world_")
"""How the names begin of what the database has besides objects: the workings of the sandbox itself."""
_TRUTH_PREFIX = "truth_"


class ControlError(Exception):
    """A request to the control plane that cannot be done; the message says why and what would."""


def welcome(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:  # noqa: ARG001 - handler
    """GET /: what this is, for people who open the address in a browser."""
    text = "An emulated Salesforce and Account Engagement; docs/sandbox.md says what it does and does not do.\n"
    return Response(200, text.encode(), content_type="text/plain;charset=UTF-8")


def reset(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:  # noqa: ARG001 - handler
    """POST reset `{"people": n, "seed": n}`, both optional: the world anew, the clock back at its start.

    Sessions stay; query cursors, today's counts, the request log and all faults are forgotten.
    """
    wish = _object(request)
    _only(wish, {"people", "seed"})
    people = _whole_number(wish, "people", sandbox.config.people)
    seed = _whole_number(wish, "seed", sandbox.config.seed)
    if people > _MOST_PEOPLE:
        raise ControlError(f"people is {people}: at most {_MOST_PEOPLE} are possible.")
    rebuild(sandbox, people, seed)
    return json_response(200, {"people": people, "seed": seed, **_clock(sandbox)})


def show_clock(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:  # noqa: ARG001 - handler
    """GET clock: `{"now": "2026-10-01T00:00:00Z", "frozen": false}`."""
    return json_response(200, _clock(sandbox))


def set_clock(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:  # noqa: ARG001 - handler
    """PUT clock: `now` (ISO 8601 with offset) or `advance_seconds`, and `frozen`; each optional.

    Forward only: the world lives through the time in between before the clock shows it.
    """
    wish = _object(request)
    _only(wish, {"now", "advance_seconds", "frozen"})
    frozen = wish.get("frozen")
    if frozen is not None and not isinstance(frozen, bool):
        raise ControlError("frozen must be true or false.")
    goal = _goal(wish, sandbox)
    if goal is None:
        sandbox.clock.set(frozen=frozen)
    else:
        move_world(sandbox, goal, frozen=frozen)
    return json_response(200, _clock(sandbox))


def show_requests(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:  # noqa: ARG001 - handler
    """GET requests?since=n: what clients asked of the emulated systems, from number n on."""
    since = _parameter(request, "since", 0)
    return json_response(200, request_log(sandbox).since(since or 0))


def list_truth(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:  # noqa: ARG001 - handler
    """GET truth: how many rows each object has, deleted ones included."""
    reader = sandbox.database.reader()
    counts = {
        table.removeprefix(_TRUTH_PREFIX): reader.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0]
        for table in sorted(_tables(sandbox).values())
    }
    return json_response(200, {"objects": counts})


def show_truth(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:
    """GET truth/OBJECT: every row with every column, deleted ones included, in the order of insertion.

    `?offset` and `?limit` cut a piece out; `?format=lines` gives one JSON object a line instead of
    `{"object", "total", "rows"}`. Booleans are JSON's, stamps are UTC text, the rest is as the database has it.
    """
    table = _tables(sandbox).get(groups["object"].lower())
    if table is None:
        raise ControlError(f"No object {groups['object']!r} here: GET /_sandbox/truth lists them.")
    limit = _parameter(request, "limit", None)
    offset = _parameter(request, "offset", 0)
    reader = sandbox.database.reader()
    total = reader.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0]
    found = reader.execute(
        f'SELECT * FROM "{table}" ORDER BY {"1" if table.startswith(_TRUTH_PREFIX) else "rowid"} LIMIT ? OFFSET ?',
        (-1 if limit is None else limit, offset),
    )
    names = [column[0] for column in found.description]
    shapes = _shapes(sandbox, table, names)
    rows = ({name: shape(value) for name, shape, value in zip(names, shapes, row, strict=True)} for row in found)
    if request.parameter("format") == "lines":
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        return Response(200, text.encode(), content_type="application/x-ndjson;charset=UTF-8")
    return json_response(200, {"object": table.removeprefix(_TRUTH_PREFIX), "total": total, "rows": list(rows)})


def _clock(sandbox: Sandbox) -> dict[str, Any]:
    now = sandbox.clock.now()
    return {"now": now.isoformat().replace("+00:00", "Z"), "frozen": sandbox.clock.frozen}


def _goal(wish: dict[str, Any], sandbox: Sandbox) -> datetime | None:
    if "now" in wish and "advance_seconds" in wish:
        raise ControlError("Give either now or advance_seconds, not both.")
    if "advance_seconds" in wish:
        seconds = wish["advance_seconds"]
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds < 0:
            raise ControlError("advance_seconds must be a number, 0 or more: the clock only goes forward.")
        return sandbox.clock.now() + timedelta(seconds=int(seconds))
    if "now" not in wish:
        return None
    goal = _instant(wish["now"])
    earliest = max(sandbox.clock.now(), lived_until(sandbox))
    if goal < earliest:
        message = f"now is {stamp(goal)}, but the world has lived until {stamp(earliest)}"
        raise ControlError(f"{message}: the clock only goes forward; POST /_sandbox/reset begins anew.")
    return goal


def _instant(value: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise ControlError(f"now is {value!r}: write it as 2026-10-08T00:00:00Z.") from None
    if moment.tzinfo is None:
        raise ControlError(f"now is {value!r}: add Z or an offset, such as 2026-10-08T09:00:00+09:00.")
    return moment.astimezone(UTC).replace(microsecond=0)


def _document(request: Request) -> Any:
    try:
        return json.loads(request.body) if request.body.strip() else {}
    except ValueError:
        raise ControlError("The body is not JSON.") from None


def _object(request: Request) -> dict[str, Any]:
    document = _document(request)
    if not isinstance(document, dict):
        raise ControlError("The body must be a JSON object.")
    return document


def _only(wish: dict[str, Any], known: set[str]) -> None:
    unknown = ", ".join(sorted(set(wish) - known))
    if unknown:
        raise ControlError(f"Unknown: {unknown}. Known are {', '.join(sorted(known))}.")


def _whole_number(wish: dict[str, Any], name: str, default: int) -> int:
    value = wish.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ControlError(f"{name} must be a whole number, 0 or more.")
    return value


def _parameter(request: Request, name: str, default: int | None) -> int | None:
    text = request.parameter(name)
    if text is None:
        return default
    if not text.isdecimal():
        raise ControlError(f"{name} is {text!r}: it must be a whole number, 0 or more.")
    return int(text)


def _tables(sandbox: Sandbox) -> dict[str, str]:
    """Every object's table by its lower-case name; the hidden truth (a view) without its prefix."""
    found = sandbox.database.reader().execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")
    names = [row[0] for row in found if not row[0].startswith(_WORKINGS)]
    return {name.lower().removeprefix(_TRUTH_PREFIX): name for name in names}


def _shapes(sandbox: Sandbox, table: str, names: list[str]) -> list[Callable[[Any], Any]]:
    definition = sandbox.salesforce.object(table) or sandbox.account_engagement.object(table)
    fields = [definition.field(name) if definition else None for name in names]
    return [_boolean if entry and entry.type == "boolean" else _as_it_is for entry in fields]


def _boolean(value: Any) -> bool | None:
    return None if value is None else bool(value)


def _as_it_is(value: Any) -> Any:
    return value


_Handler = Callable[[Request, Sandbox, dict[str, str]], Response]


def _plainly(handler: _Handler) -> _Handler:
    """The handler with its ControlError answered as 400 and one sentence."""

    def answered(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:
        try:
            return handler(request, sandbox, groups)
        except ControlError as error:
            return json_response(400, {"error": str(error)})

    return answered


ROUTES = (
    route("GET", "/", welcome),
    route("POST", "/_sandbox/reset", _plainly(reset)),
    route("GET", "/_sandbox/clock", _plainly(show_clock)),
    route("PUT", "/_sandbox/clock", _plainly(set_clock)),
    route("GET", "/_sandbox/requests", _plainly(show_requests)),
    route("GET", "/_sandbox/truth", _plainly(list_truth)),
    route("GET", "/_sandbox/truth/{object}", _plainly(show_truth)),
)
