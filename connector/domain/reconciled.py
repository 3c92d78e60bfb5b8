"""What a comparison of the mirror with its remote has found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Span:
    """Stamps from `lower` (None: the very beginning) to `upper`, both within it; times aware, to the second."""

    lower: datetime | None
    upper: datetime


@dataclass(frozen=True)
class Reconciled:
    """One stream compared. `missing` rows were in the remote and not in the mirror, `vanished` ones the other way,
    `stale` ones were in both, with another version in the remote; all of these have been mended. `waiting` rows differ
    too and are left to the next comparison. `examples`: ids of some rows that differ.

    `remote_rows` and `mirror_rows` are live rows; None where the remote gives no totals and ids are swept instead.
    `calls`: API calls that the comparison took; they are counted apart from pulling. `at_id`, `at_stamp`: how far the
    rolling comparison of each single row has come; `rolled_at`: when it went on last; `round_finished_at`: when it
    last came to the end. `held_since`: since when so many rows are not shown that they are not believed to be gone.
    """

    stream: str
    unit: str
    reconciled_at: datetime
    remote_rows: int | None = None
    mirror_rows: int | None = None
    missing: int = 0
    vanished: int = 0
    calls: int = 0
    at_id: int = 0
    round_finished_at: datetime | None = None
    stale: int = 0
    waiting: int = 0
    examples: tuple[str, ...] = ()
    at_stamp: datetime | None = None
    rolled_at: datetime | None = None
    held_since: datetime | None = None

    @property
    def agrees(self) -> bool:
        return not self.mended and not self.waiting

    @property
    def mended(self) -> int:
        """Rows that differed and do not any more."""
        return self.missing + self.stale + self.vanished
