"""The composition root: settings → clients, store, rules. Tests hand in other parts here and nowhere else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

from connector.account_engagement.connect import connect as connect_account_engagement
from connector.domain.streams import Remote
from connector.errors import ConfigurationError, Problem, in_order
from connector.firmographics.register import load_register
from connector.flow import Remotes, River
from connector.http.budget import CallBudget
from connector.http.retry import Retry
from connector.http.session import open_session
from connector.rules.content import Content, load_content
from connector.rules.load import RuleSet, load_rules
from connector.rules.mapping import Mapping, load_mapping
from connector.rules.relations import ATTRIBUTE_TYPES
from connector.salesforce.connect import connect as connect_salesforce
from connector.settings import Settings
from connector.store.binding import open_binding
from connector.store.database import Store, open_store
from connector.store.decisions import meet_org

CONTENT_FILE = "content.yaml"
PEOPLE: tuple[tuple[Remote, str], ...] = (
    ("salesforce", "Lead"),
    ("salesforce", "Contact"),
    ("account_engagement", "prospects"),
)


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
    return here if here.is_dir() else Path(str(files("connector.rulesets"))) / "classic"


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
    for load in (lambda: load_rules(folder, open_binding(), extra), lambda: load_content(folder / CONTENT_FILE)):
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
) -> Iterator[River]:
    """The river with its store open and, with `remote`, its org connected.

    The configuration is checked before anything is opened. `before_call` is called before each exchange with a
    remote; what it raises ends the step there. Raises ConfigurationError, RetryError, StopError.
    """
    rulebook = load_rulebook(rules_folder(settings))
    register = load_register(settings.companies, settings.targets)
    retry = retry or Retry()
    remotes = _connect(settings, retry, before_call) if remote else None
    with open_store(store_path(settings), sleep=retry.sleep, announce=say) as store:
        if remotes is not None:
            _belongs(store, remotes, settings)
        yield River(
            store=store,
            rules=rulebook.rules,
            mapping=rulebook.mapping,
            content=rulebook.content,
            register=register,
            rules_hash=rulebook.hash,
            landing=settings.state / "landing" / (settings.profile or "default"),
            say=say,
            remotes=remotes,
        )


def _connect(settings: Settings, retry: Retry, before_call: Callable[[], None]) -> Remotes:
    budget = CallBudget(before=before_call)
    session = open_session(settings, budget)
    reader, writer = connect_salesforce(settings, session, retry)
    organization = reader.organization()
    return Remotes(
        org_id=organization.id,
        name=organization.name,
        url=reader.instance_url,
        reader=reader,
        writer=writer,
        engagement=connect_account_engagement(settings, session, retry),
        calls=lambda: dict(budget.calls),
    )


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


def _hash(rules: RuleSet, mapping: Mapping, content: Content) -> str:
    parts = [rules.hash, mapping.fields.model_dump(mode="json"), content.model_dump(mode="json")]
    return hashlib.sha256(json.dumps(parts, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
