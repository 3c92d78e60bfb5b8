"""What is planned for Account Engagement against plain references: every case of a membership, every grade (NU-2)."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from itertools import product
from typing import Any

import pytest

from connector.domain.native_grade import LADDER, WEIGHTS, criteria_of, native_grade
from connector.domain.plan import Kept
from connector.errors import ConfigurationError
from connector.planning import engagement
from connector.planning.book import Book
from connector.planning.engagement import Engaged, engage, prospect_changes
from connector.rules.engagement import NativeGrade
from connector.rules.fields import Fields, ObjectFields, WriteField
from connector.rules.load import SHIPPED
from connector.rules.mapping import load_mapping
from connector.rules.nurture import Track
from connector.store.database import Store, memory_store
from connector.store.mirror import freeze, prepare
from tests.engine_world import shipped
from tests.mirror_world import NOON

pytestmark = pytest.mark.requirement("NU-2", "GR-3", "SY-10", "WB-1")

UNIT = "0UvSb0000000001KAA"
LIST, OTHER = 10, 11
SEEN = NOON.replace(tzinfo=None)
HOUR = timedelta(hours=1)
ROWS = {
    "never": (),
    "live": ((False, False),),
    "gone": ((True, False),),
    "came back": ((True, False), (False, False)),
    "opted out": ((False, True),),
}
"""Membership rows that the mirror may have of a prospect and a list: (is deleted, opted out)."""


@dataclass(frozen=True)
class Case:
    """A prospect: on the track or not, opted out or not, its membership rows, what we did last, if the mirror saw it.

    `ended_since`: somebody took the prospect off the list after our last write.
    """

    wanted: bool
    opted_out: bool
    rows: str
    ours: bool | None
    ahead: bool
    ended_since: bool

    @property
    def live(self) -> bool:
        return any(row == (False, False) for row in ROWS[self.rows])

    @property
    def expected(self) -> bool | None:
        """True: comes onto the list. False: leaves it. None: nothing happens."""
        mayjoin = self.wanted and not self.opted_out
        if mayjoin and not self.live and self.rows != "opted out":
            untouched = self.ours is None and self.rows == "never"
            return True if untouched or self.ours is False else None
        ours_alone = self.ours is True and self.live and not self.ended_since
        return False if not mayjoin and ours_alone else None

    @property
    def locked(self) -> bool:
        """Somebody else has taken off whom we would put there."""
        if not self.wanted or self.opted_out or self.live:
            return False
        if self.rows == "opted out":
            return True
        return self.rows == "gone" if self.ours is None else self.ours and not self.ahead


CASES = [
    Case(*parts)
    for parts in product((True, False), (True, False), ROWS, (None, True, False), (True, False), (True, False))
    if parts[3] is not None or not (parts[4] or parts[5])
]


@pytest.fixture(scope="module")
def store() -> Store:
    found = memory_store()
    found.run("SET threads = 1")
    return found


@pytest.fixture(autouse=True)
def _tracks_are_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is on which track is said by each test."""
    monkeypatch.setattr(engagement, "offers", lambda *_given: None)
    monkeypatch.setattr(engagement, "tracks", lambda *_given: None)


@cache
def _shipped_fields() -> dict[str, Any]:
    return load_mapping(SHIPPED / "classic").fields.model_dump()


def book_of(lists: bool = True, grade: bool = False, **write: WriteField) -> Book:
    fields = deepcopy(_shipped_fields())
    ours = fields["account_engagement"]
    ours["prospects"]["write"] = {name: entry.model_dump() for name, entry in write.items()}
    ours["list-memberships"]["write"] = {"listId": {"value": "track"}} if lists else {}
    fields["native_grade"] = {UNIT: NativeGrade(criteria=(1, 2, 3, 4))} if grade else {}
    rules = shipped()
    track = Track.model_validate({"id": "deciding", "name": "x", "list": "deciders"})
    return Book(
        type(rules)(**{**vars(rules), "nurture": rules.nurture.model_copy(update={"tracks": (track,)})}),
        Fields.model_validate(fields),
        None,  # type: ignore[arg-type] # content says nothing here
    )


def laid(store: Store, book: Book) -> Store:
    prepare(store, book.fields.streams)
    freeze(store, book.fields.streams)
    for table in ("prospects", "lists", "list_memberships"):
        store.run(f"DELETE FROM mirror_account_engagement_{table}")
    for table in ("written", "journal", "cursor", "lock", "held", "failure"):
        store.run(f"DELETE FROM {table}")
    store.run("INSERT INTO cursor (stream, unit, journal_number) VALUES "
              "('account_engagement.list_memberships', $unit, 5), ('account_engagement.prospects', $unit, 5)",
              {"unit": UNIT})  # fmt: skip
    row(store, "lists", id=LIST, name="deciders", is_dynamic=False)
    store.run("CREATE OR REPLACE TEMP TABLE people (person_id VARCHAR, prospect_ids VARCHAR[])")
    store.run("CREATE OR REPLACE TEMP TABLE tracked (person_id VARCHAR, track VARCHAR, why VARCHAR[])")
    store.run(
        "CREATE OR REPLACE TEMP TABLE desired_persons (person_id VARCHAR, score BIGINT, grade VARCHAR, tier VARCHAR, "
        "stage VARCHAR, status VARCHAR, reason VARCHAR)"
    )
    store.run("CREATE OR REPLACE TEMP TABLE desired AS SELECT '' AS object, '' AS record_id, *, '' AS why "
              "FROM desired_persons")  # fmt: skip
    return store


def row(store: Store, table: str, **values: Any) -> None:
    given = {"_unit": UNIT, "_seen_at": SEEN - 2 * HOUR, "_valid_from": SEEN - 2 * HOUR, **values}
    names = ", ".join(f'"{name}"' for name in given)
    marks = ", ".join(f"${name}" for name in given)
    store.run(f"INSERT INTO mirror_account_engagement_{table} ({names}) VALUES ({marks})", given)


def person(store: Store, number: int, *, track: str | None, **prospect: Any) -> None:
    row(store, "prospects", id=number, **prospect)
    store.run("INSERT INTO people VALUES ($person, [$key])", {"person": f"P{number}", "key": f"{UNIT}:{number}"})
    store.run("INSERT INTO tracked VALUES ($person, $track, [])", {"person": f"P{number}", "track": track})


def wrote(store: Store, key: str, field: str, value: str | None, number: int, at: datetime = SEEN - HOUR) -> None:
    kind = "list-memberships" if field == "member" else "prospects"
    store.run("INSERT INTO written VALUES ($kind, $key, $field, $value, $at, 'run', $number)",
              {"kind": kind, "key": key, "field": field, "value": value, "at": at, "number": number})  # fmt: skip


def unsettled(store: Store, name: str, key: str) -> None:
    """A write whose answer is not known yet."""
    store.run(
        "INSERT INTO journal (number, run_id, kind, object, record, values_before, values_after, why, intended_at) "
        "VALUES (9, 'r', 'some', $name, $key, '{}', '{}', '', $now)",
        {"name": name, "key": key, "now": SEEN},
    )


def planned(store: Store, book: Book) -> Engaged:
    return engage(store.run, book, NOON, date(2026, 3, 2))


def many(store: Store, table: str, columns: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """So many rows at once."""
    store.load("laid", tuple(columns.split(", ")), rows)
    store.run(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM laid")


def lay_cases(store: Store, cases: Sequence[Case]) -> None:
    """Prospects 1, 2, … of these cases."""
    numbered, before = list(enumerate(cases, 1)), SEEN - 2 * HOUR
    mirror = "mirror_account_engagement"
    people = [(f"P{number}", f"{UNIT}:{number}", case.wanted) for number, case in numbered]
    store.load("laid_people", ("person", "key", "wanted"), people)
    store.run("INSERT INTO people SELECT person, [key] FROM laid_people")
    store.run("INSERT INTO tracked SELECT person, CASE WHEN wanted THEN 'deciding' END, [] FROM laid_people")
    many(store, f"{mirror}_prospects", "_unit, _seen_at, id, opted_out",
         [(UNIT, before, number, case.opted_out) for number, case in numbered])  # fmt: skip
    there: list[tuple[Any, ...]] = [
        (UNIT, before, before, None, number * 10 + place, LIST, number, is_deleted, opted_out)
        for number, case in numbered
        for place, (is_deleted, opted_out) in enumerate(ROWS[case.rows])
    ]
    there += [
        (UNIT, before, SEEN - HOUR / 2, SEEN, number * 10 + 9, LIST, number, True, False)
        for number, case in numbered
        if case.ended_since
    ]
    columns = "_unit, _seen_at, _valid_from, _until, id, list_id, prospect_id, is_deleted, opted_out"
    many(store, f"{mirror}_list_memberships", columns, there)
    ours = [
        (
            "list-memberships",
            f"{UNIT}:{number}:{LIST}",
            "member",
            str(case.ours),
            SEEN - HOUR,
            "r",
            9 if case.ahead else 1,
        )
        for number, case in numbered
        if case.ours is not None
    ]
    if ours:
        many(store, "written", "object, record_id, field, value, written_at, run_id, number", ours)


def test_every_case_of_a_membership_is_as_the_reference_says(store: Store) -> None:
    book = book_of()
    laid(store, book)
    lay_cases(store, CASES)
    engaged = planned(store, book)
    found = {int(one.prospect_id): one.wanted for one in engaged.memberships}
    assert {number: found.get(number) for number in range(1, len(CASES) + 1)} == {
        number: case.expected for number, case in enumerate(CASES, 1)
    }
    locked = {int(one.record_id.split(":")[1]) for one in engaged.kept}
    assert locked == {number for number, case in enumerate(CASES, 1) if case.locked}
    for number, wanted in found.items():
        case = CASES[number - 1]
        assert not (wanted and case.opted_out), "nobody who opted out comes onto a list"
        assert wanted or case.ours, "nobody whom marketing put there is taken off"


def test_who_changes_tracks_moves_and_what_is_unknown_or_undone_waits(store: Store) -> None:
    book = book_of()
    laid(store, book)
    row(store, "lists", id=OTHER, name="others", is_dynamic=False)
    for number in (1, 2, 3):
        person(store, number, track="deciding")
        row(store, "list_memberships", id=number, list_id=OTHER, prospect_id=number, is_deleted=False)
        wrote(store, f"{UNIT}:{number}:{OTHER}", "member", "True", 1)
    unsettled(store, "list-memberships", f"{UNIT}:2:{LIST}")
    store.run("INSERT INTO held VALUES ('list-memberships', $key, 'member', 'True', $now, 'r')",
              {"key": f"{UNIT}:3:{LIST}", "now": SEEN})  # fmt: skip
    moves = [(one.prospect_id, one.list_id, one.wanted) for one in planned(store, book).memberships]
    assert moves == [
        ("1", str(OTHER), False), ("1", str(LIST), True), ("2", str(OTHER), False), ("3", str(OTHER), False),
    ]  # fmt: skip


def test_a_dynamic_list_is_refused_and_a_missing_one_is_told(store: Store) -> None:
    book = book_of()
    laid(store, book)
    person(store, 1, track="deciding")
    person(store, 2, track="deciding")
    store.run("UPDATE mirror_account_engagement_lists SET is_dynamic = TRUE")
    with pytest.raises(ConfigurationError, match="`deciders` of the track `deciding` is dynamic in business unit 0Uv"):
        planned(store, book)
    store.run("UPDATE mirror_account_engagement_lists SET name = 'renamed', is_dynamic = FALSE")
    engaged = planned(store, book)
    assert engaged.memberships == ()
    (told,) = engaged.withheld
    assert told.step == "track deciding"
    assert told.reason == f"the business unit {UNIT} has no list for it (2 people)"


def test_prospects_are_compared_three_ways_and_the_native_grade_apart(store: Store) -> None:
    write = {
        "Score__c": WriteField(value="score", policy="always"),
        "Stage__c": WriteField(value="stage", policy="if_unchanged"),
    }
    book = book_of(lists=False, grade=True, **write)
    laid(store, book)
    for number, stage, grade in ((1, None, "D"), (2, "theirs", "B"), (3, "hot", "B"), (4, None, "A")):
        person(store, number, track=None, Score__c=1, Stage__c=stage, native_grade=grade)
        store.run("INSERT INTO desired_persons VALUES ($person, 7, 'B', NULL, 'hot', 'hot', 'why')",
                  {"person": f"P{number}"})  # fmt: skip
    wrote(store, f"{UNIT}:2", "Stage__c", "cold", 1)
    wrote(store, f"{UNIT}:3", "Score__c", "7", 9)
    wrote(store, f"{UNIT}:4", "grade", "C", 1)
    unsettled(store, "prospects", f"{UNIT}:5")
    engaged = planned(store, book)
    found = prospect_changes(engaged.records, book.fields)
    told = [(one.record_id, [change.field for change in one.changes], one.shared) for one in found]
    assert told == [
        ("1", ["Score__c", "Stage__c"], True), ("1", ["grade"], True), ("2", ["Score__c"], False),
        ("4", ["Score__c", "Stage__c"], True),
    ]  # fmt: skip
    assert [(one.record_id, one.field, one.theirs) for one in engaged.kept] == [
        (f"{UNIT}:2", "Stage__c", "theirs"), (f"{UNIT}:4", "grade", "A"),
    ]  # fmt: skip
    assert engaged.filled[("prospects", "Stage__c")] == 2


def test_nothing_is_planned_where_the_mapping_writes_nothing(store: Store) -> None:
    book = book_of(lists=False)
    laid(store, book)
    person(store, 1, track="deciding", native_grade="D")
    assert planned(store, book) == Engaged()


def test_every_grade_follows_from_its_criteria_and_no_other_does() -> None:
    assert [native_grade(criteria_of(grade)) for grade in LADDER] == list(LADDER)
    assert len({criteria_of(grade) for grade in LADDER}) == len(LADDER)
    assert sum(WEIGHTS) == LADDER.index("A+") - LADDER.index("D")


def test_a_lock_of_a_list_is_told_by_its_key(store: Store) -> None:
    book = book_of()
    laid(store, book)
    lay_cases(store, [Case(True, False, "gone", None, False, False)])
    (kept,) = planned(store, book).kept
    assert kept == Kept("list-memberships", f"{UNIT}:1:{LIST}", "member", ours=True, theirs=False)
    assert isinstance(book.fields.account_engagement["list-memberships"], ObjectFields)
