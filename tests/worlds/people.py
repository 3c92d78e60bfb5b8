"""What people do in the world while the connector is away or in the middle of a pull."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import requests

from tests.worlds import engagement_people

MOVES = (1, 30, 600, 901, 3_600, 86_400, 3 * 86_400)
"""Seconds that the clock is moved by: within the overlap of two slices, just over it, a day, days."""

PAUSES = (1, 30, 290, 590)
"""Seconds between the last deed and the pull: what is committed late is still out of sight then."""

EDITS: Mapping[str, str] = {
    "Lead": "Title",
    "Contact": "Title",
    "Account": "Name",
    "Opportunity": "Name",
    "Task": "Subject",
    "Campaign": "Name",
}
WORDS = ("部長", "改名\n株式会社", 'a "quoted", text', "ﾊﾝｶｸ ", "営業,第一課", "=1+1")


@dataclass(frozen=True)
class Control:
    """The control plane of a sandbox."""

    url: str

    def call(self, method: str, path: str, document: object = None) -> requests.Response:
        with requests.Session() as session:
            session.trust_env = False
            return session.request(method, f"{self.url}/_sandbox/{path}", json=document, timeout=60)

    def do(self, method: str, path: str, document: object = None) -> Any:
        """A call that must be carried out."""
        answer = self.call(method, path, document)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def truth(self, name: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.do("GET", f"truth/{name}")["rows"]
        return rows


@dataclass(frozen=True)
class People:
    """Who works in a world, in the objects that are read there.

    `engagement`: who works in Account Engagement. `destroyed`: takes the keys of our tasks that go for good by a deed.
    """

    control: Control
    dice: Random
    objects: Sequence[str]
    engagement: engagement_people.EngagementPeople
    destroyed: set[str]

    def disturb(self) -> str:
        """One random deed, in words. One that the org refuses, as it refuses people, is none."""
        if self.engagement.objects and (not self.edited or self.dice.random() < 0.25):
            return self.engagement.disturb()
        if not self.edited:
            return "nobody does anything"
        deed, wish = self.dice.choice(DEEDS)(self)
        if wish is None:
            return f"{deed}: nobody to do it to"
        if deed == "hard-delete":
            self.destroyed.update(self._tasks_of(wish["id"]))
        answer = self.control.call("POST", deed, wish)
        assert answer.status_code in {200, 400}, answer.text
        return f"{deed} {wish}: {answer.status_code}"

    def move(self, lengths: Sequence[int] = MOVES) -> str:
        """Time passes, and the world lives through it."""
        seconds = self.dice.choice(lengths)
        self.control.do("PUT", "clock", {"advance_seconds": seconds})
        return f"{seconds} seconds pass"

    def _tasks_of(self, record: str) -> set[str]:
        """The keys of our tasks that go with a record."""
        parents = ("Id", "WhoId", "WhatId", "AccountId")
        return {
            str(row["Connector_Key__c"])
            for row in self.control.truth("Task")
            if row["Connector_Key__c"] and record in [row.get(name) for name in parents]
        }

    @property
    def edited(self) -> list[str]:
        return [name for name in EDITS if name in self.objects]

    def records(self, name: str, *, deleted: bool = False) -> list[str]:
        rows = self.control.truth(name)
        return [str(row["Id"]) for row in rows if bool(row.get("IsDeleted")) is deleted and not row.get("IsConverted")]


Wish = tuple[str, dict[str, Any] | None]


def _edit(people: People) -> Wish:
    name = people.dice.choice(people.edited)
    found = people.records(name)
    words = people.dice.choice(WORDS)
    return "edit", {"id": people.dice.choice(found), "fields": {EDITS[name]: words}} if found else None


def _on_one(deed: str, *, deleted: bool = False) -> Callable[[People], Wish]:
    def wish(people: People) -> Wish:
        found = people.records(people.dice.choice(people.edited), deleted=deleted)
        return deed, {"id": people.dice.choice(found)} if found else None

    return wish


def _merge(people: People) -> Wish:
    names = [name for name in ("Lead", "Contact", "Account") if name in people.objects]
    found = people.records(people.dice.choice(names)) if names else []
    if len(found) < 3:
        return "merge", None
    winner, *losers = people.dice.sample(found, people.dice.choice((2, 3)))
    return "merge", {"winner": winner, "losers": losers}


def _convert(people: People) -> Wish:
    found = people.records("Lead")
    deal = people.dice.choice((None, "新しい商談"))
    return "convert", {"lead": people.dice.choice(found), "opportunity": deal} if found else None


DEEDS: tuple[Callable[[People], Wish], ...] = (
    _edit,
    _edit,
    _edit,
    _on_one("delete"),
    _on_one("undelete", deleted=True),
    _on_one("hard-delete"),
    _on_one("hard-delete", deleted=True),
    _merge,
    _convert,
)
