"""The names that conditions may use, with their types: one relation for each kind of condition.

Relation    Conditions about                      Rows
activity    what a person did                     activities (docs/rules.md)
person      who a person is                       people
company     a company's firmographics             companies
fit         a person with company and tier        people ⟕ companies ⟕ tiers; a doubtful match brings nothing
hearing     an answer that was heard              hearing: one row an answer
deal        a deal of a person                    opportunities
account     all known people of a company         account_scored
member      a row of an imported list             see rules/lists.py
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

RelationName = Literal["activity", "person", "company", "fit", "hearing", "deal", "account", "member"]
Columns = Mapping[str, str]

_ACTIVITY = {
    "type": "VARCHAR",
    "content": "VARCHAR",
    "theme": "VARCHAR",
    "product": "VARCHAR",
    "url": "VARCHAR",
    "visit_id": "VARCHAR",
    "occurred_at": "TIMESTAMP",
}
_PERSON = {
    "email": "VARCHAR",
    "name": "VARCHAR",
    "company": "VARCHAR",
    "title": "VARCHAR",
    "department": "VARCHAR",
    "source": "VARCHAR",
    "created_at": "TIMESTAMP",
    "crm_status": "VARCHAR",
    "opted_out": "BOOLEAN",
    "do_not_call": "BOOLEAN",
    "owner_id": "VARCHAR",
    "industry": "VARCHAR",
    "employees": "BIGINT",
    "prefecture": "VARCHAR",
    "call_review_score": "DOUBLE",
}
_COMPANY = {
    "name": "VARCHAR",
    "corporate_number": "VARCHAR",
    "domain": "VARCHAR",
    "industry": "VARCHAR",
    "employees": "BIGINT",
    "revenue_jpy": "BIGINT",
    "capital_jpy": "BIGINT",
    "prefecture": "VARCHAR",
    "listed": "BOOLEAN",
    "target": "BOOLEAN",
    "match_status": "VARCHAR",
}
_HEARING = {
    "item": "VARCHAR",
    "value": "VARCHAR",
    "said_by": "VARCHAR",
    "via": "VARCHAR",
    "at": "TIMESTAMP",
}
_DEAL = {
    "status": "VARCHAR",
    "amount": "DOUBLE",
    "loss_reason": "VARCHAR",
    "competitor": "VARCHAR",
    "product": "VARCHAR",
    "created_at": "TIMESTAMP",
    "closed_at": "TIMESTAMP",
}
_ACCOUNT = {
    "score": "BIGINT",
    "people": "BIGINT",
    "active_people": "BIGINT",
    "hot": "BOOLEAN",
}
FIRMOGRAPHICS = ("industry", "employees", "revenue_jpy", "capital_jpy", "prefecture", "listed", "target")
"""What a person's fit takes from the company; where the company has no value, the person's own field counts."""

RELATIONS: Mapping[RelationName, Columns] = MappingProxyType(
    {
        "activity": MappingProxyType(_ACTIVITY),
        "person": MappingProxyType(_PERSON),
        "company": MappingProxyType(_COMPANY),
        "hearing": MappingProxyType(_HEARING),
        "deal": MappingProxyType(_DEAL),
        "account": MappingProxyType(_ACCOUNT),
        "fit": MappingProxyType(
            {
                **_PERSON,
                **{name: _COMPANY[name] for name in FIRMOGRAPHICS},
                "tier": "VARCHAR",
            }
        ),
    }
)

COUNTED_TYPES = (
    "page_view",
    "email_open",
    "email_click",
    "form_submit",
    "inquiry",
    "quote_request",
    "content_download",
    "demo_view",
    "video_view",
    "webinar_register",
    "webinar_attend",
    "event_attend",
    "search",
    "survey_answer",
    "call",
    "meeting",
    "email_reply",
)
"""The vocabulary of what people do (SY-5)."""

SENT_TYPES = ("email_sent", "call_attempt")
"""What we did: kept apart, never counted as theirs (SY-5)."""

_SAMPLES = {
    "VARCHAR": "'x'",
    "BIGINT": "1::BIGINT",
    "DOUBLE": "1::DOUBLE",
    "BOOLEAN": "TRUE",
    "TIMESTAMP": "TIMESTAMP '2020-01-01 00:00:00'",
    "DATE": "DATE '2020-01-01'",
}
ATTRIBUTE_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "text": "VARCHAR",
        "integer": "BIGINT",
        "number": "DOUBLE",
        "boolean": "BOOLEAN",
        "instant": "TIMESTAMP",
        "date": "DATE",
    }
)
"""SQL type by the type word of fields.yaml."""


def with_attributes(
    extra: Mapping[str, str], more: Mapping[RelationName, Columns] | None = None
) -> Mapping[RelationName, Columns]:
    """The relations with further attributes (name → SQL type) as fields.yaml or files bring them: `extra` of people,
    `more` of others by relation."""
    people = {name: kind for name, kind in extra.items() if name not in RELATIONS["fit"]}
    return MappingProxyType(
        {
            **{
                name: MappingProxyType({**columns, **(more or {}).get(name, {})}) for name, columns in RELATIONS.items()
            },
            "person": MappingProxyType({**RELATIONS["person"], **people}),
            "fit": MappingProxyType({**RELATIONS["fit"], **people}),
        }
    )


def one_row(relation: RelationName, columns: Columns) -> str:
    """A FROM item with one typed row: an empty one would let `employees > 'many'` pass (no row, no cast)."""
    fields = ", ".join(f'{_SAMPLES[kind]} AS "{name.replace(chr(34), chr(34) * 2)}"' for name, kind in columns.items())
    return f"(SELECT {fields}) AS {relation}"
