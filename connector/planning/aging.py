"""Since when a value of people stands in a field of ours, and who put it there: a lock with its age (WB-1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from connector.domain.plan import Kept
from connector.domain.running import Run
from connector.domain.streams import MappedStream
from connector.planning.spelling import as_written
from connector.rules.fields import WriteField

Cell = tuple[str, str]
"""Record id and field."""


def with_age(
    run: Run, mapped: MappedStream, compared: Mapping[str, WriteField], kept: Sequence[Kept], unit: str = ""
) -> list[Kept]:
    """The kept values with `since` and `by`, from the versions of the mirror and the locks that are known.

    A value came with the first version that has it since the last one that had another, and never before our last
    write. `by` is who modified the record then; None where the mapping does not read that.
    """
    found: dict[Cell, tuple[datetime | None, str | None]] = {}
    for field in sorted({one.field for one in kept}):
        mine = [one for one in kept if one.field == field]
        value = as_written(mapped, field, "one", number=compared[field].value == "score")
        given: dict[str, object] = {
            "ids": [one.record_id for one in mine],
            "theirs": [None if one.theirs is None else str(one.theirs) for one in mine],
            "object": mapped.stream.object,
            "field": field,
            "unit": unit,
        }
        for record_id, since, by in run(_AGE.format(table=mapped.stream.table, value=value, by=_by(mapped)), given):
            found[record_id, field] = since.replace(tzinfo=UTC) if since else None, by
    return [_aged(one, found.get((one.record_id, one.field), (None, None))) for one in kept]


def _by(mapped: MappedStream) -> str:
    return "one.modified_by_id" if any(column.name == "modified_by_id" for column in mapped.columns) else "NULL"


def _aged(one: Kept, age: tuple[datetime | None, str | None]) -> Kept:
    return replace(one, since=age[0], by=age[1])


_AGE = """
WITH cells AS (SELECT unnest($ids::VARCHAR[]) AS id, unnest($theirs::VARCHAR[]) AS theirs),
versions AS (
    SELECT cells.id, cells.theirs, one._valid_from AS began, one._seen_at AS seen_at, {by} AS by_id,
        ({value}) IS NOT DISTINCT FROM cells.theirs AS is_theirs
    FROM cells JOIN "versions_{table}" AS one ON one.id::VARCHAR = split_part(cells.id, ':', -1) AND one._unit = $unit
),
others AS (SELECT id, max(seen_at) FILTER (WHERE NOT is_theirs) AS seen_at FROM versions GROUP BY id),
came AS (
    SELECT versions.id, min(began) AS since, arg_min(by_id, versions.seen_at) AS by_id
    FROM versions JOIN others USING (id)
    WHERE is_theirs AND (others.seen_at IS NULL OR versions.seen_at > others.seen_at) GROUP BY versions.id
),
known AS (SELECT record_id AS id, theirs, since FROM lock WHERE object = $object AND field = $field)
SELECT cells.id, CASE WHEN known.id IS NOT NULL AND known.theirs IS NOT DISTINCT FROM cells.theirs THEN known.since
    ELSE greatest(came.since, ours.written_at) END, came.by_id
FROM cells LEFT JOIN came USING (id) LEFT JOIN known USING (id)
LEFT JOIN written AS ours ON ours.object = $object AND ours.record_id = cells.id AND ours.field = $field
"""
