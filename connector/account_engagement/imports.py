"""Imports: changes of many prospects, or of who is on which list, as one file of CSV for a handful of calls.

An import has no order and no answer a row: it names the rows that failed, success is implied. A blank cell erases what
is there unless the column is created with `nullOverwrite: false`; so a file either erases nothing, or has a value or a
meant blank in every cell. Rows are matched by id alone and never make a prospect.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import requests

from connector.account_engagement.connection import UnitConnection
from connector.errors import SpoiltPageError
from connector.http.outcome import PASSES, from_exception

MATCH = "matchId"
FILE_BYTES = 9_500_000
"""Of the lines of one import; a batch may have 10 MB."""

PATH = "/api/v5/imports"
RUNNING = frozenset({"Open", "Ready", "Waiting", "Processing", "Canceling"})
FIRST_POLL, LONGEST_POLL, GROWTH = 2.0, 60.0, 3.0
POLLS = 4
"""How often an import is asked for its state until it has ended, as a rule: after 2, 8, 26 and 80 seconds."""

CALLS = 1 + POLLS + 1
"""What an import costs: its creation with its file, questions after its state, the file of errors."""

Line = tuple[str, ...]


@dataclass(frozen=True)
class Ended:
    """An import that has ended. `complete`: it went through all rows; `failed`: why a row was not taken, by its id."""

    complete: bool
    failed: Mapping[int, str] = field(default_factory=dict)


def worth_an_import(calls: int) -> bool:
    """Whether an import takes fewer calls than these."""
    return calls > CALLS


def within(lines: Iterable[Line]) -> Iterator[int]:
    """How many of some lines each file takes, in their order."""
    count = size = 0
    for line in lines:
        piece = len(_written([line]))
        if size + piece > FILE_BYTES and count:
            yield count
            count = size = 0
        count, size = count + 1, size + piece
    if count:
        yield count


def file_of(header: Line, lines: Iterable[Line]) -> bytes:
    """A file of CSV."""
    return _written([header, *lines])


class ImportWriter:
    """Runs imports of one business unit."""

    def __init__(self, connection: UnitConnection) -> None:
        self._connection = connection

    def start(self, content: bytes, columns: Sequence[str] | None, *, erase: bool) -> int:
        """Creates an import that begins at once; its number. `columns`: the fields of the file, None for lists alone.

        `erase`: whether a blank cell empties its field. Raises UnknownOutcomeError when the answer was lost.
        """
        terms: dict[str, object] = {
            "operation": "Upsert", "object": "Prospect", "status": "Ready", "createOnNoMatch": False,
            "restoreDeleted": False,
        }  # fmt: skip
        if columns is not None:
            terms["fields"] = {name: {"overwrite": True, "nullOverwrite": erase} for name in columns}
        parts = {
            "input": (None, json.dumps(terms), "application/json"),
            "file": ("prospects.csv", content, "text/csv"),
        }
        answer = self._connection.retry.write(
            "account_engagement.import",
            lambda: self._connection.write("POST", PATH, {"fields": "id,status"}, files=parts),
        )
        return int(answer["id"])

    def ended(self, number: int, patience: float) -> Ended | None:
        """What became of an import; None when it has not ended after so many seconds."""
        waited, pause = 0.0, FIRST_POLL
        while True:
            found = self._ask(f"{PATH}/{number}", "id,status,isExpired,errorCount")
            if found.get("status") == "Complete":
                errors = {} if not found.get("errorCount") else self._errors(number)
                return Ended(True, errors)
            if found.get("status") not in RUNNING or found.get("isExpired"):
                return Ended(False)
            if waited + pause > patience:
                return None
            self._connection.retry.sleep(pause)
            waited, pause = waited + pause, min(pause * GROWTH, LONGEST_POLL)

    def running(self, since: datetime) -> bool:
        """Whether an import that was touched since then has not ended."""
        after = since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")
        found = self._ask(PATH, "id,status", updatedAtAfterOrEqualTo=after)
        values = found.get("values")
        return any(one.get("status") in RUNNING for one in values) if isinstance(values, list) else False

    def _ask(self, path: str, fields: str, **more: str) -> Mapping[str, object]:
        params = {"fields": fields, **more}
        return self._connection.read("account_engagement.import_poll", lambda: self._connection.json(path, params))

    def _errors(self, number: int) -> dict[int, str]:
        return self._connection.read("account_engagement.import_errors", lambda: self._read_errors(number))

    def _read_errors(self, number: int) -> dict[int, str]:
        try:
            with self._connection.opened(f"{PATH}/{number}/errors", {}) as response:
                text = response.content.decode("utf-8-sig", "replace")
        except requests.RequestException as error:
            raise from_exception(self._connection.where, error, "read") from None
        return errors_of(text, self._connection.where)


def errors_of(text: str, where: str) -> dict[int, str]:
    """Why rows were not taken, by their ids, from the file of errors. SpoiltPageError where it does not name them."""
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
        place = rows[0].index(MATCH)
        return {int(row[place]): row[-1] for row in rows[1:] if row}
    except (csv.Error, ValueError, IndexError):
        raise SpoiltPageError(f"{where} sent errors of an import that name no rows. {PASSES}") from None


def _written(lines: Iterable[Line]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(lines)
    return text.getvalue().encode()
