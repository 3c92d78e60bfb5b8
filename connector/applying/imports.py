"""Many rows of a business unit by one import, and what became of it after a crash.

An import is noted with its entries in the journal before it is sent, and again with its number. So the next run knows
which one to ask; while one may still be at work nothing of its rows is sent again: it would come after what is newer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog

from connector.account_engagement.imports import CALLS, worth_an_import
from connector.applying.application import Application
from connector.applying.bulk_records import STILL_RUNNING
from connector.applying.roads import Name, Road
from connector.applying.units import MEMBERSHIPS, EndedImport, UnitWriter, prospect_in
from connector.domain.outcome import RowResult
from connector.errors import ConfigurationError, RetryError, SpoiltPageError, StopError, StoppedError
from connector.http.outcome import UnknownOutcomeError
from connector.store.engagement_imports import Import, forget_import, note_import, unsettled_imports
from connector.store.journal import Intent

PATIENCE = 300.0
"""Seconds that an apply waits for an import; what has not ended by then is asked again by the next cycle."""

REFUSED = "IMPORT_ROW"
"""The code of rows that an import did not take; it gives words, no codes."""

EXPIRES = timedelta(days=7)
"""After so long nobody can ask for an import any more."""

SKEW = timedelta(minutes=5)

Outcomes = list[tuple[Intent, RowResult]]

log = structlog.get_logger()


@dataclass(frozen=True)
class File:
    """A file of CSV, one line a prospect. `columns`: its fields, None for lists alone; `erase`: what a blank means."""

    content: bytes
    columns: Sequence[str] | None
    erase: bool = False


def by_import(application: Application, object_name: str, rows: int) -> bool:
    """Whether so many rows go by an import, which is told: by what it takes in calls, against one call a row."""
    name: Name = "import" if worth_an_import(rows) else "single"
    calls, other = (CALLS, rows) if name == "import" else (rows, CALLS)
    application.applied.roads.append(Road(object_name, name, rows, calls, other))
    log.info("apply.road", object=object_name, road=name, rows=rows, calls=calls, other=other)
    return name == "import"


def send_import(application: Application, unit: UnitWriter, intents: Sequence[Intent], file: File) -> list[RowResult]:
    """One import of journalled intents whose rows are in `file`; one result an intent."""
    one = Import(intents[0].number, intents[-1].number, unit.unit, None, application.now)
    _note(application, one)
    try:
        number = unit.start_import(file.content, file.columns, erase=file.erase)
    except UnknownOutcomeError:
        # It may have begun all the same: the next run asks whether any is at work before it reads back.
        return _running(intents)
    except (ConfigurationError, RetryError, StopError, StoppedError):
        with application.store.transaction():
            forget_import(application.store, one)
        raise
    _note(application, replace(one, number=number))
    log.info("apply.import", unit=unit.unit, number=number, rows=len(intents))
    try:
        ended = unit.import_ended(number, patience=PATIENCE)
    except (ConfigurationError, RetryError, StopError, StoppedError) as error:
        # It goes on without us: whatever ended our asking, its rows are in doubt.
        log.warning("apply.import_unknown", unit=unit.unit, number=number, why=str(error))
        return _running(intents)
    return _results(unit, number, ended, intents)


def ask_imports(application: Application, intents: Sequence[Intent]) -> tuple[Outcomes, list[Intent]]:
    """What became of those intents that went by an import, and those that have to be read back.

    Rows of an import that is, or may be, still at work come as STILL_RUNNING.
    """
    known: Outcomes = []
    left = list(intents)
    for one in unsettled_imports(application.store):
        mine = [intent for intent in left if one.first <= intent.number <= one.last]
        unit = application.units.get(one.unit)
        if not mine or one.begun_at + EXPIRES < application.now:
            continue
        if unit is None:
            results: list[RowResult] | None = _running(mine)
        else:
            results = _asked(unit, one, mine)
        if results is not None:
            known += list(zip(mine, results, strict=True))
            left = [intent for intent in left if not one.first <= intent.number <= one.last]
    return known, left


def _asked(unit: UnitWriter, one: Import, intents: Sequence[Intent]) -> list[RowResult] | None:
    """What became of an import's rows; None when only the records themselves can tell."""
    if one.number is None:
        return _running(intents) if unit.imports_running(one.begun_at - SKEW) else None
    try:
        ended = unit.import_ended(one.number, patience=0.0)
    except SpoiltPageError as error:
        # Left so it would hold up every apply for as long as the remote keeps the import.
        log.warning("apply.import_unreadable", unit=one.unit, number=one.number, why=str(error))
        return None
    log.info("apply.import_asked", unit=one.unit, number=one.number, ended=ended is not None)
    if ended is not None and (not ended.complete or any(intent.object == MEMBERSHIPS for intent in intents)):
        # Of memberships some were left out of the file at the last moment: only the lists tell.
        return None
    return _results(unit, one.number, ended, intents)


def _results(unit: UnitWriter, number: int, ended: EndedImport | None, intents: Sequence[Intent]) -> list[RowResult]:
    if ended is None:
        return _running(intents)
    if not ended.complete:
        raise UnknownOutcomeError(f"The import {number} of business unit {unit.unit} failed.")
    return [_result(intent, ended.failed.get(prospect_in(intent.record))) for intent in intents]


def _result(intent: Intent, why: str | None) -> RowResult:
    if why is None:
        return RowResult(intent.record, True)
    return RowResult(intent.record, False, error_code=REFUSED, message=why)


def _running(intents: Sequence[Intent]) -> list[RowResult]:
    said = RowResult(None, False, error_code=STILL_RUNNING, message="the import has not ended")
    return [said] * len(intents)


def _note(application: Application, one: Import) -> None:
    with application.store.transaction():
        note_import(application.store, one)
