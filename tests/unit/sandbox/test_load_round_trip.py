"""What the invented world exports loads back as it was: hard rows, deleted ones, both systems."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from connector.sandbox.building import new_sandbox
from connector.sandbox.catalogue.model import FieldDef, ObjectDef
from connector.sandbox.config import SandboxConfig
from connector.sandbox.context import ORG_ID, Sandbox

pytestmark = pytest.mark.requirement("SY-2")

PEOPLE = 60


def cell(entry: FieldDef, value: Any) -> str:
    """A value as Data Loader writes it."""
    if value is None:
        return ""
    if entry.type == "boolean":
        return "true" if value else "false"
    return str(value)


def export(sandbox: Sandbox, definition: ObjectDef, path: Path) -> None:
    stored = [entry for entry in definition.fields if entry.stored]
    columns = ", ".join(f'"{entry.name}"' for entry in stored)
    found = sandbox.database.reader().execute(f'SELECT {columns} FROM "{definition.name}"').fetchall()
    if not found:
        return
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, quoting=csv.QUOTE_ALL)
        writer.writerow([entry.name for entry in stored])
        writer.writerows([cell(*pair) for pair in zip(stored, row, strict=True)] for row in found)


def contents(sandbox: Sandbox, definition: ObjectDef) -> dict[Any, dict[str, Any]]:
    rows = sandbox.database.reader().execute(f'SELECT * FROM "{definition.name}"').fetchall()
    flags = {entry.name for entry in definition.fields if entry.type == "boolean"}
    return {row[definition.key]: {name: same(row[name], name in flags) for name in dict(row)} for row in rows}


def same(value: Any, flag: bool) -> Any:
    """A value without the differences that no CSV file shows."""
    return bool(value) if flag else None if value == "" else value


def test_an_exported_world_loads_back_as_it_was(tmp_path: Path) -> None:
    state, folder = tmp_path / "state", tmp_path / "exports"
    state.mkdir()
    folder.mkdir()
    config = SandboxConfig(state, people=PEOPLE, frozen=True)
    world = new_sandbox(config)
    objects = (*world.salesforce, *world.account_engagement)
    for definition in objects:
        export(world, definition, folder / f"{definition.name}.csv")
    before = {definition.name: contents(world, definition) for definition in objects}
    world.database.close()
    (tmp_path / "other").mkdir()
    again = new_sandbox(replace(config, state=tmp_path / "other", load=folder))
    report = again.open_state["load_report"]
    assert report.refused_rows == []
    assert report.emptied_cells == []
    assert report.files_left_out == {}
    assert ORG_ID in before["Organization"]
    for definition in objects:
        assert contents(again, definition) == before[definition.name], definition.name
    again.database.close()
