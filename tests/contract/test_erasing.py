"""What the remotes have let go of is erased by itself, and what was forgotten stays forgotten (SY-10)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connector import flow, upkeep
from connector.bootstrap import open_river
from connector.domain.reconciled import Reconciled
from connector.river import River, here
from connector.sandbox.config import SandboxConfig
from connector.store.forgetting import forget
from tests.mirror_world import NOON
from tests.worlds.ground import QUICK, START, Ground, ground
from tests.worlds.people import Control

pytestmark = pytest.mark.requirement("SY-10", "SY-6")

OBJECTS = ("Lead", "prospects")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    folder = tmp_path_factory.mktemp("world")
    with ground(folder, SandboxConfig(state=folder, people=20, seed=5, start=START, frozen=True), OBJECTS) as laid:
        yield laid


@pytest.fixture
def control(world: Ground) -> Control:
    return Control(world.running.url)


@pytest.fixture
def river(world: Ground, tmp_path: Path) -> Iterator[River]:
    with open_river(world.settings.model_copy(update={"state": tmp_path / "state"}), retry=QUICK) as opened:
        pulled(opened)
        yield opened


def pulled(river: River) -> dict[str, Reconciled]:
    """A pull as the command makes it, a day after the last one."""
    times = ("reconciled_at", "rolled_at", "held_since")
    river.store.run(f"UPDATE reconciliation SET {', '.join(f'{name} = {name} - INTERVAL 25 HOUR' for name in times)}")
    river.store.run("UPDATE tidied SET tidied_at = tidied_at - INTERVAL 25 HOUR")
    found = flow.reconcile(river, flow.pull(river))
    upkeep.tidy(river, found, here(river).reader.server_time())
    return {one.stream: one for one in found}


def versions(river: River, record: str, table: str = "mirror_salesforce_lead") -> int:
    return int(river.store.value(f"SELECT count(*) FROM {table} WHERE id = $id", {"id": record}))


def leads(control: Control) -> list[str]:
    return [str(row["Id"]) for row in control.truth("Lead") if not row["IsDeleted"] and not row["IsConverted"]]


def test_a_hard_delete_and_an_emptied_bin_erase_and_a_bin_does_not(
    river: River, control: Control, world: Ground
) -> None:
    in_bin, emptied, hard = leads(control)[:3]
    prospect = int(river.store.value("SELECT min(id) FROM mirror_account_engagement_prospects"))
    for record in (in_bin, emptied):
        control.do("POST", "delete", {"id": record})
    assert pulled(river)["salesforce.Lead"].vanished == 0
    assert versions(river, emptied) > 1
    for record in (emptied, hard):
        control.do("POST", "hard-delete", {"id": record})
    with world.running.sandbox.database.write() as connection:
        connection.execute("DELETE FROM prospects WHERE id = ?", (prospect,))
    found = pulled(river)
    assert found["salesforce.Lead"].vanished == 2
    assert found["account_engagement.prospects"].vanished == 1
    assert versions(river, str(prospect), "mirror_account_engagement_prospects") == 0
    assert [versions(river, record) > 0 for record in (in_bin, emptied, hard)] == [True, False, False]
    assert river.store.run("SELECT reason, rewritten_at IS NOT NULL FROM forgetting") == [("vanished", True)]
    control.do("POST", "undelete", {"id": in_bin})
    assert pulled(river)["salesforce.Lead"].agrees
    assert river.store.value("SELECT NOT is_deleted FROM mirror_salesforce_lead WHERE _until IS NULL AND id = $id", {
        "id": in_bin,
    })  # fmt: skip


def test_who_was_forgotten_is_counted_and_stays_away_whatever_becomes_of_the_record(
    river: River, control: Control
) -> None:
    gone = leads(control)[-1]
    forget(river.store, [("salesforce.Lead", "", gone)], [], river.landing, NOON, copies=False)
    found = pulled(river)["salesforce.Lead"]
    assert (found.agrees, found.remote_rows == found.mirror_rows) == (True, True)
    assert versions(river, gone) == 0
    control.do("POST", "edit", {"id": gone, "fields": {"Title": "部長"}})
    control.do("PUT", "clock", {"advance_seconds": 1200})
    for _ in range(2):
        found = pulled(river)["salesforce.Lead"]
        assert (found.agrees, found.remote_rows == found.mirror_rows) == (True, True)
        assert versions(river, gone) == 0
    control.do("POST", "hard-delete", {"id": gone})
    assert pulled(river)["salesforce.Lead"].agrees
    found = pulled(river)["salesforce.Lead"]
    assert (found.agrees, found.remote_rows == found.mirror_rows) == (True, True)
