"""Imports: rows that make or change prospects, one file or batches, blanks that erase (SY-2)."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from connector.sandbox.account_engagement import imports
from connector.sandbox.account_engagement.job_queue import stop_account_engagement_jobs
from connector.sandbox.wire import Response
from tests.unit.sandbox.engagement_calls import Unit, new_unit, refusal, value

pytestmark = pytest.mark.requirement("SY-2")

STAMP = "2026-09-01T00:00:00.000Z"
UPSERT = {"operation": "Upsert", "object": "Prospect"}


@pytest.fixture
def unit(tmp_path: Path) -> Iterator[Unit]:
    made = new_unit(tmp_path)
    stamps = {"createdAt": STAMP, "updatedAt": STAMP}
    made.insert("campaigns", [{"id": 1, "name": "Web", "isDeleted": 0, **stamps}])
    made.insert("lists", [{"id": number, "name": f"L{number}", "isDeleted": 0, **stamps} for number in (1, 2)])
    people: list[dict[str, Any]] = [
        {"id": n, "email": f"p{n}@example.com", "company": "C", "score": 5, "isDeleted": 0} for n in (1, 2)
    ]
    binned = {"id": 3, "email": "p3@example.com", "company": "C", "score": 5, "isDeleted": 1}
    made.insert("prospects", [{**person, **stamps} for person in (*people, binned)])
    yield made
    stop_account_engagement_jobs(made.sandbox, wait=True)
    made.sandbox.database.close()


def send(unit: Unit, path: str, document: Mapping[str, Any] | None, *files: str, fields: str = "id,status") -> Response:
    """A call of several parts, put together by the library that clients use."""
    parts: list[tuple[str, Any]] = [("file", ("rows.csv", text, "text/csv")) for text in files]
    if document is not None:
        parts.append(("input", (None, json.dumps(document), "application/json")))
    prepared = requests.Request("POST", "https://x", files=parts).prepare()
    assert isinstance(prepared.body, bytes)
    kind = {"content-type": str(prepared.headers["Content-Type"])}
    return unit.send("POST", path, (("fields", fields),), prepared.body, kind)


def finished(unit: Unit, number: int) -> dict[str, Any]:
    query = (("fields", "status,createdCount,updatedCount,errorCount,errorRef"),)
    for _ in range(300):
        shown: dict[str, Any] = value(unit.send("GET", f"/api/v5/imports/{number}", query))
        if shown["status"] in {"Complete", "Failed"}:
            return shown
        time.sleep(0.01)
    raise AssertionError(shown)


def imported(unit: Unit, text: str, **more: Any) -> tuple[int, int, list[str]]:
    """How many were made and changed by one file, and why others were not."""
    response = send(unit, "/api/v5/imports", {**UPSERT, "status": "Ready", **more}, text)
    assert response.status == 201, response.body
    shown = finished(unit, value(response)["id"])
    assert shown["status"] == "Complete"
    reasons = []
    if shown["errorRef"]:
        answer = unit.follow(shown["errorRef"])
        assert answer.content_type == "text/csv"
        assert isinstance(answer.body, bytes)
        reasons = [row["error"] for row in csv.DictReader(io.StringIO(answer.body.decode()))]
    assert len(reasons) == shown["errorCount"]
    return shown["createdCount"], shown["updatedCount"], reasons


def test_rows_are_matched_changed_and_made(unit: Unit) -> None:
    text = "matchEmail,company,score\np1@example.com,New,70\nnew@example.com,Made,1\n,Nobody,1\n"
    assert imported(unit, text, createOnNoMatch=True) == (1, 1, ["Missing required property in request: email"])
    row = unit.row("prospects", 1)
    assert (row["company"], row["score"], row["updatedAt"][:10]) == ("New", 70, "2026-10-01")
    made = unit.row("prospects", 4)
    assert (made["email"], made["company"], made["campaignId"]) == ("new@example.com", "Made", 1)


def test_each_row_stands_by_itself(unit: Unit) -> None:
    text = "matchId,score\n1,many\n2,9\n99,1\n3,1\n"
    made, changed, reasons = imported(unit, text)
    assert (made, changed) == (0, 1)
    assert [reason.split(":")[0] for reason in reasons] == [
        "Invalid number entered for field",
        "The requested record was not found.",
        "Deleted records can't be updated. Please undelete before updating.",
    ]
    assert [unit.row("prospects", number)["score"] for number in (1, 2)] == [5, 9]


def test_blanks_erase_unless_they_must_not(unit: Unit) -> None:
    assert imported(unit, "matchId,company\n1,\n") == (0, 1, [])
    kept = {"company": {"nullOverwrite": False}, "jobTitle": {"overwrite": False}}
    assert imported(unit, "matchId,company,jobTitle\n2,,CEO\n", fields=kept) == (0, 1, [])
    assert imported(unit, "matchId,company,jobTitle\n2,D,CTO\n", fields=kept) == (0, 1, [])
    assert unit.row("prospects", 1)["company"] is None
    second = unit.row("prospects", 2)
    assert (second["company"], second["jobTitle"]) == ("D", "CEO")


def test_the_bin_is_restored_where_asked_and_lists_are_joined_and_left(unit: Unit) -> None:
    assert imported(unit, "matchId,addToList\n3,1;2\n", restoreDeleted=True) == (0, 1, [])
    assert unit.row("prospects", 3)["isDeleted"] == 0
    assert imported(unit, "matchId,removeFromList\n3,2\n1,9\n") == (0, 1, ["Invalid list ID"])
    members = unit.sandbox.database.reader().execute(
        'SELECT "listId", "isDeleted" FROM "list_memberships" WHERE "prospectId" = 3 ORDER BY 1'
    )
    assert [tuple(row) for row in members] == [(1, 0), (2, 1)]


def test_batches_of_an_open_import_start_when_it_is_ready(unit: Unit) -> None:
    number = value(unit.send("POST", "/api/v5/imports", (("fields", "id"),), UPSERT))["id"]
    path = f"/api/v5/imports/{number}"
    assert refusal(unit.send("PATCH", path, body={"status": "Ready"}))[1] == 156
    assert send(unit, f"{path}/batches", None, "matchId,score\n1,11\n").status == 204
    assert refusal(send(unit, f"{path}/batches", None, "matchId,company\n2,X\n"))[1] == 227
    assert send(unit, f"{path}/batches", None, "matchId,score\n2,12\n").status == 204
    assert unit.row("prospects", 1)["score"] == 5
    assert unit.send("PATCH", path, body={"status": "Ready"}).status == 204
    assert finished(unit, number)["updatedCount"] == 2
    assert [unit.row("prospects", one)["score"] for one in (1, 2)] == [11, 12]
    assert refusal(send(unit, f"{path}/batches", None, "matchId,score\n1,1\n"))[1] == 155
    assert refusal(unit.send("PATCH", path, body={"status": "Canceled"}))[1] == 161
    listed = value(unit.send("GET", "/api/v5/imports", (("fields", "id,batchesRef"),)))["values"]
    assert [one["id"] for one in listed] == [number]


def test_an_import_is_canceled_before_it_begins_and_not_open_for_ever(unit: Unit) -> None:
    numbers = [value(unit.send("POST", "/api/v5/imports", (("fields", "id"),), UPSERT))["id"] for _ in range(2)]
    paths = [f"/api/v5/imports/{number}" for number in numbers]
    shown = value(unit.send("PATCH", paths[0], (("fields", "status"),), {"status": "Canceled"}))
    assert shown == {"status": "Canceled"}
    assert send(unit, f"{paths[1]}/batches", None, "matchId,score\n1,11\n").status == 204
    unit.sandbox.clock.set(unit.sandbox.clock.now() + timedelta(hours=24, seconds=1))
    assert refusal(unit.send("PATCH", paths[1], body={"status": "Ready"}))[1] == 155


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("matchId,grade\n1,A\n", 130),
        ("matchId,colour\n1,red\n", 130),
        ("company\nX\n", 226),
        ("matchId,matchEmail,company\n1,a@example.com,X\n", 226),
        ("matchId,company\n", 156),
        ('matchId,company\n1,"open\n', 159),
        ("matchId,company\n1\n", 159),
    ],
)
def test_files_that_are_wrong_are_refused_as_a_whole(unit: Unit, text: str, code: int) -> None:
    assert refusal(send(unit, "/api/v5/imports", {**UPSERT, "status": "Ready"}, text))[1] == code
    assert imports.import_queue(unit.sandbox).all() == []


@pytest.mark.parametrize(
    ("document", "files", "code"),
    [
        ({**UPSERT, "status": "Ready"}, (), 158),
        (UPSERT, ("matchId,score\n1,1\n", "matchId,score\n2,1\n"), 163),
        ({**UPSERT, "status": "Done"}, (), 161),
        ({"operation": "Upsert"}, (), 153),
        ({**UPSERT, "object": "List"}, (), 51),
        ({**UPSERT, "colour": 1}, (), 154),
        ({**UPSERT, "createOnNoMatch": "yes"}, (), 50),
        ({**UPSERT, "fields": {"company": {}}}, ("matchId,score\n1,1\n",), 226),
    ],
)
def test_calls_that_are_wrong_are_refused(
    unit: Unit, document: dict[str, Any], files: tuple[str, ...], code: int
) -> None:
    assert refusal(send(unit, "/api/v5/imports", document, *files))[1] == code
