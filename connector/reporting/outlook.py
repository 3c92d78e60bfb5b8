"""The store at a glance, as it stands now: whether each stream moves, and what is left of the day's API calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from connector.domain.calls import SALESFORCE, Policy, Purpose, unit_account
from connector.domain.running import Run
from connector.reporting.budget import AccountBudget, budgets
from connector.reporting.freshness import Freshness, counted, freshness
from connector.rules.schedule import Schedule
from connector.store.calls import read_heard
from connector.store.watching import Watched, read_watched


@dataclass(frozen=True)
class Expected:
    """What ought to be: by which schedule, within which share of calls, and which streams (with their units)."""

    schedule: Schedule
    policy: Policy
    streams: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class StreamOutlook:
    """One stream of one unit, with our calls for it in the account's present day."""

    freshness: Freshness
    pull_calls: int
    reconcile_calls: int


@dataclass(frozen=True)
class Outlook:
    """`now`: the remotes' time as far as it is known. `never_read`: expected streams of which nothing was ever read."""

    now: datetime
    streams: dict[tuple[str, str], StreamOutlook]
    never_read: tuple[tuple[str, str], ...]
    budgets: tuple[AccountBudget, ...]

    @property
    def alarms(self) -> list[str]:
        """What is wrong with streams and what to do, in sentences."""
        return [one.freshness.sentence for one in self.streams.values() if one.freshness.sentence]


def outlook(run: Run, expected: Expected, here: datetime) -> Outlook:
    """`here`: this machine's time. Lateness goes by the remote's clock, which is reckoned from what it last said."""
    now = remote_time(run, here)
    found = tuple(budgets(run, expected.policy, now))
    calls = {(account.account, *key): count for account in found for key, count in account.streams.items()}
    watched = read_watched(run)
    names = {name for name, _unit in expected.streams}
    streams = {
        (one.stream, one.unit): _stream(one, expected.schedule, now, calls) for one in watched if one.stream in names
    }
    never = tuple(key for key in expected.streams if key not in streams)
    return Outlook(now, streams, never, found)


def remote_time(run: Run, here: datetime) -> datetime:
    """What time it is for the org now: its last word on that, and the time that has gone by on this machine since."""
    ahead = [one.at - one.here for one in read_heard(run) if one.account == SALESFORCE]
    return here + (ahead[0] if ahead else timedelta())


def _stream(
    watched: Watched, schedule: Schedule, now: datetime, calls: dict[tuple[str, str, Purpose], int]
) -> StreamOutlook:
    at, gaps = counted(watched)
    account = unit_account(watched.unit) if watched.unit else SALESFORCE
    found = freshness(replace(watched, counted_at=at, gaps=gaps), schedule, now)
    return StreamOutlook(
        found,
        calls.get((account, watched.stream, "pull"), 0),
        calls.get((account, watched.stream, "reconcile"), 0),
    )
