"""What an org shows to this user, as far as a mapping and rules name it: objects, words of statuses, people by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Protocol

from connector.errors import StopError
from connector.salesforce.description import Description

NOT_SHOWN = frozenset({"INVALID_TYPE", "NOT_FOUND", "INVALID_FIELD"})
"""How the platform refuses an object, or a field of it, that this user may not see."""
NAMES_A_QUESTION = 100


class Asked(Protocol):
    """Salesforce, as far as it is asked here."""

    def describe(self, object_name: str, *, fresh: bool = False) -> Description: ...

    def query(self, soql: str) -> list[dict[str, Any]]: ...


@dataclass(frozen=True)
class StatusValue:
    """A value of Lead.Status or Opportunity.StageName as the org's own table has it."""

    word: str
    label: str
    position: int
    is_default: bool = False
    is_converted: bool = False
    is_closed: bool = False
    is_won: bool = False


@dataclass(frozen=True)
class Holder:
    """A user or a queue by name. `objects`: what the queue takes; None where the org does not tell."""

    name: str
    kind: str
    is_active: bool = True
    objects: frozenset[str] | None = None


@dataclass(frozen=True)
class OrgShown:
    """Objects by name (those that are not shown are missing), and what was asked about names.

    `lead_statuses` and `stages` in the org's order; empty where the org does not show them.
    """

    descriptions: Mapping[str, Description]
    lead_statuses: tuple[StatusValue, ...] = ()
    stages: tuple[StatusValue, ...] = ()
    holders: tuple[Holder, ...] = field(default=())
    closed_tasks: frozenset[str] | None = None
    """The words of Task.Status that mean closed; None where the org does not tell."""

    def holders_of(self, name: str) -> tuple[Holder, ...]:
        """The users and queues of a name."""
        return tuple(one for one in self.holders if one.name == name)


def ask_org(asked: Asked, objects: Iterable[str], names: Iterable[str] = ()) -> OrgShown:
    """Describes objects and looks for users and queues by name: a call an object, and a few for names and statuses.

    Raises what the calls raise, except for what is not shown.
    """
    descriptions = {name: shown for name in objects if (shown := describe_if_shown(asked, name)) is not None}
    return OrgShown(
        MappingProxyType(descriptions),
        lead_statuses(asked),
        stages(asked),
        tuple(_holders(asked, sorted(set(names)))),
        _closed_tasks(asked),
    )


def describe_if_shown(asked: Asked, object_name: str) -> Description | None:
    """An object, described anew; None where the org does not show it."""
    try:
        return asked.describe(object_name, fresh=True)
    except StopError as error:
        if error.code not in NOT_SHOWN:
            raise
        return None


def lead_statuses(asked: Asked) -> tuple[StatusValue, ...]:
    """The values of Lead.Status in the org's order."""
    rows = _rows(asked, "SELECT ApiName, MasterLabel, IsConverted, IsDefault, SortOrder FROM LeadStatus")
    found = [
        StatusValue(
            str(row["ApiName"] or row["MasterLabel"]),
            str(row["MasterLabel"]),
            int(row["SortOrder"] or 0),
            is_default=bool(row["IsDefault"]),
            is_converted=bool(row["IsConverted"]),
        )
        for row in rows
    ]
    return tuple(sorted(found, key=lambda one: (one.position, one.word)))


def stages(asked: Asked) -> tuple[StatusValue, ...]:
    """The values of Opportunity.StageName that are in use, in the org's order."""
    fields = "ApiName, MasterLabel, IsActive, IsClosed, IsWon, SortOrder"
    found = [
        StatusValue(
            str(row["ApiName"] or row["MasterLabel"]),
            str(row["MasterLabel"]),
            int(row["SortOrder"] or 0),
            is_closed=bool(row["IsClosed"]),
            is_won=bool(row["IsWon"]),
        )
        for row in _rows(asked, f"SELECT {fields} FROM OpportunityStage")
        if row["IsActive"]
    ]
    return tuple(sorted(found, key=lambda one: (one.position, one.word)))


def _closed_tasks(asked: Asked) -> frozenset[str] | None:
    rows = _rows(asked, "SELECT ApiName FROM TaskStatus WHERE IsClosed = TRUE")
    return frozenset(str(row["ApiName"]) for row in rows) or None


def _holders(asked: Asked, names: Sequence[str]) -> Iterator[Holder]:
    for start in range(0, len(names), NAMES_A_QUESTION):
        listed = ", ".join(_quoted(name) for name in names[start : start + NAMES_A_QUESTION])
        for row in _rows(asked, f"SELECT Name, IsActive FROM User WHERE Name IN ({listed})"):
            yield Holder(str(row["Name"]), "user", bool(row["IsActive"]))
        queues = _rows(asked, f"SELECT Id, Name FROM Group WHERE Type = 'Queue' AND Name IN ({listed})")
        takes = _taken(asked, [str(row["Id"]) for row in queues])
        for row in queues:
            objects = None if takes is None else frozenset(takes.get(str(row["Id"]), ()))
            yield Holder(str(row["Name"]), "queue", objects=objects)


def _taken(asked: Asked, ids: Sequence[str]) -> dict[str, set[str]] | None:
    """The objects that queues take, by the queue's id; None where the org does not show it."""
    if not ids:
        return {}
    listed = ", ".join(_quoted(one) for one in ids)
    try:
        rows = asked.query(f"SELECT QueueId, SobjectType FROM QueueSobject WHERE QueueId IN ({listed})")
    except StopError as error:
        if error.code not in NOT_SHOWN:
            raise
        return None
    taken: dict[str, set[str]] = {}
    for row in rows:
        taken.setdefault(str(row["QueueId"]), set()).add(str(row["SobjectType"]))
    return taken


def _rows(asked: Asked, soql: str) -> list[dict[str, Any]]:
    """The rows of a question; none where the org does not show what is asked for."""
    try:
        return asked.query(soql)
    except StopError as error:
        if error.code not in NOT_SHOWN:
            raise
        return []


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
