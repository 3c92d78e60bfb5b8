"""Time zones: where each one stands, which differ from the rules' own, and what follows from that. Pure (AD-7)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class Offset:
    """How far a clock is from UTC at an instant: all that Account Engagement and a machine tell of their zone."""

    of: timedelta
    at: datetime


@dataclass(frozen=True)
class Zones:
    """What was found. `rules`, `org` and `user` are IANA names; `units` are business units by id, None where the unit
    did not tell."""

    rules: str
    org: str
    user: str | None
    units: tuple[tuple[str, Offset | None], ...]
    machine: Offset


@dataclass(frozen=True)
class ZoneFinding:
    """One clock: whose, its zone in words, whether it `differs` from the rules' (None: not known), what follows."""

    whose: str
    zone: str
    differs: bool | None
    follows: str


SAME = "The same as the rules'."
UNKNOWN = "It was not told: give the integration user the right to read it, or look in its settings."
RULES = "Days are counted here: today, due dates, business days and the days of reports."
ORG = (
    "For some hours a day it is another day there: a task that is due today by the rules is then due tomorrow, or "
    "overdue, for its people. Where one team works in one zone, set time_zone in scoring.yaml to the org's."
)
USER = (
    "TODAY and LAST_N_DAYS in lists and reports of this user mean its own days. Reading is not affected: the connector "
    "asks for instants in UTC."
)
UNIT = (
    "Its answers name this offset, so that every instant is read right; days in its own screens and in files that this "
    "user exports by hand are shown by it."
)
MACHINE = (
    "Nothing that is decided depends on it: days are the rules', schedules name their own zone, and the log is in UTC."
)


def zone_findings(zones: Zones, now: datetime) -> list[ZoneFinding]:
    """Each clock beside the rules' zone. Zones are the same when their offsets are throughout the year around `now`."""
    rules = ZoneInfo(zones.rules)
    found = [ZoneFinding("rules", zones.rules, False, RULES), _named("org", zones.org, rules, now, ORG)]
    if zones.user is None:
        found.append(ZoneFinding("integration user", "unknown", None, UNKNOWN))
    else:
        found.append(_named("integration user", zones.user, rules, now, USER))
    for unit, offset in zones.units:
        whose = f"Account Engagement user in {unit}"
        if offset is None:
            found.append(ZoneFinding(whose, "unknown", None, UNKNOWN))
        else:
            found.append(_shifted(whose, offset, rules, UNIT))
    return [*found, _shifted("this machine", zones.machine, rules, MACHINE)]


def differing(findings: Iterable[ZoneFinding]) -> list[ZoneFinding]:
    """Those that differ, or that nobody knows."""
    return [one for one in findings if one.differs is not False]


def _named(whose: str, name: str, rules: ZoneInfo, now: datetime, follows: str) -> ZoneFinding:
    other = ZoneInfo(name)
    year = [now + timedelta(days=30 * month) for month in range(12)]
    differs = any(moment.astimezone(other).utcoffset() != moment.astimezone(rules).utcoffset() for moment in year)
    return ZoneFinding(whose, name, differs, follows if differs else SAME)


def _shifted(whose: str, offset: Offset, rules: ZoneInfo, follows: str) -> ZoneFinding:
    differs = offset.at.astimezone(rules).utcoffset() != offset.of
    return ZoneFinding(whose, _words(offset.of), differs, follows if differs else SAME)


def _words(offset: timedelta) -> str:
    minutes = offset // timedelta(minutes=1)
    return f"UTC{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
