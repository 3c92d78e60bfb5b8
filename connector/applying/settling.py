"""Settling: what became of writes whose answers were lost, found by reading them back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from connector.domain.plan import PlainValue
from connector.store.journal import Intent, as_text

Query = Callable[[str], list[dict[str, Any]]]


def found_tasks(query: Query, intents: Sequence[Intent]) -> set[int]:
    """The numbers of those intents whose task, found by its key, is there."""
    keys = ", ".join(f"'{quoted(intent.record)}'" for intent in intents)
    rows = query(f"SELECT Connector_Key__c FROM Task WHERE Connector_Key__c IN ({keys})")
    there = {row["Connector_Key__c"] for row in rows}
    return {intent.number for intent in intents if intent.record in there}


def found_updates(query: Query, intents: Sequence[Intent]) -> set[int]:
    """The numbers of those intents of any objects whose record shows our write."""
    found: set[int] = set()
    for object_name in sorted({intent.object for intent in intents}):
        found |= _found_updates(query, object_name, [intent for intent in intents if intent.object == object_name])
    return found


def _found_updates(query: Query, object_name: str, intents: Sequence[Intent]) -> set[int]:
    fields = sorted({field for intent in intents for field in intent.after})
    ids = ", ".join(f"'{quoted(intent.record)}'" for intent in intents)
    rows = query(f"SELECT Id, {', '.join(fields)} FROM {object_name} WHERE Id IN ({ids})")
    # The org answers by its own names, whatever letters it was asked in.
    by_id = {row["Id"]: {name.lower(): value for name, value in row.items()} for row in rows}
    return {intent.number for intent in intents if intent.record in by_id and _arrived(intent, by_id[intent.record])}


def _arrived(intent: Intent, there: Mapping[str, Any]) -> bool:
    """Whether a record, by lower-case names, shows our write. People may have changed a part of it since.

    A record is written whole or not at all, so one field with our value is enough. Where no field has ours and none
    the value before, somebody was there after one of the two: it counts as ours, so that their edit is kept.
    """
    if any(same(value, there.get(field.lower())) for field, value in intent.after.items()):
        return True
    return not any(same(value, there.get(field.lower())) for field, value in intent.before.items())


def same(ours: PlainValue, theirs: object) -> bool:
    """Whether a value read back is the one that was sent, whatever its spelling.

    72 is 72.0, Z is +0000, and white space around a text is none of it.
    """
    if isinstance(ours, str) and isinstance(theirs, str) and ours != theirs:
        if ours.strip() == theirs.strip():
            return True
        try:
            return datetime.fromisoformat(ours) == datetime.fromisoformat(theirs)
        except ValueError:
            return False
    if isinstance(theirs, str | int | float | bool) or theirs is None:
        return as_text(ours) == as_text(theirs)
    return False


def quoted(text: str) -> str:
    """A text as it stands between quotes in SOQL."""
    return text.replace("\\", "\\\\").replace("'", "\\'")
