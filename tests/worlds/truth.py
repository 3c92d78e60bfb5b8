"""The mirror beside the ground truth."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from connector.domain.streams import MappedStream
from connector.store.database import Store

Truth = Callable[[str], list[dict[str, Any]]]
Record = tuple[Any, ...]


def differences(truth: Truth, store: Store, streams: Iterable[MappedStream]) -> list[str]:
    """Every row that one side has and the other has not, in words."""
    return [found for mapped in streams for found in _of_stream(truth, store, mapped)]


def _of_stream(truth: Truth, store: Store, mapped: MappedStream) -> list[str]:
    rows = truth(mapped.stream.object.replace("-", "_"))
    world = {str(row[mapped.stream.system["id"][0]]): _record(mapped, row) for row in rows if _kept(mapped, row)}
    names = ", ".join(f'"{column.name}"' for column in mapped.columns)
    seen = store.run(f'SELECT id, {names} FROM "mirror_{mapped.stream.table}" WHERE _until IS NULL')
    mirror = {str(row[0]): tuple(plain(value) for value in row[1:]) for row in seen}
    twice = [f"{mapped.stream.name} has {len(seen) - len(mirror)} rows twice"] if len(mirror) != len(seen) else []
    return twice + [
        f"{mapped.stream.name} {record}: {_told(mapped, world.get(record), mirror.get(record))}"
        for record in sorted(world.keys() | mirror.keys())
        if world.get(record) != mirror.get(record) and not _left_the_bin(mapped, record, world, mirror)
    ]


def _kept(mapped: MappedStream, row: Mapping[str, Any]) -> bool:
    return mapped.stream.keeps_deleted or not (row.get("IsDeleted") or row.get("isDeleted"))


def _left_the_bin(mapped: MappedStream, record: str, world: Mapping[str, Record], mirror: Mapping[str, Record]) -> bool:
    """Whether a record was in the bin when it was seen last and is nowhere now: its tombstone stays in the mirror."""
    names = [column.name for column in mapped.columns]
    return (
        record not in world
        and record in mirror
        and "is_deleted" in names
        and bool(mirror[record][names.index("is_deleted")])
    )


def _record(mapped: MappedStream, row: Mapping[str, Any]) -> Record:
    return tuple(plain(row[column.field]) for column in mapped.columns)


def _told(mapped: MappedStream, world: Record | None, mirror: Record | None) -> str:
    if world is None or mirror is None:
        return f"only in the {'mirror' if world is None else 'world'}: {mirror or world}"
    pairs = zip(mapped.columns, world, mirror, strict=True)
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
