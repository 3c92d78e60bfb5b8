"""Whether one more call is allowed, and when the next one will be. Pure.

Salesforce counts a rolling day of the whole org, Account Engagement the calendar day of a business unit in the zone of
its account (facts of both: their documentation on API limits). Our own calls are counted by the hour, and an hour
counts until its last minute has left the day, so that we are never above what was allowed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from connector.domain.calls import SALESFORCE, Calls, Policy, Purpose, Usage, remote_of_account
from connector.errors import BudgetSpentError

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
TRUSTED = HOUR
"""How long an org's word on its rolling day counts; after that one call finds out anew."""

KEPT_FOR_WRITES = 0.1
WORTH_GOING_ON = 0.05
"""A budget counts as renewed when this share of it is free: one call an hour is no way to read."""

NAMES: Mapping[str, str] = {"salesforce": "Salesforce", "account_engagement": "Account Engagement"}


@dataclass
class Spent:
    """Our calls to one account in its day that began at `since`: all, by stream, by purpose."""

    since: datetime
    total: int = 0
    streams: Counter[str] = field(default_factory=Counter)
    purposes: Counter[Purpose] = field(default_factory=Counter)

    def add(self, stream: str, purpose: Purpose, count: int) -> None:
        self.total += count
        self.purposes[purpose] += count
        if stream:
            self.streams[stream] += count


@dataclass(frozen=True)
class Day:
    """The day of one account as it stands: our calls, what it has used of what it allows, when it told so, the time.

    `calls` gives what `spent` adds up; it is asked only where a refusal has to say when it goes on.
    """

    account: str
    calls: Callable[[], Iterable[Calls]]
    spent: Spent
    usage: Usage | None
    heard_at: datetime | None
    now: datetime
    zone: ZoneInfo


def hour_of(instant: datetime) -> datetime:
    """The beginning of the hour (UTC)."""
    return instant.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def day_began(account: str, now: datetime, zone: ZoneInfo) -> datetime:
    """The first hour (UTC) whose calls count in the account's day that `now` is in."""
    if account == SALESFORCE:
        return hour_of(now) - DAY
    return hour_of(now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0))


def spent_in(calls: Iterable[Calls], account: str, since: datetime) -> Spent:
    """Adds up what counts."""
    spent = Spent(since)
    for one in calls:
        if one.account == account and one.hour >= since:
            spent.add(one.stream, one.purpose, one.count)
    return spent


def our_limit(policy: Policy, usage: Usage | None) -> int | None:
    """How many calls we may make in the account's day; None while nobody has said."""
    shared = None if usage is None else int(usage.allowed * policy.share)
    known = [limit for limit in (shared, policy.most) if limit is not None]
    return min(known) if known else None


def limit_for(limit: int, purpose: Purpose) -> int:
    """How far calls for a purpose may go: reading leaves the last tenth to writes."""
    return limit if purpose in {"write", "other"} else int(limit * (1 - KEPT_FOR_WRITES))


def refusal(policy: Policy, day: Day, stream: str, purpose: Purpose) -> BudgetSpentError | None:
    """The error to raise instead of one more call; None when it is allowed."""
    limit = our_limit(policy, day.usage)
    kept = 0 if limit is None else limit - limit_for(limit, purpose)
    return (
        _ours(policy, day, purpose, limit)
        or _reserve(policy, day, kept)
        or (_stream(policy, day, stream, limit) if purpose in {"pull", "reconcile"} else None)
        or (_comparing(policy, day, limit) if purpose == "reconcile" else None)
    )


def left_of(policy: Policy, day: Day, purpose: Purpose) -> int | None:
    """How many more calls for a purpose are allowed in the account's day; None while nobody has said."""
    limit = our_limit(policy, day.usage)
    if limit is None:
        return None
    ours = limit_for(limit, purpose)
    left = ours - day.spent.total
    if day.usage is not None:
        left = min(left, int(day.usage.allowed * (1 - policy.reserve)) - (limit - ours) - day.usage.used)
    return max(left, 0)


def renewed_at(day: Day, calls: Iterable[Calls], limit: int) -> datetime:
    """When at least a twentieth of `limit` is free again for calls such as these."""
    if day.account != SALESFORCE:
        return next_midnight(day.now, day.zone)
    counted = sorted((one for one in calls if one.hour >= day.spent.since), key=lambda one: one.hour)
    left = sum(one.count for one in counted)
    for one in counted:
        left -= one.count
        if left <= limit * (1 - WORTH_GOING_ON):
            return max(one.hour + DAY + HOUR, hour_of(day.now) + HOUR)
    return hour_of(day.now) + HOUR


def _ours(policy: Policy, day: Day, purpose: Purpose, limit: int | None) -> BudgetSpentError | None:
    if limit is None or day.spent.total < (ours := limit_for(limit, purpose)):
        return None
    kept = "" if ours == limit else f" without the {limit - ours:,} kept for writes"
    what = f"The {ours:,} API calls that we may make to {_name(day.account)} in a day{kept} are used up."
    setting = "CONNECTOR_API_DAY_CALLS" if limit == policy.most else "CONNECTOR_API_DAY_SHARE"
    return _error(day, what, f"{setting} allows more.", renewed_at(day, day.calls(), ours))


def _reserve(policy: Policy, day: Day, kept: int) -> BudgetSpentError | None:
    if day.usage is None or day.usage.used < int(day.usage.allowed * (1 - policy.reserve)) - kept:
        return None
    usage = f"{day.usage.used:,} of {day.usage.allowed:,}"
    what = (
        f"{_name(day.account)} has answered {usage} API calls of its day, ours and others': the rest is left to others."
    )
    # A rolling day gives back by the minute what others used; nobody tells how much, so it is asked again.
    again = (day.heard_at or day.now) + TRUSTED if day.account == SALESFORCE else next_midnight(day.now, day.zone)
    return _error(day, what, "CONNECTOR_API_DAY_RESERVE leaves less.", again)


def _stream(policy: Policy, day: Day, stream: str, limit: int | None) -> BudgetSpentError | None:
    share = policy.streams.get(stream)
    if share is None or limit is None or day.spent.streams[stream] < (most := int(limit * share)):
        return None
    what = f"{stream} has used up its share of the day's API calls ({most:,})."
    mine = [one for one in day.calls() if one.stream == stream]
    return _error(day, what, "`calls` in schedule.yaml gives it more.", renewed_at(day, mine, most))


def _comparing(policy: Policy, day: Day, limit: int | None) -> BudgetSpentError | None:
    if limit is None or day.spent.purposes["reconcile"] < (most := int(limit * policy.reconcile)):
        return None
    what = f"Comparing has used up its share of the day's API calls to {_name(day.account)} ({most:,})."
    mine = [one for one in day.calls() if one.purpose == "reconcile"]
    return _error(day, what, "`reconcile_calls` in schedule.yaml gives it more.", renewed_at(day, mine, most))


def _error(day: Day, what: str, setting: str, again: datetime) -> BudgetSpentError:
    sentence = f"{what} What is done is kept; it goes on at {again:%Y-%m-%d %H:%M} UTC. {setting}"
    seconds = max((again - day.now).total_seconds(), 0.0)
    return BudgetSpentError(sentence, seconds, again, account=day.account)


def next_midnight(now: datetime, zone: ZoneInfo) -> datetime:
    """When the next day begins in a zone (UTC)."""
    tomorrow = now.astimezone(zone).date() + DAY
    return datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=zone).astimezone(UTC)


def _name(account: str) -> str:
    unit = account.partition("/")[2]
    return f"{NAMES[remote_of_account(account)]}{f' {unit}' if unit else ''}"
