"""The JSON Schemas for editors: they take what the loader takes, and refuse what an editor can know to be wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connector.cli.main import run
from connector.rules.load import SHIPPED
from connector.rules.schema import ALL_FILES, schema
from connector.rules.source import read

pytestmark = pytest.mark.requirement("AD-1")

ROOT = Path(__file__).parents[2]
FOLDERS = [ROOT / "mappings", SHIPPED / "classic", SHIPPED / "content-led"]
KINDS = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool, "number": (int, float)}


def faults(value: Any, part: dict[str, Any], whole: dict[str, Any], path: str = "") -> Iterator[str]:
    """What is wrong with a value by a schema, as far as the keywords go that ours use (draft 7)."""
    if "$ref" in part:
        part = whole["$defs"][part["$ref"].removeprefix("#/$defs/")]
    if "anyOf" in part:
        each = [list(faults(value, one, whole, path)) for one in part["anyOf"]]
        yield from min(each, key=len)
        return
    kind = part.get("type")
    if kind == "null":
        yield from () if value is None else [f"{path}: not null"]
        return
    if kind and (not isinstance(value, KINDS[kind]) or (isinstance(value, bool) and kind != "boolean")):
        yield f"{path}: not of type {kind}"
        return
    if "enum" in part and value not in part["enum"]:
        yield f"{path}: none of {part['enum']}"
    if "const" in part and value != part["const"]:
        yield f"{path}: not {part['const']}"
    if "pattern" in part and not re.search(part["pattern"], value):
        yield f"{path}: not like {part['pattern']}"
    if isinstance(value, dict):
        yield from _of_object(value, part, whole, path)
    for place, one in enumerate(value if isinstance(value, list) else []):
        yield from faults(one, part.get("items", {}), whole, f"{path}[{place}]")


def _of_object(value: dict[str, Any], part: dict[str, Any], whole: dict[str, Any], path: str) -> Iterator[str]:
    known, more = part.get("properties", {}), part.get("additionalProperties", True)
    yield from (f"{path}.{key}: missing" for key in part.get("required", ()) if key not in value)
    for key, inner in value.items():
        if key in known or isinstance(more, dict):
            yield from faults(inner, known.get(key, more), whole, f"{path}.{key}")
        elif not more:
            yield f"{path}.{key}: unknown"


def _plain(data: object) -> Any:
    """As editors see it: dates are texts."""
    return json.loads(json.dumps(data, default=str))


@pytest.mark.parametrize("file", ALL_FILES)
def test_shipped_files_fit_their_schemas(file: str) -> None:
    whole = schema(file)
    for folder in FOLDERS:
        assert list(faults(_plain(read(folder / file).data), whole, whole)) == []
    assert whole["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert whole["title"] == file
    used = set(re.findall(r'"(\$?\w+)": ', json.dumps(whole)))
    # Keywords that came after draft 7 would be ignored by editors.
    assert not used & {"prefixItems", "unevaluatedProperties", "dependentRequired", "$dynamicRef"}


@pytest.mark.parametrize(
    ("file", "text", "wrong"),
    [
        ("scoring.yaml", {"version": 1, "behavior": []}, ".behavior: unknown"),
        ("lifecycle.yaml", {"version": 2, "stages": {}}, ".version: not 1"),
        ("content.yaml", {"version": 1, "content": [{"id": "a", "name": "A", "match": {}}]}, ".content[0].name: not"),
        ("fields.yaml", {"version": 1, "salesforce": {"Lead": {"write": {"X": {}}}}}, "write.X.value: missing"),
        ("lists.yaml", {"segments": [{"id": "Upper", "name": "x", "when": "attended"}]}, ".segments[0].id: not like"),
        ("schedule.yaml", {"version": 1, "cycle": {"every": 5}, "time_zone": "Asia/Tokyo"}, ".cycle.every: not"),
    ],
)
def test_what_an_editor_can_know_to_be_wrong(file: str, text: dict[str, Any], wrong: str) -> None:
    whole = schema(file)
    assert any(wrong in fault for fault in faults(text, whole, whole))


def test_the_command_prints_one_or_all_and_writes_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rules", "schema", "tiers.yaml"]) == 0
    assert json.loads(capsys.readouterr().out) == _plain(schema("tiers.yaml"))
    assert run(["rules", "schema"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["schema"], told["files"].keys()) == (1, ALL_FILES.keys())
    assert run(["rules", "schema", "--write", str(tmp_path / "deep" / "schemas")]) == 0
    written = sorted((tmp_path / "deep" / "schemas").iterdir())
    assert [path.name for path in written] == sorted(f"{file.removesuffix('.yaml')}.schema.json" for file in ALL_FILES)
    assert sorted(capsys.readouterr().out.splitlines()) == [str(path) for path in written]
    assert json.loads((written[0]).read_text("utf-8"))["title"] == "cadence.yaml"


def test_a_file_without_a_schema_and_a_folder_that_cannot_be_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["rules", "schema", "score.yaml"]) == 64
    assert "score.yaml" in capsys.readouterr().err
    (tmp_path / "file").write_text("", "utf-8")
    assert run(["rules", "schema", "--write", str(tmp_path / "file" / "x")]) == 64
    assert "The schemas cannot be written to" in capsys.readouterr().err
