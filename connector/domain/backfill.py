"""A backfill: what was asked for, and the slices that it is read in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Asked:
    """What somebody wants to have; times are aware, in UTC.

    `until` None: up to now. `objects`: names of streams, in the order of the mapping. `act`: the crossings that history
    brings are followed up. `again`: what the mirror holds already is read once more.
    """

    since: datetime
    until: datetime | None
    objects: tuple[str, ...]
    act: bool = False
    again: bool = False


@dataclass(frozen=True)
class Backfill:
    """One that was begun at `begun_at`, by the server's clock."""

    backfill_id: str
    asked: Asked
    begun_at: datetime
    finished: bool = False


@dataclass(frozen=True)
class BackfillStream:
    """One stream of one business unit in a backfill.

    It is read down to `lowest` (None: to its beginning). `floor_before`: down to where the mirror held it before.
    `expected`: rows by the remote's own count at the start, None where it gives none.
    """

    stream: str
    unit: str
    lowest: datetime | None
    floor_before: datetime | None
    expected: int | None = None
    finished: bool = False


@dataclass(frozen=True)
class Slice:
    """A stretch of a stream's cursor field. `rows` is None until it was read to its end."""

    lower: datetime | None
    upper: datetime
    expected: int | None = None
    rows: int | None = None
