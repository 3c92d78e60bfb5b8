"""WHERE finds what Salesforce's two-valued logic says, for any rows and any condition.

The reference is a plain evaluator over Python dicts, written from the documented meaning alone: text ignores
ASCII case, null equals only null, `!=`, NOT and NOT IN keep nulls, a boolean without a value is false.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.sandbox.catalogue.model import Catalogue, FieldDef, ObjectDef
from connector.sandbox.clock import stamp
from connector.sandbox.database import Database
from connector.sandbox.ids import record_id
from connector.sandbox.soql import Environment, execute

pytestmark = pytest.mark.requirement("SY-1", "SY-3")

NOW = datetime(2026, 5, 13, 3, 30, tzinfo=UTC)
TOKYO = ZoneInfo("Asia/Tokyo")

ROW = ObjectDef(
    "Row__c",
    "Row",
    (
        FieldDef("Id", "id", nillable=False),
        FieldDef("Text__c", "string"),
        FieldDef("Number__c", "double"),
        FieldDef("Flag__c", "boolean"),
        FieldDef("At__c", "datetime", indexed=True),
    ),
)
CATALOGUE = Catalogue((ROW,))

Row = dict[str, Any]
Test = Callable[[Row], bool]


@dataclass(frozen=True)
class Condition:
    """A condition as SOQL, and what it means."""

    text: str
    test: Test


def fold(text: str) -> str:
    """Text without ASCII case."""
    return re.sub("[A-Z]", lambda match: match.group().lower(), text)


def quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n") + "'"


words = st.text(alphabet="aAbB%_'\\é東\n", min_size=1, max_size=3)
numbers = st.integers(-3, 3) | st.sampled_from([0.5, -1.25])
moments = st.integers(-3, 3).map(lambda hours: NOW.replace(minute=0) + timedelta(hours=6 * hours))
rows = st.fixed_dictionaries(
    {
        "Text__c": st.none() | words,
        "Number__c": st.none() | numbers,
        "Flag__c": st.sampled_from([None, 0, 1]),
        "At__c": st.none() | moments,
    }
)

COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a is not None and a < b,
    "<=": lambda a, b: a is not None and a <= b,
    ">": lambda a, b: a is not None and a > b,
    ">=": lambda a, b: a is not None and a >= b,
}
operators = st.sampled_from(sorted(COMPARE))


def plain(name: str, operator: str, value: Any, literal: str) -> Condition:
    return Condition(f"{name} {operator} {literal}", lambda row: COMPARE[operator](row[name], value))


def same_text(operator: str, value: str) -> Condition:
    def test(row: Row) -> bool:
        held = row["Text__c"]
        return COMPARE[operator](None if held is None else fold(held), fold(value))

    return Condition(f"Text__c {operator} {quoted(value)}", test)


def like(pattern: list[str]) -> Condition:
    """`pattern` holds plain letters, and `%` or `_` as wildcards."""
    text = "".join(part if part in {"%", "_"} else like_quoted(part) for part in pattern)
    expression = "".join({"%": ".*", "_": "."}.get(part, re.escape(fold(part.strip("=")))) for part in pattern)
    return Condition(
        f"Text__c LIKE '{text}'",
        lambda row: (
            row["Text__c"] is not None and re.fullmatch(expression, fold(row["Text__c"]), re.DOTALL) is not None
        ),
    )


def like_quoted(part: str) -> str:
    """A part marked with `=` stands for its character itself, wildcard or not."""
    letter = part.strip("=")
    return {"\\": "\\\\", "'": "\\'", "\n": "\\n", "%": "\\%", "_": "\\_"}.get(letter, letter)


def listed(operator: str, values: list[str | None]) -> Condition:
    wanted = {None if value is None else fold(value) for value in values}
    literals = ", ".join("null" if value is None else quoted(value) for value in values)

    def test(row: Row) -> bool:
        held = row["Text__c"]
        return ((None if held is None else fold(held)) in wanted) == (operator == "IN")

    return Condition(f"Text__c {operator} ({literals})", test)


def flag(operator: str, literal: str) -> Condition:
    wanted = literal == "true"
    return Condition(f"Flag__c {operator} {literal}", lambda row: (bool(row["Flag__c"]) == wanted) == (operator == "="))


def is_null(name: str, operator: str) -> Condition:
    return Condition(f"{name} {operator} null", lambda row: (row[name] is None) == (operator == "="))


def today(operator: str, days: int) -> Condition:
    """Compares with the whole day that was `days` ago in Tokyo."""
    first = datetime.combine((NOW.astimezone(TOKYO) - timedelta(days=days)).date(), datetime.min.time(), TOKYO)
    end = first + timedelta(days=1)
    inside: dict[str, Test] = {
        "=": lambda row: row["At__c"] is not None and first <= row["At__c"] < end,
        "!=": lambda row: row["At__c"] is None or not first <= row["At__c"] < end,
        "<": lambda row: row["At__c"] is not None and row["At__c"] < first,
        "<=": lambda row: row["At__c"] is not None and row["At__c"] < end,
        ">": lambda row: row["At__c"] is not None and row["At__c"] >= end,
        ">=": lambda row: row["At__c"] is not None and row["At__c"] >= first,
    }
    return Condition(f"At__c {operator} N_DAYS_AGO:{days}", inside[operator])


equality = st.sampled_from(["=", "!="])
like_parts = st.lists(st.sampled_from(["%", "_", "a", "B", "東", "'", "=\\", "=%", "=_", "\n"]), min_size=1, max_size=4)
leaves: st.SearchStrategy[Condition] = st.one_of(
    st.builds(same_text, operators, words),
    st.builds(lambda operator, value: plain("Number__c", operator, value, str(value)), operators, numbers),
    st.builds(
        lambda operator, value: plain("At__c", operator, value, f"{value:%Y-%m-%dT%H:%M:%SZ}"), operators, moments
    ),
    st.builds(
        lambda operator, value: plain("At__c", operator, value, value.astimezone(TOKYO).isoformat()), operators, moments
    ),
    st.builds(like, like_parts),
    st.builds(listed, st.sampled_from(["IN", "NOT IN"]), st.lists(st.none() | words, min_size=1, max_size=3)),
    st.builds(flag, equality, st.sampled_from(["true", "false", "null"])),
    st.builds(is_null, st.sampled_from(["Text__c", "Number__c", "At__c"]), equality),
    st.builds(today, operators, st.integers(0, 1)),
)


def combined(inner: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    def both(left: Condition, right: Condition) -> Condition:
        return Condition(f"({left.text}) AND ({right.text})", lambda row: left.test(row) and right.test(row))

    def either(left: Condition, right: Condition) -> Condition:
        return Condition(f"({left.text} OR {right.text})", lambda row: left.test(row) or right.test(row))

    def neither(term: Condition) -> Condition:
        return Condition(f"(NOT ({term.text}))", lambda row: not term.test(row))

    wrapped = inner.map(lambda term: Condition(f"({term.text})", term.test))
    return st.builds(both, inner, inner) | st.builds(either, wrapped, wrapped) | st.builds(neither, inner)


conditions = st.recursive(leaves, combined, max_leaves=8)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    made = Database(tmp_path_factory.mktemp("laws") / "world.db")
    made.create(CATALOGUE)
    yield made
    made.close()


def fill(database: Database, held: list[Row]) -> dict[str, Row]:
    """Replaces all rows; answers them by id."""
    by_id = {record_id("a00", number): row for number, row in zip(count(1), held, strict=False)}
    with database.write() as connection:
        connection.execute('DELETE FROM "Row__c"')
        database.insert(
            "Row__c",
            ("Id", "Text__c", "Number__c", "Flag__c", "At__c"),
            [
                (key, row["Text__c"], row["Number__c"], row["Flag__c"], row["At__c"] and stamp(row["At__c"]))
                for key, row in by_id.items()
            ],
        )
    return by_id


def found(database: Database, text: str) -> list[str]:
    environment = Environment(CATALOGUE, database.reader(), NOW, TOKYO, user_id=record_id("005", 1))
    return [record["Id"] for record in execute(text, environment).page(0, 100)]


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(held=st.lists(rows, max_size=6), condition=conditions)
def test_where_finds_exactly_the_rows_that_fit(database: Database, held: list[Row], condition: Condition) -> None:
    by_id = fill(database, held)
    expected = [key for key, row in by_id.items() if condition.test(row)]
    assert found(database, f"SELECT Id FROM Row__c WHERE {condition.text} ORDER BY Id") == expected


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(held=st.lists(st.fixed_dictionaries({"At__c": moments}), min_size=1, max_size=12), size=st.integers(1, 4))
def test_keyset_pages_give_every_row_once_in_order(database: Database, held: list[Row], size: int) -> None:
    by_id = fill(database, [{"Text__c": None, "Number__c": None, "Flag__c": None, **row} for row in held])
    where, seen = "", list[str]()
    while page := found(database, f"SELECT Id FROM Row__c {where} ORDER BY At__c, Id LIMIT {size}"):
        seen += page
        at = f"{by_id[page[-1]]['At__c']:%Y-%m-%dT%H:%M:%SZ}"
        where = f"WHERE (At__c = {at} AND Id > '{page[-1]}') OR At__c > {at}"
    assert seen == sorted(by_id, key=lambda key: (by_id[key]["At__c"], key))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(held=st.lists(rows, max_size=8), last=st.booleans(), descending=st.booleans())
def test_order_puts_nulls_where_it_says(database: Database, held: list[Row], last: bool, descending: bool) -> None:
    by_id = fill(database, held)
    text = f"ORDER BY Number__c {'DESC' if descending else 'ASC'} NULLS {'LAST' if last else 'FIRST'}, Id"
    valued = sorted(
        (key for key, row in by_id.items() if row["Number__c"] is not None),
        key=lambda key: ((-1 if descending else 1) * by_id[key]["Number__c"], key),
    )
    empty = [key for key, row in by_id.items() if row["Number__c"] is None]
    assert found(database, f"SELECT Id FROM Row__c {text}") == (valued + empty if last else empty + valued)
