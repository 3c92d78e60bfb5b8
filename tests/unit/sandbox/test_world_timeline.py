"""The same seed and the same moments give the same rows, in whatever steps the world moves on."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from connector.sandbox import world
from connector.sandbox.context import Sandbox
from tests.unit.sandbox.world_builder import START, all_rows, build_world

pytestmark = pytest.mark.requirement("SY-3")

WEEK = timedelta(days=7)


def test_same_seed_builds_the_same_world_and_another_seed_another(tmp_path: Path) -> None:
    first = all_rows(build_world(tmp_path / "a", 120))
    assert all_rows(build_world(tmp_path / "b", 120)) == first
    assert all_rows(build_world(tmp_path / "c", 120, seed=2)) != first


@pytest.fixture(scope="module")
def week_at_once(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[object, ...]]]:
    """All rows of a world of 300 that has lived through a week in one step."""
    sandbox = build_world(tmp_path_factory.mktemp("week"), 300)
    world.advance(sandbox, START, START + WEEK)
    return all_rows(sandbox)


@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param([timedelta(days=1)] * 7, id="days"),
        pytest.param([timedelta(hours=7, minutes=13, seconds=5)] * 23, id="odd pieces"),
        pytest.param([timedelta(minutes=50)] * 100, id="many short pieces"),
    ],
)
def test_a_week_in_pieces_equals_a_week_at_once(
    tmp_path: Path, week_at_once: dict[str, list[tuple[object, ...]]], pieces: list[timedelta]
) -> None:
    in_pieces = build_world(tmp_path, 300)
    moment = START
    for piece in pieces:
        world.advance(in_pieces, moment, moment + piece)
        moment += piece
    world.advance(in_pieces, moment, START + WEEK)

    found = all_rows(in_pieces)
    for table, rows in week_at_once.items():
        assert found[table] == rows, table


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory) -> tuple[Sandbox, dict[str, set[tuple[object, ...]]]]:
    """A world of 2,000 that has moved on by a week, and its rows of before."""
    sandbox = build_world(tmp_path_factory.mktemp("world"), 2000)
    before = {table: set(rows) for table, rows in all_rows(sandbox).items()}
    world.advance(sandbox, START, START + WEEK)
    return sandbox, before


def test_a_week_brings_something_new_in_every_stream(
    moved: tuple[Sandbox, dict[str, set[tuple[object, ...]]]],
) -> None:
    sandbox, before = moved
    after = all_rows(sandbox)
    for table in (
        *("Lead", "Contact", "Task", "Event", "CampaignMember", "Opportunity", "OpportunityHistory"),
        *("prospects", "visitors", "visits", "visitor_page_views", "visitor_activities", "emails"),
    ):
        assert set(after[table]) - before[table], table


def test_a_week_edits_deletes_and_converts_leads(moved: tuple[Sandbox, dict[str, set[tuple[object, ...]]]]) -> None:
    sandbox, _ = moved
    since = START.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    reader = sandbox.database.reader()
    for condition in (
        "IsDeleted = 1",
        "IsConverted = 1",
        "IsDeleted = 0 AND CreatedDate < LastModifiedDate",
        "CreatedDate > :since",
        "Status = 'Closed - Not Converted'",
    ):
        count = reader.execute(
            f"SELECT count(*) FROM Lead WHERE SystemModstamp > :since AND {condition}", {"since": since}
        ).fetchone()[0]
        assert count > 0, condition


def test_nothing_is_stamped_later_than_the_world_has_lived(
    moved: tuple[Sandbox, dict[str, set[tuple[object, ...]]]],
) -> None:
    sandbox, _ = moved
    latest = (START + WEEK + timedelta(seconds=3)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    reader = sandbox.database.reader()
    for definition in (*sandbox.salesforce, *sandbox.account_engagement):
        names = {entry.name for entry in definition.fields}
        for column in {"CreatedDate", "SystemModstamp", "createdAt", "updatedAt"} & names:
            statement = f'SELECT count(*) FROM "{definition.name}" WHERE "{column}" > ?'
            assert reader.execute(statement, (latest,)).fetchone()[0] == 0, (definition.name, column)


def test_a_rep_does_tasks_that_the_connector_gave(tmp_path: Path) -> None:
    sandbox = build_world(tmp_path, 100)
    with sandbox.database.write() as connection:
        lead = connection.execute("SELECT Id FROM Lead WHERE IsDeleted = 0 AND IsConverted = 0 LIMIT 1").fetchone()[0]
        for number in range(10):
            connection.execute(
                "INSERT INTO Task (Id, WhoId, Subject, Status, Priority, ActivityDate, IsDeleted, Connector_Key__c, "
                "CreatedDate, LastModifiedDate, SystemModstamp) VALUES (?, ?, 'Call', 'Not Started', 'Normal', "
                "'2026-10-01', 0, ?, ?, ?, ?)",
                (f"00TSb00000000zz{number:03d}", lead, f"key-{number}", *["2026-10-01T03:00:00.000Z"] * 3),
            )
    world.advance(sandbox, START, START + timedelta(days=2))
    done = sandbox.database.reader().execute(
        "SELECT count(*) FROM Task WHERE Connector_Key__c LIKE 'key-%' AND IsClosed = 1 AND CompletedDateTime <> ''"
    )
    assert 1 <= done.fetchone()[0] <= 10


def test_a_loaded_world_stands_still(tmp_path: Path) -> None:
    sandbox = build_world(tmp_path, 0)
    before = all_rows(sandbox)
    world.advance(sandbox, START, START + WEEK)
    assert all_rows(sandbox) == before
