"""Whatever runs and people did, an undo puts back what nobody touched since, and nothing else (WB-4).

The reference replays the history on plain values: who set each cell last, and what had stood below our value.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.applying.apply import apply_plan
from connector.domain.plan import FieldChange, RecordChange
from connector.planning.assemble import Basis
from connector.planning.undo import Asked, undo_run
from connector.planning.undo_tasks import Closing
from connector.store.database import Store, memory_store
from connector.store.decisions import begin_run
from tests.mirror_world import NOON, lead_id
from tests.remote_world import Remote, emptied, plan_of, run_of

pytestmark = pytest.mark.requirement("WB-4")

RECORDS, FIELDS = (1, 2), ("Status", "Score__c")
VALUES: tuple[Any, ...] = (None, "a", "b", 7)
Cell = tuple[int, str]

_cells = st.tuples(st.sampled_from(RECORDS), st.sampled_from(FIELDS))
_writes = st.dictionaries(_cells, st.sampled_from(VALUES), min_size=1, max_size=4)
_events = st.lists(
    st.one_of(
        st.tuples(st.just("run"), _writes),
        st.tuples(st.just("person"), _writes),
        st.tuples(st.just("undo"), st.integers(0, 4)),
    ),
    min_size=2,
    max_size=7,
)


@dataclass
class Reference:
    """Cells as values, and of each the runs of ours that wrote it and were not taken back: (run, before, after)."""

    there: dict[Cell, Any] = field(default_factory=dict)
    stacks: dict[Cell, list[tuple[str, Any, Any]]] = field(default_factory=dict)

    def run(self, name: str, writes: dict[Cell, Any]) -> None:
        for cell, value in writes.items():
            self.stacks.setdefault(cell, []).append((name, self.there.get(cell), value))
            self.there[cell] = value

    def undo(self, name: str) -> None:
        for cell, stack in self.stacks.items():
            if stack and stack[-1][0] == name and self.there.get(cell) == stack[-1][2]:
                _, before, after = stack[-1]
                self.there[cell] = before
                # Where it had stood there before, nothing was written, and so nothing was taken back.
                if before != after:
                    stack.pop()


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    made = memory_store()
    made.run("SET threads = 1")
    yield made
    made.close()


@settings(max_examples=12, deadline=None)
@given(events=_events)
def test_an_undo_does_what_a_plain_replay_says(store: Store, events: list[tuple[str, Any]]) -> None:
    emptied(store)
    remote, reference, names = Remote(now=NOON), Reference(), list[str]()
    for number in RECORDS:
        remote.put("Lead", lead_id(number), **dict.fromkeys(FIELDS))
    for place, (kind, what) in enumerate(events):
        now = NOON + timedelta(hours=place + 1)
        remote.now = max(remote.now, now)
        if kind == "person":
            for (number, name), value in what.items():
                remote.edit("Lead", lead_id(number), **{name: value})
                reference.there[number, name] = value
        elif kind == "run":
            names.append(f"run{place}")
            _write(remote, store, names[-1], what, place)
            reference.run(names[-1], what)
        elif names:
            name = names[what % len(names)]
            basis = Basis("00D1", "h", now, now.date())
            undoing = undo_run(store.run, Asked(remote.query), name, basis, Closing())
            apply_plan(run_of(remote, store, f"undo{place}", now), undoing.plan)
            reference.undo(name)
        there = {(n, f): remote.records["Lead"][lead_id(n)][f] for n in RECORDS for f in FIELDS}
        assert there == {cell: reference.there.get(cell) for cell in there}


def _write(remote: Remote, store: Store, run_id: str, writes: dict[Cell, Any], place: int) -> None:
    """What a plan of ours would be, whatever it rests on: every cell from what stands there to a value."""
    now = NOON + timedelta(hours=place + 1)
    begin_run(store, f"{run_id}:{store.value('SELECT count(*) FROM run')}", "sync", now)
    records = []
    for number in sorted({record for record, _ in writes}):
        row = remote.records["Lead"][lead_id(number)]
        changes = tuple(FieldChange(f, row[f], value) for (n, f), value in sorted(writes.items()) if n == number)
        records.append(RecordChange("Lead", lead_id(number), f"P{number}", changes, "why", False, now))
    apply_plan(run_of(remote, store, run_id, now), plan_of(*records, made_at=now))
