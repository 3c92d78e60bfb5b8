"""The river, in one page:

    pull → mirror → enrich → score → decide → plan → apply → report

Each step is one function here; each is the same word in the logs, the commands and the docs.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

from connector.applying.apply import Application, Applied, Writer, apply_plan, settle_open_intents
from connector.applying.switch import Off
from connector.domain.backfill import Asked
from connector.domain.hidden import HiddenField
from connector.domain.plan import Plan
from connector.domain.reconciled import Reconciled
from connector.engine.decide import decide as decide_stages
from connector.engine.enrich import EnrichReport
from connector.engine.enrich import enrich as enrich_mirror
from connector.engine.enrich_people import EnrichMapping
from connector.engine.grade import grade
from connector.engine.score import score as score_people
from connector.engine.tier import tier
from connector.firmographics.register import Register
from connector.http.budget import CallBudget
from connector.planning.assemble import Basis, assemble
from connector.planning.book import Book
from connector.planning.hidden import why_no_tasks, writable
from connector.planning.history import waiting_persons
from connector.pulling.account_engagement import EngagementSource
from connector.pulling.backfill import Backfilled, History, resume_or_begin, run_backfill
from connector.pulling.history import sources_of
from connector.pulling.progress import Progress
from connector.pulling.reading import Landing, Pulled
from connector.pulling.streams import Reader as StreamReader
from connector.pulling.streams import Sources, pull_streams, reconcile_streams
from connector.reporting.report import Status, status_of
from connector.reporting.zones import Offset, ZoneFinding, Zones, zone_findings
from connector.rules.content import Content
from connector.rules.fields import Fields
from connector.rules.load import RuleSet
from connector.rules.mapping import Mapping as FieldMapping
from connector.salesforce.read import Organization
from connector.store import mirror as store_mirror
from connector.store.database import Store
from connector.store.decisions import keep_persons
from connector.store.erasing import Record
from connector.store.forgetting import Forgotten
from connector.store.forgetting import forget as forget_people
from connector.store.hidden_fields import hidden_fields
from connector.store.lists import freeze_lists
from connector.store.retention import Keeping, Tidied
from connector.store.retention import tidy as tidy_store


class Reader(StreamReader, Protocol):
    """Salesforce, for reading: pages of streams, and small questions."""

    def query(self, soql: str) -> list[dict[str, object]]: ...

    def organization(self) -> Organization: ...

    def user_zone(self) -> str | None: ...


class Unit(EngagementSource, Protocol):
    """A business unit of Account Engagement, for reading."""

    def account(self, fields: Sequence[str]) -> Mapping[str, object]: ...


@dataclass(frozen=True)
class Remotes:
    """The org on the other side: who reads, who writes, and how many calls were made."""

    org_id: str
    name: str
    url: str
    reader: Reader
    writer: Writer
    engagement: tuple[Unit, ...]
    calls: Callable[[], Mapping[str, int]]
    budget: CallBudget = field(default_factory=CallBudget)


@dataclass(frozen=True)
class River:
    """Everything that the steps are given. `remotes` is None where only the store is looked at."""

    store: Store
    rules: RuleSet
    mapping: FieldMapping
    content: Content
    register: Register | None
    rules_hash: str
    landing: Path
    say: Callable[[str], None]
    remotes: Remotes | None
    writes_off: Callable[[], Off | None] = lambda: None
    """Looks at the switch that stops all writes."""
    keeping: Keeping = field(default_factory=Keeping)


def settle(river: River, now: datetime) -> int:
    """Finds out what became of writes whose answers were lost, before anything is compared. Writes nothing remote."""
    remotes = here(river)
    with remotes.budget.calls_for("", "write"):
        return settle_open_intents(Application(remotes.writer, remotes.reader, river.store, "", now))


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
    return pull_streams(_sources(river), landing, skip)


def backfill(river: River, asked: Asked, new_id: str, clock: Callable[[], float]) -> Backfilled:
    """Reads history in slices, newest first, and goes on where an earlier run of the same was ended.

    `new_id` names it when it is a new one. `clock`: seconds that only go forward, for the progress.
    """
    now = here(river).reader.server_time()
    store_mirror.prepare(river.store, river.mapping.fields.streams)
    sources = sources_of(_sources(river), asked.objects)
    begun = resume_or_begin(river.store, asked, sources, new_id, now)
    started, by_key = clock(), {source.key: source for source in sources}
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


def waiting(river: River) -> list[str]:
    """The persons whose follow-up is about to start, or would if their owners had the time, as just decided."""
    return waiting_persons(river.store.run)


def hidden(river: River) -> list[HiddenField]:
    """The mapped fields and objects that were read once and that a remote does not show any more."""
    return hidden_fields(river.store)


def reconcile(river: River, pulled: list[Pulled]) -> list[Reconciled]:
    """Compares the mirror with the remotes, stream by stream, and mends what differs. Its calls are counted apart."""
    remotes = here(river)
    landing = Landing(river.landing, calls=lambda: sum(remotes.calls().values()))
    return reconcile_streams(_sources(river), landing, pulled, remotes.reader.server_time(), river.say)


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
    """Scores and grades everybody as of a time."""
    river.say("score")
    score_people(river.rules, as_of, river.store.run)
    tier(river.rules, river.store.run)
    grade(river.rules, river.store.run)


def decide(river: River, as_of: datetime) -> None:
    """Decides the stage of everybody, and whose follow-up starts."""
    river.say("decide")
    decide_stages(river.rules, as_of, today(river, as_of), river.store.run)


def plan(river: River, org_id: str, as_of: datetime) -> Plan:
    """Compares what should be with what the remotes have; changes nothing."""
    river.say("plan")
    basis = Basis(org_id, river.rules_hash, as_of, today(river, as_of))
    fields, away = river.mapping.fields, hidden(river)
    book = Book(river.rules, writable(fields, away), river.content, why_no_tasks(fields, away))
    return assemble(river.store.run, book, basis)


def apply(river: River, planned: Plan, run_id: str, now: datetime) -> Applied:
    """Carries out a plan that was checked to fit. The only road to a remote write."""
    river.say("apply")
    remotes = here(river)
    with remotes.budget.calls_for("", "write"):
        application = Application(
            remotes.writer, remotes.reader, river.store, run_id, now, writes_off=river.writes_off
        )
        return apply_plan(application, planned)


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


def enrich_mapping(fields: Fields) -> EnrichMapping:
    """What enrich needs to know of fields.yaml."""
    extra = {
        f"salesforce.{name}": fields.extra_attributes("salesforce", name)
        for name in ("Lead", "Contact", "Account")
        if name in fields.salesforce
    }
    if "prospects" in fields.account_engagement:
        extra["account_engagement.prospects"] = fields.extra_attributes("account_engagement", "prospects")
    return EnrichMapping(fields.source_of, fields.crm_status_of, extra)


def here(river: River) -> Remotes:
    """The remotes, in a step that needs them."""
    if river.remotes is None:
        raise ValueError("this river was opened without its remotes")
    return river.remotes


def _sources(river: River) -> Sources:
    remotes = here(river)
    return Sources(remotes.reader, remotes.engagement, river.store, river.mapping, remotes.budget.reads)


def today(river: River, instant: datetime) -> date:
    """The day of an instant in the zone of the rules."""
    return instant.astimezone(ZoneInfo(river.rules.scoring.time_zone)).date()
