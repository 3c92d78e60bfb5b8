"""Every mapped stream of every remote: what is asked for of each, whatever it shows just now."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Protocol

import structlog

from connector.domain.calls import Purpose
from connector.domain.reconciled import Reconciled
from connector.domain.streams import MappedStream
from connector.http.outcome import TooSlowError
from connector.pulling.account_engagement import EngagementSource, pull_account_engagement
from connector.pulling.reading import Landing, Pulled
from connector.pulling.reconcile import Comparing, is_due, reconcile_salesforce
from connector.pulling.salesforce import SalesforceSource, pull_salesforce
from connector.pulling.sweep import sweep_account_engagement, sweep_is_due
from connector.pulling.unknown_fields import (
    Asking,
    Describer,
    Shown,
    look_by_asking,
    look_in_salesforce,
    never_shown,
    read_what_is_shown,
)
from connector.rules.mapping import Mapping as FieldMapping
from connector.store.database import Store
from connector.store.hidden_fields import similar_custom_fields

NO_ROWS = "2147483646"
"""The greatest id but one: what lies above it is an empty answer."""

log = structlog.get_logger()


class Reader(SalesforceSource, Describer, Protocol):
    """Salesforce, as streams are read from it."""


@dataclass(frozen=True)
class Sources:
    """Who is asked, and the store and mapping that it is asked for.

    `reads`: within its block calls count for a stream; it ends early where those of the day are used up.
    """

    salesforce: Reader
    engagement: tuple[EngagementSource, ...]
    store: Store
    mapping: FieldMapping
    reads: Callable[[str, Purpose], AbstractContextManager[None]] = lambda _stream, _purpose: nullcontext()

    @property
    def streams(self) -> Iterator[tuple[MappedStream, EngagementSource | None]]:
        """Each mapped stream; one of Account Engagement once a business unit, with the unit's source."""
        for mapped in self.mapping.fields.streams:
            if mapped.stream.remote == "salesforce":
                yield mapped, None
            else:
                for unit in self.engagement:
                    yield mapped, unit


def pull_streams(sources: Sources, landing: Landing, skip: Collection[str]) -> list[Pulled]:
    """Brings each stream up to its remote's time, except those named in `skip` and those that are not shown."""
    found = []
    for mapped, unit in sources.streams:
        if mapped.stream.name not in skip:
            with sources.reads(mapped.stream.name, "pull"):
                pulled = pull_one(sources, mapped, unit, landing)
                if pulled is not None:
                    found.append(pulled)
    return found


def pull_one(sources: Sources, mapped: MappedStream, unit: EngagementSource | None, landing: Landing) -> Pulled | None:
    """Brings one stream up to its remote's time, as far as `landing` asks for it; None where it is not shown."""

    def read(shown: MappedStream) -> Pulled:
        if unit is None:
            return pull_salesforce(sources.salesforce, sources.store, shown, landing)
        return pull_account_engagement(unit, sources.store, shown, landing)

    return read_what_is_shown(asking(sources, mapped, unit, landing.folder), read)


def reconcile_streams(
    sources: Sources, landing: Landing, pulled: Sequence[Pulled], now: datetime, say: Callable[[str], None]
) -> list[Reconciled]:
    """Compares each stream that is due with its remote as of `now` (the server's time), and mends what differs.

    What a remote cannot answer in time is left to the next time.
    """
    compared = []
    brought = {(one.stream, one.unit): one.added for one in pulled}
    for mapped, unit in sources.streams:
        name = "" if unit is None else unit.unit
        place = landing.folder / f"reconcile_{mapped.stream.table}"
        comparing = Comparing(sources.store, mapped, name, now, place, landing.calls, landing.bulk_from)
        due = is_due(comparing, brought.get((mapped.stream.name, name), 0)) if unit is None else sweep_is_due(comparing)
        if not due:
            continue
        say(f"reconcile {mapped.stream.name}")
        with sources.reads(mapped.stream.name, "reconcile"):
            try:
                found = _reconcile(sources, comparing, unit)
            except TooSlowError as error:
                log.warning("reconcile.too_slow", stream=mapped.stream.name, unit=name or None, why=str(error))
            else:
                if found is not None:
                    compared.append(found)
    return compared


def _reconcile(sources: Sources, comparing: Comparing, unit: EngagementSource | None) -> Reconciled | None:
    def read(shown: MappedStream) -> Reconciled | None:
        narrower = replace(comparing, mapped=shown)
        if unit is None:
            return reconcile_salesforce(sources.salesforce, narrower)
        return sweep_account_engagement(unit, narrower)

    return read_what_is_shown(asking(sources, comparing.mapped, unit, comparing.folder.parent), read)


def asking(sources: Sources, mapped: MappedStream, unit: EngagementSource | None, folder: Path) -> Asking:
    """How a stream is asked for what it shows; pages of such questions land under `folder`."""
    store, mapping = sources.store, sources.mapping
    if unit is None:
        reader = sources.salesforce
        return Asking(
            store,
            mapping,
            mapped,
            "",
            look=lambda asked: look_in_salesforce(reader, asked),
            now=reader.server_time,
            elsewhere=lambda: never_shown(store, mapping, reader, mapped.stream.name),
        )
    return Asking(
        store,
        mapping,
        mapped,
        unit.unit,
        look=lambda asked: _look_in_unit(store, unit, asked, folder / f"look_{mapped.stream.table}"),
        now=unit.server_time,
    )


def _look_in_unit(store: Store, unit: EngagementSource, asked: MappedStream, folder: Path) -> Shown:
    def ask(fields: tuple[str, ...]) -> None:
        folder.mkdir(parents=True, mode=0o700, exist_ok=True)
        for page in unit.pages(asked.stream.object, fields, {"idGreaterThan": NO_ROWS}, "id", folder, deleted=None):
            page.path.unlink()
        folder.rmdir()

    custom = similar_custom_fields(store, unit.unit) if asked.stream.object == "prospects" else []
    return look_by_asking(ask, custom, asked)
