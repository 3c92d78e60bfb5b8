"""The daemon's daily look at what the org shows (AD-2): a call an object that can drift."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

import pytest
import requests

from connector import flow, live, upkeep
from connector.applying.refusals import refusal
from connector.bootstrap import open_river
from connector.domain.plan import FieldChange, RecordChange
from connector.errors import StopError
from connector.river import River, here
from connector.sandbox.config import SandboxConfig
from tests.live_world import Setup
from tests.remote_world import plan_of
from tests.worlds.ground import QUICK, START, Ground, ground

pytestmark = pytest.mark.requirement("AD-2", "SY-3")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    folder = tmp_path_factory.mktemp("world")
    config = SandboxConfig(state=folder, people=4, seed=3, start=START, frozen=True)
    with ground(folder, config, ("Lead", "Campaign")) as laid:
        yield laid


@pytest.fixture
def river(world: Ground, tmp_path: Path) -> Iterator[River]:
    with open_river(world.settings.model_copy(update={"state": tmp_path}), retry=QUICK) as opened:
        yield opened


def test_what_changed_is_told_once_a_day(world: Ground, river: River) -> None:
    setup = Setup(world.running.url)
    assert live.drift_once_a_day(river, START) == [], "the first look only keeps what there is"
    described = here(river).calls()["salesforce"]
    setup.put("Lead", "Authority__c", type="double", precision=4)
    assert live.drift_once_a_day(river, START + timedelta(hours=23)) == []
    assert here(river).calls()["salesforce"] == described, "nobody asks twice a day"
    for day in (1, 2):
        (told,) = live.drift_once_a_day(river, START + timedelta(days=day))
        assert told.sentence == "Lead.Authority__c was of the type string and is double now."
    assert here(river).calls()["salesforce"] == described + 2, "Lead is asked; Campaign has standard fields alone"


def test_an_org_that_cannot_be_asked_today_is_asked_tomorrow(world: Ground, river: River) -> None:
    live.drift_once_a_day(river, START)
    with patch.object(here(river).reader, "describe", side_effect=StopError("no", "API_DISABLED")):
        assert live.drift_once_a_day(river, START + timedelta(days=1)) == []
    assert live.drift_once_a_day(river, START + timedelta(hours=30)) == []
    Setup(world.running.url).put("Lead", "Seen_Later__c")
    assert [one.field for one in live.drift_once_a_day(river, START + timedelta(days=3))] == ["Seen_Later__c"]


@pytest.mark.complaint(46, 47, 50)
def test_complaint_46_47_50_a_deleted_field_needs_no_restart(world: Ground, river: River) -> None:
    """The pull describes anew by itself (46), reads the rest of the object (47), and says what is missing (50)."""
    flow.pull(river)
    Setup(world.running.url).put("Lead", "Timeframe__c", gone=True)
    edited = next(iter(_leads(world)))
    _edit(world, edited, "続けて読む株式会社")
    flow.pull(river)
    flow.mirror(river)
    assert river.store.value("SELECT company FROM seen_salesforce_lead WHERE id = $id", {"id": edited}) == (
        "続けて読む株式会社"
    )
    (hidden,) = upkeep.hidden(river)
    assert (hidden.stream, hidden.field) == ("salesforce.Lead", "Timeframe__c")
    assert hidden.place.startswith("fields.yaml:")


def test_a_mapping_that_writes_a_formula_writes_nothing_of_it_and_says_what_to_do(world: Ground, river: River) -> None:
    setup, lead = Setup(world.running.url), next(iter(_leads(world)))
    setup.put("Lead", "Rank__c", label="Rank")
    setup.put("Lead", "Rank__c", calculated=True)
    change = RecordChange("Lead", lead, "P1", (FieldChange("Rank__c", None, "A"),), "why", False, START)
    applied = flow.apply(river, plan_of(change), "run1", START)
    assert (applied.fields, [one.code for one in applied.failures]) == (0, ["INVALID_FIELD_FOR_INSERT_UPDATE"])
    assert "Rank__c" in (applied.failures[0].message or "")
    assert "a formula" in refusal("INVALID_FIELD_FOR_INSERT_UPDATE").advice
    with requests.Session() as session:
        session.trust_env = False
        rows = session.get(f"{world.running.url}/_sandbox/truth/Lead", timeout=60).json()["rows"]
    assert {row["Rank__c"] for row in rows} == {None}


def _leads(world: Ground) -> Iterator[str]:
    with requests.Session() as session:
        session.trust_env = False
        rows = session.get(f"{world.running.url}/_sandbox/truth/Lead", timeout=60).json()["rows"]
    yield from (row["Id"] for row in rows if not row["IsDeleted"] and not row["IsConverted"])


def _edit(world: Ground, record: str, company: str) -> None:
    with requests.Session() as session:
        session.trust_env = False
        wish = {"id": record, "fields": {"Company": company}}
        assert session.post(f"{world.running.url}/_sandbox/edit", json=wish, timeout=60).ok
