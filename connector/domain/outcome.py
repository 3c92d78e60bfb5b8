"""What a remote said about one row of a write."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RowResult:
    """The outcome for one row, in the order in which the rows were sent.

    `moved` is true when the record changed since the time that was given (a failed If-Unmodified-Since).
    `error_code` and `message` are the platform's own words.
    """

    id: str | None
    success: bool
    created: bool = False
    moved: bool = False
    error_code: str | None = None
    message: str | None = None
    fields: tuple[str, ...] = ()
