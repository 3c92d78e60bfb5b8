"""Grading profiles in the sandbox: criteria by the older versions of the API, and the grade that follows (GR-3)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.sandbox.engagement_calls import Unit, new_unit, refusal, value

pytestmark = pytest.mark.requirement("GR-3", "SY-2")

_OLD = "2026-09-01T00:00:00.000Z"
_DRIVEN = "/api/prospect/version/3/do/{}/id/{}"


@pytest.fixture
def unit(tmp_path: Path) -> Iterator[Unit]:
    made = new_unit(tmp_path)
    stamps = {"createdAt": _OLD, "updatedAt": _OLD, "isDeleted": 0, "grade": "D"}
    made.insert(
        "prospects",
        [{"id": 1, "email": "a@example.com", **stamps}, {"id": 2, "email": "b@example.com", "profileId": 2, **stamps}],
    )
    yield made
    made.sandbox.database.close()


def set_criteria(unit: Unit, number: int, path: str = _DRIVEN, **criteria: str) -> Any:
    form = "&".join(f"{name}={how}" for name, how in criteria.items()).encode()
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return value(unit.send("POST", path.format("update", number), (("format", "json"),), form, headers))


def code_of(answer: Any) -> int:
    assert answer["@attributes"]["stat"] == "fail"
    return int(answer["@attributes"]["err_code"])


def test_the_grade_follows_from_the_criteria_of_the_assigned_profile(unit: Unit) -> None:
    told = set_criteria(
        unit, 2, profile_criteria_361="match", profile_criteria_364="nomatch", profile_criteria_351="match"
    )
    assert told["@attributes"] == {"stat": "ok", "version": 1}
    assert told["prospect"]["grade"] == "C-"
    assert unit.row("prospects", 2)["grade"] == "C-"
    assert unit.row("prospects", 2)["updatedAt"] > _OLD
    shown = value(unit.send("GET", _DRIVEN.format("read", 2), (("format", "json"),)))["prospect"]["profile"]
    assert [(one["id"], one["matches"]) for one in shown["profile_criteria"]] == [
        (361, "Matches"), (362, "Unknown"), (363, "Unknown"), (364, "Does not match"),
    ]  # fmt: skip
    every = {f"profile_criteria_{number}": "match" for number in (361, 362, 363, 364)}
    assert set_criteria(unit, 2, **every)["prospect"]["grade"] == "A+"
    lowest = {f"profile_criteria_{number}": "nomatch" for number in (361, 362, 363, 364)}
    assert set_criteria(unit, 2, **lowest)["prospect"]["grade"] == "F"


def test_criteria_of_another_profile_change_nothing(unit: Unit) -> None:
    assert set_criteria(unit, 1, profile_criteria_361="match")["prospect"]["grade"] == "D"
    assert unit.row("prospects", 1)["updatedAt"] == _OLD
    assert set_criteria(unit, 1, profile_criteria_351="match")["prospect"]["grade"] == "C-"


def test_another_profile_gives_another_grade(unit: Unit) -> None:
    set_criteria(unit, 2, profile_criteria_361="match")
    assert unit.call("PATCH", "prospects/2", {"profileId": 1}).status == 204
    assert unit.row("prospects", 2)["grade"] == "D"
    assert refusal(unit.call("PATCH", "prospects/2", {"profileId": 3}))[:2] == (400, 39)


def test_what_is_wrong_is_said_inside_http_200(unit: Unit) -> None:
    assert code_of(set_criteria(unit, 2, "/api/prospect/version/4/do/{}/id/{}", profile_criteria_361="match")) == 89
    assert code_of(set_criteria(unit, 2, profile_criteria_361="yes")) == 18
    assert code_of(set_criteria(unit, 9, profile_criteria_361="match")) == 3
    assert code_of(set_criteria(unit, 2, grade="A")) == 22
    wrong = {"authorization": "Bearer wrong"}
    answer = unit.send("POST", _DRIVEN.format("update", 2), (("format", "json"),), b"", wrong)
    assert (answer.status, code_of(value(answer))) == (200, 184)
