"""docs/rules.md names every key, every default and every word that rules can use, and its examples are valid."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from connector.rules.conditions import FUNCTIONS
from connector.rules.load import FILES, OPTIONAL
from connector.rules.relations import RELATIONS
from connector.rules.stages import STAGES
from tests.engine_world import rules_with

pytestmark = pytest.mark.requirement("AD-1")

DOCS = (Path(__file__).parents[2] / "docs" / "rules.md").read_text(encoding="utf-8")


def _section(file: str) -> str:
    start = DOCS.index(f"## {file}")
    following = DOCS.find("\n## ", start)
    return DOCS[start : following if following > 0 else None]


def _fields(schema: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for part in (schema, *schema.get("$defs", {}).values()):
        for name, field in part.get("properties", {}).items():
            if set(part["properties"]) != {"ja", "en"}:
                yield name, field.get("default")


def _rows(section: str) -> dict[str, list[str]]:
    rows: dict[str, list[str]] = {}
    for line in section.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if line.startswith("|") and len(cells) == 3:
            for key in re.findall(r"`(\w+)`", cells[0]):
                rows.setdefault(key, []).append(cells[1])
    return rows


@pytest.mark.parametrize(("file", "model"), {**FILES, **OPTIONAL}.items())
def test_every_key_and_every_simple_default_stands_in_the_tables(file: str, model: type[BaseModel]) -> None:
    rows = _rows(_section(file))
    for name, default in _fields(model.model_json_schema()):
        assert name in rows, f"{file}: `{name}` is not documented"
        if isinstance(default, str | int | bool):
            shown = str(default).lower() if isinstance(default, bool) else str(default)
            assert any(f"`{shown}`" in cell for cell in rows[name]), f"{file}: the default of `{name}` is {shown}"


def test_every_name_function_and_stage_is_documented() -> None:
    for word in (*FUNCTIONS, *STAGES, *(name for columns in RELATIONS.values() for name in columns)):
        assert re.search(rf"`{word}[`(]", DOCS), word


def test_every_example_is_valid(tmp_path: Path) -> None:
    examples = re.findall(r"```yaml\n(.*?)```", DOCS, re.DOTALL)
    assert len(examples) >= 10
    for example in examples:
        yaml.safe_load(example)
    parts = r"(noise|source|behaviour|visits|weeks|inactivity|floor):"
    scoring = [example for example in examples if re.match(parts, example)]
    (grade,) = [example for example in examples if example.startswith("grade:")]
    (tiers,) = [example for example in examples if "targets:" in example]
    (cadence,) = [example for example in examples if "cadences:" in example]
    tiers = tiers.replace("grade: …\n", grade.replace("    tier3: {cap: B}\n", "    tier2: {cap: B}\n"))
    rules = rules_with(tmp_path, scoring="version: 1\n" + "".join(scoring), tiers=tiers, cadence=cadence)
    assert [rule.points for rule in rules.scoring.behaviour] == [1]
    (groups,) = [example for example in examples if example.startswith("groups:")]
    assert rules_with(tmp_path, scoring=f"version: 1\n{groups}").scoring.groups[0].exclusive == "most_points"
