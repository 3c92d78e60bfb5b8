"""What people do in the world while the connector is away or in the middle of a pull."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import requests

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
WORDS = ("部長", "改名\n株式会社", 'a "quoted", text', "ﾊﾝｶｸ ", "営業,第一課")


@dataclass(frozen=True)
class Control:
    """The control plane of a sandbox."""

    url: str

    def call(self, method: str, path: str, document: object = None) -> requests.Response:
        with requests.Session() as session:
            session.trust_env = False
            return session.request(method, f"{self.url}/_sandbox/{path}", json=document, timeout=60)

    def do(self, method: str, path: str, document: object = None) -> None:
        """A call that must be carried out."""
        answer = self.call(method, path, document)
        assert answer.status_code == 200, answer.text

    def truth(self, name: str) -> list[dict[str, Any]]:
        answer = self.call("GET", f"truth/{name}")
        assert answer.status_code == 200, answer.text
        rows: list[dict[str, Any]] = answer.json()["rows"]
        return rows


def disturb(control: Control, dice: Random) -> str:
    """One random deed, in words. One that the org refuses, as it refuses people, is none."""
    deed, wish = dice.choice(DEEDS)(control, dice)
    if wish is None:
        return f"{deed}: nobody to do it to"
    answer = control.call("POST", deed, wish)
    assert answer.status_code in {200, 400}, answer.text
    return f"{deed} {wish}: {answer.status_code}"


def move(control: Control, dice: Random, lengths: Sequence[int] = MOVES) -> str:
    """Time passes, and the world lives through it."""
    seconds = dice.choice(lengths)
    control.do("PUT", "clock", {"advance_seconds": seconds})
    return f"{seconds} seconds pass"


Wish = tuple[str, dict[str, Any] | None]


def _records(control: Control, name: str, *, deleted: bool = False) -> list[str]:
    rows = control.truth(name)
    return [str(row["Id"]) for row in rows if bool(row.get("IsDeleted")) is deleted and not row.get("IsConverted")]


def _edit(control: Control, dice: Random) -> Wish:
    name = dice.choice(list(EDITS))
    found = _records(control, name)
    return "edit", {"id": dice.choice(found), "fields": {EDITS[name]: dice.choice(WORDS)}} if found else None


def _on_one(deed: str, *, deleted: bool = False) -> Callable[[Control, Random], Wish]:
    def wish(control: Control, dice: Random) -> Wish:
        found = _records(control, dice.choice(list(EDITS)), deleted=deleted)
        return deed, {"id": dice.choice(found)} if found else None

    return wish


def _merge(control: Control, dice: Random) -> Wish:
    found = _records(control, dice.choice(("Lead", "Contact", "Account")))
    if len(found) < 3:
        return "merge", None
    winner, *losers = dice.sample(found, dice.choice((2, 3)))
    return "merge", {"winner": winner, "losers": losers}


def _convert(control: Control, dice: Random) -> Wish:
    found = _records(control, "Lead")
    return "convert", {"lead": dice.choice(found), "opportunity": dice.choice((None, "新しい商談"))} if found else None


DEEDS: tuple[Callable[[Control, Random], Wish], ...] = (
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
