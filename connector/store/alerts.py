"""The ledger of alerts: what stands, what was told, what is over (OP-6)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from connector.domain.alerts import Alert, AlertKind
from connector.domain.running import Run
from connector.store.cursors import naive
from connector.store.database import Store


@dataclass(frozen=True)
class Standing:
    """An alert that is not over: since when, and when it was told; in UTC."""

    alert: Alert
    began_at: datetime
    told_at: datetime | None


def note_alerts(store: Store, kinds: Collection[AlertKind], found: Iterable[Alert], now: datetime) -> None:
    """Begins what is new of these kinds, and ends what is not found any more. `now` is aware."""
    store.load("found_alerts", ("kind", "key", "record_id", "detail"), sorted({_row(one) for one in found}))
    with store.transaction():
        store.run(
            "UPDATE alerts SET ended_at = $now WHERE ended_at IS NULL AND kind IN (SELECT unnest($kinds::VARCHAR[])) "
            "AND (kind, key) NOT IN (SELECT (kind, key) FROM found_alerts)",
            {"now": naive(now), "kinds": list(kinds)},
        )
        store.run(
            "INSERT INTO alerts SELECT kind, key, nullif(record_id, ''), detail, $now, NULL, NULL FROM found_alerts "
            "WHERE (kind, key) NOT IN (SELECT (kind, key) FROM alerts WHERE ended_at IS NULL)",
            {"now": naive(now)},
        )


def standing_alerts(run: Run) -> list[Standing]:
    """Everything that is not over, the longest first."""
    rows = run(
        "SELECT kind, key, record_id, detail, began_at, told_at FROM alerts WHERE ended_at IS NULL "
        "ORDER BY began_at, kind, key",
        {},
    )
    return [
        Standing(
            Alert(kind, key, record, detail),
            began.replace(tzinfo=UTC),
            None if told is None else told.replace(tzinfo=UTC),
        )
        for kind, key, record, detail, began, told in rows
    ]


def mark_told(store: Store, told: Iterable[Alert], now: datetime) -> None:
    """Notes that these were told."""
    store.load("told_alerts", ("kind", "key", "record_id", "detail"), sorted({_row(one) for one in told}))
    store.run(
        "UPDATE alerts SET told_at = $now WHERE ended_at IS NULL AND told_at IS NULL "
        "AND (kind, key) IN (SELECT (kind, key) FROM told_alerts)",
        {"now": naive(now)},
    )


def _row(alert: Alert) -> tuple[str, str, str, str]:
    return alert.kind, alert.key, alert.record or "", alert.detail
