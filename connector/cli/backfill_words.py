"""How a backfill looks on a terminal, and what it is in JSON."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from rich.console import Console

from connector.cli.render import table
from connector.errors import BudgetSpentError, StoppedError
from connector.pulling.backfill import Backfilled, Reached

Ended = BudgetSpentError | StoppedError


def document(done: Backfilled, instant: datetime) -> dict[str, Any]:
    """What a backfill did. `instant`: the server's time, from which the day's end is counted."""
    asked = done.backfill.asked
    return {
        "since": asked.since.isoformat(),
        "until": None if asked.until is None else asked.until.isoformat(),
        "act": asked.act,
        "rows": done.rows,
        "streams": [_stream(one) for one in done.streams],
        **_ended(done.ended_by, instant),
    }


def nothing(error: Ended) -> dict[str, Any]:
    """What a backfill that could not even begin did."""
    return {"since": None, "until": None, "act": False, "rows": 0, "streams": [], **_ended(error, None)}


def show(shown: Console, told: Mapping[str, Any]) -> None:
    """The same for people."""
    if told["streams"]:
        columns = ("stream", "business unit", "rows", "slices", "back to (UTC)", "")
        rows = table("Backfill", *columns, right=("rows", "slices"))
        for one in told["streams"]:
            began = "its beginning" if one["slices"] else "–"
            back_to = one["back_to"][:16].replace("T", " ") if one["back_to"] else began
            state = "done" if one["finished"] else "to be gone on with"
            rows.add_row(one["stream"], one["unit"], f"{one['rows']:,}", f"{one['slices']:,}", back_to, state)
        shown.print(rows)
        shown.print(f"{told['rows']:,} rows by {told['api_calls']:,} API calls.")
    if told["finished"]:
        shown.print("Done. `connector pull` goes on from here.")
        return
    waiting = sum(not one["finished"] for one in told["streams"])
    left = f" {waiting} of {len(told['streams'])} streams are not yet done." if waiting else ""
    shown.print(f"Ended early: {told['why']}{left}")
    when = f"from {told['resumes_at'][:16].replace('T', ' ')} UTC on" if told["resumes_at"] else "at any time"
    shown.print(f"The same command goes on {when}; nothing that is done is read again.")


def _ended(error: Ended | None, instant: datetime | None) -> dict[str, Any]:
    resumes_at = None
    if isinstance(error, BudgetSpentError):
        resumes_at = error.resumes_at if instant is None else error.goes_on_at(instant)
    return {
        "finished": error is None,
        "why": None if error is None else str(error),
        "resumes_at": None if resumes_at is None else resumes_at.isoformat(timespec="seconds"),
    }


def _stream(one: Reached) -> dict[str, Any]:
    return {
        "stream": one.stream,
        "unit": one.unit,
        "rows": one.rows,
        "slices": one.slices,
        "back_to": None if one.floor is None else one.floor.isoformat(),
        "finished": one.finished,
    }
