"""How far a backfill is, how fast, and how long it still takes: by counted rows, else by the time behind them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

Basis = Literal["counted rows", "windows of time", "counted rows and windows of time"]
Key = tuple[str, str]

LEAST_SECONDS = 1.0
"""Of reading a stream, before anything is concluded from it."""


@dataclass(frozen=True)
class Estimate:
    """Seconds that the rest should take, and from what that is known."""

    seconds: float
    basis: Basis


@dataclass
class StreamProgress:
    """One stream. `noted`: rows of the slices that were read to their ends, in all runs. `landed`: rows of the slice
    being read. `came` and `seconds`: rows of this run, and the time that they took.

    `expected`: rows by the remote's count, None where it gives none. `top`: from where this run went down, to `floor`
    so far, and to `lowest` in the end (None: to the beginning, of which nobody knows how far it is).
    """

    lowest: datetime | None
    expected: int | None = None
    noted: int = 0
    landed: int = 0
    came: int = 0
    seconds: float = 0.0
    top: datetime | None = None
    floor: datetime | None = None
    done: bool = False


@dataclass
class Progress:
    """What happens, as it happens. `clock` gives seconds that only go forward; `say` takes a line for people."""

    clock: Callable[[], float]
    say: Callable[[str], None] = lambda _line: None
    streams: dict[Key, StreamProgress] = field(default_factory=dict)
    _since: float = 0.0

    def of(self, key: Key) -> StreamProgress:
        return self.streams[key]

    def reads(self, key: Key, upper: datetime) -> None:
        """A slice that ends at `upper` is about to be read."""
        stream = self.streams[key]
        stream.top = stream.top or upper
        stream.landed = 0
        self._since = self.clock()

    def landed(self, key: Key, rows: int) -> None:
        """So many rows of the slice have come."""
        self._take_time(key, rows)
        self.say(line(key[0], self.streams.values()))

    def read(self, key: Key, rows: int, floor: datetime | None) -> None:
        """The slice was read to its end: it has so many rows, and the stream goes down to `floor` now."""
        stream = self.streams[key]
        self._take_time(key, stream.landed)
        stream.noted, stream.landed, stream.floor = stream.noted + rows, 0, floor

    def _take_time(self, key: Key, rows: int) -> None:
        stream, now = self.streams[key], self.clock()
        stream.came += rows - stream.landed
        stream.landed = rows
        stream.seconds += now - self._since
        self._since = now


def estimate(streams: Iterable[StreamProgress]) -> Estimate | None:
    """How long the rest takes; None as long as one stream gives nothing to conclude from."""
    rests = [_rest(one) for one in streams if not one.done]
    if not rests or any(one is None for one in rests):
        return None
    known = [one for one in rests if one is not None]
    kinds = {counted for _, counted in known}
    basis: Basis = "counted rows and windows of time"
    if len(kinds) == 1:
        basis = "counted rows" if kinds == {True} else "windows of time"
    return Estimate(sum(seconds for seconds, _ in known), basis)


def rate(streams: Iterable[StreamProgress]) -> float | None:
    """Rows a second in this run; None before there is anything to measure."""
    chosen = list(streams)
    seconds = sum(one.seconds for one in chosen)
    return sum(one.came for one in chosen) / seconds if seconds >= LEAST_SECONDS else None


def line(stream: str, streams: Iterable[StreamProgress]) -> str:
    """What stands on the terminal: rows, rate, and how long it still takes, where that can be said."""
    chosen = list(streams)
    rows, fast, rest = sum(one.noted + one.landed for one in chosen), rate(chosen), estimate(chosen)
    parts = [f"backfill {stream}: {rows:,} rows"]
    if fast is not None:
        parts.append(f"{fast:,.0f} rows/s")
    parts.append("no estimate yet" if rest is None else f"about {duration(rest.seconds)} left by {rest.basis}")
    return ", ".join(parts)


def duration(seconds: float) -> str:
    """A length of time for people, to one unit: nobody knows it better."""
    if seconds < 90:
        return f"{max(round(seconds), 1)} s"
    if seconds < 90 * 60:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h"


def _rest(stream: StreamProgress) -> tuple[float, bool] | None:
    """Seconds that the rest of a stream takes, and whether its rows were counted; None without a basis."""
    if stream.expected is not None:
        left = stream.expected - stream.noted - stream.landed
        if left <= 0:
            return 0.0, True
        if not stream.came or stream.seconds < LEAST_SECONDS:
            return None
        return left * stream.seconds / stream.came, True
    if stream.lowest is None or stream.top is None or stream.floor is None or stream.seconds < LEAST_SECONDS:
        return None
    behind, ahead = stream.top - stream.floor, stream.floor - stream.lowest
    if behind <= timedelta():
        return None
    return stream.seconds * max(ahead / behind, 0.0), False
