"""Records → people: one row a human, each attribute from the most trusted record that has it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from connector.domain.running import Load, Run
from connector.domain.streams import AttributeType
from connector.engine.composing import compose
from connector.errors import ConfigurationError
from connector.rules.fields import Fields
from connector.rules.lifecycle import BANT

_FILE = "enrich_people"
_ATTRIBUTES = (
    "email", "name", "company", "title", "department", "phone", "website", "industry", "employees", "prefecture",
    "corporate_number", "owner_id", "budget", "authority", "need", "timeframe", "call_review_score",
)  # fmt: skip
_PROFILES = (
    ("salesforce.Lead", "profiles_of_leads", "lead"),
    ("salesforce.Contact", "profiles_of_contacts", "contact"),
    ("account_engagement.prospects", "profiles_of_prospects", "prospect"),
)
_VERSIONS = {
    "lead": {"table": "salesforce_lead", "changed_at": "modified_at", "changed_by": "modified_by_id"},
    "contact": {"table": "salesforce_contact", "changed_at": "modified_at", "changed_by": "modified_by_id"},
    "prospect": {
        "table": "account_engagement_prospects", "changed_at": "stamp", "changed_by": "NULL::VARCHAR",
    },
}  # fmt: skip
"""By kind of record: where its versions are, and what says when and by whom one was made."""
_OF_ACCOUNT = {
    "company": "name", "website": "website", "industry": "industry", "employees": "employees",
    "prefecture": "prefecture", "corporate_number": "corporate_number",
}  # fmt: skip
_RESERVED = frozenset({
    "person_id", "record_key", "record_id", "first_record", "lead_ids", "contact_ids", "prospect_ids", "company_id",
    "match_status", "match_method", "match_confidence", "crm_status", "source", "source_word", "status_word",
    "is_open_lead", "kind", "unit", "live", "converted", "merged", "place", "precedence", "word", "status",
    "opted_out", "do_not_call", "account_id", "list_source", "only_listed", "lost_at", "closed_at", "close_reason",
})  # fmt: skip
"""Columns that enrich makes itself."""


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


def choose_attributes(run: Run, mapping: EnrichMapping) -> None:
    """Makes enrich_chosen: one row a living person, before companies and deals are known.

    Raises ConfigurationError for an added attribute whose name enrich needs itself.
    """
    added = {stream: mapping.extra.get(stream, {}) for stream, _, _ in _PROFILES}
    for stream, attributes in added.items():
        _refuse_reserved(stream, attributes)
    profiles = " UNION ALL BY NAME ".join(
        compose(_FILE, statement, extra=_extra_columns(added[stream], alias), of_account=_of_account(added[stream]))
        for stream, statement, alias in _PROFILES
    )
    profiles += f" UNION ALL BY NAME {compose(_FILE, 'profiles_of_lists')}"
    run(compose(_FILE, "profiles", profiles=profiles), {})
    names = dict.fromkeys((*_ATTRIBUTES, *(name for attributes in added.values() for name in attributes)))
    chosen = ",\n    ".join(f'arg_min("{name}", place) FILTER (WHERE live) AS "{name}"' for name in names)
    run(compose(_FILE, "chosen", attributes=chosen), {})


def enrich_people(run: Run, load: Load, mapping: EnrichMapping) -> None:
    """Makes opportunities, people, deal_past, crm_words and hearing, from enrich_chosen and the companies matched."""
    load("enrich_sources", ("word", "source"), _words(mapping.sources))
    load("enrich_statuses", ("word", "status"), _words(mapping.statuses))
    run(compose(_FILE, "opportunities"), {})
    run(compose(_FILE, "closed_leads"), {})
    run(compose(_FILE, "deal_past"), {})
    run(compose(_FILE, "crm_words"), {})
    run(compose(_FILE, "people"), {})
    _hear(run, mapping)


def _hear(run: Run, mapping: EnrichMapping) -> None:
    """What was heard of whom: the item's value, when it was first written so, and by whom where that is known."""
    items = {kind: _heard_in(stream, mapping) for stream, _, kind in _PROFILES}
    everything = dict.fromkeys(item for named in items.values() for item in named)
    run(compose(_FILE, "answers", items=_columns(everything)), {})
    versions = [
        compose(_FILE, "answer_versions", kind=kind, items=_columns(items[kind]), **_VERSIONS[kind])
        for _, _, kind in _PROFILES
        if items[kind]
    ]
    run(compose(_FILE, "hearing", versions="\n    UNION ALL\n".join(versions)), {})


def _heard_in(stream: str, mapping: EnrichMapping) -> list[str]:
    """The attributes of an object that can be what was heard: BANT of leads, and text that the admin added."""
    added = [name for name, kind in mapping.extra.get(stream, {}).items() if kind == "text" and name not in _OF_ACCOUNT]
    return [*(BANT if stream == "salesforce.Lead" else ()), *added]


def _columns(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _refuse_reserved(stream: str, attributes: Mapping[str, AttributeType]) -> None:
    for name in attributes:
        if name in _RESERVED:
            raise ConfigurationError(
                f"fields.yaml: {stream}.read.{name}: the connector uses this name itself. Give the attribute another."
            )
    kind = attributes.get("call_review_score", "number")
    if kind not in {"number", "integer"}:
        raise ConfigurationError(
            f"fields.yaml: {stream}.read.call_review_score: a score is a number, not {kind}. Write `type: number`."
        )


def _extra_columns(extra: Iterable[str], alias: str) -> str:
    taken = _OF_ACCOUNT if alias == "contact" else {}
    return "".join(f', {alias}."{name}"' for name in extra if name not in taken)


def _of_account(extra: Iterable[str]) -> str:
    own = set(extra)
    return ", ".join(
        f"coalesce(contact.{name}, account.{field}) AS {name}" if name in own else f"account.{field} AS {name}"
        for name, field in _OF_ACCOUNT.items()
    )


def _words(words: Mapping[str, str]) -> list[tuple[str, str]]:
    return sorted({word.strip().lower(): meaning for word, meaning in words.items()}.items())
