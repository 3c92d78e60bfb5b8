"""The sources of a backfill: the mapped streams that are wanted, each with its ways to its remote."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from functools import partial
from zoneinfo import ZoneInfo

from connector.domain.streams import MappedStream
from connector.errors import ConfigurationError, StopError
from connector.pulling.account_engagement import EngagementSource
from connector.pulling.backfill import Source
from connector.pulling.reading import Landing, Pulled
from connector.pulling.streams import Sources, pull_one
from connector.pulling.unknown_fields import OBJECT_REFUSALS
from connector.rules.mapping import most_similar


def sources_of(sources: Sources, objects: Iterable[str]) -> list[Source]:
    """One for each of the named streams and each business unit, in the order of the mapping."""
    wanted = set(objects)
    return [_source(sources, mapped, unit) for mapped, unit in sources.streams if mapped.stream.name in wanted]


def wanted_streams(streams: Iterable[MappedStream], words: Iterable[str]) -> tuple[str, ...]:
    """The names of the streams that somebody means by `Lead`, `visitor-activities`, `salesforce.Task`; all by nothing.

    ConfigurationError for a word that means none, with the most similar one.
    """
    mapped = [one.stream for one in streams]
    meant = {word.strip().lower().replace("-", "_") for word in words if word.strip()}
    known = {name.lower(): one for one in mapped for name in (one.name, one.object.replace("-", "_"))}
    for word in sorted(meant - known.keys()):
        similar = most_similar(word, [one.object for one in mapped])
        hint = f" Did you mean {similar}?" if similar else f" There are: {', '.join(one.object for one in mapped)}."
        raise ConfigurationError(f"--objects: the mapping reads no object {word!r}.{hint}")
    chosen = {known[word].name for word in meant}
    return tuple(one.name for one in mapped if not meant or one.name in chosen)


def moment(option: str, text: str, zone: str, *, now: datetime, end: bool = False) -> datetime:
    """The instant (UTC) that somebody means by a date, in a zone, or by an ISO time.

    A date is its first moment, with `end` its last second. ConfigurationError for what is none, or lies in the future.
    """
    try:
        if len(text) == len("2024-01-31"):
            day = date.fromisoformat(text)
            found = datetime.combine(day, time(23, 59, 59) if end else time(), ZoneInfo(zone)).astimezone(UTC)
        else:
            found = datetime.fromisoformat(text)
            found = (found if found.tzinfo else found.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ConfigurationError(f"{option}: {text!r} is no date. Write it as 2024-01-31.") from error
    if found > now and not (end and found.date() == now.astimezone(UTC).date()):
        raise ConfigurationError(f"{option}: {text} lies in the future; it is {now:%Y-%m-%d %H:%M} UTC by the org.")
    return min(found, now)


def _source(sources: Sources, mapped: MappedStream, unit: EngagementSource | None) -> Source:
    def pull(landing: Landing) -> Pulled | None:
        return pull_one(sources, mapped, unit, landing)

    def count(where: str | None) -> int:
        try:
            return sources.salesforce.count(mapped.stream.object, where, deleted=mapped.stream.keeps_deleted)
        except StopError as error:
            if error.code not in OBJECT_REFUSALS:
                raise
            # Pulling finds out whether the object has vanished, and says it.
            return 0

    reads = partial(sources.reads, mapped.stream.name, "pull")
    if unit is None:
        return Source(mapped, "", sources.salesforce.server_time, pull, count, reads)
    return Source(mapped, unit.unit, unit.server_time, pull, reads=reads)
