"""What a comparison of the mirror with its remote has found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Reconciled:
    """One stream compared. `missing` rows were in the remote and not in the mirror, `vanished` ones the other way.

    `remote_rows` and `mirror_rows` are live rows; None where the remote gives no totals and ids are swept instead.
    `at_id`: how far a sweep has come; `round_finished_at`: when one last came to the end. `calls`: API calls that
    the comparison took; they are counted apart from pulling.
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

    @property
    def agrees(self) -> bool:
        return not self.missing and not self.vanished
