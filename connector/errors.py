"""Errors, named by what to do about them.

    ConnectorError
    ├── ConfigurationError   mend a setting, a mapping, a rule or an input file, then run again   exit 64
    ├── RetryError           the remote or the network will recover: run again later              exit 1
    │   └── SpoiltPageError      what arrived cannot be read: ask again, or by another road           exit 1
    ├── StopError            something is wrong that a retry does not mend                        exit 1
    │   └── BudgetSpentError     the calls of the day are used up: it goes on by itself later         exit 1
    ├── StoppedError         somebody asked us to stop: nothing is wrong                          exit 1
    └── RefusedError         we will not do this without an explicit word, or not any more        exit 3

What concerns one record only is not an exception but a value: see `domain.outcome.RowResult`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


class ConnectorError(Exception):
    """Anything that ends a command. The message is one sentence for people; it never holds a secret."""

    exit_code = 1


class ConfigurationError(ConnectorError):
    """A setting, a mapping, a rule or an input file is wrong: mend it and run again."""

    exit_code = 64

    def __init__(self, message: str, problems: Sequence[Problem] = ()) -> None:
        super().__init__(message)
        self.problems = tuple(problems)


class RetryError(ConnectorError):
    """A remote or the network failed in a way that passes: run again later.

    `again_after` is the remote's own wish in seconds, where it gave one.
    """

    def __init__(self, message: str, again_after: float | None = None) -> None:
        super().__init__(message)
        self.again_after = again_after


class SpoiltPageError(RetryError):
    """What arrived cannot be read; nothing of it was kept."""


class StopError(ConnectorError):
    """Something is wrong that trying again does not mend: a person has to look.

    `code` is the remote's own error code, where there is one.
    """

    def __init__(self, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.code = code


class BudgetSpentError(StopError):
    """The API calls that we may make in a day are used up: refused before the call, or told so by the remote.

    `again_after`: seconds until it is worth going on; `resumes_at` is the same as a time (UTC, by the remote's clock),
    None where the remote refused without saying when. `account`: whose calls they are, see `http.allowance`.
    """

    def __init__(
        self,
        message: str,
        again_after: float,
        resumes_at: datetime | None = None,
        *,
        account: str = "",
        code: str = "CALL_BUDGET",
    ) -> None:
        super().__init__(message, code)
        self.again_after = again_after
        self.resumes_at = resumes_at
        self.account = account

    def goes_on_at(self, now: datetime) -> datetime:
        """When it is worth going on (UTC); `now` by the remote's clock."""
        return self.resumes_at or now + timedelta(seconds=self.again_after)


class StoppedError(ConnectorError):
    """Somebody asked the process to stop, and it did so at the next safe place; the next run goes on from there."""


class RefusedError(ConnectorError):
    """We will not do this without an explicit word, or not any more: guard, first contact, outdated plan.

    `told`: the same without values of records, for logs and alerts.
    """

    exit_code = 3

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.told = message


@dataclass(frozen=True)
class Problem:
    """One thing wrong in one place of one file; all problems of a file are shown at once."""

    file: str
    line: int
    column: int
    sentence: str
    suggestion: str | None = None

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{place}: {self.sentence}" + (f" {self.suggestion}" if self.suggestion else "")


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """Problems by file, line and column, each once."""
    return sorted(dict.fromkeys(problems), key=lambda one: (one.file, one.line, one.column, one.sentence))
