"""The river, in one page:

    pull → mirror → enrich → score → decide → plan → apply → report

Each step is one function here; each is the same word in the logs, the commands and the docs.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from zoneinfo import ZoneInfo

from connector.applying.application import Application, Applied
from connector.applying.apply import apply_plan, settle_open_intents
from connector.applying.consent import asked_of
from connector.applying.keyed_tasks import key_is_unique
from connector.domain.calls import SALESFORCE
from connector.domain.plan import Plan
from connector.domain.reconciled import Reconciled
from connector.engine.decide import decide as decide_stages
from connector.engine.enrich import EnrichReport
from connector.engine.enrich import enrich as enrich_mirror
from connector.engine.enrich_people import enrich_mapping
from connector.engine.grade import grade
from connector.engine.our_tasks import our_tasks
from connector.engine.routing import owner_names
from connector.engine.score import score as score_people
from connector.engine.standing import standing
from connector.engine.tier import tier
from connector.planning.assemble import Basis, assemble
from connector.planning.book import Book
from connector.planning.hidden import why_no_tasks, writable
from connector.planning.undo import Asked, Undoing, guarded, undo_run
from connector.planning.undo_tasks import Closing
from connector.pulling.reading import Landing, Pulled
from connector.pulling.streams import pull_streams, reconcile_streams
from connector.reporting.report import Status, status_of
from connector.river import River, here, sources
from connector.store import mirror as store_mirror
from connector.store.approvals import keep_waiting
from connector.store.decisions import keep_persons
from connector.store.lists import freeze_lists
from connector.upkeep import hidden


def settle(river: River, now: datetime) -> int:
    """Finds out what became of writes whose answers were lost, before anything is compared. Writes nothing remote."""
    remotes = here(river)
    with remotes.budget.calls_for("", "write"):
        application = Application(
            remotes.writer, remotes.reader, river.store, "", now, ingest=remotes.ingest, units=remotes.unit_writers
        )
        return settle_open_intents(application)


def pull(river: River, *, skip: Collection[str] = ()) -> list[Pulled]:
    """Asks each remote for what changed since the last time and merges it into the mirror.

    `skip`: names of streams that are left as they are this time. A field that has vanished is left out: see `hidden`.
    """
    store_mirror.prepare(river.store, river.mapping.fields.streams)
    landing = Landing(
        river.landing,
        progress=lambda pulled: river.say(f"pull {pulled.stream}: {pulled.so_far}"),
        calls=lambda: sum(here(river).calls().values()),
    )
    return pull_streams(sources(river), landing, skip)


def reconcile(river: River, pulled: list[Pulled]) -> list[Reconciled]:
    """Compares the mirror with the remotes, stream by stream, and mends what differs. Its calls are counted apart."""
    remotes = here(river)
    landing = Landing(river.landing, calls=lambda: sum(remotes.calls().values()))
    return reconcile_streams(sources(river), landing, pulled, remotes.reader.server_time(), river.say)


def mirror(river: River, as_of: datetime | None = None, known_at: datetime | None = None) -> None:
    """Chooses the version of each record that speaks: what is known now, or as of another time."""
    streams = river.mapping.fields.streams
    store_mirror.prepare(river.store, streams)
    store_mirror.freeze(river.store, streams, as_of=as_of, known_at=known_at)
    freeze_lists(river.store, known_at=known_at)


def enrich(river: River, now: datetime, *, remember: bool = True) -> EnrichReport:
    """Joins records into persons, gives activity its meaning, and matches companies.

    `remember` keeps who is who in the ledger; a question about another time leaves it alone.
    """
    river.say("enrich")
    mapping = enrich_mapping(river.mapping.fields)
    report = enrich_mirror(river.store.run, river.store.load, mapping, river.content, river.register)
    if remember:
        keep_persons(river.store, now)
    return report


def score(river: River, as_of: datetime) -> None:
    """Grades and scores everybody as of a time; the score that decides may rest on who somebody is."""
    river.say("score")
    tier(river.rules, river.store.run)
    grade(river.rules, river.store.run)
    score_people(river.rules, as_of, river.store.run)


def decide(river: River, as_of: datetime) -> None:
    """Decides the stage of everybody and whose follow-up starts, and works out the lives that led there."""
    river.say("decide")
    owner_names(river.store.run)
    our_tasks(river.store.run)
    decide_stages(river.rules, as_of, today(river, as_of), river.store.run, times=False)
    standing(river.rules, as_of, river.store.run)


def plan(river: River, org_id: str, as_of: datetime) -> Plan:
    """Compares what should be with what the remotes have; changes nothing. Notes what waits for somebody's word."""
    river.say("plan")
    basis = Basis(org_id, river.rules_hash, as_of, today(river, as_of))
    fields, away = river.mapping.fields, hidden(river)
    book = Book(river.rules, writable(fields, away), river.content, why_no_tasks(fields, away))
    planned = assemble(river.store.run, book, basis)
    keep_waiting(river.store, as_of)
    return planned


def apply(river: River, planned: Plan, run_id: str, now: datetime) -> Applied:
    """Carries out a plan that was checked to fit. The only road to a remote write."""
    river.say("apply")
    remotes = here(river)
    with remotes.budget.calls_for("", "write"):
        application = Application(
            remotes.writer,
            remotes.reader,
            river.store,
            run_id,
            now,
            writes_off=river.writes_off,
            asked=asked_of(river.mapping.fields),
            ingest=remotes.ingest,
            units=remotes.unit_writers,
            criteria={unit: one.four for unit, one in river.mapping.fields.native_grade.items()},
            key_is_unique=lambda: key_is_unique(remotes.reader),
            calls_left=lambda: remotes.budget.left(SALESFORCE, "write"),
        )
        return apply_plan(application, planned)


def undo(river: River, run_id: str, as_of: datetime, *, delete_tasks: bool) -> Undoing:
    """What takes a run back where nobody has touched it since; reads the records concerned, changes nothing."""
    river.say("undo")
    remotes, fields = here(river), river.mapping.fields
    basis = Basis(remotes.org_id, river.rules_hash, as_of, today(river, as_of))
    closing = Closing(fields.tasks.closed_status, fields.language, deleted=delete_tasks)
    asked = Asked(remotes.reader.query, remotes.unit_writers)
    mirror(river)
    # What is read here is part of writing: for an undo there are calls left when reading has used up its own.
    with remotes.budget.calls_for("", "write"):
        undoing = undo_run(river.store.run, asked, run_id, basis, closing)
    return guarded(river.store.run, undoing, fields)


def report(river: River) -> Status:
    """Counts what there is to show."""
    return status_of(river.store.run)


def evaluate(river: River, as_of: datetime, known_at: datetime | None = None) -> EnrichReport:
    """From the mirror to the decisions, as of a time."""
    now = here(river).reader.server_time() if river.remotes else as_of
    mirror(river, as_of=as_of if as_of < now else None, known_at=known_at)
    enriched = enrich(river, now)
    score(river, as_of)
    decide(river, as_of)
    return enriched


def today(river: River, instant: datetime) -> date:
    """The day of an instant in the zone of the rules."""
    return instant.astimezone(ZoneInfo(river.rules.scoring.time_zone)).date()
