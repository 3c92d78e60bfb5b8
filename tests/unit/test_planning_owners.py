"""Tasks of people whose owner has left go to nobody by name; those of queues stay theirs (CD-1)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from connector.engine.cadence import CadenceStep
from connector.planning.owners import owned_by_the_active
from connector.planning.tasks import FollowUp
from connector.rules.names import Name

pytestmark = pytest.mark.requirement("CD-1", "WB-5")

DAY = date(2026, 6, 1)
STEP = CadenceStep("day1", 1, "call", Name(ja="電話", en="Call"), DAY)
AWAY, HERE, QUEUE, UNKNOWN = "005000000000009AAA", "005000000000001AAA", "00G000000000001AAA", "005000000000404AAA"


@pytest.mark.parametrize(
    ("owner", "then"), [(AWAY, None), (HERE, HERE), (QUEUE, QUEUE), (UNKNOWN, UNKNOWN), (None, None)]
)
def test_whoever_is_inactive_gets_no_task(owner: str | None, then: str | None) -> None:
    def run(sql: str, _params: object) -> list[tuple[Any, ...]]:
        assert "NOT is_active" in sql
        return [(AWAY,)]

    follow_up = FollowUp("P1", "hot", DAY, "00Q1", "00Q1", owner, opted_out=False, do_not_call=False)
    ((found, step),) = owned_by_the_active(run, [(follow_up, STEP)])
    assert (found.owner_id, step) == (then, STEP)
