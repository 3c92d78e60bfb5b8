"""`connector explain`: every point adds up, and the past is told as it was decided then (AD-8, SC-10)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest
import requests

from tests import cli_world
from tests.cli_world import CommandLine, Said, command_line

pytestmark = pytest.mark.requirement("AD-8", "SC-10", "SC-2", "LC-8")

WEEK = 7 * 86_400
BEGUN = "2026-10-01T09:00+09:00"
LATER_KNOWN = frozenset({"writes", "planned", "transitions", "cadences", "as_of"})
"""What an explanation tells of the ledger: it grows with what is done."""


@pytest.fixture(scope="module")
def connector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    with (
        patch.object(cli_world, "OBJECTS", cli_world.OBJECTS | {"User", "Group"}),
        command_line(tmp_path_factory.mktemp("explained"), people=24, seed=4) as given,
    ):
        assert given("pull").code == 0
        yield given


def explained(connector: CommandLine, person: str, *options: str) -> dict[str, Any]:
    said: Said = connector("explain", person, *options, "--json")
    assert said.code == 0, said.err
    return said.document


def somebody(connector: CommandLine) -> str:
    """The record of the first person to call: one of whom there is something to tell."""
    return str(next(call["record"] for rep in connector("today", "--json").document["reps"] for call in rep["calls"]))


def decided(document: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key not in LATER_KNOWN}


def test_as_known_at_a_time_tells_what_was_decided_then_complaints_70_and_71(connector: CommandLine) -> None:
    person = somebody(connector)
    then = explained(connector, person, "--as-of", BEGUN)
    assert sum(line["points"] for line in then["ledger"]) == then["score"], "70: the lines are the score"
    assert all(line["rule"] and line["at"] for line in then["ledger"])
    verdict = then["qualification"]
    for decision, ids in (("mql", verdict["mql_rules"]), ("toss_up", verdict["toss_up_met"])):
        held = {one["id"] for one in then["requirements"] if one["decision"] == decision and one["met"]}
        assert set(ids) <= held, "71: no verdict without claims that hold"
    assert connector("sync", "--first-contact", "--force").code in {0, 4}
    with requests.Session() as session:
        session.trust_env = False
        url = f"{connector.running.url}/_sandbox/clock"
        assert session.put(url, json={"advance_seconds": WEEK}, timeout=60).status_code == 200
    assert connector("pull").code == 0
    assert decided(explained(connector, person, "--as-known-at", BEGUN)) == decided(then)
    said = connector("explain", person, "--language", "ja")
    assert all(word in said.out for word in ("スコアの内訳", "次の行動", "トスアップ", "これまでの書き込み"))
    assert max(_width(line.rstrip()) for line in said.out.splitlines()) <= 100


def _width(line: str) -> int:
    """Columns of a terminal: Japanese letters take two."""
    return sum(2 if ord(letter) > 0x2E7F else 1 for letter in line)
