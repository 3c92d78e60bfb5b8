"""Alerts over whole cycles: told by a webhook at the end of the run that saw them, each once (OP-6)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.cli_world import CommandLine, command_line
from tests.unit.test_alerting import hook

pytestmark = pytest.mark.requirement("OP-6", "WB-5")

VALIDATION = "FIELD_CUSTOM_VALIDATION_EXCEPTION"


def faults(connector: CommandLine, *given: dict[str, Any]) -> None:
    with requests.Session() as session:
        session.trust_env = False
        url = f"{connector.running.url}/_sandbox/faults"
        session.put(url, json={"faults": list(given)}, timeout=20).raise_for_status()


def test_a_refused_plan_and_refused_rows_are_told_once_each(tmp_path: Path) -> None:
    with command_line(tmp_path, people=30) as connector, hook(204) as (url, seen):

        def sync(*words: str) -> int:
            return connector("sync", *words, CONNECTOR_ALERT_WEBHOOK=url).code

        def told() -> list[list[str]]:
            return [sorted({one["kind"] for one in json.loads(body)["alerts"]}) for _, body in seen]

        assert (sync(), sync(), told()) == (3, 3, [["refused"]])
        faults(connector, {"kind": "half_batch", "step": 2, "code": VALIDATION})
        assert sync("--first-contact") == 4
        assert told()[:2] == [["refused"], ["failed_rows"]]
        assert all(b"@" not in body for _, body in seen)
        standing = connector("alerts", "--json").document["alerts"]
        assert {(one["kind"], one["detail"]) for one in standing} >= {("failed_rows", f"Lead: {VALIDATION}")}
        assert "refused" not in {one["kind"] for one in standing}, "it was over with the cycle that went through"
        assert connector("alerts", "--test", CONNECTOR_ALERT_WEBHOOK=url).code == 0
        assert connector("alerts", "--test").code == 64
