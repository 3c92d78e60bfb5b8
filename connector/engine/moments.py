"""Moments as the engine takes them: naive UTC for the engine's columns, microseconds since 1970 in its sums."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY_US = 86_400_000_000


def as_column(moment: datetime) -> datetime:
    """An aware moment as the value of a TIMESTAMP column: naive, in UTC."""
    if moment.tzinfo is None:
        raise ValueError("a moment needs its time zone")
    return moment.astimezone(UTC).replace(tzinfo=None)


def microseconds(moment: datetime) -> int:
    """An aware moment in microseconds since 1970."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def from_column(value: datetime) -> datetime:
    """The value of a TIMESTAMP column as an aware moment in UTC."""
    return value.replace(tzinfo=UTC)
