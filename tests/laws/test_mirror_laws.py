"""The mirror against a plain dictionary: whatever comes, in whatever batches and order (SY-3, SY-10, SY-11, SC-10)."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.store.database import Store, memory_store
from connector.store.mirror import merge, prepare, table_of
from tests.mirror_world import LEADS, NOON, current, land, lead, lead_id, seen

pytestmark = pytest.mark.requirement("SY-3", "SY-10", "SY-11", "SC-10")

SECONDS = 30
Content = tuple[str | None, bool]


@dataclass(frozen=True)
class Edit:
    """Somebody saves a record in a second of the story; with the values that it had, only its stamp moves."""

    number: int
    second: int
    title: str | None
    deleted: bool


@dataclass
class Reference:
    """What a mirror should know, in the plainest words: the last state by its stamp, of what has come so far."""

    known: dict[str, tuple[int, Content]] = field(default_factory=dict)
    history: list[tuple[int, dict[str, Content]]] = field(default_factory=list)
    versions: dict[str, list[Content]] = field(default_factory=dict)

    def take(self, at: int, rows: Sequence[tuple[str, int, Content]]) -> None:
        newest: dict[str, tuple[int, Content]] = {}
        for record, stamp, content in rows:
            if record not in newest or stamp > newest[record][0]:
                newest[record] = (stamp, content)
        for record, (stamp, content) in newest.items():
            if record in self.known and stamp < self.known[record][0]:
                continue
            if record not in self.known or self.known[record][1] != content:
                self.versions.setdefault(record, []).append(content)
            self.known[record] = (stamp, content)
        self.history.append((at, {record: content for record, (_, content) in self.known.items()}))

    def known_at(self, at: int) -> dict[str, Content]:
        return next((state for moment, state in reversed(self.history) if moment <= at), {})


EDITS = st.lists(
    st.builds(
        Edit, st.integers(1, 4), st.integers(0, SECONDS), st.sampled_from(["課長", "部長", "", None]), st.booleans()
    ),
    min_size=1,
    max_size=14,
)
# Each batch: how much later it comes than the one before, and which records it shows as of which second.
BATCHES = st.lists(
    st.tuples(st.integers(0, 3), st.lists(st.tuples(st.integers(1, 4), st.integers(0, SECONDS)), max_size=8)),
    min_size=1,
    max_size=6,
)


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    store = memory_store()
    prepare(store, [LEADS])
    yield store
    store.close()


def state(edits: Sequence[Edit], number: int, second: int) -> Edit | None:
    """The record as it stood at the end of a second: its last edit up to then."""
    past = [(edit.second, place) for place, edit in enumerate(edits) if edit.number == number and edit.second <= second]
    return edits[max(past)[1]] if past else None


def told(store: Store, reference: Reference, edits: Sequence[Edit], batches: Sequence[Any]) -> None:
    """Both sides hear the same batches, some pages each."""
    store.run(f"DELETE FROM {table_of(LEADS)}")
    at = SECONDS
    with tempfile.TemporaryDirectory() as name:
        for wait, picks in batches:
            at += wait
            shown = [edit for number, second in picks if (edit := state(edits, number, second)) is not None]
            rows = [lead(edit.number, moment(edit.second), title=edit.title, IsDeleted=edit.deleted) for edit in shown]
            merge(store, LEADS, "", land(Path(name), LEADS, rows[::2], rows[1::2]), moment(at))
            reference.take(
                at, [(lead_id(edit.number), edit.second, (edit.title or None, edit.deleted)) for edit in shown]
            )


def moment(second: int) -> datetime:
    return NOON + timedelta(seconds=second)


@settings(max_examples=30, deadline=None)
@given(edits=EDITS, batches=BATCHES)
def test_the_mirror_is_a_dictionary_that_forgets_nothing(store: Store, edits: list[Edit], batches: list[Any]) -> None:
    reference = Reference()
    told(store, reference, edits, batches)
    now = {record: (title, deleted) for record, title, deleted in current(store, LEADS, "title", "is_deleted")}
    assert now == {record: content for record, (_, content) in reference.known.items()}
    for at, _ in reference.history:
        then = seen(store, LEADS, "title", "is_deleted", known_at=moment(at))
        assert {record: (title, deleted) for record, title, deleted in then} == reference.known_at(at)
    assert seen(store, LEADS, known_at=moment(SECONDS - 1)) == []
    in_order(store, reference)


def in_order(store: Store, reference: Reference) -> None:
    """Versions follow each other without a gap, each begins no earlier than the one before, the last is open."""
    found: dict[str, list[Content]] = {}
    previous: dict[str, tuple[datetime, datetime | None]] = {}
    for record, title, deleted, began, saw, until in store.run(
        f"SELECT id, title, is_deleted, _valid_from, _seen_at, _until FROM {table_of(LEADS)} ORDER BY id, rowid"
    ):
        found.setdefault(record, []).append((title, deleted))
        if record in previous:
            assert previous[record][1] == saw
            assert previous[record][0] <= began
        previous[record] = (began, until)
    assert found == reference.versions
    assert all(until is None for _, until in previous.values())


@settings(max_examples=25, deadline=None)
@given(edits=EDITS, waits=st.lists(st.integers(1, 12), min_size=1, max_size=5), lag=st.integers(0, 4))
def test_pulls_with_an_overlap_see_the_world_as_it_is(
    store: Store, edits: list[Edit], waits: list[int], lag: int
) -> None:
    """Each pull asks for what changed since the last one less the overlap; rows become visible up to `lag` late."""
    store.run(f"DELETE FROM {table_of(LEADS)}")
    since, at, overlap = 0, 0, 4
    with tempfile.TemporaryDirectory() as name:
        for wait in [*waits, SECONDS + lag]:
            at += wait
            visible = {number: state(edits, number, min(at - lag, SECONDS)) for number in range(1, 5)}
            rows = [
                lead(edit.number, moment(edit.second), title=edit.title, IsDeleted=edit.deleted)
                for edit in visible.values()
                if edit is not None and edit.second >= since - overlap
            ]
            merge(store, LEADS, "", land(Path(name), LEADS, rows), moment(at))
            since = at
    truth = {number: state(edits, number, SECONDS) for number in range(1, 5)}
    assert current(store, LEADS, "title", "is_deleted") == [
        (lead_id(number), edit.title or None, edit.deleted) for number, edit in truth.items() if edit is not None
    ]
