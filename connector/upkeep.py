"""What is done beside the river: history, what is hidden, what is put away or erased, whose clock differs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from importlib.metadata import version
from zoneinfo import ZoneInfo

import structlog

from connector.alerting.gather import OF_A_CYCLE, OF_ROWS, cycle_alerts, failure_alerts
from connector.domain.backfill import Asked
from connector.domain.hidden import HiddenField
from connector.domain.plan import Plan
from connector.domain.reconciled import Reconciled
from connector.engine.answers import answers
from connector.engine.enrich_identity import folded_email
from connector.engine.intake import door
from connector.engine.tracks import nurtured
from connector.planning.history import waiting_persons
from connector.pulling.backfill import Backfilled, History, has_it_all, resume_or_begin, run_backfill
from connector.pulling.history import sources_of
from connector.pulling.progress import Progress
from connector.pulling.reading import Landing
from connector.reporting.zones import Offset, ZoneFinding, Zones, zone_findings
from connector.river import River, Unit, here, sources
from connector.store import mirror as store_mirror
from connector.store.alerts import note_alerts
from connector.store.erasing import Record
from connector.store.failures import failures
from connector.store.forgetting import Forgotten, delete_holding
from connector.store.forgetting import forget as forget_people
from connector.store.forgetting import search as search_forgotten
from connector.store.hidden_fields import hidden_fields
from connector.store.intakes import keep_intakes
from connector.store.lives import keep_lives
from connector.store.locks import keep_locks as keep_open_locks
from connector.store.retention import Tidied
from connector.store.retention import tidy as tidy_store
from connector.store.tiers import keep_tiers
from connector.store.touched import Kept, Whom, find_touched, keep_answers, narrow_views

log = structlog.get_logger()


def backfill(river: River, asked: Asked, new_id: str, clock: Callable[[], float]) -> Backfilled:
    """Reads history in slices, newest first, and goes on where an earlier run of the same was ended.

    `new_id` names it when it is a new one. `clock`: seconds that only go forward, for the progress.
    """
    now = here(river).reader.server_time()
    store_mirror.prepare(river.store, river.mapping.fields.streams)
    chosen = sources_of(sources(river), asked.objects)
    begun = resume_or_begin(river.store, asked, chosen, new_id, now)
    started, by_key = clock(), {source.key: source for source in chosen}
    progress = Progress(clock, river.say)
    return run_backfill(
        History(
            river.store,
            begun,
            by_key,
            Landing(river.landing),
            progress,
            now=lambda: now + timedelta(seconds=clock() - started),
        )
    )


def narrow(river: River, as_of: datetime) -> Whom:
    """Lets the evaluation look only at whom something has touched since the last one, and whose time has come.

    After `mirror`; what follows is the same for some people as for all. Everybody once a day, when the rules have
    changed, where there are few, and where rules ask about accounts: there colleagues decide with.
    """
    streams = river.mapping.fields.streams
    few = river.evaluate_all_below
    if any(claim.account is not None for claim in river.rules.lifecycle.claims):
        few = sys.maxsize
    found = find_touched(river.store, streams, _basis(river), as_of, folded_email, few)
    if not found.whole:
        narrow_views(river.store, streams)
    return found


def keep(river: River, whom: Whom, planned: Plan, as_of: datetime) -> Kept:
    """Keeps what was decided, so that the next evaluation can leave those alone whom nothing touches.

    The lives of those who were looked at are worked out and kept as well: what was known when (LC-5); and what was
    decided about them at the door (EN-8), and which companies have another tier (EN-5).

    A look at everybody is a test of all the narrow ones before it: a difference is an error, told in the log.
    """
    answers(river.store.run)
    keep_lives(river.store, as_of, whole=whom.whole)
    nurtured(river.rules, river.store.run)
    door(river.store.run)
    keep_intakes(river.store, as_of)
    keep_tiers(river.store, river.rules_hash, as_of)
    kept = keep_answers(river.store, _basis(river), as_of, planned.persons, whom)
    if kept.differences:
        log.error("evaluate.differs", people=kept.differences, examples=kept.examples)
    return kept


def note(river: River, planned: Plan, refusal: str | None, as_of: datetime) -> None:
    """Notes what is to be told at once of a cycle: carried out, or refused for a reason (OP-6)."""
    today = as_of.astimezone(ZoneInfo(river.rules.scoring.time_zone)).date()
    found = cycle_alerts(river.store.run, planned, refusal, today, river.overdue_after)
    note_alerts(river.store, OF_A_CYCLE, found, as_of)
    note_alerts(river.store, OF_ROWS, failure_alerts(failures(river.store.run)), as_of)


def _basis(river: River) -> str:
    """What answers rest on beside the mirror: by another one they are not comparable."""
    register = river.register.digest if river.register else ""
    return ":".join((version("connector"), version("duckdb"), river.rules_hash, register))


def keep_locks(river: River, planned: Plan, as_of: datetime, *, whole: bool) -> None:
    """Keeps which values of people stay where ours would be written, as a plan just found them. After `plan`."""
    keep_open_locks(river.store, planned, as_of, whole=whole)


def has_history(river: River, asked: Asked) -> bool:
    """Whether the mirror holds all that is asked for."""
    return has_it_all(river.store, asked, sources_of(sources(river), asked.objects))


def waiting(river: River) -> list[str]:
    """The persons whose follow-up is about to start, or would if their owners had the time, as just decided."""
    return waiting_persons(river.store.run)


def hidden(river: River) -> list[HiddenField]:
    """The mapped fields and objects that were read once and that a remote does not show any more."""
    return hidden_fields(river.store)


def tidy(river: River, reconciled: Sequence[Reconciled], now: datetime) -> Tidied:
    """Erases what has vanished from the remotes, and once a day puts away what is old. Temporary tables may be lost."""
    vanished = any(one.vanished for one in reconciled)
    return tidy_store(river.store, river.keeping, river.landing, now, vanished=vanished)


def forget(
    river: River, records: Sequence[Record], persons: Sequence[str], now: datetime, *, copies: bool
) -> Forgotten:
    """Erases people with all that belongs to them from the store and its files, and searches for what is left."""
    river.say("forget")
    return forget_people(river.store, records, persons, river.landing, now, copies=copies)


def search_copies(river: River, word: str, *, delete: bool) -> Forgotten:
    """Searches copies and backups for somebody who is not in the store any more; with `delete` they go."""
    found = search_forgotten(river.store, word, river.landing)
    return delete_holding(found) if delete else found


def zones(river: River, machine: Offset) -> list[ZoneFinding]:
    """Asks each remote for its time zone and lays them beside the rules'; `machine`: this machine's clock."""
    remotes = here(river)
    reader = remotes.reader
    units = tuple((unit.unit, _offset_of(unit)) for unit in remotes.engagement)
    found = Zones(river.rules.scoring.time_zone, reader.organization().time_zone, reader.user_zone(), units, machine)
    return zone_findings(found, reader.server_time())


def _offset_of(unit: Unit) -> Offset | None:
    """The offset in which a business unit answers this user."""
    told = unit.account(("id", "createdAt")).get("createdAt")
    at = datetime.fromisoformat(str(told)) if told else None
    offset = None if at is None else at.utcoffset()
    return None if at is None or offset is None else Offset(offset, at)
