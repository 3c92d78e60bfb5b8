"""What the platform's row errors ask for: to be sent again now, later, after the next pull, or somebody's hand.

The codes and their meaning are those of Salesforce's SOAP and REST API error reference (StatusCode); Account
Engagement's numbers are in its own reference and stand in `account_engagement.outcome`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Remedy = Literal["now", "later", "next", "person"]
"""now: again within the same apply. later: the next cycle sends it. next: the next plan will not want it so any more,
because the record has changed its nature. person: it is refused until somebody does something."""

PATIENCE = 2
"""How often a refusal may be left to the next plan; then a person should look why it does not resolve it."""


@dataclass(frozen=True)
class Refusal:
    """What to do about one code; `advice` is a sentence for people."""

    remedy: Remedy
    advice: str


_OWNER = "Its owner is inactive or may not own this: give the record to an active user or to a queue."
_RIGHT = "Give the integration user the right that is named (docs/security.md lists those that it needs)."
_LATER = "Nothing to do: the next cycle sends it."
_GONE = "Nothing to do: the next plan follows the record to what has become of it."

UNKNOWN = Refusal("person", "Look at the platform's words and mend the record, the rule or the mapping.")

CODES: Mapping[str, Refusal] = MappingProxyType(
    {
        "UNABLE_TO_LOCK_ROW": Refusal("now", "Somebody else was writing the same record. The next cycle sends it."),
        "SERVER_UNAVAILABLE": Refusal("later", _LATER),
        "REQUEST_LIMIT_EXCEEDED": Refusal("later", _LATER),
        "CONCURRENT_REQUESTS_LIMIT_EXCEEDED": Refusal("later", _LATER),
        "REQUEST_RUNNING_TOO_LONG": Refusal("later", _LATER),
        "LIMIT_EXCEEDED": Refusal("later", _LATER),
        "QUERY_TIMEOUT": Refusal("later", _LATER),
        "UNKNOWN_EXCEPTION": Refusal("later", _LATER),
        "ALL_OR_NONE_OPERATION_ROLLED_BACK": Refusal("later", _LATER),
        "PROCESSING_HALTED": Refusal("later", _LATER),
        "NOT_SENT": Refusal("later", _LATER),
        "NOT_WRITTEN": Refusal("later", _LATER),
        "CANNOT_UPDATE_CONVERTED_LEAD": Refusal("next", _GONE),
        "ENTITY_IS_DELETED": Refusal("next", _GONE),
        "INVALID_CROSS_REFERENCE_KEY": Refusal(
            "next", "The record or one that it names is gone, or is not shown to the integration user."
        ),
        "FIELD_CUSTOM_VALIDATION_EXCEPTION": Refusal(
            "person", "A validation rule of the org forbids it: complete the record, or let the rule spare this user."
        ),
        "DUPLICATES_DETECTED": Refusal(
            "person", "A duplicate rule of the org blocks it: merge the records, or let the rule only warn this user."
        ),
        "DUPLICATE_VALUE": Refusal("person", "Another record has this value in a field that must be unique."),
        "DUPLICATE_EXTERNAL_ID": Refusal(
            "person", "Several records have this key, nothing was written: clear the key from all but one of them."
        ),
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": Refusal(
            "person", "The picklist does not have the value: add it in the org, or correct `values` in fields.yaml."
        ),
        "BAD_VALUE_FOR_RESTRICTED_PICKLIST": Refusal(
            "person", "The picklist does not have the value: add it in the org, or correct `values` in fields.yaml."
        ),
        "INVALID_STATUS": Refusal(
            "person", "Only a conversion can set this status: name another one in `values` of fields.yaml."
        ),
        "STRING_TOO_LONG": Refusal("person", "The field is too short for the value: lengthen it in the org."),
        "NUMBER_OUTSIDE_VALID_RANGE": Refusal("person", "The field has too few digits: widen it in the org."),
        "INVALID_TYPE_ON_FIELD_IN_RECORD": Refusal(
            "person", "The field has another type than the value: correct fields.yaml or the field."
        ),
        "REQUIRED_FIELD_MISSING": Refusal("person", "Fill the field that the org requires, or relax the rule."),
        "FIELD_INTEGRITY_EXCEPTION": Refusal("person", "A field does not go with another one of the record."),
        "FIELD_FILTER_VALIDATION_EXCEPTION": Refusal("person", "A lookup filter of the org forbids the value."),
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY": Refusal(
            "person", "A flow or trigger of the org stopped it: its words say which; ask whoever looks after it."
        ),
        "CANNOT_EXECUTE_FLOW_TRIGGER": Refusal(
            "person", "A flow of the org failed on it: ask whoever looks after the flow."
        ),
        "INVALID_FIELD_FOR_INSERT_UPDATE": Refusal(
            "person", "The field cannot be written (a formula, or read-only for this user): take it out of fields.yaml."
        ),
        "INVALID_FIELD": Refusal("person", "The org does not know the field: correct fields.yaml, or create it."),
        "INSUFFICIENT_ACCESS": Refusal("person", _RIGHT),
        "INSUFFICIENT_ACCESS_OR_READONLY": Refusal("person", _RIGHT),
        "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": Refusal("person", _RIGHT),
        "INACTIVE_OWNER_OR_USER": Refusal("person", _OWNER),
        "OP_WITH_INVALID_USER_TYPE_EXCEPTION": Refusal("person", _OWNER),
        "TRANSFER_REQUIRES_READ": Refusal(
            "person", "The new owner may not read this object: give the right, or another owner."
        ),
        "STORAGE_LIMIT_EXCEEDED": Refusal("person", "The org has no storage left."),
        "INVALID_ID_FIELD": Refusal(
            "person", "The record's id is not one of this org: see whether the store is that of another."
        ),
        "HTTP_300": Refusal(
            "person", "Several records have this key, nothing was written: clear the key from all but one of them."
        ),
    }
)
"""Row errors by the platform's code. What stands here in no row needs a person."""

OWNERS: frozenset[str] = frozenset({"INACTIVE_OWNER_OR_USER", "OP_WITH_INVALID_USER_TYPE_EXCEPTION"})
"""Refusals of the owner alone: the same row without one goes through."""


def refusal(code: str | None) -> Refusal:
    """What a code asks for."""
    return CODES.get(code or "", UNKNOWN)


def remedy(code: str | None, times: int) -> Remedy:
    """What to do about a row that was refused for the `times`-th time with this code."""
    found = refusal(code).remedy
    return "person" if found == "next" and times > PATIENCE else found
