"""A run beside an undisturbed one: the same world, the same people's deeds at the same times, the same end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from random import Random
from typing import Any

from connector.rules.fields import Fields
from connector.sandbox.serve import RunningSandbox
from tests.chaos.deeds import Deed
from tests.chaos.land import Land, land, shipped
from tests.chaos.rules import mutated
from tests.chaos.story import Happening, Size, Story, Told, live

Row = Mapping[str, Any]
State = Mapping[tuple[str, str, str], Any]
"""By object, record (of tasks: key) and field."""

TASK_FIELDS = ("Status", "WhoId", "IsDeleted")


def live_twice(running: RunningSandbox, told: Told, folder: Path, size: Size, *, people: int) -> None:
    """Lives through the run of a seed, then through the same without faults and deaths, and compares the ends.

    Each day ends with a cycle in both, because a follow-up begins on the day on which it was first seen. What is
    compared: every field that we write, and every task of ours with its status, person and life. Left out is whom
    somebody did something to between the first attempt of a day and its last cycle, and everybody whom that joins:
    there an undisturbed cycle comes before the deed, and a disturbed one may come after it. They are judged by all
    other counts.
    """
    rules = mutated(shipped(), told.seed, limits=False)
    with land(running, folder / "connector", rules, people=people, seed=told.seed) as laid:
        live(laid, told, folder, size)
        disturbed, left_out = _state(laid), _left_out(laid, told.happenings)
    with land(running, folder / "calm", rules, people=people, seed=told.seed) as laid:
        _calmly(laid, told.happenings, Told(told.seed), folder)
        calm = _state(laid)
        left_out |= _left_out(laid, told.happenings)
    told.found.differing += list(differences(disturbed, calm, left_out))


def _calmly(laid: Land, happenings: Iterable[Happening], told: Told, folder: Path) -> None:
    """What happened, once more: cycles come where attempts began, and nothing disturbs them."""
    story = Story(laid, Random(0), told, folder, Size())
    for one in happenings:
        if one.seconds:
            story.pass_time(one.seconds)
        elif one.deed is not None:
            story.do(one.deed)
        else:
            story.quiet_cycle()


def _state(laid: Land) -> State:
    """Every field that we write in a live record, and our tasks by their keys."""
    found: dict[tuple[str, str, str], Any] = {}
    truth, fields = laid.truth(), laid.rulebook.mapping.fields
    for name, entry in fields.salesforce.items():
        for record, row in truth.get(name, {}).items() if entry.write else ():
            if row["IsDeleted"] or row.get("IsConverted"):
                continue
            found |= {(name, record, field): row[field] for field in _compared(fields, name)}
    for row in truth["Task"].values():
        if row["Connector_Key__c"]:
            found |= {("Task", str(row["Connector_Key__c"]), name): row[name] for name in TASK_FIELDS}
    return found


def _compared(fields: Fields, name: str) -> list[str]:
    """The fields that we write, save the time at which we did."""
    return [field for field, entry in fields.salesforce[name].write.items() if entry.value != "scored_at"]


def _left_out(laid: Land, happenings: Iterable[Happening]) -> set[str]:
    """The records of people to whom something was done among attempts, and the keys of their tasks."""
    tasks = {
        str(row["Connector_Key__c"]): str(row["WhoId"]) for row in laid.control.truth("Task") if row["Connector_Key__c"]
    }
    deeds = [one.deed for one in happenings if one.meanwhile and one.deed is not None]
    found = {record for deed in deeds for record in (*deed.records, *_of_task(deed, tasks))}
    joined = [one.deed.records for one in happenings if one.deed is not None and one.deed.call == "merge"]
    leads = laid.control.truth("Lead")
    joined += [{str(row["Id"]), str(row["ConvertedContactId"])} for row in leads if row["ConvertedContactId"]]
    joined += _same_people(laid)
    size = -1
    while size != len(found):
        size = len(found)
        for together in joined:
            if found & together:
                found |= together
    return found | {key for key, who in tasks.items() if who in found or key.split(":")[1] in found}


def _of_task(deed: Deed, tasks: Mapping[str, str]) -> set[str]:
    return {deed.task, tasks.get(deed.task, "")} if deed.task is not None else set()


def _same_people(laid: Land) -> list[set[str]]:
    """Records that the connector may take for one person: those of one address or one prospect; and their account."""
    by_address: dict[str, set[str]] = {}
    for name in ("Lead", "Contact"):
        for row in laid.control.truth(name):
            if row["Email"]:
                by_address.setdefault(str(row["Email"]).lower(), set()).add(str(row["Id"]))
    return [together for together in by_address.values() if len(together) > 1]


def differences(disturbed: State, calm: State, left_out: set[str]) -> Iterator[str]:
    """A line for each cell that ends otherwise, save of records and task keys that are left out."""
    for cell in sorted({*disturbed, *calm}):
        if cell[1] not in left_out and disturbed.get(cell) != calm.get(cell):
            there = f"{disturbed[cell]!r}" if cell in disturbed else "not there"
            yield f"{cell} is {there}; undisturbed it is {repr(calm[cell]) if cell in calm else 'not there'}"
