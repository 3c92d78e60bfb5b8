"""Advice about stages, lead times and rises: nobody's stages, dead ends, what never comes to bear."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from connector.cli.main import run
from connector.rules.load import SHIPPED

pytestmark = pytest.mark.requirement("AD-6", "LC-4", "LC-9")


def advice(folder: Path, capsys: pytest.CaptureFixture[str], **more: Any) -> list[tuple[str, str]]:
    shutil.copytree(SHIPPED / "content-led", folder / "rules")
    path = folder / "rules" / "lifecycle.yaml"
    known = yaml.safe_load(path.read_text("utf-8"))
    for stage, text in more.pop("stages", {}).items():
        known["stages"][stage] = {"name": stage, **text}
    path.write_text(yaml.safe_dump({**known, **more}, allow_unicode=True), encoding="utf-8")
    assert run(["check", "--mappings", str(folder / "rules"), "--json"]) == 0
    return [(one["kind"], one["sentence"]) for one in json.loads(capsys.readouterr().out)["advice"]]


def test_stages_without_owner_or_way_on_and_what_never_comes_to_bear_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stages = {
        "hot": {"within_days": 9, "then": "remind"},
        "opportunity": {"owner": "field_sales"},
        "disqualified": {},
        "anonymous": {},
        "lost": {"owner": "marketing"},
    }
    times = [
        {"id": "all", "name": "All", "expected": {"hot": 3}},
        {"id": "never", "name": "Never", "when": "employees > 5", "cadence": "nowhere"},
    ]
    rises = [{"id": "gone", "name": "Gone", "stage": "disqualified", "points": 5}]
    assert sorted(advice(tmp_path, capsys, stages=stages, lead_times=times, rises=rises)) == [
        ("dead_end", "Whoever stays in `opportunity` is never noticed: it has no limit."),
        ("no_effect", "Nobody acts on people in the stage `disqualified`, so that `gone` changes nothing."),
        ("stage_without_owner", "The stage `hot` is nobody's."),
        ("unknown_word", "There is no cadence `nowhere`."),
        ("unreachable", "`all` takes everybody: what stands behind it is never reached."),
    ]


def test_stages_as_they_were_before_there_were_owners_get_two_pieces_of_advice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bare = {
        stage: {} for stage in ("anonymous", "registered", "cold", "hot", "opportunity", "won", "lost", "disqualified")
    }
    assert sorted(advice(tmp_path, capsys, stages=bare)) == [
        ("dead_end", "No stage has a limit: whoever stands still is never noticed."),
        ("stage_without_owner", "No stage has an owner."),
    ]
