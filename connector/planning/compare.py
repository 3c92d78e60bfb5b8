"""Compares what should stand in each record with what stands there, field by field, three ways.

Base: what we last wrote. Theirs: what the mirror saw. Ours: what the decisions say. All set-wise.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from sys import intern
from typing import Any

from connector.domain.plan import FieldChange, Kept, PlainValue, RecordChange
from connector.domain.running import Run
from connector.domain.streams import MappedStream
from connector.planning.aging import with_age
from connector.planning.spelling import as_written, same, stamp
from connector.rules.fields import STAMPS, ObjectFields, WriteField

SHARED_POLICIES = frozenset({"if_blank", "if_unchanged"})
ROWS_AT_ONCE = 20_000
_OURS = {
    "score": "CAST(desired.score AS VARCHAR)",
    "grade": "desired.grade",
    "tier": "desired.tier",
    "stage": "desired.stage",
    "reason": "desired.reason",
    "track": "desired.track",
    "owner": "desired.owner",
}
_LEADS_BACK = ("hot", "lost", "disqualified")


def compare(
    run: Run, mapped: MappedStream, fields: ObjectFields, as_of: datetime, *, unit: str = "", seen: str | None = None
) -> tuple[list[RecordChange], list[Kept]]:
    """The changes of one object's live records, sorted by id, and the values of people that stay.

    Reads `desired` (one row a target: record_id, person_id and the values), the stream's `seen_` view, `written`,
    `lock` and `held`. A stamp such as scored_at is written only beside another change. Where we wrote after the last
    pull, what we wrote stands for what is there. `seen` names another view with the columns of the stream's, one row a
    record with `id` (text) and `modified_at`; `unit` is the business unit whose records it shows.

    A value that we do not know empties a field only where our own last value stands. Values that differ only in white
    space around them are the same: so the org spells what we write.
    """
    writable = {intern(name): entry for name, entry in fields.write.items() if entry.policy != "never"}
    compared = {name: entry for name, entry in writable.items() if entry.value not in STAMPS}
    if not compared:
        return [], []
    stamps = tuple(name for name, entry in writable.items() if entry.value in STAMPS)
    params = {"object": mapped.stream.object, "stream": mapped.stream.name, "unit": unit}
    statement = _statement(mapped, compared, stamps, seen or f"seen_{mapped.stream.table}")
    run(statement, {**params, "as_of": as_of.astimezone(UTC).replace(tzinfo=None)})
    records, kept = [], []
    for record_id, person_id, modified_at, why, within, changes, stays, before in _rows(run):
        kept += [Kept(mapped.stream.object, record_id, *cell) for cell in stays or ()]
        if not changes:
            continue
        made = [_change(compared, why, *cell) for cell in changes]
        # A stamp that is not there yet was empty before; one that is, an undo can put back.
        told = zip(stamps, before, strict=True)
        made += [FieldChange(name, old, stamp(as_of)) for name, old in told]
        shared = any(compared[name].policy in SHARED_POLICIES for name, _, _ in changes)
        seen_at = None if modified_at is None else modified_at.replace(tzinfo=UTC)
        change = RecordChange(mapped.stream.object, record_id, person_id, tuple(made), why, shared, seen_at)
        records.append(replace(change, same_second=True) if shared and within else change)
    return records, sorted(with_age(run, mapped, compared, kept, unit))


def _rows(run: Run) -> Iterator[tuple[Any, ...]]:
    """What was compared, so many rows at once: all of a first run would not fit beside the plan that they become."""
    place = 0
    while rows := run(_BATCH, {"after": place, "upto": place + ROWS_AT_ONCE}):
        yield from rows
        place += ROWS_AT_ONCE


_BATCH = """
SELECT id, person_id, modified_at, why, within, changes, stays, stamps FROM compared
WHERE place > $after AND place <= $upto ORDER BY place
"""


def _statement(mapped: MappedStream, compared: Mapping[str, WriteField], stamps: Sequence[str], seen: str) -> str:
    """Makes `compared`, one row a record that changes or keeps something: lists of (field, theirs, ours)."""
    sides = ", ".join(
        f'{_theirs(mapped, name, entry)} AS "theirs {name}", {_ours(name, entry)} AS "ours {name}"'
        for name, entry in compared.items()
    )
    before = ", ".join(_theirs(mapped, name, None) for name in stamps)
    cells = ", ".join(
        f'CASE WHEN {_changes(name, entry)} THEN [\'{name}\', "theirs {name}", "ours {name}"] END'
        for name, entry in compared.items()
    )
    stays = ", ".join(
        f'CASE WHEN {_stays(name, entry)} THEN [\'{name}\', "ours {name}", "theirs {name}"] END'
        for name, entry in compared.items()
    )
    present = "lambda cell: cell IS NOT NULL"
    return (
        "CREATE OR REPLACE TEMP TABLE compared AS "
        "WITH pulled AS (SELECT coalesce(max(journal_number), 0) AS number, "
        "date_trunc('second', max(watermark)) AS reached FROM cursor WHERE stream = $stream AND unit = $unit), "
        f"base AS (SELECT record_id, {_pivot((*compared, *stamps))} FROM written CROSS JOIN pulled "
        "WHERE object = $object GROUP BY record_id), "
        f"locked AS (SELECT record_id, {_locks(compared)} FROM lock WHERE object = $object GROUP BY record_id), "
        f"undone AS (SELECT record_id, {_held(compared)} FROM held WHERE object = $object GROUP BY record_id), "
        # An edit within the second in which we read the record leaves its LastModifiedDate as we know it.
        "sides AS (SELECT seen.id, desired.person_id, seen.modified_at, desired.why, desired.stage, "
        "coalesce(date_trunc('second', seen.modified_at) >= pulled.reached, FALSE) AS within, "
        f"{sides}, [{before}]::VARCHAR[] AS stamps, base.* EXCLUDE (record_id), locked.* EXCLUDE (record_id), "
        f'undone.* EXCLUDE (record_id) FROM "{seen}" AS seen CROSS JOIN pulled '
        "JOIN desired ON desired.object = $object AND desired.record_id = seen.id "
        "LEFT JOIN base ON base.record_id = seen.id LEFT JOIN locked ON locked.record_id = seen.id "
        "LEFT JOIN undone ON undone.record_id = seen.id "
        "WHERE NOT coalesce(seen.is_deleted, FALSE)), "
        "told AS (SELECT id, person_id, modified_at, why, within, stamps, "
        f"list_filter([{cells}], {present}) AS changes, list_filter([{stays}], {present}) AS stays FROM sides) "
        "SELECT row_number() OVER (ORDER BY id) AS place, * FROM told WHERE len(changes) > 0 OR len(stays) > 0"
    )


def _pivot(fields: Iterable[str]) -> str:
    return ", ".join(
        f"max(value) FILTER (WHERE field = '{name}') AS \"base {name}\", "
        f"coalesce(bool_or(field = '{name}'), FALSE) AS \"has {name}\", "
        f"coalesce(bool_or(field = '{name}' AND written.number > pulled.number), FALSE) AS \"ahead {name}\""
        for name in fields
    )


def _locks(compared: Mapping[str, WriteField]) -> str:
    """Of each field whose locks end by themselves: the value that is locked, where it has been for long enough."""
    return ", ".join(
        f'max(theirs) FILTER (WHERE {_is_over(name, entry)}) AS "locked {name}", '
        f'coalesce(bool_or({_is_over(name, entry)}), FALSE) AS "over {name}"'
        for name, entry in compared.items()
    )


def _is_over(name: str, entry: WriteField) -> str:
    if entry.release_after_days is None:
        return "FALSE"
    return f"field = '{name}' AND since <= $as_of::TIMESTAMP - INTERVAL {entry.release_after_days} DAY"


def _held(compared: Iterable[str]) -> str:
    """Of each field the values of ours that an undo has taken back."""
    return ", ".join(
        f"list(coalesce(value, '')) FILTER (WHERE field = '{name}') AS \"held {name}\"" for name in compared
    )


def _changes(name: str, entry: WriteField) -> str:
    """Whether ours is written: it differs, the policy allows it, and it does not lead backward."""
    theirs, ours, base = _names(name)
    parts = [f"NOT {same(ours, theirs)}", f'({ours} IS NOT NULL OR ("has {name}" AND {same(theirs, base)}))']
    parts.append(f"NOT coalesce(list_contains(\"held {name}\", coalesce({ours}, '')), FALSE)")
    if entry.values is not None or entry.value == "owner":
        parts.append(f"{ours} IS NOT NULL")
    if entry.policy == "if_blank":
        parts.append(f"{theirs} IS NULL")
    if entry.policy in SHARED_POLICIES:
        parts.append(_free(name))
    if entry.order:
        back = f"({same(theirs, base)} AND {_leads_back(name, entry, 'stage')})"
        parts.append(f"({_rank(ours, entry.order)} > {_rank(theirs, entry.order)} OR {back})")
    return " AND ".join(f"({part})" for part in parts)


def _stays(name: str, entry: WriteField) -> str:
    """Whether a person's value stands where ours would: changed since our last write, or emptied."""
    if entry.policy not in SHARED_POLICIES:
        return "FALSE"
    theirs, ours, _ = _names(name)
    emptied = f" AND {theirs} IS NULL" if entry.policy == "if_blank" else ""
    return f"{ours} IS NOT NULL AND NOT {same(ours, theirs)} AND NOT {_free(name)}{emptied}"


def _free(name: str) -> str:
    """Nobody changed the field since our last write, or their lock is over. Without a write, what is there is the
    base."""
    theirs, _, base = _names(name)
    over = f'(coalesce("over {name}", FALSE) AND "locked {name}" IS NOT DISTINCT FROM {theirs})'
    return f'(NOT coalesce("has {name}", FALSE) OR {same(theirs, base)} OR {over})'


def _names(name: str) -> tuple[str, str, str]:
    return f'"theirs {name}"', f'"ours {name}"', f'"base {name}"'


def _rank(value: str, order: Iterable[str]) -> str:
    """The place of a word in the org's order; an unknown word stands behind all, so that it is never left."""
    words = list(order)
    cases = " ".join(f"WHEN '{_quoted(word)}' THEN {place}" for place, word in enumerate(words))
    return f"(CASE WHEN ({value}) IS NULL THEN -1 ELSE CASE ({value}) {cases} ELSE {len(words)} END END)"


def _theirs(mapped: MappedStream, name: str, entry: WriteField | None) -> str:
    """What stands there, as text; `entry` is None for a stamp."""
    number = entry is not None and entry.value == "score"
    there = as_written(mapped, name, "seen", number=number)
    return f'CASE WHEN base."ahead {name}" THEN base."base {name}" ELSE {there} END'


def _leads_back(name: str, entry: WriteField, stage: str) -> str:
    """Whether what we wrote last is a stage that leads back to cold, and cold is what it should be."""
    words = [(entry.values or {back: back}).get(back) for back in _LEADS_BACK]
    listed = ", ".join(f"'{_quoted(word)}'" for word in words if word is not None)
    return f"({stage} = 'cold' AND coalesce(\"base {name}\" IN ({listed}), FALSE))" if listed else "FALSE"


def _ours(name: str, entry: WriteField) -> str:
    """Our value in the org's words. A status of `cold` is only the way back from an earlier write of ours."""
    value = _OURS["stage" if entry.value == "status" else entry.value]
    if entry.value == "status" and "toss_up" in (entry.values or {}):
        value = "desired.status"  # Without a word of its own for it, whoever is with field sales keeps the stage's.
    if entry.values is None:
        return value
    cases = []
    for key, word in entry.values.items():
        known = f" AND {_leads_back(name, entry, 'desired.stage')}" if entry.value == "status" and key == "cold" else ""
        cases.append(f"WHEN {value} = '{_quoted(key)}'{known} THEN '{_quoted(word)}'")
    return f"CASE {' '.join(cases)} END"


def _change(compared: Mapping[str, WriteField], why: str, name: str, theirs: Any, ours: Any) -> FieldChange:
    """One change. The same texts come in every row: each is held once."""
    entry, field = compared[name], intern(name)
    return FieldChange(field, _plain(entry, theirs), why if ours == why else _plain(entry, ours))


def _plain(entry: WriteField, text: Any) -> PlainValue:
    if text is None:
        return None
    if entry.value != "score":
        return text if entry.value == "reason" else intern(text)
    try:
        number = float(text)
    except ValueError:
        return str(text)
    return int(number) if number.is_integer() else number


def _quoted(word: str) -> str:
    return word.replace("'", "''")
