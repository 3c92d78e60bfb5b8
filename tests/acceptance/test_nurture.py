"""`connector nurture` on a small org: who is on which track, to whom content may be offered, past leads like one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest

from tests import cli_world
from tests.cli_world import CommandLine, command_line

pytestmark = pytest.mark.requirement("NU-1", "NU-2", "NU-3", "EN-4")

READ = cli_world.OBJECTS | {"User", "Group", "Opportunity", "OpportunityContactRole"}


@pytest.fixture(scope="module")
def connector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    home = tmp_path_factory.mktemp("nurture")
    with patch.object(cli_world, "OBJECTS", READ), command_line(home, people=40, seed=4) as given:
        assert given("pull").code == 0
        yield given


def told(connector: CommandLine, *arguments: str) -> dict[str, Any]:
    said = connector("nurture", *arguments, "--json")
    assert said.code == 0, said.err
    return said.document


def test_everybody_is_nurtured_or_not_and_the_lists_are_those_people(connector: CommandLine) -> None:
    found = told(connector, "--track", "first_steps", "--content", "case-video")
    tracks = {one["track"]: one["people"] for one in found["tracks"]}
    assert sum(tracks.values()) + sum(found["refused"].values()) == 40
    assert 0 < len(found["people"]) <= tracks["first_steps"]
    assert {one["track"] for one in found["people"]} == {"first_steps"}
    assert {one["seen"] for one in found["people"]} <= {True, False}
    assert found["similar"] is None
    record = found["people"][0]["record"]
    past = told(connector, "--like", record)["similar"]
    assert len(past["leads"]) == past["won"] + past["lost"] <= past["all_won"] + past["all_lost"]
    shown = connector("nurture", "--like", record).out
    assert f"Of all past leads {past['all_won']} were won and {past['all_lost']} lost." in shown


def test_what_there_is_not_is_told_with_what_there_is(connector: CommandLine) -> None:
    track = connector("nurture", "--track", "first_step")
    assert (track.code, "nurture.yaml has no track 'first_step'. There: second_approach," in track.err) == (64, True)
    content = connector("nurture", "--content", "careers")
    assert (content.code, "'careers' is nothing that can be offered." in content.err) == (64, True)
    nobody = connector("nurture", "--like", "nobody@example.jp")
    assert (nobody.code, "Nobody living in the mirror" in nobody.err) == (64, True)
