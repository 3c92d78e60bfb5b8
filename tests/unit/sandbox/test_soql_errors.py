"""What a wrong query is told: the code, the echo with its caret, the row and column, the sentence."""

from __future__ import annotations

import csv
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.sandbox.soql import SoqlError
from tests.soql_world import World

pytestmark = pytest.mark.requirement("SY-1")

with (Path(__file__).parent / "soql_refusals.csv").open(encoding="utf-8", newline="") as table:
    REFUSALS = [(row["query"], row["code"], int(row["column"]), row["sentence"]) for row in csv.DictReader(table)]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("soql"))
    yield made
    made.database.close()


def refusal(world: World, text: str) -> SoqlError:
    with pytest.raises(SoqlError) as caught:
        world.result(text)
    return caught.value


def test_an_unknown_object_is_refused_as_recorded(world: World) -> None:
    error = refusal(world, "select count() from XYZZY")
    assert error.code == "INVALID_TYPE"
    assert error.message == (
        "\nselect count() from XYZZY\n"
        "                    ^\n"
        "ERROR at Row:1:Column:21\n"
        "sObject type 'XYZZY' is not supported. If you are attempting to use a custom object, be sure to append the "
        "'__c' after the entity name. Please reference your WSDL or the describe call for the appropriate names."
    )


def test_a_long_query_is_echoed_around_the_place(world: World) -> None:
    assert refusal(world, "select Id, CreatedById from Campaign where CreatedById = 3999").message == (
        "\nCreatedById from Campaign where CreatedById = 3999\n"
        "                                ^\n"
        "ERROR at Row:1:Column:44\n"
        "value of filter criterion for field 'CreatedById' must be of type string and should be enclosed in quotes"
    )
    text = "SELECT Id FROM Lead WHERE City = 'x' AND Company = 3999 AND LastName = 'Long enough to be cut' LIMIT 1"
    assert refusal(world, text).message.startswith(
        "\nId FROM Lead WHERE City = 'x' AND Company = 3999 AND LastName = 'Long\n"
        "                                  ^\n"
        "ERROR at Row:1:Column:42\n"
    )


def test_rows_and_columns_count_from_one(world: World) -> None:
    error = refusal(world, "SELECT Id\nFROM Lead\nWHERE  Nope = 1")
    assert "\nWHERE  Nope = 1\n       ^\nERROR at Row:3:Column:8\nNo such column 'Nope'" in error.message


@pytest.mark.parametrize(("text", "code", "column", "sentence"), REFUSALS)
def test_refusals_name_the_place(world: World, text: str, code: str, column: int, sentence: str) -> None:
    error = refusal(world, text)
    *_, caret, place, said = error.message.split("\n")
    assert (error.code, place, said[: len(sentence)]) == (code, f"ERROR at Row:1:Column:{column}", sentence)
    assert caret.strip() == "^"


def test_nesting_without_end_is_refused(world: World) -> None:
    assert refusal(world, f"SELECT Id FROM Lead WHERE {'(' * 5000}").code == "MALFORMED_QUERY"
    assert refusal(world, f"SELECT Id FROM Lead WHERE {'NOT ' * 5000} Id = null").code == "MALFORMED_QUERY"
    assert refusal(world, f"SELECT Id FROM Lead WHERE City = '{'x' * 4001}'").code == "MALFORMED_QUERY"
    assert refusal(world, f"SELECT Id FROM Lead WHERE City = '{'x' * 100_001}'").code == "MALFORMED_QUERY"


def test_a_wide_or_deep_condition_is_answered(world: World) -> None:
    text = " OR ".join(f"NumberOfEmployees = {number}" for number in range(3000))
    assert world.result(f"SELECT Id FROM Lead WHERE {text}").total_size == 2
    deep = "City = null"
    for _ in range(8):
        deep = f"(NOT ({' OR '.join([deep] + ['IsConverted = true'] * 90)}))"
    assert world.result(f"SELECT Id FROM Lead WHERE {deep}").total_size == 1


def test_a_condition_beyond_the_databases_limits_is_too_complicated(world: World) -> None:
    connection = world.environment.connection
    before = connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 5)
    error = refusal(world, "SELECT Id FROM Lead WHERE NumberOfEmployees IN (1, 2, 3, 4, 5, 6)")
    connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, before)
    assert error.code == "QUERY_TOO_COMPLICATED"


def test_a_grouped_answer_that_does_not_fit_one_batch_is_refused(tmp_path_factory: pytest.TempPathFactory) -> None:
    world = World(tmp_path_factory.mktemp("wide"))
    world.database.insert("Account", ("Id", "Name", "IsDeleted"), [(str(n), f"A{n}", 0) for n in range(2001)])
    text = "SELECT Name, COUNT(Id) FROM Account GROUP BY Name"
    assert refusal(world, text).code == "EXCEEDED_ID_LIMIT"
    assert world.result(f"{text} LIMIT 2000").total_size == 2000
    world.database.close()
