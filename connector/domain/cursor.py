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
    """

    stream: str
    unit: str = ""
    watermark: datetime | None = None
    slice_lower: datetime | None = None
    slice_upper: datetime | None = None
    at_stamp: datetime | None = None
    at_id: str | None = None
