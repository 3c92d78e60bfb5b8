"""Which records of the mirror belong to which others, so that a person's data is found in every stream (SY-10)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from connector.domain.streams import BY_NAME
from connector.store.database import Store

LEAD, CONTACT, PROSPECT = "salesforce.Lead", "salesforce.Contact", "account_engagement.prospects"
PERSONS = (LEAD, CONTACT, PROSPECT)
"""The streams whose records are people."""

LIST = "list"
"""The members of imported lists: no stream, but people as well."""

PEOPLE = (*PERSONS, LIST)

VISITOR, VISIT = "account_engagement.visitors", "account_engagement.visits"
_OF_WHO = (("who_id", LEAD), ("who_id", CONTACT))

OWNERS: Mapping[str, tuple[tuple[str, str], ...]] = MappingProxyType(
    {
        LEAD: (("master_id", LEAD),),
        CONTACT: (("master_id", CONTACT),),
        PROSPECT: (("lead_id", LEAD), ("contact_id", CONTACT)),
        VISITOR: (("prospect_id", PROSPECT),),
        VISIT: (("prospect_id", PROSPECT), ("visitor_id", VISITOR)),
        "account_engagement.visitor_activities": (("prospect_id", PROSPECT), ("visitor_id", VISITOR)),
        "account_engagement.visitor_page_views": (("visit_id", VISIT), ("visitor_id", VISITOR)),
        "account_engagement.list_memberships": (("prospect_id", PROSPECT),),
        "salesforce.Task": _OF_WHO,
        "salesforce.Event": _OF_WHO,
        "salesforce.CampaignMember": (("lead_id", LEAD), ("contact_id", CONTACT)),
        "salesforce.OpportunityContactRole": (("contact_id", CONTACT),),
    }
)
"""Stream → its columns that name the record which a row belongs to. All of it is personal data."""

BECAME: Mapping[str, tuple[str, str]] = MappingProxyType({LEAD: ("converted_contact_id", CONTACT)})
"""Stream → the column that names what a record of the same person became."""

MENTIONS: Mapping[str, tuple[tuple[str, str], ...]] = MappingProxyType(
    {"salesforce.Opportunity": (("contact_id", CONTACT),)}
)
"""Stream → columns that name a person in rows that are the company's: the name goes, the row stays."""


@dataclass(frozen=True)
class Table:
    """A stream's table in this store, with the columns that the mapping has given it."""

    stream: str
    name: str
    columns: frozenset[str]

    def links(self, of: Mapping[str, tuple[tuple[str, str], ...]] = OWNERS) -> list[tuple[str, str]]:
        """(column, stream that it names), of those columns that are there."""
        return [(column, other) for column, other in of.get(self.stream, ()) if column in self.columns]


def tables_of(store: Store, streams: Mapping[str, object]) -> list[Table]:
    """The tables of those streams that this store has."""
    found: dict[str, set[str]] = {}
    for table, column in store.run(
        "SELECT table_name, column_name FROM duckdb_columns() WHERE database_name = current_database() AND NOT internal"
    ):
        found.setdefault(table, set()).add(column)
    named = [(name, f"mirror_{BY_NAME[name].table}") for name in streams]
    return [Table(name, table, frozenset(found[table])) for name, table in named if table in found]


def is_salesforce(stream: str) -> bool:
    return stream.startswith("salesforce.")


def same_id(stream: str, expression: str) -> str:
    """SQL: an id of a stream in one spelling. Salesforce ids come in 15 and in 18 characters."""
    return f"left({expression}, 15)" if is_salesforce(stream) else f"({expression})::VARCHAR"


def unit_of(stream: str, expression: str) -> str:
    """SQL: the business unit of a stream's record, as `expression` says it; only Account Engagement has any."""
    return "''" if is_salesforce(stream) or stream == LIST else expression
