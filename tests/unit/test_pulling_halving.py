"""Slices that a remote cannot answer in time are read in halves, then a few rows at a time (SY-3, SY-6, OP-2).

Complaints 16, 17, 21 and 22 of the field: partial answers, time-outs on skewed data, jobs that never end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.domain.cursor import Cursor
from connector.errors import RetryError, StopError
from connector.http.outcome import RoadClosedError, TooSlowError
from connector.pulling.account_engagement import pull_account_engagement
from connector.pulling.halving import EARLIEST, SECOND, ended, halved, kept, reached
from connector.pulling.reading import Landing
from connector.pulling.salesforce import pull_salesforce
from connector.store.cursors import read_cursor
from connector.store.database import Store, memory_store
from connector.store.mirror import prepare
from tests.mirror_world import FORMS, HOUR, LEADS, MINUTE, NOON, PROSPECTS, current, form, ids, lead, lead_id, prospect
from tests.unit.test_pulling_reading import Engagement, LandedPage, Org

pytestmark = pytest.mark.requirement("SY-3", "SY-6", "OP-2")

SLOW = TooSlowError("It ran out of time.")


@dataclass(frozen=True)
class CountedPage:
    path: Path
    total: int


@dataclass
class SlowOrg(Org):
    """An org that has no time for questions that more than `most` rows answer."""

    most: int = 5
    refused: int = 0

    def query_pages(self, soql: str, folder: Path, *, deleted: bool) -> Iterator[Any]:
        plain, _, limit = soql.partition(" LIMIT ")
        found = self.count("Lead", plain.partition(" WHERE ")[2].partition(" ORDER BY ")[0])
        if min(found, int(limit or found)) > self.most:
            self.refused += 1
            self.questions.append(soql)
            raise SLOW
        if not limit:
            yield from super().query_pages(soql, folder, deleted=deleted)
            return
        self.page_rows, usual = int(limit), self.page_rows
        page = next(super().query_pages(plain, folder, deleted=deleted))
        self.page_rows, self.questions[-1] = usual, soql
        yield CountedPage(page.path, total=len(self.sent[-1]))


@pytest.fixture
def store() -> Iterator[Store]:
    store = memory_store()
    prepare(store, [LEADS, PROSPECTS, FORMS])
    yield store
    store.close()


@pytest.fixture
def landing(tmp_path: Path) -> Landing:
    return Landing(tmp_path / "landing")


def every(count: int) -> list[int | str]:
    return [lead_id(number) for number in range(count)]


@pytest.mark.complaint(21)
def test_complaint_21_a_slice_with_skewed_times_is_halved_until_it_is_answered(store: Store, landing: Landing) -> None:
    org = SlowOrg(most=6)
    org.save(*(lead(number, NOON - HOUR + number * SECOND) for number in range(20)))
    assert pull_salesforce(org, store, LEADS, landing).added == 20
    assert org.refused
    assert ids(current(store, LEADS, "title")) == every(20)
    assert read_cursor(store, "salesforce.Lead", "") == Cursor("salesforce.Lead", "", NOON)


def test_a_single_second_is_read_a_few_rows_at_a_time(store: Store, landing: Landing) -> None:
    org = SlowOrg(most=20, page_rows=1000)
    org.save(*(lead(number, NOON - HOUR) for number in range(90)))
    pull_salesforce(org, store, LEADS, landing)
    assert [soql for soql in org.questions if soql.endswith(" LIMIT 20")]
    assert ids(current(store, LEADS, "title")) == every(90)


def test_an_org_that_has_no_time_at_all_is_given_up_with_its_own_words(store: Store, landing: Landing) -> None:
    org = SlowOrg(most=0)
    org.save(lead(1, NOON - HOUR))
    with pytest.raises(TooSlowError, match="ran out of time"):
        pull_salesforce(org, store, LEADS, landing)
    assert len(org.questions) < 100


@pytest.mark.complaint(17)
def test_what_was_read_before_the_remote_slowed_down_is_kept(store: Store, landing: Landing) -> None:
    class Tiring(Org):
        def query_pages(self, soql: str, folder: Path, *, deleted: bool) -> Iterator[LandedPage]:
            for number, page in enumerate(super().query_pages(soql, folder, deleted=deleted)):
                if number == 2 and len(self.questions) in {1, 2, 3}:
                    raise SLOW
                yield page

    org = Tiring()
    org.save(*(lead(number, NOON - HOUR + number * MINUTE) for number in range(30)))
    pull_salesforce(org, store, LEADS, landing)
    again = [record for page in org.sent for record in page]
    assert ids(current(store, LEADS, "title")) == every(30)
    assert len(set(again)) == 30


def test_a_stop_in_the_middle_of_halves_goes_on_behind_the_finished_ones(store: Store, landing: Landing) -> None:
    org = SlowOrg(most=8, page_rows=2)
    org.save(*(lead(number, NOON - HOUR + number * MINUTE) for number in range(30)))
    org.breaks_after = 25
    with pytest.raises(RetryError):
        pull_salesforce(org, store, LEADS, landing)
    place = read_cursor(store, "salesforce.Lead", "")
    assert place.slice_upper == NOON
    assert place.slice_lower is not None
    known = set(ids(current(store, LEADS, "title")))
    assert known
    org.breaks_after, org.questions, org.sent = None, [], []
    pull_salesforce(org, store, LEADS, landing)
    assert ids(current(store, LEADS, "title")) == every(30)


@dataclass
class Bulk(Org):
    """An org whose bulk queries fail in one way or another."""

    failure: Exception = field(default_factory=lambda: SLOW)
    jobs: int = 0

    def bulk_pages(self, soql: str, folder: Path, *, deleted: bool) -> Iterator[Any]:
        self.jobs += 1
        yield from ()
        raise self.failure


@pytest.mark.complaint(22)
@pytest.mark.parametrize(
    "failure",
    [SLOW, RoadClosedError("The job was aborted.", "BULK_JOB_FAILED"), RoadClosedError("No.", "INVALIDENTITY")],
)
def test_complaint_22_a_bulk_query_that_never_ends_or_fails_is_replaced_by_pages(
    store: Store, tmp_path: Path, failure: Exception
) -> None:
    org = Bulk(failure=failure)
    org.save(*(lead(number, NOON - HOUR) for number in range(9)))
    pulled = pull_salesforce(org, store, LEADS, Landing(tmp_path, bulk_from=1))
    assert (pulled.road, pulled.estimated, org.jobs) == ("pages", 9, 1)
    assert ids(current(store, LEADS, "title")) == every(9)


@pytest.mark.parametrize("code", ["INVALID_QUERY_LOCATOR", "210"])
def test_pages_may_be_forgotten_any_number_of_times_as_long_as_each_brings_rows(
    store: Store, landing: Landing, code: str
) -> None:
    class Forgetful(Org):
        def query_pages(self, soql: str, folder: Path, *, deleted: bool) -> Iterator[LandedPage]:
            pages = list(super().query_pages(soql, folder, deleted=deleted))
            yield pages[0]
            if len(pages) > 1:
                raise StopError("The rest is not kept any more.", code)

    org = Forgetful()
    org.save(*(lead(number, NOON - HOUR) for number in range(40)))
    pull_salesforce(org, store, LEADS, landing)
    assert len(org.questions) == 14
    assert ids(current(store, LEADS, "title")) == every(40)


@dataclass
class SlowUnit(Engagement):
    """A business unit that has no time for questions that more than `most` rows answer."""

    most: int = 5
    refused: int = 0

    def pages(self, *args: Any, **named: Any) -> Iterator[LandedPage]:
        pages = list(super().pages(*args, **named))
        few = named.get("rows") is not None and named["rows"] <= self.most
        if not few and (len(pages) - 1) * self.page_rows >= self.most:
            self.refused += 1
            raise SLOW
        yield from pages


@pytest.mark.complaint(17)
@pytest.mark.parametrize("most", [4, 7])
def test_account_engagement_is_halved_by_time_while_it_is_walked_by_id(
    store: Store, landing: Landing, most: int
) -> None:
    unit = SlowUnit([prospect(number, NOON - (number * 7 % 23) * HOUR) for number in range(1, 24)], most=most)
    pull_account_engagement(unit, store, PROSPECTS, landing)
    assert unit.refused
    assert ids(current(store, PROSPECTS, "email")) == list(range(1, 24))


def test_account_engagements_one_second_and_whole_collections_are_read_a_few_rows_at_a_time(
    store: Store, landing: Landing
) -> None:
    unit = SlowUnit([prospect(number, NOON - HOUR) for number in range(1, 24)])
    pull_account_engagement(unit, store, PROSPECTS, landing)
    assert ids(current(store, PROSPECTS, "email")) == list(range(1, 24))
    forms = SlowUnit([form(number) for number in range(1, 24)], stream=FORMS)
    pull_account_engagement(forms, store, FORMS, landing)
    assert ids(current(store, FORMS, "name")) == list(range(1, 24))


@pytest.mark.complaint(16, 17)
@settings(max_examples=8, deadline=None)
@given(
    stamps=st.lists(st.integers(0, 5_000), min_size=1, max_size=25),
    most=st.integers(2, 9),
    cap=st.integers(2, 30),
    seed=st.integers(0, 3),
)
def test_complaint_16_and_17_whatever_is_slow_and_cut_off_every_row_comes(
    tmp_path_factory: pytest.TempPathFactory, stamps: list[int], most: int, cap: int, seed: int
) -> None:
    landing = Landing(tmp_path_factory.mktemp("halves"), ahead=seed)
    distinct = {place: stamp * 10 + place for place, stamp in enumerate(stamps)}
    store = memory_store()
    prepare(store, [PROSPECTS])
    rows = [prospect(place + 1, NOON - timedelta(seconds=stamp)) for place, stamp in distinct.items()]
    pull_account_engagement(SlowUnit(rows, most=most, cap=cap), store, PROSPECTS, landing)
    assert ids(current(store, PROSPECTS, "email")) == list(range(1, len(stamps) + 1))
    store.close()


class TestParts:
    """The law of halves: what is read and what is left are the slice, each second once."""

    def test_halves_meet_a_second_apart(self) -> None:
        slice_ = Cursor("s", slice_lower=NOON, slice_upper=NOON + 10 * SECOND)
        parts = halved((slice_,))
        assert parts is not None
        assert [part.slice_upper for part in parts] == [NOON + 10 * SECOND, NOON + 5 * SECOND]
        (rest,) = ended(parts, "stamp")
        assert (rest.slice_lower, rest.slice_upper) == (NOON + 6 * SECOND, NOON + 10 * SECOND)

    def test_a_second_has_no_half_and_two_have(self) -> None:
        assert halved((Cursor("s", slice_lower=NOON, slice_upper=NOON),)) is None
        parts = halved((Cursor("s", slice_lower=NOON, slice_upper=NOON + SECOND),))
        assert parts is not None
        assert parts[-1].slice_upper == NOON
        assert ended(parts, "none")[0].slice_lower == NOON + SECOND

    def test_a_slice_without_a_beginning_begins_when_the_remotes_did(self) -> None:
        parts = halved((Cursor("s", slice_upper=NOON),))
        assert parts is not None
        assert parts[-1].slice_lower == EARLIEST
        assert halved((Cursor("s"),)) is None

    def test_a_place_by_id_holds_for_the_whole_slice_and_one_within_a_half_does_not(self) -> None:
        slice_ = Cursor("s", slice_lower=NOON, slice_upper=NOON + HOUR, at_id="7")
        parts = halved((slice_,))
        assert parts is not None
        parts = reached(parts, Cursor("s", at_id="90"))
        assert kept(parts, "id").at_id == "7"
        assert ended(parts, "id")[0].at_id == "7"
        assert ended(parts, "stamp")[0].at_id is None

    @settings(max_examples=200)
    @given(
        lower=st.integers(0, 100),
        length=st.integers(0, 500),
        answers=st.lists(st.booleans(), min_size=1, max_size=60),
    )
    def test_every_second_is_read_once(self, lower: int, length: int, answers: list[bool]) -> None:
        begin = NOON + lower * SECOND
        parts: tuple[Cursor, ...] = (Cursor("s", slice_lower=begin, slice_upper=begin + length * SECOND),)
        seconds: list[datetime] = []
        for answered in [*answers, *[True] * 100]:
            if not parts:
                break
            halves = None if answered else halved(parts)
            if halves is not None:
                parts = halves
                continue
            last = parts[-1]
            assert last.slice_lower is not None
            assert last.slice_upper is not None
            span = (last.slice_upper - last.slice_lower) // SECOND
            seconds += [last.slice_lower + step * SECOND for step in range(span + 1)]
            parts = ended(parts, "stamp")
        assert not parts
        assert seconds == [begin + step * SECOND for step in range(length + 1)]


def test_the_filters_of_a_half_are_within_what_the_remote_takes(store: Store, landing: Landing) -> None:
    unit = SlowUnit([prospect(number, NOON - number * HOUR) for number in range(1, 12)], most=4)
    pull_account_engagement(unit, store, PROSPECTS, landing)
    asked: list[Mapping[str, str]] = [filters for filters in unit.asked if filters]
    assert asked
    for filters in asked:
        assert set(filters) <= {"updatedAtAfterOrEqualTo", "updatedAtBeforeOrEqualTo", "idGreaterThan"}
