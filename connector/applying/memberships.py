"""Putting prospects onto lists and taking them off: who opted out meanwhile is never put onto one (SY-10).

An opt-in never flows from us: `optedOut` is read, not written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from connector.account_engagement.imports import MATCH, file_of, within
from connector.applying.application import Application, Applied
from connector.applying.effect import Call, Effect, batches
from connector.applying.imports import File, by_import, send_import
from connector.applying.prospects import ROWS_AT_ONCE, beside, unit_of
from connector.applying.units import (
    MEMBER,
    MEMBERSHIPS,
    PROSPECTS,
    UnitWriter,
    list_in,
    membership_key,
    prospect_in,
    unit_in,
)
from connector.domain.outcome import RowResult
from connector.domain.plan import MembershipChange, Plan
from connector.domain.streams import BY_NAME
from connector.store.engagement_imports import membership_ids
from connector.store.journal import Intent

CONSENT = ("optedOut", "isDoNotEmail")
LISTS = ("addToList", "removeFromList")
MOST_LISTS = 20
"""That one row of an import may name."""

MIRROR = f"mirror_{BY_NAME['account_engagement.list_memberships'].table}"


def intent_of(change: MembershipChange) -> Intent:
    """A change as the journal keeps it."""
    key = membership_key(change.unit, change.prospect_id, change.list_id)
    return Intent(
        "membership",
        MEMBERSHIPS,
        key,
        {MEMBER: not change.wanted},
        {MEMBER: change.wanted},
        change.why,
        person_id=change.person_id,
    )


def _calls(application: Application, plan: Plan) -> Iterator[Call]:
    changes = sorted(plan.memberships, key=lambda one: (one.unit, int(one.prospect_id), one.wanted, one.list_id))
    for unit, theirs in groupby(changes, lambda one: one.unit):
        unit_of(application, unit)
        intents = [intent_of(one) for one in theirs]
        if by_import(application, MEMBERSHIPS, len(intents)):
            yield from _in_files(intents)
            continue
        for wanted, send in ((False, _remove), (True, _add)):
            chosen = [one for one in intents if one.after[MEMBER] is wanted]
            for batch in batches(chosen, ROWS_AT_ONCE):
                yield list(batch), send


def _in_files(intents: Sequence[Intent]) -> Iterator[Call]:
    """The intents of each file together: a prospect has one line, and moves from list to list in it."""
    by_prospect = [list(mine) for _, mine in groupby(intents, lambda one: prospect_in(one.record))]
    sent = 0
    for count in within(_line(mine) for mine in by_prospect):
        yield [intent for mine in by_prospect[sent : sent + count] for intent in mine], _import
        sent += count


def _line(intents: Sequence[Intent]) -> tuple[str, ...]:
    added, left = (
        ";".join(str(list_in(one.record)) for one in intents if one.after[MEMBER] is wanted) for wanted in (True, False)
    )
    return str(prospect_in(intents[0].record)), added, left


def _import(application: Application, intents: Sequence[Intent]) -> list[RowResult]:
    writer = unit_of(application, unit_in(intents[0].record))

    def send(left: Sequence[Intent]) -> list[RowResult]:
        lines = [_line(list(mine)) for _, mine in groupby(left, lambda one: prospect_in(one.record))]
        content = file_of((MATCH, *LISTS), lines)
        return send_import(application, writer, left, File(content, None))

    return beside(_forbidden(writer, intents), intents, send)


def _add(application: Application, intents: Sequence[Intent]) -> list[RowResult]:
    writer = unit_of(application, unit_in(intents[0].record))

    def send(left: Sequence[Intent]) -> list[RowResult]:
        return writer.add_members([(list_in(one.record), prospect_in(one.record)) for one in left])

    return beside(_forbidden(writer, intents), intents, send)


def _remove(application: Application, intents: Sequence[Intent]) -> list[RowResult]:
    unit = unit_in(intents[0].record)
    writer = unit_of(application, unit)
    pairs = {one.number: (list_in(one.record), prospect_in(one.record)) for one in intents}
    ids = membership_ids(application.store, unit, MIRROR, list(pairs.values()))
    gone = {
        number: RowResult(str(prospect), False, moved=True)
        for number, (list_id, prospect) in pairs.items()
        if (list_id, prospect) not in ids
    }
    return beside(gone, intents, lambda left: writer.remove_members([ids[pairs[one.number]] for one in left]))


def _forbidden(writer: UnitWriter, intents: Sequence[Intent]) -> dict[int, RowResult]:
    """Those who are to come onto a list and opted out, or went, since the plan was made, by number of the intent."""
    joining = [one for one in intents if one.after[MEMBER] is True]
    there = writer.rows(PROSPECTS, CONSENT, [prospect_in(one.record) for one in joining]) if joining else {}
    return {
        one.number: RowResult(one.record, False, moved=True)
        for one in joining
        if _refuses(there.get(prospect_in(one.record)))
    }


def _refuses(prospect: Mapping[str, Any] | None) -> bool:
    return prospect is None or any(prospect.get(name) for name in CONSENT)


def _found(application: Application, intents: Sequence[Intent]) -> set[int]:
    """The numbers of those intents that are as they were to be; asked once more where an answer may be too old."""
    found: set[int] = set()
    place = [(unit_in(one.record), list_in(one.record)) for one in intents]
    for unit, list_id in sorted(set(place)):
        writer = application.units.get(unit)
        if writer is None:
            continue
        left = [one for one, where in zip(intents, place, strict=True) if where == (unit, list_id)]
        for attempt in range(2):
            if attempt and left:
                writer.again()
            there = writer.members(list_id, [prospect_in(one.record) for one in left])
            found |= {one.number for one in left if (prospect_in(one.record) in there) is one.after[MEMBER]}
            left = [one for one in left if one.number not in found]
    return found


def _count(applied: Applied, _intent: Intent) -> None:
    applied.memberships += 1


LIST_MEMBERSHIPS = Effect("membership", _calls, _found, _count, sets_fields=True)
