"""What is left of each account's day of API calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from connector.domain.calls import SALESFORCE, Calls, Heard, Policy, Purpose
from connector.domain.running import Run
from connector.http.allowance import DAY, HOUR, day_began, next_midnight, our_limit, spent_in
from connector.store.calls import read_calls, read_heard


@dataclass(frozen=True)
class AccountBudget:
    """One account's day: what the org has used of what it allows as it last told (`heard_at`), and our part of it.

    `ours` by purpose; `streams`: ours by stream and purpose. `limit`: how many we may make in all; `stop_at`: the usage
    from which on the rest is left to others. `renews_at`: when calls come back, the oldest first in a rolling day.
    """

    account: str
    used: int
    allowed: int
    heard_at: datetime
    ours: Mapping[Purpose, int]
    streams: Mapping[tuple[str, Purpose], int]
    limit: int | None
    stop_at: int
    renews_at: datetime | None

    @property
    def spent(self) -> int:
        return sum(self.ours.values())


def budgets(run: Run, policy: Policy, now: datetime) -> list[AccountBudget]:
    """Every account that has told of its day. `now`: by the remotes' clock."""
    calls = read_calls(run)
    return [_budget(calls, heard, policy, now) for heard in read_heard(run)]


def _budget(calls: Sequence[Calls], heard: Heard, policy: Policy, now: datetime) -> AccountBudget:
    zone = ZoneInfo(heard.zone or "UTC")
    since = day_began(heard.account, now, zone)
    spent = spent_in(calls, heard.account, since)
    mine = [one for one in calls if one.account == heard.account and one.hour >= since]
    streams: dict[tuple[str, Purpose], int] = {}
    for one in mine:
        streams[(one.stream, one.purpose)] = streams.get((one.stream, one.purpose), 0) + one.count
    rolling = heard.account == SALESFORCE
    return AccountBudget(
        heard.account,
        # A day that has ended since it told begins with nothing used that we know of.
        heard.usage.used if heard.at >= since else spent.total,
        heard.usage.allowed,
        heard.at,
        dict(spent.purposes),
        streams,
        our_limit(policy, heard.usage),
        int(heard.usage.allowed * (1 - policy.reserve)),
        (min((one.hour for one in mine), default=now) + DAY + HOUR if mine else None)
        if rolling
        else next_midnight(now, zone),
    )
