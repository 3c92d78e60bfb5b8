"""The ledger as it stood at a past time, for questions that change nothing."""

from __future__ import annotations

from datetime import datetime

from connector.domain.statements import quoted
from connector.store.cursors import naive
from connector.store.database import Store


def freeze_runs(store: Store, moment: datetime) -> None:
    """From here on this connection sees the cadence runs as they were recorded by `moment`, and cannot change them.

    A run recorded later had not begun, and one that ended later was open.
    """
    where = f'"{store.value("SELECT current_database()")}".main.cadence_runs'
    then = f"TIMESTAMP {quoted(str(naive(moment)))}"
    store.run(
        "CREATE OR REPLACE TEMP VIEW cadence_runs AS SELECT * REPLACE ("
        f"CASE WHEN ended_at <= {then} THEN ended_at END AS ended_at, "
        f"CASE WHEN ended_at <= {then} THEN end_reason END AS end_reason) "
        f"FROM {where} WHERE coalesce(recorded_at <= {then}, TRUE)"
    )
