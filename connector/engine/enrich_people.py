"""Records → people: one row a human, each attribute from the most trusted record that has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from connector.domain.running import Load, Run
from connector.domain.streams import AttributeType
from connector.engine.composing import compose

_FILE = "enrich_people"
_ATTRIBUTES = (
    "email", "name", "company", "title", "department", "phone", "website", "industry", "employees", "prefecture",
    "corporate_number", "owner_id", "budget", "authority", "need", "timeframe", "close_reason",
)  # fmt: skip
_PROFILES = (
    ("salesforce.Lead", "profiles_of_leads", "lead"),
    ("salesforce.Contact", "profiles_of_contacts", "contact"),
    ("account_engagement.prospects", "profiles_of_prospects", "prospect"),
)
_RESERVED = frozenset({"person_id", "kind", "live", "converted", "merged", "place", "precedence", "word", "status"})


@dataclass(frozen=True)
class EnrichMapping:
    """What enrich needs to know of fields.yaml.

    `sources` and `statuses`: the org's word → our source or CRM status. `extra`: by stream name, the attributes
    that the admin added, with their types; those of leads, contacts and prospects become columns of people, those of
    accounts columns of companies.
    """

    sources: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    statuses: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    extra: Mapping[str, Mapping[str, AttributeType]] = field(default_factory=lambda: MappingProxyType({}))


def choose_attributes(run: Run, mapping: EnrichMapping) -> None:
    """Makes enrich_chosen: one row a living person, before companies and deals are known."""
    profiles = " UNION ALL BY NAME ".join(
        compose(_FILE, statement, extra=_extra_columns(mapping.extra.get(stream, {}), alias))
        for stream, statement, alias in _PROFILES
    )
    run(compose(_FILE, "profiles", profiles=profiles), {})
    attributes = ",\n    ".join(
        f'arg_min("{name}", place) FILTER (WHERE live) AS "{name}"' for name in (*_ATTRIBUTES, *_extra_names(mapping))
    )
    run(compose(_FILE, "chosen", attributes=attributes), {})


def enrich_people(run: Run, load: Load, mapping: EnrichMapping) -> None:
    """Makes the temporary tables opportunities and people, from enrich_chosen and the companies that were matched."""
    load("enrich_sources", ("word", "source"), _words(mapping.sources))
    load("enrich_statuses", ("word", "status"), _words(mapping.statuses))
    run(compose(_FILE, "opportunities"), {})
    run(compose(_FILE, "people"), {})


def _extra_names(mapping: EnrichMapping) -> tuple[str, ...]:
    names = dict.fromkeys(name for stream, _, _ in _PROFILES for name in mapping.extra.get(stream, {}))
    return tuple(name for name in names if name not in _ATTRIBUTES and name not in _RESERVED)


def _extra_columns(extra: Mapping[str, AttributeType], alias: str) -> str:
    taken = {"contact": {"company", "website", "industry", "employees", "prefecture", "corporate_number"}}
    skipped = _RESERVED | taken.get(alias, set())
    return "".join(f', {alias}."{name}"' for name in extra if name not in skipped)


def _words(words: Mapping[str, str]) -> list[tuple[str, str]]:
    return sorted({word.strip().lower(): meaning for word, meaning in words.items()}.items())
