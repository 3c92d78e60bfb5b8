"""docs/schedule.md and docs/operations.md name every key, figure and event, and their examples are valid."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from connector.rules.schedule import SCHEDULE_FILE, Schedule, StreamPlan, Trigger
from connector.scheduling.health import Health

pytestmark = pytest.mark.requirement("OP-1", "AD-1")

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


def test_every_key_of_the_schedule_is_documented_with_its_default() -> None:
    page = (DOCS / "schedule.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", page, re.MULTILINE))
    fields = {**Schedule.model_fields, **StreamPlan.model_fields, **Trigger.model_fields}
    assert rows.keys() == fields.keys()
    for name, field in fields.items():
        if isinstance(field.default, str | float):
            assert rows[name] == f"`{field.default}`"


def test_the_example_is_a_valid_schedule() -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", (DOCS / "schedule.md").read_text("utf-8"), re.DOTALL)
    assert len(Schedule.model_validate(yaml.safe_load(example)).streams) == 2


def test_the_packaged_schedule_and_the_one_in_mappings_are_the_same() -> None:
    packaged = ROOT / "connector" / "rulesets" / "classic" / SCHEDULE_FILE
    assert packaged.read_bytes() == (ROOT / "mappings" / SCHEDULE_FILE).read_bytes()


def test_every_figure_and_every_event_is_documented() -> None:
    page = (DOCS / "operations.md").read_text("utf-8")
    shown = Health().metrics(datetime(2026, 11, 22, tzinfo=UTC)).decode()
    figures = set(re.findall(r"^# TYPE (\w+?)(?:_created)? ", shown, re.MULTILINE))
    assert figures == set(re.findall(r"^\| `(connector_\w+)`", page, re.MULTILINE))
    events = set(
        re.findall(r'"(daemon\.\w+)"', "".join(path.read_text("utf-8") for path in _sources() if path.suffix == ".py"))
    )
    assert events == set(re.findall(r"`(daemon\.\w+)`", page))


def _sources() -> list[Path]:
    return [*(ROOT / "connector" / "scheduling").iterdir(), ROOT / "connector" / "cli" / "daemon.py"]
