"""`connector movers` and `connector today` on a small org, by the commands that users give."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest

from connector.store.database import open_store
from tests import cli_world
from tests.cli_world import CommandLine, command_line

pytestmark = pytest.mark.requirement("SC-5", "SC-9", "SC-11", "CD-6", "CD-8")

LEDGERS = ("journal", "transitions", "cadence_runs", "known_persons", "run")


@pytest.fixture(scope="module")
def connector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    home = tmp_path_factory.mktemp("movers")
    with (
        patch.object(cli_world, "OBJECTS", cli_world.OBJECTS | {"User", "Group"}),
        command_line(home, people=30, seed=4) as given,
    ):
        early = given("movers")
        assert (early.code, "Nothing has been pulled yet." in early.err) == (64, True)
        assert given("pull").code == 0
        yield given


def told(connector: CommandLine, *arguments: str) -> dict[str, Any]:
    said = connector(*arguments, "--json")
    assert said.code == 0, said.err
    return said.document


def ledger_counts(connector: CommandLine) -> list[int]:
    with open_store(connector.store) as store:
        return [store.run(f"SELECT count(*) FROM {table}")[0][0] for table in LEDGERS]


def test_what_moves_is_what_the_ledger_says(connector: CommandLine) -> None:
    before = ledger_counts(connector)
    found = told(connector, "movers", "--window", "month", "--limit", "1")
    assert ledger_counts(connector) == before, "looking changes nothing"
    assert found["counts"]["risers"] > len(found["risers"]) == 1
    (one,) = found["risers"]
    begins, ends = datetime.fromisoformat(found["from"]), datetime.fromisoformat(found["until"])
    acts = [
        (datetime.fromisoformat(line["at"]), line["points"])
        for line in told(connector, "explain", one["record"])["ledger"]
        if line["activity_id"]
    ]
    earned = sum(points for at, points in acts if begins <= at < ends)
    assert one["points"] == earned == sum(reason["points"] for reason in one["reasons"]) > 0
    assert one["change"] == one["points"] - one["points_before"]
    awake = datetime.fromisoformat(one["awake_at"])
    assert one["silent_days"] >= 90
    assert not any(awake - timedelta(days=90) < at < awake for at, _ in acts)


def test_risers_rise_by_the_metric_that_was_asked_for(connector: CommandLine) -> None:
    found = told(connector, "movers", "--window", "month", "--metric", "visits", "--as-of", "2026-10-01T00:00")
    assert found["metric"] == "visits"
    rises = [one["visits"]["now"] - one["visits"]["before"] for one in found["risers"]]
    assert rises
    assert rises == sorted(rises, reverse=True)
    assert min(rises) > 0
    wrong = connector("movers", "--metric", "vists")
    assert (wrong.code, "there is no metric 'vists'. There are score, activities, visits" in wrong.err) == (64, True)


def test_accounts_move_with_all_their_people(connector: CommandLine) -> None:
    shown = connector("movers", "--by", "account", "--window", "month", "--as-of", "2026-10-01T00:00").out
    assert "Rising: 2026-09-01 to 2026-09-30 against the month before" in shown
    assert re.search(r" 001\w{15} ", shown)
    assert re.search(r"\d of \d people", shown)
    assert "Hot accounts" in shown


def test_today_names_every_owner(connector: CommandLine) -> None:
    before = ledger_counts(connector)
    found = told(connector, "today")
    assert ledger_counts(connector) == before, "looking changes nothing"
    assert found["day"] == "2026-10-01"
    names = {row["Id"]: row["Name"] for row in connector.truth("User")}
    assert found["reps"]
    for rep in found["reps"]:
        assert rep["name"] == names[rep["owner"]]
        assert [call["rank"] for call in rep["calls"]] == list(range(1, len(rep["calls"]) + 1))


@pytest.mark.requirement("NU-1", "NU-2", "NU-3", "EN-4")
def test_everybody_is_nurtured_or_not_and_the_lists_are_those_people(connector: CommandLine) -> None:
    with open_store(connector.store) as store:
        somebody = store.value("SELECT min(id) FROM mirror_salesforce_lead WHERE NOT is_deleted")
    found = told(connector, "nurture", "--track", "first_steps", "--content", "case-video", "--like", somebody)
    tracks = {one["track"]: one["people"] for one in found["tracks"]}
    assert 25 <= sum(tracks.values()) + sum(found["refused"].values()) <= 30, "merged ones are one person"
    assert 0 < len(found["people"]) <= tracks["first_steps"]
    assert {one["track"] for one in found["people"]} == {"first_steps"}
    past = found["similar"]
    assert len(past["leads"]) == past["won"] + past["lost"] <= past["all_won"] + past["all_lost"]
    unknown = connector("nurture", "--track", "first_step")
    assert (unknown.code, "nurture.yaml has no track 'first_step'. There: second_appr" in unknown.err) == (64, True)
