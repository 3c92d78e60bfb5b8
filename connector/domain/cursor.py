"""How far a stream has been read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Cursor:
    """The place reached in one stream of one business unit; times are aware, in UTC.

    `watermark`: everything that the remote showed up to then is in the mirror. While a slice is being read,
    `slice_upper` is set, and `at_stamp` and `at_id` say which row was merged last: an interrupted slice goes on
    from there.

    `floor`: what changed before then was never asked for (a backfill since a date); None: read from the beginning.
    Between floor and watermark the mirror holds everything; nothing that lies before is missing or vanished.
    """

    stream: str
    unit: str = ""
    watermark: datetime | None = None
    slice_lower: datetime | None = None
    slice_upper: datetime | None = None
    at_stamp: datetime | None = None
    at_id: str | None = None
    floor: datetime | None = None
