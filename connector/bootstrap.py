"""The composition root: settings → clients, store, rules. Tests hand in other parts here and nowhere else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog

from connector.account_engagement.connect import connect as connect_account_engagement
from connector.account_engagement.connect import writers as unit_writers
from connector.account_engagement.read import AccountEngagementReader
from connector.alerting.letter import Language, Letter
from connector.alerting.mail import MailServer, mail_letter
from connector.alerting.tell import Telling, tell
from connector.alerting.webhook import post_letter
from connector.applying.switch import looking_at
from connector.domain.calls import SALESFORCE, Policy, Usage, unit_account
from connector.domain.streams import Remote
from connector.errors import BudgetSpentError, ConfigurationError, ConnectorError, Problem, StoppedError, in_order
from connector.firmographics.register import load_register
from connector.http.budget import CallBudget
from connector.http.retry import Retry
from connector.http.session import RemoteSession, open_session
from connector.reporting.watch import watch
from connector.reporting.zones import Offset
from connector.river import Remotes, River
from connector.rules.content import Content, load_content
from connector.rules.load import DEFAULT, SHIPPED, RuleSet, load_rules
from connector.rules.mapping import Mapping, load_mapping
from connector.rules.relations import ATTRIBUTE_TYPES, RELATIONS, Columns, RelationName
from connector.rules.schedule import Schedule, duration, load_schedule
from connector.salesforce.connect import connect as connect_salesforce
from connector.salesforce.read import SalesforceReader
from connector.settings import Settings
from connector.store.binding import open_binding
from connector.store.calls import keep_calls, read_calls, read_heard
from connector.store.database import Store, open_store
from connector.store.decisions import meet_org
from connector.store.retention import Keeping

CONTENT_FILE = "content.yaml"
PEOPLE: tuple[tuple[Remote, str], ...] = (
    ("salesforce", "Lead"),
    ("salesforce", "Contact"),
    ("account_engagement", "prospects"),
)

HangingUp = Callable[[Callable[[], None]], AbstractContextManager[None]]
"""Given what ends all calls on the wire: a block within which it may be called from another thread."""

log = structlog.get_logger()


@dataclass(frozen=True)
class Rulebook:
    """Everything that admins write, read and checked. `hash` changes when any of its meaning does."""

    folder: Path
    rules: RuleSet
    mapping: Mapping
    content: Content
    hash: str


def rules_folder(settings: Settings) -> Path:
    """Where the rules come from: the setting, else ./mappings, else the packaged default."""
    if settings.mappings is not None:
        if not settings.mappings.is_dir():
            raise ConfigurationError(f"There is no folder {settings.mappings}. Set --mappings or CONNECTOR_MAPPINGS.")
        return settings.mappings
    here = Path("mappings")
    return here if here.is_dir() else SHIPPED / DEFAULT


def load_rulebook(folder: Path) -> Rulebook:
    """Reads and checks every file of a rules folder. ConfigurationError with all problems of all files."""
    problems: list[Problem] = []
    parts: list[RuleSet | Content] = []
    mapping: Mapping | None = None
    try:
        mapping = load_mapping(folder)
    except ConfigurationError as error:
        problems += error.problems
    extra = _attributes(mapping) if mapping else {}
    more: dict[RelationName, Columns] = {"company": _of_companies(mapping) if mapping else {}}
    for load in (lambda: load_rules(folder, open_binding(), extra, more), lambda: load_content(folder / CONTENT_FILE)):
        try:
            parts.append(load())
        except ConfigurationError as error:
            problems += error.problems
    if problems or mapping is None:
        count = f"{len(problems)} things are wrong" if len(problems) > 1 else "One thing is wrong"
        raise ConfigurationError(f"{count} with the rules in {folder}.", in_order(problems))
    rules, content = parts
    if not isinstance(rules, RuleSet) or not isinstance(content, Content):
        raise TypeError("rules and content were read in another order")
    return Rulebook(folder, rules, mapping, content, _hash(rules, mapping, content))


def machine_time() -> datetime:
    """Now by this machine's clock (UTC): what a schedule goes by. What is read and written goes by the server's."""
    return datetime.now(UTC)


def machine_offset() -> Offset:
    """How far this machine's clock is from UTC now."""
    now = machine_time()
    return Offset(now.astimezone().utcoffset() or timedelta(0), now)


def store_path(settings: Settings) -> Path:
    """The store of the profile's org."""
    return settings.state / f"{settings.profile or 'default'}.duckdb"


@contextmanager
def open_river(
    settings: Settings,
    *,
    say: Callable[[str], None] = lambda _sentence: None,
    remote: bool = True,
    retry: Retry | None = None,
    before_call: Callable[[], None] = lambda: None,
    clock: Callable[[], datetime] = machine_time,
    hanging_up: HangingUp = lambda _hang_up: nullcontext(),
) -> Iterator[River]:
    """The river with its store open and, with `remote`, its org connected.

    The configuration is checked before anything is opened. `before_call` is called before each exchange with a
    remote; what it raises ends the step there. `clock`: this machine's time.
    `hanging_up` is given what ends all calls on the wire, and entered while there may be any.
    Raises ConfigurationError, RetryError, StopError.
    """
    folder = rules_folder(settings)
    rulebook = load_rulebook(folder)
    schedule = load_schedule(folder)
    register = load_register(settings.companies, settings.targets)
    retry = retry or Retry()
    with ExitStack() as opened:
        store = opened.enter_context(
            open_store(store_path(settings), sleep=retry.sleep, announce=say, memory_mb=settings.memory_mb)
        )
        budget = CallBudget(call_policy(settings, schedule), before_call, clock, partial(keep_calls, store))
        remotes = None
        if remote:
            mapped = {one.stream.name for one in rulebook.mapping.fields.streams}
            telling = telling_of(settings, schedule, rulebook.mapping.fields.language)
            opened.enter_context(_at_the_end(lambda: _keep(store, budget, schedule, mapped, telling)))
            session = opened.enter_context(_signed_in(settings, store, budget, hanging_up))
            remotes = _connect(settings, retry, session)
            _belongs(store, remotes, settings)
        yield River(
            store=store,
            rules=rulebook.rules,
            mapping=rulebook.mapping,
            content=rulebook.content,
            register=register,
            rules_hash=rulebook.hash,
            landing=_landing(settings),
            say=say,
            remotes=remotes,
            writes_off=looking_at(*settings.switch_folders, by_setting=settings.writes == "off"),
            keeping=_keeping(settings),
            evaluate_all_below=settings.evaluate_all_below,
            overdue_after=duration(schedule.alerts.overdue_after),
        )


@contextmanager
def _signed_in(settings: Settings, store: Store, budget: CallBudget, hanging_up: HangingUp) -> Iterator[RemoteSession]:
    """The session of a river, whose calls can be hung up."""
    # Before the first call: what earlier runs have used of the day counts for it too.
    budget.remember(read_calls(store.run), read_heard(store.run))
    with open_session(settings, budget) as session, hanging_up(session.hang_up):
        yield session


def call_policy(settings: Settings, schedule: Schedule) -> Policy:
    """How much of each account's day the settings and the schedule let us take."""
    return Policy(
        share=settings.api_day_share,
        reserve=settings.api_day_reserve,
        most=settings.api_day_calls,
        reconcile=schedule.reconcile_calls,
        streams=schedule.shares,
    )


@contextmanager
def _at_the_end(keep: Callable[[], None]) -> Iterator[None]:
    """Calls `keep` after the block, however it ends, as long as it ends in order."""
    try:
        yield
    except ConnectorError:
        keep()
        raise
    keep()


def _keep(store: Store, budget: CallBudget, schedule: Schedule, mapped: Collection[str], telling: Telling) -> None:
    """Writes down the calls that were made, looks which streams stand still, and tells what is to be told."""
    budget.keep()
    watch(store, schedule, mapped, budget.now)
    tell(store, telling, budget.now)


def telling_of(settings: Settings, schedule: Schedule, language: Language) -> Telling:
    """Whom alerts are told to by the settings; no ways where none is named."""
    ways: list[tuple[str, Callable[[Letter], None]]] = []
    hook = settings.alert_webhook
    if hook is not None:
        url, secret = hook.get_secret_value().strip(), settings.alert_webhook_secret
        ways.append(("webhook", lambda letter: post_letter(letter, url, secret, settings.ca_file)))
    server = _mail_server(settings)
    if server is not None:
        ways.append(("mail", lambda letter: mail_letter(letter, server)))
    return Telling(ways, schedule.alerts.tell, language)


def _mail_server(settings: Settings) -> MailServer | None:
    if not settings.alert_mail_to or settings.alert_mail_server is None or settings.alert_mail_from is None:
        return None
    host, _, port = settings.alert_mail_server.partition(":")
    usual = {"starttls": 587, "tls": 465, "none": 25}[settings.alert_mail_encryption]
    return MailServer(
        host=host,
        port=int(port or usual),
        encryption=settings.alert_mail_encryption,
        sender=settings.alert_mail_from,
        receivers=settings.alert_mail_to,
        user=settings.alert_mail_user,
        password=settings.alert_mail_password,
        ca_file=settings.ca_file,
    )


def _keeping(settings: Settings) -> Keeping:
    return Keeping(
        journal=settings.keep_journal_days,
        landed=settings.keep_landed_days,
        copies=settings.keep_copies_days,
        vanished=settings.erase_vanished_days,
    )


def _landing(settings: Settings) -> Path:
    return settings.state / "landing" / (settings.profile or "default")


def _connect(settings: Settings, retry: Retry, session: RemoteSession) -> Remotes:
    budget = session.budget
    reader, writer = connect_salesforce(settings, session, retry)
    organization = reader.organization()
    budget.zone = ZoneInfo(settings.account_engagement_time_zone or organization.time_zone)
    engagement = connect_account_engagement(settings, session, retry)
    _ask_allowances(budget, reader, engagement)
    return Remotes(
        org_id=organization.id,
        name=organization.name,
        url=reader.instance_url,
        reader=reader,
        writer=writer,
        ingest=writer.jobs(_landing(settings), allowed=settings.bulk_writes == "on"),
        engagement=engagement,
        unit_writers={**unit_writers(engagement)},
        calls=lambda: dict(budget.calls),
        budget=budget,
    )


def _ask_allowances(budget: CallBudget, reader: SalesforceReader, units: Sequence[AccountEngagementReader]) -> None:
    """Asks what the day allows where answers do not tell: one call an account and day.

    A user who may not see it stops nothing: then only CONNECTOR_API_DAY_CALLS is a limit.
    """
    try:
        if not budget.knows(SALESFORCE):
            limit = reader.limits()["DailyApiRequests"]
            budget.told(SALESFORCE, Usage(limit.allowed - limit.remaining, limit.allowed))
        for unit in units:
            account = unit_account(unit.unit)
            if not budget.knows(account) and budget.has_called(account):
                told = unit.account(("apiCallsUsed", "maximumDailyApiCalls"))
                budget.told(account, Usage(int(told["apiCallsUsed"]), int(told["maximumDailyApiCalls"])))
    except (BudgetSpentError, StoppedError):
        raise
    except (ConnectorError, KeyError, TypeError, ValueError) as error:
        log.info("budget.unknown", why=type(error).__name__)


def _belongs(store: Store, remotes: Remotes, settings: Settings) -> None:
    """A store speaks of one org for ever: another org under the same name would mix two companies' people."""
    known = store.value("SELECT org_id FROM org LIMIT 1")
    if known is not None and known != remotes.org_id:
        raise ConfigurationError(
            f"The store {store_path(settings)} belongs to org {known}, but the settings lead to org {remotes.org_id}. "
            "Use another --profile or --state for this org."
        )
    meet_org(store, remotes.org_id, remotes.name, remotes.url)


def _attributes(mapping: Mapping) -> dict[str, str]:
    """The attributes that the admin added to people, with their SQL types."""
    found: dict[str, str] = {}
    for remote, name in PEOPLE:
        if name in mapping.fields.objects(remote):
            extra = mapping.fields.extra_attributes(remote, name)
            found |= {attribute: ATTRIBUTE_TYPES[kind] for attribute, kind in extra.items()}
    return found


def _of_companies(mapping: Mapping) -> dict[str, str]:
    """The attributes that the admin added to accounts, such as signals and technologies, with SQL types (EN-3)."""
    extra = mapping.fields.extra_attributes("salesforce", "Account")
    return {name: ATTRIBUTE_TYPES[kind] for name, kind in extra.items() if name not in RELATIONS["company"]}


def _hash(rules: RuleSet, mapping: Mapping, content: Content) -> str:
    parts = [rules.hash, mapping.fields.model_dump(mode="json"), content.model_dump(mode="json")]
    return hashlib.sha256(json.dumps(parts, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
