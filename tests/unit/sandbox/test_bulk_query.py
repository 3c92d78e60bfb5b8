"""Bulk API 2.0 query jobs: what is given is what the rows are, page by page, as real clients expect it."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.sandbox.bulk import query, result_pages
from tests.unit.sandbox.bulk_calls import Bulk, bulk_org, content

pytestmark = pytest.mark.requirement("SY-1")


@pytest.fixture
def bulk(tmp_path: Path) -> Iterator[Bulk]:
    with bulk_org(tmp_path) as found:
        yield found


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (result_pages, query):
        monkeypatch.setattr(module, "PAGE_ROWS", 4)
    monkeypatch.setattr(result_pages, "_FETCHED", 2)


def test_a_job_needs_only_query_and_operation(bulk: Bulk) -> None:
    status, info = bulk.ask("POST", "query", {"operation": "query", "query": "SELECT Id FROM Lead"})
    assert status == 200
    assert info.pop("id").startswith("750")
    assert info == {
        "operation": "query",
        "object": "Lead",
        "createdById": bulk.org.row("User", info["createdById"])["Id"],
        "createdDate": "2026-10-01T00:00:00.000+0000",
        "systemModstamp": "2026-10-01T00:00:00.000+0000",
        "state": "UploadComplete",
        "concurrencyMode": "Parallel",
        "contentType": "CSV",
        "apiVersion": 61.0,
        "lineEnding": "LF",
        "columnDelimiter": "COMMA",
    }


def test_a_finished_job_says_how_much_it_did(bulk: Bulk) -> None:
    bulk.org.lead()
    info = bulk.query("SELECT Id FROM Lead")
    assert (info["state"], info["numberRecordsProcessed"], info["jobType"]) == ("JobComplete", 1, "V2Query")
    assert {"retries", "totalProcessingTime", "isPkChunkingSupported"} <= set(info)


def test_values_look_as_bulk_csv_has_them(bulk: Bulk) -> None:
    bulk.org.lead(
        LastName='say "hi"', Company="a, b", Description="two\nlines", AnnualRevenue=3, NumberOfEmployees=7,
        HasOptedOutOfEmail=True, FirstName=None,
    )  # fmt: skip
    job = bulk.query(
        "SELECT LastName, company, Description, AnnualRevenue, NumberOfEmployees, HasOptedOutOfEmail, IsConverted, "
        "FirstName, CreatedDate, Owner.Name, ConvertedDate FROM Lead"
    )
    raw = content(bulk.page(job["id"])[1]).decode()
    assert raw == (
        '"LastName","Company","Description","AnnualRevenue","NumberOfEmployees","HasOptedOutOfEmail","IsConverted",'
        '"FirstName","CreatedDate","Owner.Name","ConvertedDate"\n'
        '"say ""hi""","a, b","two\nlines","3.0","7","true","false","","2026-10-01T00:00:00.000Z","Api",""\n'
    )


@pytest.mark.parametrize("count", [0, 1, 3, 4, 5, 8, 11])
@pytest.mark.parametrize("most", [1, 3, 4, 6, 100])
@pytest.mark.usefixtures("small_pages")
def test_pages_hold_every_row_once_and_can_be_read_again(bulk: Bulk, count: int, most: int) -> None:
    for number in range(count):
        bulk.org.lead(LastName=f"L{number:02}", Company="line\nbreak")
    job = bulk.query("SELECT LastName, Company FROM Lead ORDER BY LastName")["id"]
    found, parameters, locators = [], f"?maxRecords={most}", []
    while True:
        (header, *page), response = bulk.page(job, parameters)
        assert header == ["LastName", "Company"]
        assert response.headers["Sforce-NumberOfRecords"] == str(len(page))
        found += page
        locator = response.headers["Sforce-Locator"]
        locators.append(locator)
        if locator == "null":
            break
        parameters = f"?maxRecords={most}&locator={locator}"
    assert found == [[f"L{number:02}", "line\nbreak"] for number in range(count)]
    again, _ = bulk.page(job, parameters)
    assert again[1:] == found[len(found) - len(again) + 1 :]


@pytest.mark.usefixtures("small_pages")
def test_result_pages_lists_five_at_a_time_and_all_in_the_end(bulk: Bulk) -> None:
    for number in range(26):
        bulk.org.lead(LastName=f"L{number:02}")
    job = bulk.query("SELECT LastName FROM Lead ORDER BY LastName")["id"]
    names, url, sizes = [], f"query/{job}/resultPages", []
    while url:
        _, listed = bulk.ask("GET", url)
        sizes.append(len(listed["resultPages"]))
        for entry in listed["resultPages"]:
            assert entry["resultUrl"].startswith(f"/services/data/v61.0/jobs/query/{job}/results?locator=")
            names += content(bulk.send("GET", entry["resultUrl"])).decode().splitlines()[1:]
        assert listed["done"] is (listed["nextRecordsUrl"] is None)
        url = listed["nextRecordsUrl"]
    assert sizes == [5, 2]
    assert names == [f'"L{number:02}"' for number in range(26)]


def test_gzip_is_given_when_asked_for(bulk: Bulk) -> None:
    bulk.org.lead(LastName="Mori")
    job = bulk.query("SELECT LastName FROM Lead")["id"]
    plain = bulk.send("GET", f"query/{job}/results")
    zipped = bulk.send("GET", f"query/{job}/results", headers={"accept-encoding": "gzip, deflate"})
    assert "Content-Encoding" not in plain.headers
    assert zipped.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(content(zipped)) == content(plain) == b'"LastName"\n"Mori"\n'


def test_query_all_has_deleted_rows_and_query_has_not(bulk: Bulk) -> None:
    gone, here = bulk.org.lead(), bulk.org.lead()
    bulk.org.call("DELETE", f"sobjects/Lead/{gone}")
    live = bulk.query("SELECT Id FROM Lead")
    everything = bulk.query("SELECT Id FROM Lead", operation="queryAll")
    assert [row[0] for row in bulk.page(live["id"])[0][1:]] == [here]
    assert {row[0] for row in bulk.page(everything["id"])[0][1:]} == {gone, here}
