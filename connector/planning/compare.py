"""Compares what should stand in each record with what stands there, field by field, three ways.

Base: what we last wrote. Theirs: what the mirror saw. Ours: what the decisions say. All set-wise.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from connector.domain.plan import FieldChange, Kept, PlainValue, RecordChange
from connector.domain.running import Run
from connector.domain.streams import MappedStream
from connector.rules.fields import ObjectFields, WriteField

SHARED_POLICIES = frozenset({"if_blank", "if_unchanged"})
_OURS = {
    "score": "CAST(desired.score AS VARCHAR)",
    "grade": "desired.grade",
    "tier": "desired.tier",
    "stage": "desired.stage",
    "reason": "desired.reason",
    "track": "desired.track",
}
_STAMPS = frozenset({"scored_at"})
_LEADS_BACK = ("hot", "lost", "disqualified")


def compare(
    run: Run, mapped: MappedStream, fields: ObjectFields, as_of: datetime, *, unit: str = "", seen: str | None = None
) -> tuple[list[RecordChange], list[Kept]]:
    """The changes of one object's live records, sorted by id, and the values of people that stay.

    Reads `desired` (one row a target: record_id, person_id and the values), the stream's `seen_` view and
    `written`. A stamp such as scored_at is written only beside another change. Where we wrote after the last pull,
    what we wrote stands for what is there. `seen` names another view with the columns of the stream's, one row a record
    with `id` (text) and `modified_at`; `unit` is the business unit whose records it shows.
    """
    writable = {name: entry for name, entry in fields.write.items() if entry.policy != "never"}
    compared = {name: entry for name, entry in writable.items() if entry.value not in _STAMPS}
    if not compared:
        return [], []
    stamps = [name for name, entry in writable.items() if entry.value in _STAMPS]
    params = {"object": mapped.stream.object, "stream": mapped.stream.name, "unit": unit}
    rows = run(_statement(mapped, compared, seen or f"seen_{mapped.stream.table}"), params)
    records, kept = [], []
    for record_id, person_id, modified_at, why, changes, stays in rows:
        kept += [Kept(mapped.stream.object, record_id, *cell) for cell in stays or ()]
        if not changes:
            continue
        made = [
            FieldChange(name, _plain(compared[name], old), _plain(compared[name], new)) for name, old, new in changes
        ]
        made += [FieldChange(name, None, _stamp(as_of)) for name in stamps]
        shared = any(compared[name].policy in SHARED_POLICIES for name, _, _ in changes)
        records.append(
            RecordChange(
                mapped.stream.object,
                record_id,
                person_id,
                tuple(made),
                why,
                shared,
                None if modified_at is None else modified_at.replace(tzinfo=UTC),
            )
        )
    return records, sorted(kept)


def _statement(mapped: MappedStream, compared: Mapping[str, WriteField], seen: str) -> str:
    """One row a record that changes or keeps something: lists of (field, theirs, ours)."""
    sides = ", ".join(
        f'{_theirs(mapped, name, entry)} AS "theirs {name}", {_ours(name, entry)} AS "ours {name}"'
        for name, entry in compared.items()
    )
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
        "WITH pulled AS (SELECT coalesce(max(journal_number), 0) AS number FROM cursor "
        "WHERE stream = $stream AND unit = $unit), "
        f"base AS (SELECT record_id, {_pivot(compared)} FROM written CROSS JOIN pulled WHERE object = $object "
        "GROUP BY record_id), "
        f"sides AS (SELECT seen.id, desired.person_id, seen.modified_at, desired.why, desired.stage, {sides}, "
        f'base.* EXCLUDE (record_id) FROM "{seen}" AS seen '
        "JOIN desired ON desired.object = $object AND desired.record_id = seen.id "
        "LEFT JOIN base ON base.record_id = seen.id WHERE NOT coalesce(seen.is_deleted, FALSE)), "
        "compared AS (SELECT id, person_id, modified_at, why, "
        f"list_filter([{cells}], {present}) AS changes, list_filter([{stays}], {present}) AS stays FROM sides) "
        "SELECT id, person_id, modified_at, why, changes, stays FROM compared "
        "WHERE len(changes) > 0 OR len(stays) > 0 ORDER BY id"
    )


def _pivot(compared: Iterable[str]) -> str:
    return ", ".join(
        f"max(value) FILTER (WHERE field = '{name}') AS \"base {name}\", "
        f"coalesce(bool_or(field = '{name}'), FALSE) AS \"has {name}\", "
        f"coalesce(bool_or(field = '{name}' AND written.number > pulled.number), FALSE) AS \"ahead {name}\""
        for name in compared
    )


def _changes(name: str, entry: WriteField) -> str:
    """Whether ours is written: it differs, the policy allows it, and it does not lead backward."""
    theirs, ours = f'"theirs {name}"', f'"ours {name}"'
    parts = [f"{ours} IS DISTINCT FROM {theirs}"]
    if entry.values is not None:
        parts.append(f"{ours} IS NOT NULL")
    if entry.policy == "if_blank":
        parts.append(f"{theirs} IS NULL")
    if entry.policy == "if_unchanged":
        parts.append(_untouched(name))
    if entry.order:
        back = f'({theirs} IS NOT DISTINCT FROM "base {name}" AND {_leads_back(name, entry, "stage")})'
        parts.append(f"({_rank(ours, entry.order)} > {_rank(theirs, entry.order)} OR {back})")
    return " AND ".join(f"({part})" for part in parts)


def _stays(name: str, entry: WriteField) -> str:
    if entry.policy != "if_unchanged":
        return "FALSE"
    theirs, ours = f'"theirs {name}"', f'"ours {name}"'
    return f"{ours} IS NOT NULL AND {ours} IS DISTINCT FROM {theirs} AND NOT {_untouched(name)}"


def _untouched(name: str) -> str:
    """Nobody changed the field since our last write; without one, what the mirror saw is the base."""
    return f'(NOT coalesce("has {name}", FALSE) OR "theirs {name}" IS NOT DISTINCT FROM "base {name}")'


def _rank(value: str, order: Iterable[str]) -> str:
    """The place of a word in the org's order; an unknown word stands behind all, so that it is never left."""
    words = list(order)
    cases = " ".join(f"WHEN '{_quoted(word)}' THEN {place}" for place, word in enumerate(words))
    return f"(CASE WHEN ({value}) IS NULL THEN -1 ELSE CASE ({value}) {cases} ELSE {len(words)} END END)"


def _theirs(mapped: MappedStream, name: str, entry: WriteField) -> str:
    there = column = f'seen."{mapped.column_of(name)}"'
    if entry.value == "score":
        whole = f"CAST(CAST({column} AS BIGINT) AS VARCHAR)"
        there = f"CASE WHEN {column} = floor({column}) THEN {whole} ELSE CAST({column} AS VARCHAR) END"
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


def _plain(entry: WriteField, text: Any) -> PlainValue:
    if text is None or entry.value != "score":
        return text  # type: ignore[no-any-return] # the engine gives text or None here
    number = float(text)
    return int(number) if number.is_integer() else number


def _stamp(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def _quoted(word: str) -> str:
    return word.replace("'", "''")
