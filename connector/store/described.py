"""What the org said of its objects when the mapping was last checked against it. No people, no records."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from connector.store.cursors import naive
from connector.store.database import Store


@dataclass(frozen=True)
class Kept:
    """One object: `fields` is the text that was given, `checked_at` when (UTC)."""

    object: str
    fields: str
    checked_at: datetime


def read_described(store: Store) -> dict[str, Kept]:
    """What is kept, by object."""
    rows = store.run("SELECT object, fields, checked_at FROM described ORDER BY object")
    return {str(name): Kept(str(name), str(fields), at.replace(tzinfo=UTC)) for name, fields, at in rows}


def keep_described(store: Store, found: Mapping[str, str], now: datetime) -> None:
    """Replaces what is kept of the given objects; of others it stays, so that an object that is hidden stays known."""
    with store.transaction():
        for name, fields in sorted(found.items()):
            store.run(
                "INSERT OR REPLACE INTO described VALUES ($object, $fields, $now, $now)",
                {"object": name, "fields": fields, "now": naive(now)},
            )


def note_looked(store: Store, objects: Collection[str], now: datetime) -> None:
    """Notes that these were compared now, though nobody has seen the outcome yet."""
    store.run(
        "UPDATE described SET looked_at = $now WHERE list_contains($objects::VARCHAR[], object)",
        {"now": naive(now), "objects": sorted(objects)},
    )


def last_looked(store: Store) -> datetime | None:
    """When anything was compared last (UTC); None before the first time."""
    found = store.value("SELECT max(looked_at) FROM described")
    return found.replace(tzinfo=UTC) if isinstance(found, datetime) else None
