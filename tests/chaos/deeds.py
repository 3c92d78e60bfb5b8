"""What people do, each deed written down so that it can be done again in another world at the same time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from connector.sandbox.clock import stamp
from connector.sandbox.context import Sandbox
from tests.chaos.engagement import market
from tests.worlds.engagement_people import EngagementPeople
from tests.worlds.people import Control

STATUSES = ("Open - Not Contacted", "Nurturing", "Working - Contacted", "Closed - Not Converted", "Hot - To Call")
VALUES: Mapping[str, tuple[object, ...]] = {
    "Connector_Score__c": (None, 1, 99),
    "Connector_Grade__c": (None, "A", "Z"),
    "Connector_Tier__c": (None, "tier9"),
    "Connector_Stage__c": (None, "hot", "cold", "VIP"),
    "Connector_Reason__c": (None, "営業メモ"),
}
"""What reps type into the fields that are ours by their names."""

TASK_EDITS: tuple[Mapping[str, object], ...] = (
    {"Status": "Completed"},
    {"Status": "Completed", "CallDisposition": "商談化"},
    {"Status": "In Progress"},
    {"Subject": "担当者メモ：来週かけ直す"},
    {"ActivityDate": "2026-12-24"},
)


@dataclass(frozen=True)
class Deed:
    """One deed. `call` is one of the control plane's or of those in Account Engagement (`search`, `ask`, `opt_out`).

    `task` is the key of the task that it is done to, whose id differs from world to world. `seed` decides for whom
    Account Engagement's visitors are taken.
    """

    call: str
    wish: Mapping[str, Any] = field(default_factory=dict)
    task: str | None = None
    seed: int = 0

    @property
    def records(self) -> set[str]:
        """The records that it concerns."""
        named = [self.wish.get(name) for name in ("id", "lead", "winner")]
        return {str(one) for one in (*named, *self.wish.get("losers", ())) if one}


@dataclass(frozen=True)
class Crowd:
    """The people of one world. `ours` is the id of the connector's own user."""

    control: Control
    sandbox: Sandbox
    ours: str
    marketing: bool = False
    """Whether a marketer is at work as well."""

    def choose(self, dice: Random) -> Deed | None:
        """A deed to somebody; None when there is nobody to do it to."""
        if self.marketing and dice.random() < 0.4:
            return Deed("market", seed=dice.randint(0, 10**9))
        return dice.choice(_DEEDS)(self, dice)

    def do(self, deed: Deed) -> bool:
        """Does it. False where the org refuses it, as it refuses people, and where its task is not there."""
        if deed.call in _VISITS:
            return _VISITS[deed.call](self, Random(deed.seed))
        wish = dict(deed.wish)
        if deed.task is not None:
            found = [row["Id"] for row in self.tasks() if row["Connector_Key__c"] == deed.task]
            if not found:
                return False
            wish["id"] = found[0]
        answer = self.control.call("POST", deed.call, wish)
        assert answer.status_code in {200, 400}, answer.text
        return answer.status_code == 200

    def tasks(self, *, deleted: bool = False) -> list[dict[str, Any]]:
        """The tasks with a key of ours."""
        rows = self.control.truth("Task")
        return [row for row in rows if row["Connector_Key__c"] and bool(row["IsDeleted"]) is deleted]

    def live(self, name: str, *, deleted: bool = False) -> list[str]:
        rows = self.control.truth(name)
        return [str(row["Id"]) for row in rows if bool(row.get("IsDeleted")) is deleted and not row.get("IsConverted")]

    def somebody(self, dice: Random, names: tuple[str, ...] = ("Lead", "Lead", "Contact")) -> str | None:
        """A live record, by preference of somebody for whom there are tasks of ours."""
        with_tasks = sorted({str(row["WhoId"]) for row in self.tasks() if row["WhoId"]})
        found = self.live(dice.choice(names))
        chosen = [one for one in with_tasks if one in found]
        if chosen and dice.random() < 0.6:
            found = chosen
        return dice.choice(found) if found else None


def _edit_status(crowd: Crowd, dice: Random) -> Deed | None:
    lead = crowd.somebody(dice, ("Lead",))
    return Deed("edit", {"id": lead, "fields": {"Status": dice.choice(STATUSES)}}) if lead else None


def _edit_ours(crowd: Crowd, dice: Random) -> Deed | None:
    record, name = crowd.somebody(dice), dice.choice(sorted(VALUES))
    return Deed("edit", {"id": record, "fields": {name: dice.choice(VALUES[name])}}) if record else None


def _edit_title(crowd: Crowd, dice: Random) -> Deed | None:
    record = crowd.somebody(dice)
    return Deed("edit", {"id": record, "fields": {"Title": dice.choice(("部長", "課長", None))}}) if record else None


def _refuse(crowd: Crowd, dice: Random) -> Deed | None:
    record = crowd.somebody(dice)
    names = dice.choice((("HasOptedOutOfEmail",), ("DoNotCall",), ("HasOptedOutOfEmail", "DoNotCall")))
    return Deed("edit", {"id": record, "fields": dict.fromkeys(names, True)}) if record else None


def _change_owner(crowd: Crowd, dice: Random) -> Deed | None:
    record = crowd.somebody(dice)
    users = [str(row["Id"]) for row in crowd.control.truth("User") if row["IsActive"] and row["Id"] != crowd.ours]
    return Deed("edit", {"id": record, "fields": {"OwnerId": dice.choice(users)}}) if record and users else None


def _work_on_task(crowd: Crowd, dice: Random) -> Deed | None:
    keys = sorted(str(row["Connector_Key__c"]) for row in crowd.tasks())
    return Deed("edit", {"fields": dict(dice.choice(TASK_EDITS))}, dice.choice(keys)) if keys else None


def _delete_task(crowd: Crowd, dice: Random) -> Deed | None:
    keys = sorted(str(row["Connector_Key__c"]) for row in crowd.tasks())
    return Deed(dice.choice(("delete", "delete", "hard-delete")), {}, dice.choice(keys)) if keys else None


def _delete(crowd: Crowd, dice: Random) -> Deed | None:
    record = crowd.somebody(dice)
    return Deed(dice.choice(("delete", "delete", "delete", "hard-delete")), {"id": record}) if record else None


def _undelete(crowd: Crowd, dice: Random) -> Deed | None:
    found = crowd.live(dice.choice(("Lead", "Contact")), deleted=True)
    return Deed("undelete", {"id": dice.choice(found)}) if found else None


def _merge(crowd: Crowd, dice: Random) -> Deed | None:
    found = crowd.live(dice.choice(("Lead", "Lead", "Contact")))
    if len(found) < 3:
        return None
    winner, *losers = dice.sample(found, dice.choice((2, 3)))
    return Deed("merge", {"winner": winner, "losers": losers})


def _convert(crowd: Crowd, dice: Random) -> Deed | None:
    lead = crowd.somebody(dice, ("Lead",))
    return Deed("convert", {"lead": lead, "opportunity": dice.choice((None, "新しい商談"))}) if lead else None


def _visit(call: str) -> Callable[[Crowd, Random], Deed]:
    return lambda _crowd, dice: Deed(call, seed=dice.randint(0, 10**9))


def _search(crowd: Crowd, dice: Random) -> bool:
    return "nobody" not in EngagementPeople(crowd.sandbox, dice, {}).become_interested()


def _ask(crowd: Crowd, dice: Random) -> bool:
    return "nobody" not in EngagementPeople(crowd.sandbox, dice, {}).inquire()


def _opt_out(crowd: Crowd, dice: Random) -> bool:
    with crowd.sandbox.database.write() as connection:
        rows = connection.execute('SELECT "id" FROM "prospects" WHERE "isDeleted" IS NOT 1 ORDER BY "id"').fetchall()
        if not rows:
            return False
        now, key = stamp(crowd.sandbox.clock.now()), dice.choice(rows)[0]
        connection.execute('UPDATE "prospects" SET "optedOut" = 1, "updatedAt" = ? WHERE "id" = ?', (now, key))
    return True


def _market(crowd: Crowd, dice: Random) -> bool:
    return market(crowd.sandbox, dice)


_VISITS: Mapping[str, Callable[[Crowd, Random], bool]] = {
    "search": _search,
    "ask": _ask,
    "opt_out": _opt_out,
    "market": _market,
}
INTEREST: tuple[Callable[[Crowd, Random], Deed], ...] = (_visit("search"), _visit("search"), _visit("ask"))
_DEEDS: tuple[Callable[[Crowd, Random], Deed | None], ...] = (
    _edit_status,
    _edit_status,
    _edit_ours,
    _edit_ours,
    _edit_title,
    _refuse,
    _refuse,
    _change_owner,
    _work_on_task,
    _work_on_task,
    _work_on_task,
    _delete_task,
    _delete,
    _undelete,
    _merge,
    _convert,
)
