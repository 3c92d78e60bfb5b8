"""The API calls that were made, and what the remotes told of their day: kept, so that every run knows of the others."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from connector.domain.calls import Calls, Heard, Usage
from connector.domain.running import Run
from connector.store.cursors import naive
from connector.store.database import Store

KEPT = timedelta(days=8)
"""Longer than any day that is counted: a week to look back on."""


def read_calls(run: Run) -> list[Calls]:
    """The calls of the last days, hour by hour."""
    rows = run("SELECT hour, account, stream, purpose, calls FROM api_call ORDER BY ALL", {})
    return [Calls(row[0].replace(tzinfo=UTC), *row[1:]) for row in rows]


def read_heard(run: Run) -> list[Heard]:
    """What each account last told."""
    rows = run("SELECT account, used, allowed, heard_at, heard_here, zone FROM api_allowance ORDER BY account", {})
    return [
        Heard(account, Usage(used, allowed), at.replace(tzinfo=UTC), here.replace(tzinfo=UTC), zone)
        for account, used, allowed, at, here, zone in rows
    ]


def keep_calls(store: Store, calls: Sequence[Calls], heard: Sequence[Heard], now: datetime) -> None:
    """Adds calls to those that are known, and replaces what the accounts told. `now`: by the remotes' clock."""
    with store.transaction():
        if calls:
            store.run(
                "INSERT INTO api_call SELECT unnest($hours::TIMESTAMP[]), unnest($accounts::VARCHAR[]), "
                "unnest($streams::VARCHAR[]), unnest($purposes::VARCHAR[]), unnest($counts::BIGINT[]) "
                "ON CONFLICT (hour, account, stream, purpose) DO UPDATE SET calls = calls + excluded.calls",
                {
                    "hours": [naive(one.hour) for one in calls],
                    "accounts": [one.account for one in calls],
                    "streams": [one.stream for one in calls],
                    "purposes": [one.purpose for one in calls],
                    "counts": [one.count for one in calls],
                },
            )
            store.run("DELETE FROM api_call WHERE hour < $oldest", {"oldest": naive(now - KEPT)})
        for one in heard:
            store.run(
                "INSERT OR REPLACE INTO api_allowance VALUES ($account, $used, $allowed, $at, $here, $zone)",
                {
                    "account": one.account,
                    "used": one.usage.used,
                    "allowed": one.usage.allowed,
                    "at": naive(one.at),
                    "here": naive(one.here),
                    "zone": one.zone,
                },
            )
