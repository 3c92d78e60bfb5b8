"""A field that vanishes costs its values, not the object; when it is back, so are they (SY-1, SY-3, AD-2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests

from connector import flow, upkeep
from connector.bootstrap import open_river
from connector.errors import ConfigurationError, StopError
from connector.river import River, here
from connector.sandbox.config import SandboxConfig
from connector.store.hidden_fields import note_shown
from tests.worlds.ground import QUICK, START, Ground, ground
from tests.worlds.people import Control
from tests.worlds.truth import differences

pytestmark = pytest.mark.requirement("SY-1", "SY-3", "AD-2")

OBJECTS = ("Lead", "Campaign", "prospects")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    folder = tmp_path_factory.mktemp("world")
    with ground(folder, SandboxConfig(state=folder, people=8, seed=3, start=START, frozen=True), OBJECTS) as laid:
        yield laid


@pytest.fixture
def control(world: Ground) -> Iterator[Control]:
    yield (control := Control(world.running.url))
    control.do("DELETE", "faults")


@pytest.fixture(scope="module")
def reading(world: Ground, tmp_path_factory: pytest.TempPathFactory) -> Iterator[River]:
    settings = world.settings.model_copy(update={"state": tmp_path_factory.mktemp("state")})
    with open_river(settings, retry=QUICK) as opened:
        flow.pull(opened)
        yield opened


@pytest.fixture
def river(reading: River, control: Control) -> Iterator[River]:
    """A river that has read all fields once; after every test they are back, and the mirror is as the world is."""
    yield reading
    control.do("DELETE", "faults")
    pass_time(reading)
    flow.pull(reading)
    assert upkeep.hidden(reading) == []
    assert differences(control.truth, reading.store, reading.mapping.fields.streams) == []


def hide(control: Control, name: str, *fields: str) -> None:
    control.do("PUT", "faults", {"faults": [{"kind": "hidden_fields", "object": name, "fields": list(fields)}]})


def pass_time(river: River) -> None:
    """So much time that is looked again for what has vanished."""
    river.store.run("UPDATE hidden_fields SET looked_at = looked_at - INTERVAL 1 HOUR")


def rename_prospect(world: Ground, record: int, name: str) -> None:
    found, url = world.running.settings, world.running.url
    form = {"grant_type": "client_credentials", "client_id": found["client_id"]}
    with requests.Session() as session:
        session.trust_env = False
        token = session.post(f"{url}/services/oauth2/token", data={**form, "client_secret": found["client_secret"]})
        answer = session.patch(
            f"{url}/api/v5/objects/prospects/{record}",
            params={"fields": "id"},
            json={"firstName": name},
            headers={
                "Authorization": f"Bearer {token.json()['access_token']}",
                "Pardot-Business-Unit-Id": found["business_unit_id"],
            },
        )
    assert answer.status_code == 200, answer.text


def some_lead(control: Control) -> dict[str, Any]:
    return next(
        row for row in control.truth("Lead") if not row["IsDeleted"] and not row["IsConverted"] and row["Title"]
    )


def value(river: River, attribute: str, record: object, table: str = "salesforce_lead") -> object:
    flow.mirror(river)
    return river.store.value(f"SELECT {attribute} FROM seen_{table} WHERE id = $id", {"id": record})


@pytest.mark.complaint(46, 47, 48)
def test_two_fields_vanish_and_all_else_is_read(river: River, control: Control) -> None:
    lead = some_lead(control)
    hide(control, "Lead", "Title", "Industry")
    control.do("POST", "edit", {"id": lead["Id"], "fields": {"Company": "改名株式会社"}})
    pulled = {one.stream: one for one in flow.pull(river)}
    assert set(pulled) == {mapped.stream.name for mapped in river.mapping.fields.streams}
    assert pulled["salesforce.Lead"].added == 1
    assert value(river, "company", lead["Id"]) == "改名株式会社"
    assert value(river, "title", lead["Id"]) == lead["Title"], "what is not shown is not emptied"
    hidden = upkeep.hidden(river)
    assert [(one.stream, one.field) for one in hidden] == [
        ("salesforce.Lead", "Industry"),
        ("salesforce.Lead", "Title"),
    ]
    assert hidden[1].place.startswith("fields.yaml:")
    assert "any more, since 2026-10-" in hidden[1].sentence
    assert flow.pull(river), "it goes on, also where nothing is asked anew"


@pytest.mark.complaint(49, 50)
def test_a_field_that_is_back_is_read_for_rows_that_have_not_changed_too(river: River, control: Control) -> None:
    lead = some_lead(control)
    hide(control, "Lead", "Title")
    flow.pull(river)
    control.do("POST", "edit", {"id": lead["Id"], "fields": {"Title": "会長"}})
    flow.pull(river)
    control.do("PUT", "clock", {"advance_seconds": 3_600, "frozen": True})  # far beyond the overlap
    flow.pull(river)
    assert value(river, "title", lead["Id"]) == lead["Title"]
    control.do("DELETE", "faults")
    pass_time(river)
    flow.pull(river)
    assert value(river, "title", lead["Id"]) == "会長"


@pytest.mark.complaint(46, 47)
def test_fields_of_account_engagement_vanish_too(world: Ground, river: River, control: Control) -> None:
    prospect = next(row for row in control.truth("prospects") if row["jobTitle"] and not row["isDeleted"])
    hide(control, "prospects", "jobTitle", "company")
    rename_prospect(world, prospect["id"], "改名")
    pulled = {one.stream for one in flow.pull(river)}
    assert "account_engagement.prospects" in pulled
    assert {one.field for one in upkeep.hidden(river)} == {"jobTitle", "company"}
    table = "account_engagement_prospects"
    assert value(river, "first_name", prospect["id"], table) == "改名"
    assert value(river, "title", prospect["id"], table) == prospect["jobTitle"]


def test_what_was_never_there_is_a_mistake_in_the_mapping(river: River, control: Control) -> None:
    hide(control, "Lead", "Title", "Industry")
    river.store.run("DELETE FROM shown_fields WHERE field IN ('Title', 'Industry')")
    with pytest.raises(ConfigurationError, match="2 mapped fields are not there") as refused:
        flow.pull(river)
    assert [problem.sentence.split("`")[1] for problem in refused.value.problems] == ["Title", "Industry"]
    assert upkeep.hidden(river) == []


@pytest.mark.complaint(46, 48)
def test_a_renamed_field_is_told_with_its_new_name(river: River) -> None:
    leads = next(mapped for mapped in river.mapping.fields.streams if mapped.stream.object == "Lead")
    # The mapping still has the name that the org's Title had until today.
    columns = tuple(replace(one, field="Titel") if one.name == "title" else one for one in leads.columns)
    fields = river.mapping.fields.model_copy(update={"streams": (replace(leads, columns=columns),)})
    before = replace(river, mapping=replace(river.mapping, fields=fields))
    note_shown(river.store, leads.stream.name, "", ["Titel"])
    assert [one.stream for one in flow.pull(before)] == ["salesforce.Lead"]
    assert [(one.field, one.similar) for one in upkeep.hidden(before)] == [("Titel", "Title")]
    assert "Did you mean `Title`?" in upkeep.hidden(before)[0].sentence


@pytest.mark.parametrize("name", ["Campaign", "Lead"])
def test_an_object_that_vanishes_is_skipped_unless_nothing_can_be_decided_without_it(
    river: River, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    reader = here(river).reader
    ask, describe = reader.query_pages, reader.describe

    def pages(soql: str, folder: Path, *, deleted: bool) -> Any:
        if f" FROM {name} " in soql:
            raise StopError(f"sObject type '{name}' is not supported.", "INVALID_TYPE")
        return ask(soql, folder, deleted=deleted)

    def described(asked: str, *, fresh: bool = False) -> Any:
        if asked == name:
            raise StopError("The requested resource does not exist", "NOT_FOUND")
        return describe(asked, fresh=fresh)

    monkeypatch.setattr(reader, "query_pages", pages)
    monkeypatch.setattr(reader, "describe", described)
    if name == "Lead":
        with pytest.raises(StopError, match="Nothing can be decided without it"):
            flow.pull(river)
        monkeypatch.undo()
        return
    streams = {one.stream for one in flow.pull(river)}
    assert streams == {mapped.stream.name for mapped in river.mapping.fields.streams} - {"salesforce.Campaign"}
    assert [one.is_object for one in upkeep.hidden(river)] == [True]
    monkeypatch.undo()
    pass_time(river)
    assert "salesforce.Campaign" in {one.stream for one in flow.pull(river)}
    assert upkeep.hidden(river) == []
