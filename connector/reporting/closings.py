"""How many leads were closed, and deals lost, while nobody said why (RC-2); reads the mirror as it stands."""

from __future__ import annotations

from dataclasses import dataclass

from connector.domain.running import Run
from connector.rules.fields import Fields

_LEAD = (
    "NOT coalesce(is_converted, FALSE) AND lower(trim(status)) IN (SELECT unnest($words::VARCHAR[])) "
    "AND trim(coalesce(close_reason, '')) = ''"
)
_DEAL = "is_closed AND NOT coalesce(is_won, FALSE) AND trim(coalesce(loss_reason, '')) = ''"
_ASKED = {
    "mirror_salesforce_lead": ({"status", "is_converted", "close_reason"}, _LEAD),
    "mirror_salesforce_opportunity": ({"is_closed", "is_won", "loss_reason"}, _DEAL),
}


@dataclass(frozen=True)
class ClosedWithoutReason:
    """None where the mapping reads no reason, so that nobody can know."""

    leads: int | None
    deals: int | None


def closed_without_reason(run: Run, fields: Fields) -> ClosedWithoutReason:
    """Live records that were closed or lost without a reason. `fields` says which words of leads mean closed."""
    closed = [word.strip().lower() for word, means in fields.crm_status_of.items() if means == "disqualified"]
    return ClosedWithoutReason(
        _count(run, "mirror_salesforce_lead", {"words": closed}), _count(run, "mirror_salesforce_opportunity", {})
    )


def _count(run: Run, table: str, given: dict[str, object]) -> int | None:
    needed, condition = _ASKED[table]
    rows = run("SELECT column_name FROM duckdb_columns() WHERE table_name = $table", {"table": table})
    columns = {str(row[0]) for row in rows}
    if not needed <= columns:
        return None
    live = '_until IS NULL AND NOT coalesce("is_deleted", FALSE)'
    ((count,),) = run(f'SELECT count(*) FROM "{table}" WHERE {live} AND {condition}', given)
    return int(count)
