"""Whatever a plan holds, its saved file gives it back as it was (WB-2)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.domain.plan import FieldChange, Plan
from connector.planning.file import checksum, from_document, to_document

pytestmark = pytest.mark.requirement("WB-2")

WORDS = st.text(max_size=6)
PLAIN: Mapping[type, st.SearchStrategy[Any]] = {
    str: WORDS,
    int: st.integers(-9, 10**15),
    float: st.floats(allow_nan=False, allow_infinity=False),
    bool: st.booleans(),
    datetime: st.datetimes(timezones=st.just(UTC)),
    type(None): st.none(),
}


def values_of(hint: Any) -> st.SearchStrategy[Any]:
    """Any value of a type that a plan is made of."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return st.one_of([values_of(one) for one in arguments])
    if origin is tuple and arguments[0] is FieldChange:
        return st.lists(values_of(FieldChange), max_size=2, unique_by=lambda change: change.field).map(tuple)
    if origin is tuple:
        return st.lists(values_of(arguments[0]), max_size=2).map(tuple)
    if origin is not None:
        return st.dictionaries(WORDS, values_of(arguments[1]), max_size=2)
    if is_dataclass(hint):
        hints = get_type_hints(hint)
        return st.builds(hint, **{one.name: values_of(hints[one.name]) for one in fields(hint)})
    return PLAIN[hint]


@settings(max_examples=25, deadline=None)
@given(values_of(Plan), st.none() | WORDS)
def test_a_saved_plan_is_the_plan(plan: Plan, restored: str | None) -> None:
    document = json.loads(json.dumps(to_document(plan, restored), ensure_ascii=False))
    assert document["checksum"] == checksum(document)
    assert document["restored"] == restored
    assert from_document(document) == plan
