"""Caps, a floor and a window that decides, told by `connector evaluate` from a folder of rules."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from connector.cli.main import run
from connector.rules.load import SHIPPED

pytestmark = pytest.mark.requirement("SC-2a", "SC-3", "SC-4", "SC-6", "AD-8")

PAGES = """  - id: page_view
    name: {ja: ページ閲覧, en: Page view}
    when: "type = 'page_view'"
    points: 1
"""
FLOOR = "floor: {name: {ja: 下限, en: Floor}, at_least: 0}\n"
DECIDES = "at_least: 10\n  decides: {score: window, within_days: 7}\n"


def test_what_is_capped_lifted_and_decided_by_a_window_adds_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """60 pages in a day give 5; the window of 7 days holds two of three demos; an applicant at −9 is shown 0."""
    folder = tmp_path / "rules"
    shutil.copytree(SHIPPED / "classic", folder)
    scoring = (folder / "scoring.yaml").read_text("utf-8")
    assert PAGES in scoring
    capped = scoring.replace(PAGES, PAGES + "    cap: {points: 5, per: day}\n") + FLOOR
    (folder / "scoring.yaml").write_text(capped, "utf-8")
    life = (folder / "lifecycle.yaml").read_text("utf-8")
    (folder / "lifecycle.yaml").write_text(life.replace("at_least: 65\n", DECIDES, 1), "utf-8")
    people = tmp_path / "people.csv"
    people.write_text("person_id,created_at\nreader,2026-05-01\nbuyer,2026-05-01\napplicant,2026-05-01\n", "utf-8")
    rows = ["activity_id,person_id,occurred_at,type,theme"]
    rows += [f"r{n},reader,2026-05-30T10:{n:02}:00+09:00,page_view," for n in range(60)]
    rows += [f"b{n},buyer,2026-05-2{n + 5}T09:00:00+09:00,demo_view," for n in range(3)]
    rows += ["a1,applicant,2026-05-30T10:00:00+09:00,page_view,careers"]
    activities = tmp_path / "activities.csv"
    activities.write_text("\n".join(rows), "utf-8")
    arguments = ["--people", str(people), "--activities", str(activities), "--as-of", "2026-06-01T09:00:00+09:00"]
    assert run(["evaluate", "--rules", str(folder), *arguments, "--json"]) == 0
    found = {one["person_id"]: one for one in map(json.loads, capsys.readouterr().out.splitlines())}
    figures = {
        key: (one["score"], one["score_deciding"], one["score_floor"], one["stage"]) for key, one in found.items()
    }
    assert figures == {"reader": (5, 5, 0, "cold"), "buyer": (15, 10, 0, "hot"), "applicant": (0, 0, 9, "cold")}
    for one in found.values():
        assert sum(reason["points"] for reason in one["reasons"]) == one["score"]
