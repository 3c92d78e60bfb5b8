"""Faults of rows: locks, half batches, mass updates, late commits, and what the user may not see."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from connector.sandbox.faults.jobs import is_stuck, striking_job_rows
from connector.sandbox.faults.rows import refuse_struck_row
from connector.sandbox.salesforce.refused import RefusedError
from tests.unit.sandbox.faulty_org import OBJECTS, FaultyOrg, new_faulty_org

pytestmark = pytest.mark.requirement("OP-3")


@pytest.fixture
def org(tmp_path: Path) -> FaultyOrg:
    return new_faulty_org(tmp_path)


def collection(org: FaultyOrg, ids: list[str], **fields: object) -> list[dict[str, Any]]:
    records = [{"attributes": {"type": "Lead"}, "id": one, **fields} for one in ids]
    status, results = org.ask("PATCH", "composite/sobjects", {"records": records})
    assert status == 200
    return list(results)


def test_chosen_rows_are_locked_and_the_others_written(org: FaultyOrg) -> None:
    ids = [org.lead() for _ in range(3)]
    org.faults({"kind": "row_lock", "ids": [ids[1]], "times": 1})
    results = collection(org, ids, Title="CTO")
    assert [result["success"] for result in results] == [True, False, True]
    message = f"unable to obtain exclusive access to this record or 1 records: {ids[1]}"
    assert results[1]["errors"] == [{"statusCode": "UNABLE_TO_LOCK_ROW", "message": message, "fields": []}]
    assert [row["Title"] for row in org.query("SELECT Title FROM Lead ORDER BY Id")] == ["CTO", None, "CTO"]
    assert all(result["success"] for result in collection(org, ids, Title="CEO"))
    assert org.fired() == [1]


def test_a_share_of_locked_rows_is_drawn_anew_for_each_call(org: FaultyOrg) -> None:
    ids = [org.lead() for _ in range(40)]
    org.faults({"kind": "row_lock", "share": 0.5})
    first, second = ([result["success"] for result in collection(org, ids)] for _ in range(2))
    assert first != second
    assert {True, False} == set(first) == set(second)
    org.faults({"kind": "row_lock", "share": 0.5})
    assert [result["success"] for result in collection(org, ids)] == first


def test_a_single_write_meets_a_lock_as_400(org: FaultyOrg) -> None:
    lead = org.lead()
    org.faults({"kind": "row_lock"})
    status, body = org.ask("PATCH", f"sobjects/Lead/{lead}", {"Title": "CTO"})
    assert (status, body[0]["errorCode"]) == (400, "UNABLE_TO_LOCK_ROW")
    assert org.query("SELECT Title FROM Lead")[0]["Title"] is None


def test_every_second_row_of_a_collection_fails(org: FaultyOrg) -> None:
    ids = [org.lead() for _ in range(5)]
    org.faults({"kind": "half_batch", "code": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "message": "No."})
    results = collection(org, ids, Title="CTO")
    assert [result["success"] for result in results] == [True, False, True, False, True]
    refused = {"statusCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "message": "No.", "fields": []}
    assert results[1]["errors"] == [refused]
    assert len(org.query("SELECT Id FROM Lead WHERE Title = 'CTO'")) == 3


def test_deeds_of_people_meet_no_row_faults(org: FaultyOrg) -> None:
    lead = org.lead()
    org.faults({"kind": "row_lock"}, {"kind": "half_batch", "step": 1})
    assert org.ask("POST", "/_sandbox/edit", {"id": lead, "fields": {"Title": "CTO"}})[0] == 200


def test_many_records_change_in_one_second_before_a_call(org: FaultyOrg) -> None:
    for _ in range(5):
        org.lead()
    org.advance(60)
    org.faults({"kind": "many_in_one_second", "object": "lead", "rows": 3, "values": {"Rating": "Hot"}, "nth": 2})
    assert org.query("SELECT Id FROM Lead WHERE Rating = 'Hot'") == []
    changed = org.query("SELECT SystemModstamp, LastModifiedDate FROM Lead WHERE Rating = 'Hot'")
    assert [row["SystemModstamp"] for row in changed] == ["2026-10-01T00:01:00.000+0000"] * 3
    assert {row["LastModifiedDate"] for row in changed} == {"2026-10-01T00:01:00.000+0000"}
    org.prospect(1)
    org.faults({"kind": "many_in_one_second", "object": "prospects", "rows": 1})
    values = org.ask("GET", f"{OBJECTS}/prospects?fields=updatedAt")[1]["values"]
    assert values == [{"updatedAt": "2026-10-01T09:01:00+09:00"}]


def test_a_late_commit_appears_later_with_its_older_stamp(org: FaultyOrg) -> None:
    lead = org.lead(Title="CTO")
    org.advance(60)
    org.faults({"kind": "late_commit", "seconds": 300})
    assert org.ask("POST", "/_sandbox/edit", {"id": lead, "fields": {"Title": "CEO"}})[0] == 200
    soql = "SELECT Title, SystemModstamp FROM Lead"
    seen = []
    for seconds in (299, 1, 60):
        org.advance(seconds)
        (row,) = org.query(soql)
        seen.append((row["Title"], row["SystemModstamp"][11:19]))
    assert seen == [("CTO", "00:00:00"), ("CEO", "00:01:00"), ("CEO", "00:01:00")]
    assert org.fired() == [1]


def test_a_cache_shows_nobodys_writes_for_a_minute_and_the_write_itself_tells_the_truth(org: FaultyOrg) -> None:
    org.prospect(1)
    org.advance(3600)
    org.faults({"kind": "stale_reads"})
    changed = org.ask("PATCH", f"{OBJECTS}/prospects/1?fields=jobTitle", {"jobTitle": "CEO"})
    assert changed == (200, {"jobTitle": "CEO"})
    made = org.ask("POST", f"{OBJECTS}/prospects?fields=email", {"email": "new@example.com"})
    assert made == (201, {"email": "new@example.com"})
    assert org.ask("POST", f"{OBJECTS}/prospects?fields=id", {"email": "new@example.com"})[1]["code"] == 9
    seen = []
    for seconds in (0, 59, 1):
        org.advance(seconds)
        values = org.ask("GET", f"{OBJECTS}/prospects?fields=jobTitle&orderBy=id")[1]["values"]
        seen.append([row["jobTitle"] for row in values])
    assert seen == [[None], [None], ["CEO", None]]


def test_until_its_commit_a_record_is_as_it_was_and_locked(org: FaultyOrg) -> None:
    lead, other = org.lead(Title="CTO"), org.lead()
    org.faults({"kind": "late_commit", "seconds": 300, "objects": ["Lead"]})
    org.ask("POST", "/_sandbox/edit", {"id": lead, "fields": {"Title": "CEO"}})
    assert org.query(f"SELECT Title FROM Lead WHERE Id = '{lead}'")[0]["Title"] == "CTO"
    assert org.ask("GET", f"sobjects/Lead/{lead}")[1]["Title"] == "CTO"
    assert org.ask("GET", "/_sandbox/faults")[1]["held"] == {"Lead": {"uncommitted": 1}}
    results = collection(org, [lead, other], Phone="1")
    assert [result["success"] for result in results] == [False, True]
    assert results[0]["errors"][0]["statusCode"] == "UNABLE_TO_LOCK_ROW"
    org.advance(300)
    assert all(result["success"] for result in collection(org, [lead, other], Phone="1"))
    assert org.query(f"SELECT Title, Phone FROM Lead WHERE Id = '{lead}'")[0] == {
        "attributes": {"type": "Lead", "url": f"/services/data/v61.0/sobjects/Lead/{lead}"},
        "Title": "CEO",
        "Phone": "1",
    }


def test_a_second_change_waits_with_the_first_and_the_end_commits_all(org: FaultyOrg) -> None:
    lead = org.lead(Title="CTO")
    org.faults({"kind": "late_commit", "seconds": 300})
    org.ask("POST", "/_sandbox/edit", {"id": lead, "fields": {"Title": "CEO"}})
    org.advance(200)
    org.ask("POST", "/_sandbox/edit", {"id": lead, "fields": {"Phone": "1"}})
    org.advance(200)
    assert org.query("SELECT Title, Phone FROM Lead")[0]["Title"] == "CTO"
    org.ask("DELETE", "/_sandbox/faults")
    row = org.query("SELECT Title, Phone, SystemModstamp FROM Lead")[0]
    assert (row["Title"], row["Phone"], row["SystemModstamp"]) == ("CEO", "1", "2026-10-01T00:03:20.000+0000")


def test_late_conversions_bring_their_new_records_late(org: FaultyOrg) -> None:
    lead = org.lead()
    org.faults({"kind": "late_commit", "seconds": 60})
    done = org.ask("POST", "/_sandbox/convert", {"lead": lead})[1]
    assert org.query("SELECT Id FROM Contact") == []
    assert org.query("SELECT IsConverted FROM Lead")[0]["IsConverted"] is False
    org.advance(60)
    assert [row["Id"] for row in org.query("SELECT Id FROM Contact")] == [done["contact_id"]]
    assert org.query("SELECT ConvertedContactId FROM Lead")[0]["ConvertedContactId"] == done["contact_id"]


def test_a_refused_deed_leaves_everything_as_it_was(org: FaultyOrg) -> None:
    lead = org.lead(Title="CTO")
    org.faults({"kind": "late_commit", "seconds": 60})
    org.ask("POST", "/_sandbox/edit", {"id": lead, "fields": {"Title": "CEO"}})
    assert org.ask("POST", "/_sandbox/edit", {"id": lead, "fields": {"Nonsense": 1}})[0] == 400
    assert org.query("SELECT Title FROM Lead")[0]["Title"] == "CTO"
    org.advance(60)
    assert org.query("SELECT Title FROM Lead")[0]["Title"] == "CEO"


def test_hidden_records_are_nowhere_to_be_found(org: FaultyOrg) -> None:
    seen, hidden = org.lead(), org.lead()
    org.faults({"kind": "hidden_rows", "object": "Lead", "ids": [hidden[:15]]})
    assert [row["Id"] for row in org.query("SELECT Id FROM Lead")] == [seen]
    assert org.ask("GET", "query?q=SELECT+COUNT()+FROM+Lead")[1]["totalSize"] == 1
    assert org.ask("GET", f"sobjects/Lead/{hidden}")[0] == 404
    read = org.ask("POST", "composite/sobjects/Lead", {"ids": [hidden, seen], "fields": ["Id"]})[1]
    assert read[0] is None
    updated = org.ask("GET", "sobjects/Lead/updated?start=2026-09-30T00:00:00Z&end=2026-10-02T00:00:00Z")[1]
    assert updated["ids"] == [seen]
    assert collection(org, [hidden])[0]["success"] is False
    org.ask("POST", "/_sandbox/edit", {"id": hidden, "fields": {"Title": "CEO"}})
    assert len(org.query("SELECT Id FROM Lead")) == 1
    org.ask("DELETE", "/_sandbox/faults")
    rows = org.query("SELECT Id, Title FROM Lead ORDER BY Id")
    assert [(row["Id"], row["Title"]) for row in rows] == [(seen, None), (hidden, "CEO")]


def test_a_share_of_hidden_records_is_the_same_each_time(org: FaultyOrg) -> None:
    for number in range(1, 41):
        org.prospect(number)
    found = []
    for seed in (1, 1, 2):
        org.faults({"kind": "hidden_rows", "object": "prospects", "share": 0.5}, seed=seed)
        values = org.ask("GET", f"{OBJECTS}/prospects?fields=id")[1]["values"]
        found.append([value["id"] for value in values])
        assert org.fired() == [40 - len(values)]
        assert org.ask("GET", "/_sandbox/faults")[1]["held"] == {"prospects": {"hidden": 40 - len(values)}}
    assert found[0] == found[1] != found[2]
    assert 0 < len(found[0]) < 40


def test_a_hidden_field_does_not_exist_for_the_user(org: FaultyOrg) -> None:
    lead = org.lead(Title="CTO")
    org.faults({"kind": "hidden_fields", "object": "Lead", "fields": ["title", "HasOptedOutOfEmail"]})
    described = {field["name"] for field in org.ask("GET", "sobjects/Lead/describe")[1]["fields"]}
    assert not described & {"Title", "HasOptedOutOfEmail"}
    assert "Email" in described
    status, refused = org.ask("GET", "query?q=SELECT+Id,+Title+FROM+Lead")
    assert (status, refused[0]["errorCode"]) == (400, "INVALID_FIELD")
    assert "No such column 'Title' on entity 'Lead'." in refused[0]["message"]
    assert "Title" not in org.ask("GET", f"sobjects/Lead/{lead}")[1]
    status, refused = org.ask("PATCH", f"sobjects/Lead/{lead}", {"Title": "CEO"})
    assert (status, refused[0]["message"]) == (400, "No such column 'Title' on sobject of type Lead")
    new = org.lead(LastName="Abe")
    org.ask("DELETE", "/_sandbox/faults")
    rows = org.query("SELECT Id, Title, HasOptedOutOfEmail FROM Lead ORDER BY Id")
    found = {row["Id"]: (row["Title"], row["HasOptedOutOfEmail"]) for row in rows}
    assert found == {lead: ("CTO", False), new: (None, False)}


def test_a_hidden_field_of_account_engagement_is_unknown(org: FaultyOrg) -> None:
    org.prospect(1)
    org.faults({"kind": "hidden_fields", "object": "prospects", "fields": ["phone"]})
    status, body = org.ask("GET", f"{OBJECTS}/prospects?fields=id,phone")
    assert (status, body["code"]) == (400, 51)
    assert org.ask("GET", f"{OBJECTS}/prospects?fields=id")[0] == 200


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ({"kind": "hidden_rows", "object": "Nothing", "share": 1}, "there is no object Nothing"),
        ({"kind": "hidden_fields", "object": "Lead", "fields": ["Nope"]}, "Lead has no field Nope."),
        ({"kind": "hidden_fields", "object": "Lead", "fields": ["lastname"]}, "Lead.LastName is always visible"),
        ({"kind": "late_commit", "seconds": 1, "objects": ["visits_"]}, "there is no object visits_"),
        (
            {"kind": "many_in_one_second", "object": "Lead", "rows": 1, "values": {"Name": "x"}},
            "Lead has no column Name that can be set.",
        ),
    ],
)
def test_objects_and_fields_that_are_not_there_are_refused(
    org: FaultyOrg, fault: dict[str, object], sentence: str
) -> None:
    org.faults({"kind": "server_error", "path": "*/limits"})
    status, body = org.ask("PUT", "/_sandbox/faults", {"faults": [fault]})
    assert status == 400
    assert sentence in body["error"]
    assert org.send("GET", "limits").status == 503, "the faults before stay in force"


def test_jobs_get_stuck_once_and_for_all(org: FaultyOrg) -> None:
    assert not is_stuck(org.sandbox, "750A", "query")
    org.faults({"kind": "stuck_job", "job": "query", "nth": 2})
    assert not is_stuck(org.sandbox, "750B", "ingest")
    assert [is_stuck(org.sandbox, job, "query") for job in ("750C", "750D", "750C", "750D")] == [
        False,
        True,
        False,
        True,
    ]
    assert org.fired() == [1]


def test_rows_of_jobs_meet_the_faults_of_their_path(org: FaultyOrg) -> None:
    org.faults({"kind": "half_batch", "step": 1, "path": "*/jobs/ingest/*"})
    with striking_job_rows(org.sandbox, "/services/data/v61.0/jobs/ingest/750A"), pytest.raises(RefusedError):
        refuse_struck_row(None)
    with striking_job_rows(org.sandbox, "/services/data/v61.0/jobs/query/750A"):
        refuse_struck_row(None)
    refuse_struck_row(None)
