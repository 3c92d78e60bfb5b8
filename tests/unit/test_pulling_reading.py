"""Pulling from remotes that break off, cut off and repeat themselves (SY-3, SY-6, SY-7, SY-10, OP-3)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from connector.domain.cursor import Cursor
from connector.domain.streams import MappedStream
from connector.errors import RetryError, StopError
from connector.flow import mirror, pull
from connector.pulling import reading as pulling
from connector.pulling.account_engagement import pull_account_engagement
from connector.pulling.reading import Landing, Pulled
from connector.pulling.salesforce import pull_salesforce
from connector.river import Remotes, River
from connector.rules.content import load_content
from connector.rules.mapping import load_mapping
from connector.store.cursors import read_cursor, save_cursor
from connector.store.database import Store, memory_store
from connector.store.mirror import freeze, prepare, table_of
from tests.engine_world import shipped
from tests.mirror_world import (
    FORMS,
    HOUR,
    LEADS,
    MINUTE,
    NOON,
    PROSPECTS,
    current,
    form,
    ids,
    land,
    lead,
    lead_id,
    prospect,
    seen,
    sf_time,
)

pytestmark = pytest.mark.requirement("SY-3", "SY-6", "OP-3")

UNIT = "0Uv5g0000008OIACA2"
LOST = "Salesforce did not answer; run again later."


@dataclass(frozen=True)
class LandedPage:
    path: Path
    truncated: bool = False
    last: bool = False


@dataclass
class Org:
    """A Salesforce of Leads in memory, which answers the questions of a slice and can break off after some pages."""

    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    now: datetime = NOON
    page_rows: int = 3
    breaks_after: int | None = None
    error: Exception = field(default_factory=lambda: RetryError(LOST))
    questions: list[str] = field(default_factory=list)
    sent: list[list[str]] = field(default_factory=list)

    def save(self, *rows: dict[str, Any]) -> None:
        self.rows |= {row["Id"]: row for row in rows}

    def server_time(self) -> datetime:
        return self.now

    def count(self, object_name: str, where: str | None = None, *, deleted: bool = False) -> int:
        return sum(_matches(row, f"SELECT COUNT() FROM {object_name} WHERE {where}") for row in self.rows.values())

    def bulk_pages(self, soql: str, folder: Path, *, deleted: bool) -> Iterator[LandedPage]:
        raise AssertionError(f"few rows need no bulk query: {soql}")

    def query_pages(self, soql: str, folder: Path, *, deleted: bool) -> Iterator[LandedPage]:
        assert deleted, "deletions are to be seen"
        self.questions.append(soql)
        found = sorted(
            (row for row in self.rows.values() if _matches(row, soql)),
            key=lambda row: (row["SystemModstamp"], row["Id"]),
        )
        pages = [found[start : start + self.page_rows] for start in range(0, len(found), self.page_rows)] or [[]]
        for page in pages:
            if self.breaks_after is not None and len(self.sent) == self.breaks_after:
                raise self.error
            self.sent.append([row["Id"] for row in page])
            (file,) = land(folder, LEADS, page)
            yield LandedPage(file)


def _matches(row: Mapping[str, Any], soql: str) -> bool:
    """The where clause of a slice: an upper bound, and a lower one or a place in (stamp, id)."""
    stamp, where = row["SystemModstamp"][:19], soql.partition(" WHERE ")[2]
    upper = re.search(r"SystemModstamp <= (\S+)Z", where)
    lower = re.search(r"SystemModstamp >= (\S+)Z", where)
    place = re.search(r"SystemModstamp > (\S+)Z OR \(SystemModstamp = \S+Z AND Id > '(\w+)'\)", where)
    return (
        (upper is None or stamp <= upper[1])
        and (lower is None or stamp >= lower[1])
        and (place is None or (stamp, row["Id"]) > (place[1], place[2]))
    )


@dataclass
class Engagement:
    """A business unit in memory, whose chains of pages end after `cap` rows."""

    rows: list[dict[str, Any]]
    unit: str = UNIT
    now: datetime = NOON
    page_rows: int = 2
    cap: int = 10**9
    asked: list[dict[str, str]] = field(default_factory=list)
    stream: MappedStream = PROSPECTS

    def server_time(self) -> datetime:
        return self.now

    def pages(
        self,
        collection: str,
        fields: tuple[str, ...],
        filters: Mapping[str, str],
        order_by: str,
        folder: Path,
        *,
        deleted: str | None,
        rows: int | None = None,
    ) -> Iterator[LandedPage]:
        assert (collection, fields, order_by) == (self.stream.stream.object, self.stream.fields, "id")
        self.asked.append(dict(filters))
        found = sorted(
            (
                row
                for row in self.rows
                if row["id"] > int(filters.get("idGreaterThan", 0))
                and row["updatedAt"] >= filters.get("updatedAtAfterOrEqualTo", "")
                and row["updatedAt"] <= filters.get("updatedAtBeforeOrEqualTo", "9")
                and (deleted == "all" or not row["isDeleted"])
            ),
            key=lambda row: int(row["id"]),
        )
        chain = found[: self.cap]
        size = rows or self.page_rows
        for start in range(0, max(len(chain), 1), size):
            last = start + size >= len(chain)
            (file,) = land(folder, self.stream, chain[start : start + size])
            yield LandedPage(file, truncated=last and len(chain) < len(found), last=last)

    def greatest_id(self, *_asked: object, **_named: object) -> int | None:
        """Nobody knows how much there is."""


@pytest.fixture
def store() -> Iterator[Store]:
    store = memory_store()
    prepare(store, [LEADS, PROSPECTS, FORMS])
    yield store
    store.close()


@pytest.fixture
def landing(tmp_path: Path) -> Landing:
    return Landing(tmp_path / "landing")


@pytest.fixture
def few_pages_a_merge(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulling, "PAGES_A_MERGE", 2)


def world(count: int = 20) -> Org:
    """Leads of which many share a second."""
    org = Org()
    org.save(*(lead(number, NOON - HOUR + (number // 7) * MINUTE, title=str(number)) for number in range(count)))
    return org


def test_a_first_pull_takes_everything_and_a_second_nothing_new(store: Store, landing: Landing) -> None:
    org = world()
    assert pull_salesforce(org, store, LEADS, landing) == Pulled("salesforce.Lead", "", 20, 20, estimated=20)
    assert [row[1] for row in current(store, LEADS, "title")] == [str(number) for number in range(20)]
    org.now += HOUR
    assert pull_salesforce(org, store, LEADS, landing) == Pulled("salesforce.Lead", "")
    assert read_cursor(store, "salesforce.Lead", "") == Cursor("salesforce.Lead", "", NOON + HOUR)
    assert not list(landing.folder.rglob("*.json"))


def test_complaint_11_a_commit_that_shows_late_is_found_in_the_overlap(store: Store, landing: Landing) -> None:
    org = world(3)
    pull_salesforce(org, store, LEADS, landing)
    org.save(lead(50, NOON - 10 * MINUTE, title="late"))
    org.now += MINUTE
    assert pull_salesforce(org, store, LEADS, landing).added == 1
    assert (lead_id(50), "late") in current(store, LEADS, "title")


@pytest.mark.requirement("OP-2")
@pytest.mark.usefixtures("few_pages_a_merge")
@pytest.mark.parametrize("pages", range(1, 7))
def test_a_slice_that_broke_off_goes_on_where_it_was(store: Store, landing: Landing, pages: int) -> None:
    org = world()
    org.breaks_after = pages
    with pytest.raises(RetryError, match=LOST):
        pull_salesforce(org, store, LEADS, landing)
    kept = ids(current(store, LEADS, "title"))
    assert len(kept) == 3 * pages, "what arrived is merged, be it less than a batch"
    assert read_cursor(store, "salesforce.Lead", "").slice_upper == NOON
    first, org.sent, org.breaks_after = org.sent, [], None
    pull_salesforce(org, store, LEADS, landing)
    again = {record for page in org.sent for record in page}
    assert not again & {record for page in first for record in page}, "no page is asked for twice"
    assert current(store, LEADS, "title") == [(lead_id(number), str(number)) for number in range(20)]
    assert len(store.run(f"SELECT id FROM {table_of(LEADS)}")) == 20


@pytest.mark.requirement("SC-10")
def test_a_pull_that_goes_on_ends_at_the_time_of_now_and_says_when_it_saw(store: Store, landing: Landing) -> None:
    org = world(9)
    org.breaks_after = 1
    with pytest.raises(RetryError):
        pull_salesforce(org, store, LEADS, landing)
    org.breaks_after, org.now = None, NOON + 4 * HOUR
    org.save(lead(1, NOON + 2 * HOUR, title="edited meanwhile"), lead(30, NOON + 3 * HOUR, title="new meanwhile"))
    pull_salesforce(org, store, LEADS, landing)
    assert read_cursor(store, "salesforce.Lead", "") == Cursor("salesforce.Lead", "", NOON + 4 * HOUR)
    titles = dict(current(store, LEADS, "title"))
    assert (titles[lead_id(1)], titles[lead_id(30)], len(titles)) == ("edited meanwhile", "new meanwhile", 10)
    assert len(seen(store, LEADS, known_at=NOON + HOUR)) == 3, "the others were not known then"


@pytest.mark.requirement("OP-2")
def test_a_clock_set_back_behind_the_floor_claims_nothing_that_was_not_read(store: Store, landing: Landing) -> None:
    org = Org()
    org.save(*(lead(number, NOON - HOUR + number * MINUTE) for number in range(60)))
    with store.transaction():
        save_cursor(store, Cursor("salesforce.Lead", watermark=NOON, floor=NOON), NOON)
    for org.now in (NOON - HOUR / 2, NOON + MINUTE):
        pull_salesforce(org, store, LEADS, landing)
        cursor = read_cursor(store, "salesforce.Lead", "")
        assert cursor.watermark is not None
        assert cursor.floor is not None
        claimed = {one for one, row in org.rows.items() if cursor.floor <= _stamp(row) <= cursor.watermark}
        assert claimed <= set(ids(current(store, LEADS, "title")))


def _stamp(row: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(row["SystemModstamp"])


@pytest.mark.requirement("WB-2")
def test_a_slice_begun_before_a_write_has_not_seen_it(store: Store, landing: Landing) -> None:
    org = world(9)
    pull_salesforce(org, store, LEADS, landing)
    org.now += HOUR
    org.save(*(lead(number, NOON + MINUTE, title="edited") for number in range(6)))
    org.breaks_after = len(org.sent) + 1
    with pytest.raises(RetryError):
        pull_salesforce(org, store, LEADS, landing)
    store.run(
        "INSERT INTO journal (run_id, kind, object, record, values_after, intended_at) "
        "VALUES ('r', 'update', 'Lead', 'x', '{}', now()::TIMESTAMP)"
    )
    org.now, org.breaks_after = org.now + HOUR, len(org.sent) + 1
    with pytest.raises(RetryError):
        pull_salesforce(org, store, LEADS, landing)
    cursor = read_cursor(store, "salesforce.Lead", "")
    assert (cursor.watermark, cursor.slice_upper) == (NOON + HOUR, None), "the old slice has ended, the new one not"
    assert store.value("SELECT journal_number FROM cursor") == 0, "what was written after it lies beyond its end"
    org.breaks_after = None
    pull_salesforce(org, store, LEADS, landing)
    assert store.value("SELECT journal_number FROM cursor") == store.value("SELECT max(number) FROM journal") > 0


@pytest.mark.parametrize("code", ["INVALID_QUERY_LOCATOR", "210", "211"])
def test_pages_that_the_remote_forgot_are_asked_for_anew_from_the_last_row(
    store: Store, landing: Landing, code: str
) -> None:
    class Forgetful(Org):
        def query_pages(self, soql: str, folder: Path, *, deleted: bool) -> Iterator[LandedPage]:
            for number, page in enumerate(super().query_pages(soql, folder, deleted=deleted), 1):
                yield page
                if number == 2 and len(self.questions) < 3:
                    raise StopError("The rest is not kept any more.", code)

    org = Forgetful(rows=world().rows)
    assert pull_salesforce(org, store, LEADS, landing) == Pulled("salesforce.Lead", "", 20, 20, estimated=20)
    assert len(org.questions) == 3
    assert ids(current(store, LEADS, "title")) == [lead_id(number) for number in range(20)]


def test_pages_that_are_forgotten_at_once_are_an_error_and_no_loop(store: Store, landing: Landing) -> None:
    org = world()
    org.breaks_after, org.error = 0, StopError("Gone.", "INVALID_QUERY_LOCATOR")
    with pytest.raises(StopError, match="before its first row"):
        pull_salesforce(org, store, LEADS, landing)


def test_what_breaks_before_its_first_page_has_no_place(store: Store, landing: Landing) -> None:
    org = world(5)
    org.breaks_after, org.error = 0, StopError("no right", "INSUFFICIENT_ACCESS")
    with pytest.raises(StopError, match="no right"):
        pull_salesforce(org, store, LEADS, landing)
    assert read_cursor(store, "salesforce.Lead", "") == Cursor("salesforce.Lead")


@pytest.mark.usefixtures("few_pages_a_merge")
def test_complaint_10_and_14_thousands_in_one_second_across_pages_are_neither_lost_nor_doubled(
    store: Store, landing: Landing
) -> None:
    org = Org(page_rows=400)
    org.save(*(lead(number, NOON - HOUR, title=str(number)) for number in range(3000)))
    org.breaks_after = 4
    with pytest.raises(RetryError):
        pull_salesforce(org, store, LEADS, landing)
    org.breaks_after = None
    pull_salesforce(org, store, LEADS, landing)
    assert f"SystemModstamp = {sf_time(NOON - HOUR)[:19]}Z AND Id > '{lead_id(1599)}'" in org.questions[1]
    assert ids(current(store, LEADS, "title")) == [lead_id(number) for number in range(3000)]
    assert len(store.run(f"SELECT id FROM {table_of(LEADS)}")) == 3000


@pytest.mark.requirement("SY-10")
def test_deletions_come_as_tombstones(store: Store, landing: Landing) -> None:
    org = world(2)
    pull_salesforce(org, store, LEADS, landing)
    org.now += HOUR
    org.save(lead(1, NOON + MINUTE, title="1", IsDeleted=True))
    pull_salesforce(org, store, LEADS, landing)
    assert current(store, LEADS, "is_deleted") == [(lead_id(0), False), (lead_id(1), True)]


def test_progress_and_unreadable_values_are_told(store: Store, tmp_path: Path) -> None:
    told: list[Pulled] = []
    org = world(4)
    org.save(lead(2, NOON - HOUR, NumberOfEmployees="many"))
    pulled = pull_salesforce(org, store, LEADS, Landing(tmp_path / "landing", progress=told.append))
    assert pulled.unreadable == {"NumberOfEmployees": 1}
    assert told == [replace(pulled)]


class TestAccountEngagement:
    @pytest.mark.parametrize("cap", [1, 2, 3, 5, 100])
    def test_chains_that_are_cut_off_are_followed_from_the_last_id(
        self, store: Store, landing: Landing, cap: int
    ) -> None:
        rows = [prospect(number, NOON - number * MINUTE) for number in range(1, 8)]
        unit = Engagement(rows, cap=cap)
        assert pull_account_engagement(unit, store, PROSPECTS, landing) == Pulled(
            "account_engagement.prospects", UNIT, 7, 7
        )
        assert ids(current(store, PROSPECTS, "email")) == list(range(1, 8))
        assert [filters.get("idGreaterThan") for filters in unit.asked] == [None, *map(str, range(cap, 7, cap))]
        assert read_cursor(store, "account_engagement.prospects", UNIT).watermark == NOON

    def test_a_later_pull_asks_for_what_changed(self, store: Store, landing: Landing) -> None:
        unit = Engagement([prospect(number, NOON - HOUR) for number in range(1, 4)])
        pull_account_engagement(unit, store, PROSPECTS, landing)
        unit.rows[1] = prospect(2, NOON + MINUTE, email="new@example.com", isDeleted=True)
        unit.now = NOON + HOUR
        assert pull_account_engagement(unit, store, PROSPECTS, landing).rows == 1
        assert current(store, PROSPECTS, "email", "is_deleted")[1] == (2, "new@example.com", True)

    @pytest.mark.requirement("SY-10")
    @pytest.mark.parametrize("cap", [2, 100])
    def test_an_object_that_is_read_whole_ends_what_vanished(self, store: Store, landing: Landing, cap: int) -> None:
        unit = Engagement([form(number) for number in range(1, 6)], cap=cap, stream=FORMS)
        pull_account_engagement(unit, store, FORMS, landing)
        assert ids(current(store, FORMS, "name")) == [1, 2, 3, 4, 5]
        del unit.rows[2]
        unit.now += HOUR
        pull_account_engagement(unit, store, FORMS, landing)
        assert ids(current(store, FORMS, "name")) == [1, 2, 4, 5]

    def test_a_whole_reading_that_breaks_off_ends_nothing(self, store: Store, landing: Landing) -> None:
        unit = Engagement([form(number) for number in range(1, 6)], stream=FORMS)
        pull_account_engagement(unit, store, FORMS, landing)

        class Breaking(Engagement):
            def pages(self, *args: Any, **named: Any) -> Iterator[LandedPage]:
                yield next(super().pages(*args, **named))
                raise RetryError(LOST)

        unit.now += HOUR
        with pytest.raises(RetryError):
            pull_account_engagement(Breaking(unit.rows, now=unit.now, stream=FORMS), store, FORMS, landing)
        assert ids(current(store, FORMS, "name")) == [1, 2, 3, 4, 5]
        assert read_cursor(store, "account_engagement.forms", UNIT).watermark == NOON

    def test_a_chain_that_ends_before_its_first_row_is_an_error_and_no_loop(
        self, store: Store, landing: Landing
    ) -> None:
        unit = Engagement([prospect(1, NOON - HOUR)], cap=0)
        with pytest.raises(StopError, match="cut off by the remote before its first row"):
            pull_account_engagement(unit, store, PROSPECTS, landing)


@pytest.mark.requirement("SY-7")
def test_the_river_runs_without_any_account_engagement(store: Store, tmp_path: Path) -> None:
    class Empty(Org):
        def query_pages(self, soql: str, folder: Path, *, deleted: bool) -> Iterator[LandedPage]:
            rows = [lead(1, Email="a@example.com")] if " FROM Lead " in soql and deleted else []
            yield LandedPage(land(folder, LEADS, rows)[0])

    shipped_folder = Path(pulling.__file__).parents[1] / "rulesets" / "classic"
    mapping = load_mapping(shipped_folder)
    remotes = Remotes("00D1", "Example", "https://x", Empty(), None, (), dict)  # type: ignore[arg-type] # only pulls
    content = load_content(shipped_folder / "content.yaml")
    river = River(store, shipped(), mapping, content, None, "hash", tmp_path, lambda _sentence: None, remotes)
    streams = {pulled.stream for pulled in pull(river)}
    assert streams
    assert all(stream.startswith("salesforce.") for stream in streams)
    mirror(river)
    assert store.run("SELECT id, email FROM seen_salesforce_lead") == [(lead_id(1), "a@example.com")]
    for stream in mapping.fields.streams:
        assert store.value(f"SELECT count(*) FROM seen_{stream.stream.table}") == (stream.stream.object == "Lead")
    freeze(store, mapping.fields.streams)
