"""Exports: checked inputs, one after the other, files of CSV, gone after a week (SY-6, OP-2)."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from connector.sandbox.account_engagement import export_files, export_terms
from connector.sandbox.account_engagement.job_queue import stop_account_engagement_jobs
from connector.sandbox.faults.document import read_plan
from connector.sandbox.faults.register import FaultRegister, put_in_force
from tests.unit.sandbox.engagement_calls import ORIGIN, Unit, new_unit, refusal, value

pytestmark = pytest.mark.requirement("SY-6", "OP-2")

STAMP = "2026-09-01T00:{:02d}:{:02d}.000Z"
RANGE = {"updated_after": "2026-08-31T23:59:59+00:00", "updated_before": "2026-10-01T00:00:00+00:00"}


@pytest.fixture
def unit(tmp_path: Path) -> Iterator[Unit]:
    made = new_unit(tmp_path)
    made.insert("visitor_activities", [activity(number) for number in range(1, 8)])
    yield made
    stop_account_engagement_jobs(made.sandbox, wait=True)
    made.sandbox.database.close()


def activity(number: int, **fields: Any) -> dict[str, Any]:
    stamp = STAMP.format(number // 60, number % 60)
    return {"id": number, "type": 1, "typeName": "Email", "createdAt": stamp, "updatedAt": stamp, **fields}


def asked(procedure: str = "filter_by_updated_at", **changes: Any) -> dict[str, Any]:
    arguments = changes.pop("arguments", RANGE)
    return {
        "object": "VisitorActivity",
        "fields": ["id", "updatedAt"],
        "procedure": {"name": procedure, "arguments": arguments},
        **changes,
    }


def create(unit: Unit, **changes: Any) -> Any:
    response = unit.send("POST", "/api/v5/exports", (("fields", "id,status"),), asked(**changes))
    assert response.status == 201, response.body
    return value(response)["id"]


def state(unit: Unit, number: int) -> dict[str, Any]:
    path = f"/api/v5/exports/{number}"
    found: dict[str, Any] = value(unit.send("GET", path, (("fields", "status,resultRefs,isExpired"),)))
    return found


def ended(unit: Unit, number: int) -> dict[str, Any]:
    for _ in range(200):
        found = state(unit, number)
        if found["status"] in {"Complete", "Failed"}:
            return found
        time.sleep(0.01)
    raise AssertionError(found)


def rows(unit: Unit, number: int) -> list[list[str]]:
    found: list[list[str]] = []
    for url in ended(unit, number)["resultRefs"]:
        response = unit.follow(url)
        assert (response.status, response.content_type) == (200, "text/csv")
        assert isinstance(response.body, Path)
        found += list(csv.reader(io.StringIO(response.body.read_text())))[1:]
    return found


def test_rows_between_two_exclusive_bounds_in_the_users_zone(unit: Unit) -> None:
    bounds = {"updated_after": "2026-09-01T00:00:02+00:00", "updated_before": "2026-09-01T00:00:05+00:00"}
    found = rows(unit, create(unit, arguments=bounds))
    assert sorted(found) == [["3", "2026-09-01T09:00:03+09:00"], ["4", "2026-09-01T09:00:04+09:00"]]


def test_a_time_without_an_offset_is_the_users_own_and_so_are_legacy_dates(unit: Unit) -> None:
    bounds = {"updated_after": "2026-09-01 09:00:05", "updated_before": "2026-09-01 09:00:07"}
    assert rows(unit, create(unit, arguments=bounds, legacyDateFormat=True)) == [["6", "2026-09-01 09:00:06"]]


def test_values_and_fields_of_other_records(unit: Unit) -> None:
    unit.insert("prospects", [{"id": 5, "email": "a@example.com", "updatedAt": STAMP.format(0, 0), "isDeleted": 0}])
    unit.insert("visitor_activities", [activity(9, prospectId=5, details='say "hi",\ntwo lines')])
    bounds = {"updated_after": "2026-09-01T00:00:08+00:00"}
    number = create(unit, fields=["details", "prospect.email", "id", "campaignId"], arguments=bounds)
    assert rows(unit, number) == [['say "hi",\ntwo lines', "a@example.com", "9", ""]]


def test_deleted_prospects_must_be_asked_for_and_grades_cannot_be(unit: Unit) -> None:
    unit.insert("prospects", [{"id": 5, "email": "a@example.com", "updatedAt": STAMP.format(0, 0), "isDeleted": 1}])
    one: dict[str, Any] = {"object": "Prospect", "fields": ["id", "isDeleted"]}
    assert rows(unit, create(unit, **one, arguments={**RANGE, "deleted": "all"})) == [["5", "true"]]
    for changes in (
        {**one, "arguments": RANGE},
        {**one, "fields": ["id", "grade"], "arguments": {**RANGE, "deleted": "all"}},
    ):
        response = unit.send("POST", "/api/v5/exports", body=asked(**changes))
        assert refusal(response)[:2] == (400, 51)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"object": "Visit"}, 51),
        ({"object": ""}, 153),
        ({"fields": []}, 153),
        ({"fields": ["id", "colour"]}, 51),
        ({"fields": [f"f{number}" for number in range(151)]}, 51),
        ({"procedure": "filter_by_name"}, 51),
        ({"arguments": {}}, 153),
        ({"arguments": {**RANGE, "colour": 1}}, 51),
        ({"arguments": {"updated_after": "2026-09-01T00:00:00Z"}}, 51),
        ({"arguments": {"updated_after": "2025-09-01T00:00:00+00:00"}}, 52),
        ({"arguments": {"updated_after": "2027-09-01T00:00:00+00:00"}}, 52),
        ({"maxFileSizeBytes": 1000}, 231),
        ({"maxFileSizeBytes": 300_000_000}, 232),
        ({"colour": 1}, 154),
    ],
)
def test_what_is_wrong_is_refused(unit: Unit, changes: dict[str, Any], code: int) -> None:
    response = unit.send("POST", "/api/v5/exports", (("fields", "id"),), asked(**changes))
    assert refusal(response)[:2] == (400, code)


def test_without_fields_only_the_address_is_told(unit: Unit) -> None:
    response = unit.send("POST", "/api/v5/exports", body=asked())
    assert (response.status, response.body) == (204, b"")
    address = urlsplit(str(response.headers["Location"]))
    assert f"{address.scheme}://{address.netloc}" == ORIGIN
    shown = value(unit.send("GET", address.path, (("fields", "id,object,procedure,createdAt"),)))
    assert shown["object"] == "VisitorActivity"
    assert refusal(unit.send("GET", address.path)) == (400, 13, "One or more required parameters are missing: fields")
    listed = value(unit.send("GET", "/api/v5/exports", (("fields", "id"),)))
    assert listed["values"] == [{"id": shown["id"]}]


def test_large_results_come_in_several_files(unit: Unit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_files, "_FETCHED", 2)
    monkeypatch.setattr(export_terms, "SMALLEST_FILE", 120)
    number = create(unit, maxFileSizeBytes=120)
    assert len(ended(unit, number)["resultRefs"]) > 2
    assert sorted(int(row[0]) for row in rows(unit, number)) == list(range(1, 8))


def test_exports_wait_for_those_before_them(tmp_path: Path) -> None:
    unit = new_unit(tmp_path, bulk_polls=1)
    first, second = create(unit), create(unit)
    assert [state(unit, number)["status"] for number in (first, second, first, second)] == [
        "Waiting", "Waiting", "Processing", "Waiting",
    ]  # fmt: skip
    assert ended(unit, first)["status"] == "Complete"
    assert ended(unit, second)["resultRefs"]
    stop_account_engagement_jobs(unit.sandbox, wait=True)
    unit.sandbox.database.close()


def test_results_are_gone_after_a_week(unit: Unit) -> None:
    number = create(unit)
    url = ended(unit, number)["resultRefs"][0]
    unit.sandbox.clock.set(unit.sandbox.clock.now() + timedelta(days=7, seconds=1))
    assert state(unit, number) == {"isExpired": True, "resultRefs": None, "status": "Complete"}
    assert refusal(unit.follow(url))[:2] == (404, 109)


def test_a_stuck_export_goes_on_when_the_fault_ends(unit: Unit) -> None:
    plan = read_plan({"faults": [{"kind": "stuck_job", "job": "export"}]})
    put_in_force(unit.sandbox, FaultRegister(plan))
    number = create(unit)
    time.sleep(0.05)
    assert state(unit, number)["status"] == "Processing"
    put_in_force(unit.sandbox, None)
    assert len(rows(unit, number)) == 7
