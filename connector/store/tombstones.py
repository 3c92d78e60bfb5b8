"""Tombstones of the mirror whose records have left the recycle bin: nobody can bring them back (SY-10)."""

from __future__ import annotations

from connector.domain.streams import MappedStream
from connector.store.database import Store
from connector.store.mirror import table_of


def tombstones(store: Store, mapped: MappedStream, unit: str, most: int) -> list[str]:
    """Ids of soft-deleted records, the longest dead first: a bin is emptied from its oldest end."""
    if "is_deleted" not in mapped.stream.system:
        return []
    rows = store.run(
        f'SELECT id FROM "{table_of(mapped)}" WHERE _until IS NULL AND _unit = $unit AND is_deleted '
        f"ORDER BY stamp, id LIMIT {most}",
        {"unit": unit},
    )
    return [str(row[0]) for row in rows]


def not_listed(store: Store, mapped: MappedStream, unit: str, within: tuple[int, int | None]) -> list[str]:
    """Ids of soft-deleted records over the first number and up to the second (None: the end) that are not in
    `remote_ids`, which has the deleted ones of that stretch as well."""
    if "is_deleted" not in mapped.stream.system:
        return []
    low, high = within
    upto = "" if high is None else f" AND id <= {high}"
    rows = store.run(
        f'SELECT id FROM "{table_of(mapped)}" WHERE _until IS NULL AND _unit = $unit AND is_deleted '
        f"AND id > {low}{upto} AND id NOT IN (SELECT id FROM remote_ids)",
        {"unit": unit},
    )
    return [str(row[0]) for row in rows]
