"""Export procedures: what pages give row by row for a call a thousand, as files of CSV for a handful of calls.

An export has no order, exclusive bounds, a year at most, and times that are the creator's own where they name no zone.
So more is asked for than is wanted (`MARGIN` on both sides), and what comes is checked: the columns by the head of each
file, the rows by witnesses, ids that pages have shown. A road that is refused, fails or lacks a witness is closed, and
pages take its place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

import requests
import structlog

from connector.account_engagement.connection import UnitConnection
from connector.errors import BudgetSpentError, RetryError, StopError
from connector.http.landing import land
from connector.http.outcome import PASSES, BusyError, RoadClosedError, TooSlowError, from_exception

OBJECTS: Mapping[str, str] = MappingProxyType(
    {
        "visitor-activities": "VisitorActivity",
        "list-memberships": "ListMembership",
        "prospects": "Prospect",
        "visitors": "Visitor",
    }
)
"""Collections with a procedure by the time of change, and what exports call them."""

NOT_EXPORTED: Mapping[str, frozenset[str]] = MappingProxyType({"prospects": frozenset({"grade", "notes"})})
MOST_FIELDS = 150
MARGIN = timedelta(hours=15)
"""More than any zone is from UTC: a bound that were read in another zone than ours would still not cost a row."""
LONGEST = timedelta(days=360)
"""Of one export, without its margins: with them it stays below a year."""
FILE_BYTES = 50_000_000
"""Of one file; up to 200 MB would be given, but a file is merged in one piece, which takes several times its size."""
FIRST_POLL, LONGEST_POLL, GROWTH = 0.5, 60.0, 1.5
DEADLINE = 1_800.0
"""Seconds after which an export counts as stuck: exports of one account wait for each other, whoever asked for them."""
CALLS = 12
"""What one export costs: its creation, questions after its state for some minutes, a file or two."""

_IDS = re.compile(rb'^"?(\d+)"?,', re.MULTILINE)
_CHUNK = 1 << 20

log = structlog.get_logger()


@dataclass(frozen=True)
class ExportFile:
    """One file of an export, on disk as it came; rows of CSV under a head that names the asked fields."""

    path: Path


@dataclass(frozen=True)
class Wanted:
    """Rows of one collection that changed in a time. `fields` begin with the id; times are aware.

    `witnesses`: ids that pages have shown among them. `confirm` says which of some ids pages still show.
    """

    collection: str
    fields: Sequence[str]
    after: datetime
    before: datetime
    deleted: bool
    witnesses: frozenset[int] = frozenset()
    confirm: Callable[[frozenset[int]], frozenset[int]] = field(default=lambda ids: ids)


def exportable(collection: str, fields: Sequence[str]) -> bool:
    """Whether a procedure gives all these fields of a collection by the time of change."""
    return (
        collection in OBJECTS
        and len(fields) <= MOST_FIELDS
        and fields[0] == "id"
        and not NOT_EXPORTED.get(collection, frozenset()).intersection(fields)
    )


def ranges(after: datetime, before: datetime) -> list[tuple[datetime, datetime]]:
    """A time in pieces of which each fits into one export, the oldest first."""
    found = []
    while after < before:
        upper = min(after + LONGEST, before)
        found.append((after, upper))
        after = upper
    return found


class ExportReader:
    """Runs exports of one business unit. Raises RoadClosedError, TooSlowError, and what every call raises."""

    def __init__(self, connection: UnitConnection) -> None:
        self._connection = connection
        self._refused: dict[str, RoadClosedError] = {}
        """Collections of which no export was taken on, for good as far as this run is concerned."""

    def files(self, wanted: Wanted, folder: Path, now: datetime) -> Iterator[ExportFile]:
        """The files of all exports that it takes, landed in `folder` one by one as they are asked for.

        `now`: the remote's time. At the end all witnesses must have come.
        """
        if wanted.collection in self._refused:
            raise self._refused[wanted.collection]
        missing = set(wanted.witnesses)
        number = 0
        for after, before in ranges(wanted.after, wanted.before):
            with _road():
                urls = self._wait_for(self._create(wanted, after, before, now))
            for url in urls:
                number += 1
                with _road():
                    file = self._landed(url, folder / f"{number:05d}.csv", wanted)
                _take_witnesses(file, missing)
                yield ExportFile(file)
        still = wanted.confirm(frozenset(missing)) if missing else frozenset()
        if still:
            raise RoadClosedError(
                f"{self._connection.where} left {len(still)} rows of {wanted.collection} out of an export that pages "
                "show; they are read by pages."
            )

    def _create(self, wanted: Wanted, after: datetime, before: datetime, now: datetime) -> str:
        arguments = {"updated_after": _instant(after - MARGIN)}
        if before + MARGIN < now:
            arguments["updated_before"] = _instant(before + MARGIN)
        if wanted.deleted:
            arguments["deleted"] = "all"
        body = {
            "object": OBJECTS[wanted.collection],
            "fields": list(wanted.fields),
            "procedure": {"name": "filter_by_updated_at", "arguments": arguments},
            "maxFileSizeBytes": FILE_BYTES,
        }
        # An export created twice after a lost answer costs its calls and no data: it may be tried again.
        try:
            found = self._ask("account_engagement.export_create", "/api/v5/exports", "id,status", body)
        except BudgetSpentError:
            raise
        except StopError as error:
            self._refused[wanted.collection] = RoadClosedError(str(error), error.code)
            raise
        log.debug("pull.export", export=found.get("id"), collection=wanted.collection)
        return str(found.get("id", ""))

    def _wait_for(self, export: str) -> list[str]:
        """The addresses of an export's files, once it is complete."""
        waited, pause = 0.0, FIRST_POLL
        while True:
            path = f"/api/v5/exports/{export}"
            info = self._ask("account_engagement.export_poll", path, "id,status,isExpired,resultRefs")
            if info.get("status") == "Complete":
                return _references(info.get("resultRefs"))
            if info.get("status") == "Failed" or info.get("isExpired"):
                raise RoadClosedError(f"{self._connection.where} could not finish the export {export}.")
            if waited >= DEADLINE:
                raise TooSlowError(f"{self._connection.where} has not finished the export {export}. {PASSES}")
            self._connection.retry.sleep(pause)
            waited, pause = waited + pause, min(pause * GROWTH, LONGEST_POLL)

    def _ask(self, step: str, path: str, fields: str, body: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        return self._connection.read(step, lambda: self._connection.json(path, {"fields": fields}, body=body))

    def _landed(self, url: str, file: Path, wanted: Wanted) -> Path:
        self._connection.read("account_engagement.export_file", lambda: self._fetch(url, file))
        head = _head(file)
        if head != list(wanted.fields):
            sentence = f"{self._connection.where} exported {wanted.collection} in other columns than asked."
            raise RoadClosedError(sentence)
        return file

    def _fetch(self, url: str, file: Path) -> None:
        try:
            with self._connection.opened(url, {}) as response:
                land(response, file)
        except requests.RequestException as error:
            raise from_exception(self._connection.where, error, "read") from None


@contextmanager
def _road() -> Iterator[None]:
    """What stops an export closes this road and no more; what concerns all calls goes up as it is."""
    try:
        yield
    except (BudgetSpentError, RoadClosedError, TooSlowError, BusyError):
        raise
    except (StopError, RetryError) as error:
        raise RoadClosedError(str(error), getattr(error, "code", None)) from None


def _references(value: object) -> list[str]:
    """One file may come as a text instead of a list of one."""
    found = [value] if isinstance(value, str) else value
    return [str(url) for url in found] if isinstance(found, list) else []


def _head(file: Path) -> list[str] | None:
    """The columns of a file; None when its lines or its mark are not those that the mirror reads."""
    with file.open("rb") as stream:
        line = stream.readline(1 << 16)
    if line.startswith(b"\xef\xbb\xbf") or not line.endswith(b"\n") or line.endswith(b"\r\n"):
        return None
    return [name.strip('"') for name in line.decode("utf-8", "replace").rstrip("\n").split(",")]


def _take_witnesses(file: Path, missing: set[int]) -> None:
    """Strikes off the ids that begin a line of the file, for as long as there are any left."""
    with file.open("rb") as stream:
        rest = b""
        while missing and (chunk := stream.read(_CHUNK)):
            text, _, rest = (rest + chunk).rpartition(b"\n")
            missing.difference_update(int(found) for found in _IDS.findall(text))
        if missing:
            missing.difference_update(int(found) for found in _IDS.findall(rest))


def _instant(moment: datetime) -> str:
    """ISO 8601 with a numeric offset, as version 5 takes times everywhere."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")
