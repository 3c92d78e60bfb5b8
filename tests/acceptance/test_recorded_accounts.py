"""A team's own export, served by the sandbox and pulled by the connector: every row comes back as it was."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable

import pytest

from connector.store.database import open_store
from tests.acceptance.connector_process import ROOT, Connector

RECORDED = ROOT.parent / "shared" / "recorded" / "account-engagement"
ACTIVITIES, PROSPECTS = "pardot_visitor_activity_data.csv", "pardot_prospect_data.csv"

pytestmark = [
    pytest.mark.requirement("SY-2", "SY-6"),
    pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded accounts are not here"),
]


def rows_of(file: str) -> dict[str, dict[str, str]]:
    with (RECORDED / file).open(encoding="utf-8", newline="") as lines:
        return {row["id"]: row for row in csv.DictReader(lines)}


def test_recorded_accounts_are_pulled_whole_with_their_grades_and_scores(start: Callable[..., Connector]) -> None:
    connector = start("--load", str(RECORDED))
    report = json.loads((connector.sandbox.state / "load-report.json").read_text("utf-8"))
    assert "pardot_prospect_data.csv" in json.dumps(report)
    done = connector.run("pull", "--json", CONNECTOR_COMPANIES="", CONNECTOR_TARGETS="")
    assert done.code == 0, done.err
    pulled = {one["stream"]: one["rows"] for one in done.document["streams"]}
    prospects, activities = rows_of(PROSPECTS), rows_of(ACTIVITIES)
    assert pulled["account_engagement.prospects"] == len(prospects)
    assert pulled["account_engagement.visitor_activities"] == len(activities)
    with open_store(connector.store) as store:
        kept = {
            str(row[0]): (row[1], row[2], row[3])
            for row in store.run(
                "SELECT id, native_grade, native_score, created_at FROM mirror_account_engagement_prospects"
            )
        }
        types = {
            str(row[0]): (row[1], row[2])
            for row in store.run("SELECT id, type, type_name FROM mirror_account_engagement_visitor_activities")
        }
    for record, row in prospects.items():
        grade, score, created = kept[record]
        assert (grade or "", score) == (row["grade"], int(row["score"]))
        assert f"{created:%Y-%m-%d %H:%M:%S} UTC" == row["created_at"]
    for record, row in activities.items():
        assert types[record] == (int(row["type"]), row["type_name"])
