"""Account Engagement written too: tracks that stand for lists of the world, a marketer at work, and what is counted."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from random import Random
from typing import Any

from connector.bootstrap import Rulebook
from connector.rules.fields import ObjectFields, WriteField
from connector.sandbox.clock import stamp
from connector.sandbox.context import Sandbox
from tests.chaos.counts import Change

MEMBERSHIPS, LISTS = "list-memberships", ("メルマガ購読者", "ウェビナー参加者", "展示会来場者")
MARKETER = 7
"""The author of what the marketer does: nobody's number in the world."""
WATCHED: Mapping[str, list[str]] = {
    "list_memberships": ["prospectId", "listId", "isDeleted"],
    "prospects": ["optedOut"],
}
Place = tuple[int, int]
"""A prospect and a list."""


def with_engagement(rulebook: Rulebook, seed: int) -> Rulebook:
    """The rules, by which fields of prospects are written and each track is a list of the world."""
    dice, rules, mapping = Random(f"engagement {seed}"), rulebook.rules, rulebook.mapping
    last = rules.nurture.tracks[-len(LISTS) :]
    tracks = tuple(track.model_copy(update={"list": name}) for track, name in zip(last, LISTS, strict=True))
    writes = {
        "prospects": {"Connector_Score__c": WriteField(value="score", policy=dice.choice(("always", "if_unchanged")))},
        MEMBERSHIPS: {"listId": WriteField(value="track")},
    }
    engagement = {
        name: entry.model_copy(update={"write": writes[name]}) if name in writes else entry
        for name, entry in mapping.fields.account_engagement.items()
    }
    fields = mapping.fields.model_copy(update={"account_engagement": engagement})
    # What is written is read too: the streams are made anew.
    read = {mapped.stream.name for mapped in fields.__dict__.pop("streams")}
    fields = fields.model_copy(update={"streams": tuple(one for one in fields.streams if one.stream.name in read)})
    return replace(
        rulebook,
        rules=replace(rules, nurture=rules.nurture.model_copy(update={"tracks": tracks})),
        mapping=replace(mapping, fields=fields),
        hash=f"{rulebook.hash} engagement",
    )


def is_written(engagement: Mapping[str, ObjectFields]) -> bool:
    return bool(engagement.get(MEMBERSHIPS, ObjectFields()).write)


def market(sandbox: Sandbox, dice: Random) -> bool:
    """Somebody is put onto a list, taken off one, or opts out. False where there is nobody."""
    with sandbox.database.write() as connection:
        work = dice.choice((_join, _leave, _leave, _opt_out))
        return work(sandbox, connection, dice, stamp(sandbox.clock.now()))


def _join(sandbox: Sandbox, connection: sqlite3.Connection, dice: Random, now: str) -> bool:
    prospect, listed = _one(connection, dice, "prospects"), _one(connection, dice, "lists")
    query = 'SELECT 1 FROM "list_memberships" WHERE "prospectId" = ? AND "listId" = ? AND "isDeleted" IS NOT 1'
    if prospect is None or listed is None or connection.execute(query, (prospect, listed)).fetchone():
        return False
    columns = ("id", "prospectId", "listId", "isDeleted", "createdAt", "updatedAt", "createdById", "updatedById")
    number = sandbox.database.next_ids("list_memberships", 1)
    row = (number, prospect, listed, 0, now, now, MARKETER, MARKETER)
    sandbox.database.insert("list_memberships", columns, [row])
    return True


def _leave(_sandbox: Sandbox, connection: sqlite3.Connection, dice: Random, now: str) -> bool:
    return _set(connection, dice, "list_memberships", "isDeleted", now)


def _opt_out(_sandbox: Sandbox, connection: sqlite3.Connection, dice: Random, now: str) -> bool:
    return _set(connection, dice, "prospects", "optedOut", now)


def _set(connection: sqlite3.Connection, dice: Random, table: str, field: str, now: str) -> bool:
    number = _one(connection, dice, table)
    if number is None:
        return False
    text = f'UPDATE "{table}" SET "{field}" = 1, "updatedAt" = ?, "updatedById" = {MARKETER} WHERE "id" = ?'
    connection.execute(text, (now, number))
    return True


def _one(connection: sqlite3.Connection, dice: Random, table: str) -> int | None:
    """A live one of the last hundred."""
    rows = connection.execute(
        f'SELECT "id" FROM "{table}" WHERE "isDeleted" IS NOT 1 ORDER BY "id" DESC LIMIT 100'
    ).fetchall()
    return int(dice.choice(rows)[0]) if rows else None


def memberships(changes: Iterable[Change], opted_out: Collection[int]) -> tuple[list[str], list[str], list[str]]:
    """What of lists is wrong: doubled or put back against the marketer, taken off what is not ours, against an opt-out.

    `opted_out`: the prospects who had when the log began. All that the marketer has not done is ours.
    """
    out: dict[int, str] = dict.fromkeys(opted_out, "")
    made: dict[int, dict[str, Any]] = {}
    live: dict[Place, int] = {}
    left: dict[Place, str] = {}
    doubled, removed, against = [], [], []
    for change in changes:
        number, ours = int(change.id) if change.object in WATCHED else 0, str(change.by) != str(MARKETER)
        if change.object == "prospects" and change.field == "optedOut" and change.after:
            out[number] = change.at
        if change.object != "list_memberships":
            continue
        if change.kind == "new":
            row = made.setdefault(number, {"ours": ours})
            row[change.field] = change.after
        row = made.get(number, {})
        place = (int(row.get("prospectId") or 0), int(row.get("listId") or 0))
        joins = change.field == "isDeleted" and not change.after and change.kind in {"new", "edit"}
        leaves = change.field == "isDeleted" and change.after and change.kind == "edit"
        told = f"prospect {place[0]} and list {place[1]} at {change.at}"
        if joins:
            if ours and (live.get(place, number) != number or left.get(place, change.at) != change.at):
                doubled.append(f"{told}: put onto it although it was there, or had been taken off by somebody")
            if ours and out.get(place[0], change.at) != change.at:
                against.append(f"{told}: put onto it after an opt-out")
            live[place] = number
        if leaves:
            if ours and not row.get("ours"):
                removed.append(f"membership {number} at {change.at}: taken off although somebody had put it there")
            if not ours and row.get("ours"):
                left[place] = change.at
            live.pop(place, None)
    return doubled, removed, against
