"""The benchmark still fits the river that it measures: it runs whole, and its figures add up (WB-2, WB-8)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = [
    pytest.mark.requirement("WB-2", "WB-8"),
    pytest.mark.skipif(sys.platform != "linux", reason="processor time is read from /proc"),
]

ROOT = Path(__file__).resolve().parent.parent.parent
PEOPLE = 20


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    command = [sys.executable, "benchmarks/cycle.py", "--json", "--people", str(PEOPLE)]
    command += ["--folder", str(tmp_path_factory.mktemp("benchmark"))]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def test_each_size_has_two_cycles_of_which_the_second_changes_nothing(measured: dict[str, Any]) -> None:
    assert measured["schema"] == 1
    (size,) = measured["sizes"]
    assert size["people"] == PEOPLE
    assert size["first"]["fields_written"] > 0
    assert (size["second"]["planned"], size["second"]["fields_written"], size["second"]["failed"]) == (0, 0, 0)


def test_every_step_is_measured_and_the_calls_of_the_steps_are_those_of_the_cycle(measured: dict[str, Any]) -> None:
    (size,) = measured["sizes"]
    for name in ("first", "second"):
        cycle = size[name]
        assert {"pull", "mirror", "enrich", "score", "decide", "plan", "apply"} <= set(cycle["steps"])
        for remote, calls in cycle["total"]["calls"].items():
            assert sum(step["calls"].get(remote, 0) for step in cycle["steps"].values()) == calls
        assert sum(step["seconds"] for step in cycle["steps"].values()) <= cycle["total"]["seconds"]
        assert 0 < cycle["total"]["waited"] < cycle["total"]["seconds"]


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    command = [sys.executable, "benchmarks/pull.py", "--json", "--people", "300", "--activities", "3000"]
    command += ["--changed", "7", "--folder", str(tmp_path_factory.mktemp("reading"))]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


class TestReading:
    """benchmarks/pull.py at a tiny size: what it compares is the same on both sides (SY-6)."""

    @pytest.mark.requirement("SY-6")
    def test_a_first_pull_brings_everything_and_later_ones_what_changed(self, read: dict[str, Any]) -> None:
        rows = {one["stream"]: one["rows"] for one in read["first"]["streams"]}
        assert (rows["salesforce.Lead"], rows["account_engagement.prospects"]) == (300, 300)
        assert (rows["salesforce.Task"], rows["salesforce.CampaignMember"]) == (900, 600)
        assert rows["account_engagement.visitor_activities"] == 1500
        assert read["first"]["added"] == read["first"]["rows"]
        assert (read["changed"]["added"], read["still"]["added"]) == (7, 0)

    def test_the_plain_download_reads_the_same_bytes(self, read: dict[str, Any]) -> None:
        assert read["ratios"]["bytes"] == pytest.approx(1.0, abs=0.05)
        assert read["first"]["spent"]["calls"] >= read["least_calls"] > 0
        assert sum(one["calls"] for one in read["first"]["streams"]) == read["first"]["spent"]["calls"]
