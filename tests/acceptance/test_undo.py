"""A run is taken back over real HTTPS: the org stands as before, and the next cycles leave it so (WB-4, OP-8)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.cli_world import CommandLine, command_line

pytestmark = pytest.mark.requirement("WB-4", "OP-8")

OURS = ("Status", "Connector_Score__c", "Connector_Grade__c", "Connector_Tier__c", "Connector_Stage__c",
        "Connector_Reason__c", "Connector_Scored_At__c")  # fmt: skip
OBJECTS = ("Lead", "Contact", "Account")


def fields(connector: CommandLine) -> dict[str, tuple[Any, ...]]:
    """What of the org's records a write of ours could change."""
    return {row["Id"]: tuple(row.get(name) for name in OURS) for one in OBJECTS for row in connector.truth(one)}


def tasks(connector: CommandLine) -> Mapping[str, Mapping[str, Any]]:
    return {row["Connector_Key__c"]: row for row in connector.truth("Task") if row["Connector_Key__c"]}


def test_a_run_is_taken_back_and_stays_so_until_it_is_released(tmp_path: Path) -> None:
    with command_line(tmp_path / "home", people=24) as connector:
        before = fields(connector)
        assert connector("sync", "--first-contact", "--json").code == 0
        written, made = fields(connector), tasks(connector)
        assert (written != before, bool(made)) == (True, True)

        seen = connector("undo", "--last", "--json").document
        assert seen["changes"] > 0
        assert (seen["left"], seen["result"], fields(connector)) == ([], None, written)
        run = seen["undoes"]
        refused = connector("undo", run, "--apply", CONNECTOR_WRITES="off")
        assert (refused.code, fields(connector)) == (3, written)

        done = connector("undo", run, "--apply", "--json")
        assert (done.code, done.document["result"]["applied"]) == (0, seen["changes"])
        assert fields(connector) == before
        assert all(row["IsClosed"] and row["Subject"].startswith("取消：") for row in tasks(connector).values())

        assert connector("sync").code == 0
        after = fields(connector)
        cells = [(after[one][place], before[one][place], written[one][place], name)
                 for one in after for place, name in enumerate(OURS) if name != "Connector_Scored_At__c"]  # fmt: skip
        again = [name for now, old, ours, name in cells if now != old and now == ours]
        assert again == [], "what was taken back is held"
        assert tasks(connector).keys() == made.keys(), "no task is made again"
        twice = connector("undo", run)
        assert (twice.code, "Nothing to do" in twice.out) == (0, True)

        assert connector("undo", run, "--release").code == 0
        planned = connector("plan", "--json").document
        assert (planned["records"] > len(before) // 2, planned["tasks"]) == (True, 0)
