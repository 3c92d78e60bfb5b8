"""The roads from Account Engagement, pages, windows and exports, lead to the same mirror (SY-6, OP-2)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from connector.account_engagement import AccountEngagementReader, connect, export, read
from connector.domain.cursor import Cursor
from connector.domain.streams import MappedStream
from connector.http.budget import CallBudget
from connector.http.outcome import RoadClosedError
from connector.http.session import open_session
from connector.pulling.account_engagement import pull_account_engagement
from connector.pulling.reading import Landing, Pulled
from connector.sandbox.account_engagement import export_terms, guard
from connector.sandbox.config import SandboxConfig
from connector.store.cursors import read_cursor, save_cursor
from connector.store.database import Store, memory_store
from connector.store.mirror import prepare
from tests.worlds.ground import QUICK, START, Ground, ground
from tests.worlds.people import Control
from tests.worlds.truth import differences

pytestmark = pytest.mark.requirement("SY-6", "OP-2")

ALWAYS, NEVER = 1, 10**9
EXPORTED = ("visitor-activities", "list-memberships", "visitors")
NAMES = (*EXPORTED, "prospects", "visitor-page-views")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    folder = tmp_path_factory.mktemp("world")
    with ground(folder, SandboxConfig(state=folder, people=60, seed=3, start=START, frozen=True), NAMES) as laid:
        yield laid


@dataclass
class Pulling:
    """A connector with an empty mirror."""

    world: Ground
    folder: Path
    source: AccountEngagementReader
    store: Store
    budget: CallBudget

    @property
    def control(self) -> Control:
        return Control(self.world.running.url)

    def mapped(self, name: str) -> MappedStream:
        return next(mapped for mapped in self.world.streams if mapped.stream.object == name)

    def pull(self, name: str, export_from: int) -> Pulled:
        landing = Landing(self.folder, bulk_from=export_from, calls=lambda: sum(self.budget.calls.values()))
        return pull_account_engagement(self.source, self.store, self.mapped(name), landing)

    def differences(self, name: str) -> list[str]:
        return differences(self.control.truth, self.store, [self.mapped(name)])

    def exports(self) -> int:
        """How many exports were asked for since the sandbox began."""
        log = self.control.do("GET", "requests")["requests"]
        return sum(one["path"] == "/api/v5/exports" for one in log)


@pytest.fixture
def pulling(world: Ground, tmp_path: Path) -> Iterator[Pulling]:
    settings = world.settings.model_copy(update={"state": tmp_path})
    budget = CallBudget()
    store = memory_store()
    prepare(store, world.streams)
    with patch.object(read, "ROWS_A_PAGE", 20), open_session(settings, budget) as session:
        source = connect(settings, session, replace(QUICK, sleep=_wait_a_moment))[0]
        yield (found := Pulling(world, tmp_path / "landing", source, store, budget))
    found.control.do("DELETE", "faults")
    world.running.sandbox.open_state.pop("account_engagement_in_flight", None)
    store.close()


def _wait_a_moment(seconds: float) -> None:
    time.sleep(min(seconds, 10.0) / 1000)


@pytest.mark.parametrize("name", EXPORTED)
def test_an_export_brings_what_pages_bring(pulling: Pulling, name: str) -> None:
    pulled = pulling.pull(name, ALWAYS)
    assert pulled.road == "export"
    assert pulling.differences(name) == []
    assert pulled.rows >= len(pulling.control.truth(name.replace("-", "_"))) > 0
    watermark = read_cursor(pulling.store, pulled.stream, pulling.source.unit).watermark
    assert watermark == START
    assert not list(pulling.folder.rglob("*.*"))


@pytest.mark.parametrize("name", ["visitor-activities", "visitor-page-views"])
def test_windows_bring_what_one_chain_brings_in_hardly_more_calls(pulling: Pulling, name: str) -> None:
    pulled = pulling.pull(name, NEVER)
    assert pulled.road == "pages"
    assert pulling.differences(name) == []
    rows = len(pulling.control.truth(name.replace("-", "_")))
    assert pulled.estimated == pytest.approx(rows, rel=0.5)
    least = -(-rows // 20)
    assert least >= 10, "too few pages to be read side by side"
    assert pulled.calls <= 1.3 * least + 2


@dataclass
class Counted(guard._InFlight):
    """Calls in flight, of which some are others'; the most that there were of ours."""

    others: int = 0
    most: int = 0
    refused: int = 0

    def enter(self) -> bool:
        with self.lock:
            self.refused += (full := self.count + self.others >= guard.CALLS_AT_ONCE)
            self.count += not full
            self.most = max(self.most, self.count)
        # Long enough for others to come meanwhile.
        time.sleep(0.02)
        return not full


@pytest.mark.complaint(8)
@pytest.mark.parametrize(("others", "most"), [(0, 4), (1, 4), (4, 1)])
def test_calls_at_once_are_used_and_one_is_left_to_others(pulling: Pulling, others: int, most: int) -> None:
    pulling.world.running.sandbox.open_state["account_engagement_in_flight"] = counted = Counted(others=others)
    pulled = pulling.pull("visitor-page-views", NEVER)
    assert counted.most == most
    assert (counted.refused > 0) is (others > 1)
    assert pulling.differences("visitor-page-views") == []
    assert pulled.rows == len(pulling.control.truth("visitor_page_views"))


def test_many_rows_cost_an_export_a_handful_of_calls(pulling: Pulling) -> None:
    pulled = pulling.pull("visitor-activities", ALWAYS)
    # The first page and the last id, when the account began, and of two years each a creation, a state, a file.
    assert pulled.calls <= 4 + 2 * export.CALLS
    assert pulled.calls == sum(pulling.budget.calls.values())


def test_prospects_have_a_grade_that_exports_lack(pulling: Pulling) -> None:
    assert "grade" in pulling.mapped("prospects").fields
    assert pulling.pull("prospects", ALWAYS).road == "pages"
    assert pulling.differences("prospects") == []


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "not_permitted", "path": "*/exports"},
        {"kind": "stuck_job", "job": "export"},
        {"kind": "malformed_csv", "path": "*/exports/*"},
        {"kind": "server_error", "status": 500, "path": "*/exports/*/results/*"},
        {"kind": "reset_before", "path": "*/exports/*/results/*", "times": 3},
    ],
    ids=lambda fault: str(fault["kind"]),
)
def test_what_an_export_does_not_bring_comes_by_pages(pulling: Pulling, fault: dict[str, Any]) -> None:
    pulling.control.do("PUT", "faults", {"faults": [fault]})
    pulled = pulling.pull("visitor-activities", ALWAYS)
    assert pulled.road == ("export" if fault["kind"] == "reset_before" else "pages")
    assert pulling.differences("visitor-activities") == []


def test_exports_that_are_refused_are_not_asked_for_again(pulling: Pulling) -> None:
    pulling.control.do("PUT", "faults", {"faults": [{"kind": "not_permitted", "path": "*/exports"}]})
    for _ in range(2):
        pulling.store.run("DELETE FROM cursor")
        assert pulling.pull("visitor-activities", ALWAYS).road == "pages"
    (fault,) = pulling.control.do("GET", "faults")["faults"]
    assert fault["fired"] == 1


def test_a_first_page_that_is_garbled_is_asked_for_again(pulling: Pulling) -> None:
    garbled = {"kind": "malformed_json", "garbled": True, "path": "*/visitor-activities", "times": 1}
    pulling.control.do("PUT", "faults", {"faults": [garbled]})
    assert pulling.pull("visitor-activities", ALWAYS).road == "pages"
    assert pulling.differences("visitor-activities") == []


def test_what_changed_after_a_broken_export_comes_by_pages(pulling: Pulling) -> None:
    begun = START - timedelta(hours=1)
    mapped = pulling.mapped("visitor-activities")
    before = pulling.exports()
    save_cursor(pulling.store, Cursor(mapped.stream.name, pulling.source.unit, slice_upper=begun), START)
    pulling.pull("visitor-activities", ALWAYS)
    assert pulling.differences("visitor-activities") == []
    assert pulling.exports() - before == 2, "two years, and none for the hour after them"
    watermark = read_cursor(pulling.store, mapped.stream.name, pulling.source.unit).watermark
    assert watermark == START


@pytest.mark.complaint(13)
def test_an_export_that_leaves_rows_out_is_found_out(pulling: Pulling) -> None:
    everything = pulling.source.export

    def some(wanted: export.Wanted, folder: Path) -> Iterator[export.ExportFile]:
        part = export.Wanted(
            wanted.collection, wanted.fields, wanted.before, wanted.before, wanted.deleted, wanted.witnesses,
            wanted.confirm,
        )  # fmt: skip
        return everything(part, folder)

    with patch.object(pulling.source, "export", some):
        pulled = pulling.pull("visitor-activities", ALWAYS)
    assert pulled.road == "pages"
    assert pulling.differences("visitor-activities") == []


@pytest.mark.requirement("AD-7")
def test_times_that_name_no_zone_are_not_believed(pulling: Pulling) -> None:
    with patch.object(export_terms, "_flag", lambda _body, name: name == "legacyDateFormat"):
        pulled = pulling.pull("visitor-activities", ALWAYS)
    assert pulled.road == "pages"
    assert pulling.differences("visitor-activities") == []


def test_files_that_begin_otherwise_are_not_merged(pulling: Pulling) -> None:
    with patch.object(export_terms, "_flag", lambda _body, name: name == "includeByteOrderMark"):
        assert pulling.pull("list-memberships", ALWAYS).road == "pages"
    assert pulling.differences("list-memberships") == []


@pytest.mark.complaint(18)
def test_complaint_18_an_export_that_hides_whom_nobody_has_identified_is_found_out(pulling: Pulling) -> None:
    with patch.object(export_terms, "_more_conditions", lambda *_: (['m."isIdentified" = 1'], [])):
        pulled = pulling.pull("visitors", ALWAYS)
    assert pulled.road == "pages"
    assert pulling.differences("visitors") == []


def test_a_witness_that_is_gone_accuses_nobody(pulling: Pulling, tmp_path: Path) -> None:
    mapped = pulling.mapped("visitors")
    wanted = export.Wanted(
        "visitors", mapped.fields, START, START, False, frozenset({10**9}), lambda _ids: frozenset()
    )  # fmt: skip
    assert list(pulling.source.export(wanted, tmp_path)) == []
    with pytest.raises(RoadClosedError, match="left 1 rows of visitors out"):
        list(
            pulling.source.export(
                export.Wanted("visitors", mapped.fields, START, START, False, wanted.witnesses), tmp_path
            )
        )
