"""The last question before tasks are made: does the org still allow them for whom they are about (SY-10)?

A plan may have waited in a file for hours, and people opt out between a pull and an apply.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Protocol

from connector.applying.settling import Query, quoted
from connector.domain.plan import TaskCreation
from connector.rules.fields import Fields

WHO = MappingProxyType({"00Q": "Lead", "003": "Contact"})
"""Key prefixes of the records that a task can be about."""

FORBIDS = MappingProxyType({"email": "opted_out", "call": "do_not_call"})
"""What forbids a task, by the channel at the end of its key."""

Asked = Mapping[str, Mapping[str, str]]
"""Object → attribute (opted_out, do_not_call) → the org's field, as fields.yaml maps it."""


class Reader(Protocol):
    def query(self, soql: str) -> list[dict[str, Any]]: ...


def asked_of(fields: Fields) -> Asked:
    """The fields of consent of leads and contacts that the mapping names."""
    objects = {name: fields.salesforce[name].read for name in WHO.values() if name in fields.salesforce}
    return {name: {one: read[one].field for one in FORBIDS.values() if one in read} for name, read in objects.items()}


def in_order(tasks: Sequence[TaskCreation]) -> list[TaskCreation]:
    """The tasks of leads, then those of contacts, each by key: so few calls are about both."""
    return sorted(tasks, key=lambda task: (str(task.values.get("WhoId"))[:3] != "00Q", task.key))


def forbidden(query: Query, asked: Asked, tasks: Sequence[TaskCreation]) -> dict[str, str]:
    """Task key → why the org does not allow it any more. One question an object; at most 200 tasks at a time.

    Whom the org does not show as a live, unconverted record gets no task: the next plan knows what became of them.
    """
    found: dict[str, str] = {}
    for prefix, object_name in WHO.items():
        mine = [task for task in tasks if str(task.values.get("WhoId")).startswith(prefix)]
        if mine:
            found |= dict(_forbidden(query, object_name, asked.get(object_name, {}), mine))
    return found


def _forbidden(
    query: Query, object_name: str, consent: Mapping[str, str], tasks: Sequence[TaskCreation]
) -> Iterator[tuple[str, str]]:
    names = ["Id", *(["IsConverted"] if object_name == "Lead" else []), *sorted(set(consent.values()))]
    ids = ", ".join(f"'{quoted(one)}'" for one in sorted({str(task.values["WhoId"]) for task in tasks}))
    rows = query(f"SELECT {', '.join(names)} FROM {object_name} WHERE Id IN ({ids})")
    there = {str(row["Id"])[:15]: row for row in rows}
    for task in tasks:
        row = there.get(str(task.values["WhoId"])[:15])
        reason = "is gone" if row is None else _reason(row, consent, task.key.rsplit(":", 1)[-1])
        if reason is not None:
            yield task.key, reason


def _reason(row: Mapping[str, Any], consent: Mapping[str, str], channel: str) -> str | None:
    if row.get("IsConverted"):
        return "was converted"
    attribute = FORBIDS.get(channel)
    field = consent.get(attribute or "")
    if attribute is None or field is None or not _says_yes(_value(row, field)):
        return None
    return "opted out of e-mail" if attribute == "opted_out" else "does not want to be called"


def _value(row: Mapping[str, Any], field: str) -> object:
    """A field by its name, also of a record that this one refers to, whatever letters fields.yaml writes it in."""
    found: Any = row
    for name in field.split("."):
        named = {key.lower(): value for key, value in found.items()} if isinstance(found, Mapping) else {}
        found = named.get(name.lower())
    return found


def _says_yes(value: object) -> bool:
    return bool(value) and str(value).strip().lower() not in {"false", "0", "no"}
