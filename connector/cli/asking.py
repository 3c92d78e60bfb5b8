"""The time that a question about the store is about, and everybody as of then."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from connector import flow
from connector.bootstrap import machine_time
from connector.errors import ConfigurationError
from connector.river import River

_FIRST_YEAR = 1900
"""Windows that look back have to have room."""


def evaluated(river: River, as_of: str | None) -> datetime:
    """Evaluates everybody by what is known now and had happened by the time asked about; answers that time.

    Without one it is that of the newest pull. ConfigurationError for what is no time, and where nothing was pulled.
    """
    moment = moment_asked(river, as_of)
    flow.mirror(river, as_of=moment if as_of else None)
    flow.enrich(river, moment, remember=False)
    flow.score(river, moment)
    flow.decide(river, moment)
    return moment


def moment_asked(river: River, text: str | None) -> datetime:
    """The time asked about; without one, that of the newest pull. ConfigurationError where there was none."""
    if text:
        return moment_told(text, river)
    newest: datetime | None = river.store.value("SELECT max(watermark) FROM cursor")
    if newest is None:
        raise ConfigurationError("Nothing has been pulled yet. `connector pull` brings the mirror up to date.")
    return newest.replace(tzinfo=UTC)


def moment_told(text: str, river: River) -> datetime:
    """An ISO time as an aware moment; without an offset it is in the zone of the rules.

    ConfigurationError for what is no time, and for one of which nothing can be known yet.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigurationError(f"{text!r} is not a time such as 2026-10-01T09:00+09:00.") from error
    moment = moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(river.rules.scoring.time_zone))
    if moment.year < _FIRST_YEAR:
        raise ConfigurationError(f"{text!r} lies before {_FIRST_YEAR}: nothing is known of that time.")
    newest: datetime | None = river.store.value("SELECT max(watermark) FROM cursor")
    # By this machine's clock or by the org's: either may be ahead.
    latest = max(machine_time(), newest.replace(tzinfo=UTC)) if newest else machine_time()
    if moment > latest:
        raise ConfigurationError(f"{text!r} lies in the future: nothing is known of it yet. Give a time until now.")
    return moment
