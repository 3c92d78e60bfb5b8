"""What somebody looked at before anybody knew who it was counts once it is known; a cache hides nothing for good."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from connector import flow
from connector.bootstrap import open_river
from connector.river import River, here
from connector.sandbox.config import SandboxConfig
from tests.worlds.ground import QUICK, START, Ground, ground
from tests.worlds.people import Control
from tests.worlds.truth import differences

DAY = 86_400
ENGAGEMENT = ("visitors", "visits", "visitor-page-views", "visitor-activities", "prospects", "list-memberships")
NAMES = ("Lead", "Contact", *ENGAGEMENT)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    folder = tmp_path_factory.mktemp("world")
    with ground(folder, SandboxConfig(state=folder, people=12, seed=5, start=START, frozen=True), NAMES) as laid:
        yield laid


@pytest.fixture
def control(world: Ground) -> Iterator[Control]:
    yield (control := Control(world.running.url))
    control.do("DELETE", "faults")


@pytest.fixture
def river(world: Ground, tmp_path: Path) -> Iterator[River]:
    settings = world.settings.model_copy(update={"state": tmp_path / "state"})
    with open_river(settings, retry=QUICK) as opened:
        yield opened


def pass_time(control: Control, seconds: int) -> None:
    control.do("PUT", "clock", {"advance_seconds": seconds, "frozen": True})


def write(world: Ground, method: str, path: str, body: dict[str, Any]) -> Any:
    """Writes to Account Engagement as its API's user; what the answer shows."""
    found, url = world.running.settings, world.running.url
    form = {name: found[name] for name in ("client_id", "client_secret")} | {"grant_type": "client_credentials"}
    with requests.Session() as session:
        session.trust_env = False
        token = session.post(f"{url}/services/oauth2/token", data=form).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}", "Pardot-Business-Unit-Id": found["business_unit_id"]}
        answer = session.request(method, f"{url}/api/v5/objects/{path}", json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


def identify(world: Ground, visitor: int, prospect: int) -> None:
    """Says in Account Engagement who a visitor is."""
    path = f"visitors/{visitor}/do/assignToProspect?fields=prospectId"
    assert write(world, "POST", path, {"prospectId": prospect}) == {"prospectId": prospect}


def stranger(control: Control) -> tuple[int, list[datetime]]:
    """The anonymous visitor with the most page views, and when they were."""
    visitors = {row["id"] for row in control.truth("visitors") if row["prospectId"] is None}
    views: dict[int, list[datetime]] = {number: [] for number in visitors}
    for row in control.truth("visitor_page_views"):
        if row["visitorId"] in views:
            views[row["visitorId"]].append(datetime.fromisoformat(row["createdAt"]).replace(tzinfo=None))
    return max(views.items(), key=lambda pair: len(pair[1]))


def somebody(control: Control) -> int:
    """A prospect that no visitor is known to be, with a live lead."""
    known = {row["prospectId"] for row in control.truth("visitors")}
    leads = {row["Id"] for row in control.truth("Lead") if not row["IsDeleted"] and not row["IsConverted"]}
    return next(
        int(row["id"])
        for row in control.truth("prospects")
        if not row["isDeleted"] and row["id"] not in known and row["salesforceLeadId"] in leads
    )


def page_views(river: River, person: str) -> list[tuple[datetime, Any]]:
    return [
        (row[0], row[1])
        for row in river.store.run(
            "SELECT occurred_at, activity_id FROM activities WHERE person_id = $person AND type = 'page_view' "
            "ORDER BY occurred_at",
            {"person": person},
        )
    ]


def pulled_and_scored(river: River) -> datetime:
    flow.pull(river)
    now = here(river).reader.server_time()
    flow.evaluate(river, now)
    return now


@pytest.mark.requirement("SY-9")
def test_visits_before_registration_join_the_person_once_the_visitor_is_identified(
    world: Ground, control: Control, river: River
) -> None:
    visitor, moments = stranger(control)
    prospect = somebody(control)
    pulled_and_scored(river)
    (person,) = river.store.run(
        "SELECT person_id FROM person_records WHERE record_key = $key",
        {"key": f"account_engagement.prospects:{world.running.settings['business_unit_id']}:{prospect}"},
    )[0]
    assert moments
    assert page_views(river, person) == []
    before = earned(river, person)
    # Long after its page views were read; of all rows the visitor's alone is changed.
    pass_time(control, DAY)
    flow.pull(river)
    identify(world, visitor, prospect)
    pass_time(control, 60)
    pulled_and_scored(river)
    assert [moment for moment, _ in page_views(river, person)] == sorted(moments)
    assert earned(river, person) > before
    assert max(moments) < START.replace(tzinfo=None)


def earned(river: River, person: str) -> int:
    """Points for what a person did."""
    return int(river.store.value("SELECT score_behaviour FROM scored WHERE person_id = $person", {"person": person}))


@pytest.mark.requirement("SY-3", "SY-6")
@pytest.mark.complaint(13)
def test_what_a_cache_hides_comes_although_the_watermark_has_passed_it(
    world: Ground, control: Control, river: River
) -> None:
    engagement = [mapped for mapped in world.streams if mapped.stream.object in ENGAGEMENT]
    control.do("PUT", "faults", {"faults": [{"kind": "stale_reads"}]})
    flow.pull(river)
    prospects = [row["id"] for row in control.truth("prospects") if not row["isDeleted"]][:5]
    pass_time(control, 1)
    for number in prospects:
        write(world, "PATCH", f"prospects/{number}?fields=id", {"jobTitle": "部長"})
    visitor, _ = stranger(control)
    identify(world, visitor, prospects[0])
    for seconds, seen in ((29, 0), (30, 0), (1, 5)):
        pass_time(control, seconds)
        flow.pull(river)
        assert titled(river, prospects) == seen, f"after {seconds} more seconds"
    assert differences(control.truth, river.store, engagement) == []
    found = river.store.value(
        "SELECT prospect_id FROM mirror_account_engagement_visitors WHERE _until IS NULL AND id = $id", {"id": visitor}
    )
    assert found == prospects[0]


def titled(river: River, prospects: list[int]) -> int:
    """How many of some prospects have their new title in the mirror."""
    return int(
        river.store.value(
            "SELECT count(*) FROM mirror_account_engagement_prospects "
            "WHERE _until IS NULL AND title = '部長' AND id IN (SELECT unnest($ids))",
            {"ids": prospects},
        )
    )


@pytest.mark.requirement("SY-7")
def test_the_river_runs_without_account_engagement(world: Ground, tmp_path: Path, control: Control) -> None:
    since = control.do("GET", "requests")["next"]
    alone = world.settings.model_copy(update={"state": tmp_path / "alone", "account_engagement_business_unit_ids": ()})
    with open_river(alone, retry=QUICK) as river:
        pulled = flow.pull(river)
        flow.reconcile(river, pulled)
        now = here(river).reader.server_time()
        flow.evaluate(river, now)
        planned = flow.plan(river, here(river).org_id, now)
        scored = river.store.value("SELECT count(*) FROM scored")
    assert {one.stream for one in pulled} == {"salesforce.Lead", "salesforce.Contact"}
    assert scored > 0
    assert planned.records
    log = control.do("GET", f"requests?since={since}")["requests"]
    assert {one["system"] for one in log} <= {"salesforce", "login"}
