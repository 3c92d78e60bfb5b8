"""The mirror beside the ground truth."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from connector.domain.streams import Column, MappedStream
from connector.store.database import Store

Truth = Callable[[str], list[dict[str, Any]]]
Record = tuple[Any, ...]


def differences(truth: Truth, store: Store, streams: Iterable[MappedStream], hidden: Collection[str] = ()) -> list[str]:
    """Every row that one side has and the other has not, in words.

    `hidden`: objects of which rows were out of the user's sight for a time. One that came back while it was in the
    bin is nothing that a comparison of live rows finds; its end is known.
    """
    return [found for mapped in streams for found in _of_stream(truth, store, mapped, mapped.stream.object in hidden)]


def unsound_times(store: Store, streams: Iterable[MappedStream]) -> list[str]:
    """Versions that cannot have been: ended before they began or were seen, or two of one record at one time."""
    return [
        f"{mapped.stream.name} {record}: {why}, seen {seen}, from {begun}, until {until}"
        for mapped in streams
        for record, begun, seen, until, why in store.run(_UNSOUND.format(table=f"mirror_{mapped.stream.table}"))
    ]


_UNSOUND = """
    SELECT id, _valid_from, _seen_at, _until, why FROM (
        SELECT *, CASE
            WHEN _valid_from > _until THEN 'it began after it ended'
            WHEN _seen_at > _until THEN 'it was seen after it ended'
            WHEN _until > lead(_seen_at) OVER versions THEN 'the next one was seen before it ended'
            WHEN _until IS NULL AND lead(_seen_at) OVER versions IS NOT NULL THEN 'another one follows it'
        END AS why
        FROM "{table}" WINDOW versions AS (PARTITION BY _unit, id ORDER BY _seen_at, _until NULLS LAST)
    ) WHERE why IS NOT NULL
"""


def _of_stream(truth: Truth, store: Store, mapped: MappedStream, was_hidden: bool) -> list[str]:
    rows = truth(mapped.stream.object.replace("-", "_"))
    world = {str(row[mapped.stream.system["id"][0]]): _record(mapped, row) for row in rows if _kept(mapped, row)}
    names = ", ".join(f'"{column.name}"' for column in of_records(mapped))
    seen = store.run(f'SELECT id, {names} FROM "mirror_{mapped.stream.table}" WHERE _until IS NULL')
    mirror = {str(row[0]): tuple(plain(value) for value in row[1:]) for row in seen}
    twice = [f"{mapped.stream.name} has {len(seen) - len(mirror)} rows twice"] if len(mirror) != len(seen) else []
    return twice + [
        f"{mapped.stream.name} {record}: {_told(mapped, world.get(record), mirror.get(record))}"
        for record in sorted(world.keys() | mirror.keys())
        if world.get(record) != mirror.get(record)
        and not _in_the_bin_alone(mapped, record, mirror, world)
        and not (was_hidden and _in_the_bin_alone(mapped, record, world, mirror))
    ]


def of_records(mapped: MappedStream) -> list[Column]:
    """The columns that tell of the record. Who changed it is told of the version that the change made, and stays so."""
    return [column for column in mapped.columns if column.name != "modified_by_id"]


def _kept(mapped: MappedStream, row: Mapping[str, Any]) -> bool:
    return mapped.stream.keeps_deleted or not (row.get("IsDeleted") or row.get("isDeleted"))


def _in_the_bin_alone(
    mapped: MappedStream, record: str, one: Mapping[str, Record], other: Mapping[str, Record]
) -> bool:
    """Whether one side has a record as deleted and the other has none. The mirror keeps what was in the bin when it
    was seen last and is nowhere now."""
    names = [column.name for column in of_records(mapped)]
    return (
        record in one and record not in other and "is_deleted" in names and bool(one[record][names.index("is_deleted")])
    )


def _record(mapped: MappedStream, row: Mapping[str, Any]) -> Record:
    return tuple(plain(row[column.field]) for column in of_records(mapped))


def _told(mapped: MappedStream, world: Record | None, mirror: Record | None) -> str:
    if world is None or mirror is None:
        return f"only in the {'mirror' if world is None else 'world'}: {mirror or world}"
    pairs = zip(of_records(mapped), world, mirror, strict=True)
    return ", ".join(f"{c.field} is {there!r}, mirrored as {here!r}" for c, there, here in pairs if there != here)


def plain(value: Any) -> Any:
    """A value without the spelling of either side."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return None if value == "" else value
