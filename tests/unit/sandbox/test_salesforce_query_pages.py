"""Query pages: their size, their locators, what they show of deleted records."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from connector.sandbox.ids import record_id
from tests.unit.sandbox.salesforce_org import REP, Org, new_org

pytestmark = pytest.mark.requirement("SY-1")

COUNT = 2345


@pytest.fixture
def org(tmp_path: Path) -> Org:
    org = new_org(tmp_path)
    names = ("Id", "LastName", "Company", "OwnerId", "IsDeleted", "IsConverted", "SystemModstamp")
    stamps = ("2026-09-01T00:00:00.000Z", "2026-09-02T00:00:00.000Z")
    rows = [
        (record_id("00Q", n), f"Mori {n}", "Acme", REP, int(n % 100 == 0), 0, stamps[n % 2])
        for n in range(1, COUNT + 1)
    ]
    org.sandbox.database.insert("Lead", names, rows)
    org.sandbox.database.next_ids("Lead", COUNT)
    return org


def sizes(org: Org, query: str, options: str | None = None) -> list[int]:
    """How many records each page of a query has."""
    headers = {"sforce-query-options": options} if options else {}
    reply = org.call("GET", query, headers=headers)
    found = []
    while True:
        assert reply.status == 200, reply.body
        found.append(len(reply.body["records"]))
        if reply.body["done"]:
            assert "nextRecordsUrl" not in reply.body
            return found
        reply = org.call("GET", reply.body["nextRecordsUrl"])


def test_pages_of_two_thousand_with_an_opaque_locator(org: Org) -> None:
    first = org.call("GET", "query?q=SELECT Id FROM Lead ORDER BY Id")
    live = COUNT - COUNT // 100
    assert (first.body["totalSize"], first.body["done"], len(first.body["records"])) == (live, False, 2000)
    url = first.body["nextRecordsUrl"]
    assert re.fullmatch(r"/services/data/v61\.0/query/0r8[A-Za-z0-9]{15}-2000", url)
    second = org.call("GET", f"{url}?q=SELECT+Id+FROM+Lead")
    assert (second.body["totalSize"], second.body["done"]) == (live, True)
    ids = [record["Id"] for page in (first, second) for record in page.body["records"]]
    assert ids == sorted(ids)
    assert len(set(ids)) == live


def test_long_text_and_options_shrink_pages(org: Org) -> None:
    live = COUNT - COUNT // 100
    assert sizes(org, "query?q=SELECT Id, Description FROM Lead") == [1000, 1000, live - 2000]
    assert sizes(org, "query?q=SELECT Id FROM Lead LIMIT 450", "batchSize=50") == [200, 200, 50]
    assert sizes(org, "query/?q=SELECT Id FROM Lead LIMIT 900", "batchSize=500") == [500, 400]
    assert sizes(org, "query?q=SELECT Id FROM Lead LIMIT 2000") == [2000]
    assert sizes(org, "query?q=SELECT Id FROM Lead LIMIT 0") == [0]


def test_query_all_keeps_deleted_records_on_every_page(org: Org) -> None:
    assert sum(sizes(org, "queryAll?q=SELECT Id FROM Lead")) == COUNT
    deleted = org.call("GET", "queryall?q=SELECT Id, IsDeleted FROM Lead WHERE IsDeleted = true").body
    assert (deleted["totalSize"], {record["IsDeleted"] for record in deleted["records"]}) == (COUNT // 100, {True})


def test_a_cursor_keeps_what_it_found(org: Org) -> None:
    first = org.call("GET", "query?q=SELECT Id FROM Lead WHERE LastName LIKE 'Mori%25' ORDER BY Id")
    last = org.call("GET", first.body["nextRecordsUrl"]).body["records"]
    org.lead(LastName="Mori new")
    org.call("DELETE", f"sobjects/Lead/{last[-1]['Id']}")
    assert org.call("GET", first.body["nextRecordsUrl"]).body["records"] == last


def test_cursors_end_and_cannot_be_guessed(org: Org) -> None:
    url = org.call("GET", "query?q=SELECT Id FROM Lead").body["nextRecordsUrl"]
    lost = [{"message": "invalid query locator", "errorCode": "INVALID_QUERY_LOCATOR"}]
    assert org.call("GET", url.replace("-2000", "-99999")).body == lost
    assert org.call("GET", "query/0r8AAAAAAAAAAAAAAA-2000").body == lost
    assert org.call("GET", "query/nonsense").status == 400
    org.sandbox.clock.set(org.sandbox.clock.now() + timedelta(days=2, seconds=1))
    assert org.call("GET", url).body == lost


def test_counts_have_no_records(org: Org) -> None:
    body = org.call("GET", "query?q=SELECT COUNT() FROM Lead").body
    assert body == {"totalSize": COUNT - COUNT // 100, "done": True, "records": []}


def test_wrong_queries_are_refused_in_an_array(org: Org) -> None:
    reply = org.call("GET", "query?q=SELECT Nope FROM Lead")
    assert (reply.status, list(reply.body[0]), reply.body[0]["errorCode"]) == (
        400,
        ["message", "errorCode"],
        "INVALID_FIELD",
    )
    assert org.call("GET", "query").body[0]["errorCode"] == "MALFORMED_QUERY"


def test_column_metadata_for_salesforces_own_command_line(org: Org) -> None:
    body = org.call("GET", "query?q=SELECT Id, Owner.Name FROM Lead&columns=true").body
    assert [column["columnName"] for column in body["columnMetadata"]] == ["Id", "Owner"]
    assert [column["columnName"] for column in body["columnMetadata"][1]["joinColumns"]] == ["Name"]
    assert (body["entityName"], body["keyPrefix"]) == ("Lead", "00Q")
