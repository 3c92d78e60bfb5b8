"""How many calls may still be made in the day of each account, and what each says it has used."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from connector.domain.calls import (
    SALESFORCE,
    UNMETERED,
    Calls,
    Heard,
    Policy,
    Purpose,
    Usage,
    Wait,
    remote_of_account,
)
from connector.errors import BudgetSpentError
from connector.http.allowance import TRUSTED, Day, Spent, day_began, hour_of, left_of, refusal, spent_in

_SALESFORCE_USAGE = re.compile(r"(?:^|[;,\s])api-usage=(\d+)/(\d+)")
_UNIT_USAGE = re.compile(r"^\s*(\d+)\s*/\s*(\d+)\s*$")

NOISE = 50
"""Consecutive answers may count this much backwards; what lies further below is calls that have left the day."""


WORTH_KEEPING = 50
"""Calls that are written down at the end of a stream already, so that a process that is killed loses no more."""

Keep = Callable[[Sequence[Calls], Sequence[Heard], datetime], None]


def usage_in(headers: Mapping[str, str]) -> Usage | None:
    """An account's usage by the headers of an answer.

    Sforce-Limit-Info "api-usage=18/5000; per-app-api-usage=17/250(appName=x)", of which the org-wide part counts, or
    x-api-usage "18/5000" of Account Engagement.
    """
    found = _SALESFORCE_USAGE.search(headers.get("Sforce-Limit-Info", "")) or _UNIT_USAGE.match(
        headers.get("x-api-usage", "")
    )
    return Usage(int(found[1]), int(found[2])) if found else None


def _machine_time() -> datetime:
    return datetime.now(UTC)


class CallBudget:
    """Counts every exchange with a remote, and refuses the one beyond the policy before it is made. Thread-safe.

    `policy`: None for no limit of ours. `before`: called before every exchange; what it raises ends the call before
    anything was sent. `clock`: this machine's time; the remotes' own is heard from their answers. `keep` writes down
    calls and what was heard, at a time by the remotes' clock. `zone`: in which the days of business units begin.
    """

    def __init__(
        self,
        policy: Policy | None = None,
        before: Callable[[], None] = lambda: None,
        clock: Callable[[], datetime] = _machine_time,
        keep: Keep = lambda _calls, _heard, _now: None,
    ) -> None:
        self.policy = policy
        self.zone = ZoneInfo("UTC")
        self.waits: list[Wait] = []
        self._before = before
        self._clock = clock
        self._keep = keep
        self._closed: dict[str, BudgetSpentError] = {}
        self._last = ""
        self._ahead = timedelta()
        self._task: tuple[str, Purpose] = ("", "other")
        self._calls: Counter[str] = Counter()
        self._book: Counter[tuple[datetime, str, str, Purpose]] = Counter()
        self._unkept: Counter[tuple[datetime, str, str, Purpose]] = Counter()
        self._spent: dict[str, Spent] = {}
        self._heard: dict[str, Heard] = {}
        self._since_heard: Counter[str] = Counter()
        self._lock = threading.Lock()

    @property
    def calls(self) -> Mapping[str, int]:
        """Calls made so far by this budget, by remote; those that no org counts are left out."""
        with self._lock:
            found: Counter[str] = Counter()
            for account, calls in self._calls.items():
                if account != UNMETERED:
                    found[remote_of_account(account)] += calls
            return dict(found)

    @property
    def now(self) -> datetime:
        """The remotes' time (UTC) as far as it was heard, else this machine's."""
        return self._clock() + self._ahead

    def usage(self, account: str = SALESFORCE) -> Usage | None:
        """What the account has told, with the calls that we have made since."""
        with self._lock:
            return self._usage(account)

    def remember(self, calls: Iterable[Calls], heard: Iterable[Heard]) -> None:
        """Takes up what earlier runs have kept: their calls, and what the accounts told them."""
        with self._lock:
            for one in calls:
                self._book[(one.hour, one.account, one.stream, one.purpose)] += one.count
            self._spent.clear()
            for each in heard:
                self._heard.setdefault(each.account, each)
                if each.account == SALESFORCE:
                    self._ahead = each.at - each.here

    def keep(self) -> None:
        """Writes down what has been counted since the last time; at the end of a step, never within a transaction."""
        with self._lock:
            calls = [Calls(*key, count) for key, count in self._unkept.items()]
            self._unkept.clear()
            heard = list(self._heard.values())
        if calls:
            self._keep(calls, heard, self.now)

    @contextmanager
    def calls_for(self, stream: str, purpose: Purpose) -> Iterator[None]:
        """Within the block, calls of every thread count for a stream ("": for none) and a purpose.

        One block at a time: streams are read one after another, each by as many threads as it likes.
        """
        before, self._task = self._task, (stream, purpose)
        try:
            yield
        finally:
            self._task = before
        if self._unkept.total() >= WORTH_KEEPING:
            self.keep()

    @contextmanager
    def reads(self, stream: str, purpose: Purpose) -> Iterator[None]:
        """The same for a reading. Where the calls of the day are used up, the block ends early, and `waits` says so."""
        try:
            with self.calls_for(stream, purpose):
                yield
        except BudgetSpentError as error:
            now = self.now
            if error.resumes_at is None:
                # The remote has told: nothing more is asked of this account before the time that it was given.
                error = BudgetSpentError(str(error), error.again_after, error.goes_on_at(now), account=self._last)
                self._closed[self._last] = error
            self.waits.append(Wait(error.account, stream, purpose, error.goes_on_at(now), str(error)))

    def spend(self, account: str) -> None:
        """Takes one call. BudgetSpentError when it would be one too many."""
        self._before()
        stream, purpose = self._task
        with self._lock:
            if account != UNMETERED:
                self._take(account, stream, purpose)
            self._calls[account] += 1

    def heard(self, account: str, headers: Mapping[str, str], at: datetime | None) -> None:
        """Takes note of an answer: the usage that it tells of, and the remote's time."""
        seen = usage_in(headers)
        with self._lock:
            if at is not None:
                self._ahead = at - self._clock()
            if seen is None or account == UNMETERED:
                return
            known = self._heard.get(account)
            if known and known.usage.allowed == seen.allowed and 0 < known.usage.used - seen.used <= NOISE:
                seen = known.usage
            zone = "" if account == SALESFORCE else self.zone.key
            self._heard[account] = Heard(account, seen, self.now, self._clock(), zone)
            self._since_heard[account] = 0

    def told(self, account: str, usage: Usage) -> None:
        """Takes note of a usage that was asked for."""
        with self._lock:
            zone = "" if account == SALESFORCE else self.zone.key
            self._heard[account] = Heard(account, usage, self.now, self._clock(), zone)
            self._since_heard[account] = 0

    def knows(self, account: str) -> bool:
        """Whether the account has told of its usage in its present day."""
        with self._lock:
            return self._knows(account)

    def days(self) -> list[tuple[str, Usage, int]]:
        """Each account that has told of its day: what it told, and how many calls were ours."""
        with self._lock:
            return [
                (account, usage, self._spent_of(account).total)
                for account in self._heard
                if (usage := self._usage(account)) is not None
            ]

    def has_called(self, account: str) -> bool:
        """Whether we have called the account in its present day."""
        with self._lock:
            return self._spent_of(account).total > 0

    def _knows(self, account: str) -> bool:
        heard = self._heard.get(account)
        return heard is not None and heard.at >= day_began(account, self.now, self.zone)

    def left(self, account: str, purpose: Purpose) -> int | None:
        """How many more calls for a purpose the day allows; None while nobody has said, or without a policy."""
        with self._lock:
            return None if self.policy is None else left_of(self.policy, self._day(account), purpose)

    def _day(self, account: str) -> Day:
        heard = self._heard.get(account)
        heard_at = heard.at if heard else None
        spent = self._spent_of(account)
        return Day(account, lambda: self._entries(account), spent, self._usage(account), heard_at, self.now, self.zone)

    def _take(self, account: str, stream: str, purpose: Purpose) -> None:
        now = self.now
        self._last = account
        closed = self._closed.get(account)
        if closed and now < closed.goes_on_at(now):
            raise closed
        spent = self._spent_of(account)
        error = refusal(self.policy, self._day(account), stream, purpose) if self.policy else None
        if error:
            raise error
        key = (hour_of(now), account, stream, purpose)
        self._book[key] += 1
        self._unkept[key] += 1
        self._since_heard[account] += 1
        spent.add(stream, purpose, 1)

    def _spent_of(self, account: str) -> Spent:
        since = day_began(account, self.now, self.zone)
        spent = self._spent.get(account)
        if spent is None or spent.since != since:
            spent = self._spent[account] = spent_in(self._entries(account), account, since)
        return spent

    def _usage(self, account: str) -> Usage | None:
        heard = self._heard.get(account)
        if heard is None:
            return None
        stale = self.now - heard.at >= TRUSTED if account == SALESFORCE else not self._knows(account)
        if stale:
            return Usage(self._since_heard[account], heard.usage.allowed)
        return Usage(heard.usage.used + self._since_heard[account], heard.usage.allowed)

    def _entries(self, account: str) -> Iterator[Calls]:
        return (Calls(*key, count) for key, count in self._book.items() if key[1] == account)
