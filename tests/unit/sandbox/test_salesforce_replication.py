"""getUpdated and getDeleted: spans by the minute, as far back as Salesforce looks."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.sandbox.salesforce_org import Org, new_org

pytestmark = pytest.mark.requirement("SY-1")

SPAN = "start=2026-10-01T00:00:00%2B00:00&end=2026-10-02T00:00:00%2B00:00"


@pytest.fixture
def org(tmp_path: Path) -> Org:
    return new_org(tmp_path)


def test_changed_and_deleted_records_of_a_span(org: Org) -> None:
    kept, gone = org.lead(), org.lead()
    org.later(hours=1)
    org.call("DELETE", f"sobjects/Lead/{gone}")
    org.later(days=2)
    org.lead()
    updated = org.call("GET", f"sobjects/Lead/updated?{SPAN}")
    assert updated.body == {"ids": [kept], "latestDateCovered": "2026-10-02T00:00:00.000+0000"}
    deleted = org.call("GET", f"sobjects/Lead/deleted/?{SPAN}")
    assert deleted.body == {
        "deletedRecords": [{"id": gone, "deletedDate": "2026-10-01T01:00:00.000+0000"}],
        "earliestDateAvailable": "2026-09-18T01:00:00.000+0000",
        "latestDateCovered": "2026-10-02T00:00:00.000+0000",
    }


@pytest.mark.parametrize(
    "span",
    [
        "start=2026-10-01T00:00:10Z&end=2026-10-01T00:00:50Z",
        "start=2026-08-01T00:00:00Z&end=2026-10-01T00:00:00Z",
        "start=yesterday&end=2026-10-01T00:00:00Z",
        "",
    ],
)
def test_spans_that_are_not_covered(org: Org, span: str) -> None:
    reply = org.call("GET", f"sobjects/Lead/updated?{span}")
    assert (reply.status, reply.body[0]["errorCode"]) == (400, "INVALID_REPLICATION_DATE")
