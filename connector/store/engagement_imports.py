"""The imports of Account Engagement that took our rows, by the entries of the journal that went with them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from connector.store.cursors import naive
from connector.store.database import Store


@dataclass(frozen=True)
class Import:
    """An import of a business unit and its entries in the journal, from `first` to `last`. `begun_at` is aware.

    `number` is None while nobody knows whether the remote took it.
    """

    first: int
    last: int
    unit: str
    number: int | None
    begun_at: datetime


def note_import(store: Store, one: Import) -> None:
    """Notes, before anything is sent, that these entries go by an import; again with its number once it has one."""
    store.run(
        "INSERT INTO engagement_imports VALUES ($first, $last, $unit, $number, $begun) "
        "ON CONFLICT DO UPDATE SET import_id = excluded.import_id",
        {"first": one.first, "last": one.last, "unit": one.unit, "number": one.number, "begun": naive(one.begun_at)},
    )


def forget_import(store: Store, one: Import) -> None:
    """These entries went another way, or nowhere."""
    store.run("DELETE FROM engagement_imports WHERE first_number = $first", {"first": one.first})


def unsettled_imports(store: Store) -> list[Import]:
    """The imports some of whose entries have no outcome yet, oldest first."""
    rows = store.run(
        "SELECT first_number, last_number, unit, import_id, begun_at FROM engagement_imports WHERE EXISTS "
        "(SELECT 1 FROM journal WHERE outcome IS NULL AND number BETWEEN first_number AND last_number) "
        "ORDER BY first_number"
    )
    return [Import(first, last, unit, number, begun.replace(tzinfo=UTC)) for first, last, unit, number, begun in rows]


def membership_ids(store: Store, unit: str, table: str, pairs: list[tuple[int, int]]) -> dict[tuple[int, int], int]:
    """The ids of live memberships in the mirror's table, by (list, prospect)."""
    rows = store.run(
        f'SELECT list_id, prospect_id, max(id) FROM "{table}" WHERE _unit = $unit AND _until IS NULL '
        "AND NOT coalesce(is_deleted, FALSE) AND (list_id, prospect_id) IN "
        "(SELECT (unnest($lists::BIGINT[]), unnest($prospects::BIGINT[]))) GROUP BY ALL",
        {"unit": unit, "lists": [one for one, _ in pairs], "prospects": [two for _, two in pairs]},
    )
    return {(int(list_id), int(prospect)): int(number) for list_id, prospect, number in rows}
