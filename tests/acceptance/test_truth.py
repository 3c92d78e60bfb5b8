"""What the mirror holds is what the world has, row by row, whatever happens between two pulls."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from connector.domain.streams import MappedStream
from connector.rules.mapping import load_mapping
from connector.store.database import Store, open_store
from tests.acceptance.connector_process import ROOT, Connector
from tests.worlds.truth import of_records, plain

pytestmark = pytest.mark.requirement("SY-1", "SY-2", "SY-3", "SY-6", "SY-10")

STREAMS = load_mapping(ROOT / "mappings").fields.streams


def test_the_mirror_equals_the_world_after_a_first_and_three_later_pulls(start: Callable[..., Connector]) -> None:
    connector = start("--people", "80", "--seed", "7", "--frozen")
    assert connector.here("pull").code == 0
    assert differences(connector) == []
    for _ in range(3):
        disturb(connector)
        moved = connector.sandbox.control("PUT", "clock", {"advance_seconds": 86_400 + 3_600})
        assert moved.status_code == 200, moved.text
        assert connector.here("pull").code == 0
        assert differences(connector) == []


def disturb(connector: Connector) -> None:
    """People at work beside the world's own: an edit, a deletion and its undoing, a merge, a conversion."""
    living = [
        str(row["Id"])
        for row in connector.sandbox.truth("Lead")
        if not row["IsDeleted"] and not row["IsConverted"] and row["MasterRecordId"] is None
    ]
    edited, deleted, restored, winner, loser, converted = living[:: len(living) // 6][:6]
    for deed, wish in (
        ("edit", {"id": edited, "fields": {"Title": "部長", "Company": "改名\n株式会社"}}),
        ("delete", {"id": deleted}),
        ("delete", {"id": restored}),
        ("undelete", {"id": restored}),
        ("merge", {"winner": winner, "losers": [loser]}),
        ("convert", {"lead": converted, "opportunity": "新しい商談"}),
    ):
        answer = connector.sandbox.control("POST", deed, wish)
        assert answer.status_code == 200, answer.text


def differences(connector: Connector) -> list[str]:
    """Every row that one side has and the other has not, in words."""
    found = []
    with open_store(Path(connector.store)) as store:
        for mapped in STREAMS:
            found += stream_differences(connector, store, mapped)
    return found


def stream_differences(connector: Connector, store: Store, mapped: MappedStream) -> list[str]:
    world = connector.sandbox.truth(_table(mapped))
    columns = [(column.name, column.field) for column in of_records(mapped)]
    key = "Id" if mapped.stream.remote == "salesforce" else "id"
    truth = {
        str(row[key]): tuple(plain(row[field]) for _, field in columns)
        for row in world
        if mapped.stream.keeps_deleted or not row.get("IsDeleted")
    }
    names = ", ".join(f'"{name}"' for name, _ in columns)
    rows = store.run(f'SELECT id, {names} FROM "mirror_{mapped.stream.table}" WHERE _until IS NULL')
    mirror = {str(row[0]): tuple(plain(value) for value in row[1:]) for row in rows}
    assert len(mirror) == len(rows), f"{mapped.stream.name} has an id twice"
    return [
        f"{mapped.stream.name} {record}: {truth.get(record)} in the world, {mirror.get(record)} in the mirror"
        for record in sorted(truth.keys() | mirror.keys())
        if truth.get(record) != mirror.get(record)
    ]


def _table(mapped: MappedStream) -> str:
    return mapped.stream.object.replace("-", "_")
