"""What reading back a lost answer concludes, against random edits: no person's value is overwritten, no change lost.

The record was written whole or not at all, and then people edited any of its fields. The settled outcome decides the
base of the next comparison, and with it what `if_unchanged` overwrites.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.applying.settling import found_updates
from connector.domain.plan import PlainValue
from connector.store.journal import Intent

pytestmark = pytest.mark.requirement("WB-3", "OP-3")

FIELDS = ("Status", "Score__c", "Reason__c")
BEFORE: dict[str, PlainValue] = {"Status": "Open", "Score__c": 70, "Reason__c": None}
AFTER: dict[str, PlainValue] = {"Status": "Hot", "Score__c": 72, "Reason__c": "because"}
EDITS = st.dictionaries(st.sampled_from(FIELDS), st.sampled_from(["Working", "Closed", 5, None]), max_size=3)


def settled(there: dict[str, Any]) -> bool:
    intent = Intent("update", "Lead", "00Q1", BEFORE, AFTER, "", 7)
    return found_updates(lambda _soql: [{"Id": "00Q1", **there}], [intent]) == {7}


def next_writes(base: dict[str, Any] | None, there: dict[str, Any]) -> dict[str, Any]:
    """What the next plan writes under `if_unchanged`, after the plainest reading of the three ways."""
    return {
        name: AFTER[name]
        for name in FIELDS
        if there[name] != AFTER[name] and (base is None or base[name] == there[name])
    }


@settings(max_examples=150, deadline=None)
@given(arrived=st.booleans(), edits=EDITS)
def test_after_a_lost_answer_no_edit_is_overwritten_and_no_change_is_lost(arrived: bool, edits: dict[str, Any]) -> None:
    there = {**(AFTER if arrived else BEFORE), **edits}
    done = settled(there)
    writes = next_writes(AFTER if done else dict(BEFORE), there)
    mine = {name for name, value in edits.items() if value != BEFORE[name]}
    assert not writes.keys() & mine, "what a person set to something new stays"
    if not arrived and not mine:
        assert writes == AFTER, "what did not arrive and nobody touched is written"
    if arrived and not edits:
        assert (done, writes) == (True, {})
