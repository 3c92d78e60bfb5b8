"""After each reading the mirror is compared with the remotes, and what differs is mended (SY-6)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from connector.store.database import open_store
from tests.acceptance.connector_process import Connector
from tests.acceptance.test_truth import differences

pytestmark = pytest.mark.requirement("SY-6", "SY-10")

DAY = 86_400


@pytest.mark.complaint(12, 13, 24)
def test_complaint_13_and_24_rows_lost_on_our_side_and_rows_that_vanished_without_a_trace_are_found(
    start: Callable[..., Connector],
) -> None:
    connector = start("--people", "120", "--seed", "7", "--frozen")
    first = compared(connector)
    assert {one["stream"] for one in first.values() if one["missing"] or one["vanished"]} == set()
    assert first["salesforce.Lead"]["remote"] == first["salesforce.Lead"]["mirror"] > 100
    lose(connector, "mirror_salesforce_lead", "stamp < (SELECT max(stamp) FROM mirror_salesforce_lead)", 3)
    lose(connector, "mirror_account_engagement_visitor_activities", "id < 400", 4)
    gone = hard_delete(connector, 2)
    assert compared(connector) == {}, "nothing changed and a day has not passed: nothing is compared"
    moved = connector.sandbox.control("PUT", "clock", {"advance_seconds": DAY + 3600})
    assert moved.status_code == 200, moved.text
    found = compared(connector)
    assert (found["salesforce.Lead"]["missing"], found["salesforce.Lead"]["vanished"]) == (3, 2)
    assert found["account_engagement.visitor_activities"]["missing"] == 4
    assert differences(connector) == []
    with open_store(connector.store) as store:
        versions = store.run(
            "SELECT count(*) FROM mirror_salesforce_lead WHERE id IN (SELECT unnest($gone)) AND _until IS NULL",
            {"gone": gone},
        )
    assert versions == [(0,)]
    shown = connector.here("status", "--json").document["streams"]
    assert all(one["reconciled_at"] for one in shown if one["stream"] == "salesforce.Lead")


def compared(connector: Connector) -> dict[str, dict[str, Any]]:
    done = connector.here("pull", "--json")
    assert done.code == 0, done.err
    return {one["stream"]: one for one in done.document["reconciled"]}


def lose(connector: Connector, table: str, where: str, count: int) -> None:
    """What no connector should ever do."""
    with open_store(connector.store) as store:
        lost = store.run(
            f"DELETE FROM {table} WHERE id IN (SELECT id FROM {table} WHERE {where} AND _until IS NULL "
            f"{'AND NOT is_deleted' if 'lead' in table else ''} ORDER BY id LIMIT {count}) RETURNING id"
        )
    assert len(lost) == count


def hard_delete(connector: Connector, count: int) -> list[str]:
    """Rows that leave Salesforce without a trace."""
    living = [
        str(row["Id"]) for row in connector.sandbox.truth("Lead") if not row["IsDeleted"] and not row["IsConverted"]
    ]
    gone = living[-count:]
    for record in gone:
        answer = connector.sandbox.control("POST", "hard-delete", {"id": record})
        assert answer.status_code == 200, answer.text
    return gone
