"""How many were closed without a reason, as the mirror stands (RC-2)."""

from __future__ import annotations

import pytest

from connector.reporting.closings import ClosedWithoutReason, closed_without_reason
from connector.rules.load import SHIPPED
from connector.rules.mapping import load_mapping
from connector.store.database import memory_store

pytestmark = pytest.mark.requirement("RC-2")


def test_only_live_and_closed_records_without_a_reason_are_counted() -> None:
    fields = load_mapping(SHIPPED / "classic").fields
    store = memory_store()
    assert closed_without_reason(store.run, fields) == ClosedWithoutReason(None, None)
    system = "id VARCHAR, _until TIMESTAMP, is_deleted BOOLEAN"
    store.run(
        f"CREATE TABLE mirror_salesforce_lead ({system}, status VARCHAR, is_converted BOOLEAN, close_reason VARCHAR)"
    )
    store.run(
        f"CREATE TABLE mirror_salesforce_opportunity ({system}, is_closed BOOLEAN, is_won BOOLEAN, loss_reason VARCHAR)"
    )
    closed = "'Closed - Not Converted'"
    store.run(f"""
        INSERT INTO mirror_salesforce_lead VALUES
        ('1', NULL, FALSE, {closed}, FALSE, NULL), ('2', NULL, FALSE, ' closed - not converted', NULL, ' '),
        ('3', NULL, FALSE, {closed}, FALSE, 'No need'), ('4', NULL, TRUE, {closed}, FALSE, NULL),
        ('5', now()::TIMESTAMP, FALSE, {closed}, FALSE, NULL), ('6', NULL, FALSE, {closed}, TRUE, NULL),
        ('7', NULL, FALSE, 'Nurturing', FALSE, NULL)
    """)
    store.run("""
        INSERT INTO mirror_salesforce_opportunity VALUES
        ('1', NULL, FALSE, TRUE, FALSE, NULL), ('2', NULL, FALSE, TRUE, TRUE, NULL),
        ('3', NULL, FALSE, FALSE, FALSE, NULL)
    """)
    assert closed_without_reason(store.run, fields) == ClosedWithoutReason(leads=2, deals=1)
