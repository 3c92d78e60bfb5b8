"""API calls: how many were made, for what, and what a remote says is used and allowed in a day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Literal

Purpose = Literal["pull", "reconcile", "write", "other"]

SALESFORCE = "salesforce"
ACCOUNT_ENGAGEMENT = "account_engagement"
UNMETERED = "unmetered"
"""The account of what the orgs do not count: logins and the list of API versions."""


def unit_account(unit: str) -> str:
    """The account that the calls to a business unit count against: account_engagement/0Uv…"""
    return f"{ACCOUNT_ENGAGEMENT}/{unit}"


def remote_of_account(account: str) -> str:
    """salesforce or account_engagement."""
    return account.partition("/")[0]


@dataclass(frozen=True)
class Calls:
    """Calls to one account in the hour that begins at `hour` (UTC), for a stream ("": for none) and a purpose."""

    hour: datetime
    account: str
    stream: str
    purpose: Purpose
    count: int


@dataclass(frozen=True)
class Usage:
    """An account's API calls in its day, by whomever: a rolling day in Salesforce, a calendar day elsewhere."""

    used: int
    allowed: int


@dataclass(frozen=True)
class Heard:
    """What an account last told of its usage: `at` by its own clock, `here` by this machine's (both UTC).

    `zone`: in which its day begins, as an IANA name; "" for a rolling day.
    """

    account: str
    usage: Usage
    at: datetime
    here: datetime
    zone: str = ""


@dataclass(frozen=True)
class Policy:
    """How much of an account's day we take.

    `share` of what it allows (0..1); `reserve` is the share that is left to others, however much of it we have used
    ourselves; `most` calls at any rate, None for no such limit. `streams`: the share of our calls that one stream may
    have at most; `reconcile`: that all comparing may have. A tenth is kept for writes, so that what was begun can end.
    """

    share: float = 1.0
    reserve: float = 0.0
    most: int | None = None
    reconcile: float = 1.0
    streams: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True)
class Wait:
    """Reading that ended early because its calls of the day are used up; it goes on at `resumes_at` (UTC)."""

    account: str
    stream: str
    purpose: Purpose
    resumes_at: datetime
    sentence: str
