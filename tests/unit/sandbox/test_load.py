"""Exports in place of the invented world: every row is loaded or named, and reads as it was."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from connector.sandbox.building import new_sandbox
from connector.sandbox.config import SandboxConfig
from connector.sandbox.context import ORG_ID, Sandbox
from connector.sandbox.ids import record_id
from connector.sandbox.load import REPORT
from connector.sandbox.loading.report import LoadError, LoadReport
from connector.sandbox.sessions import open_session
from tests.unit.sandbox.engagement_calls import Unit, value

pytestmark = pytest.mark.requirement("SY-2")

RECORDED = Path(__file__).parents[4] / "shared" / "recorded" / "account-engagement"
LEAD = "00Q5g00000AbCdEEAV"
OWNER = "0055g000001AbCdAAK"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "exports"
    made.mkdir()
    return made


def loaded(folder: Path, **switches: Any) -> tuple[Sandbox, LoadReport]:
    state = folder.parent / "state"
    state.mkdir(exist_ok=True)
    sandbox = new_sandbox(replace(SandboxConfig(state, load=folder, frozen=True), **switches))
    report = sandbox.open_state["load_report"]
    assert isinstance(report, LoadReport)
    sandbox.database.reader()
    return sandbox, report


def rows(sandbox: Sandbox, table: str) -> list[dict[str, Any]]:
    key = "id" if sandbox.account_engagement.object(table) else "Id"
    found = sandbox.database.reader().execute(f'SELECT * FROM "{table}" ORDER BY "{key}"')
    return [dict(row) for row in found]


def write(path: Path, header: Sequence[str], lines: Sequence[Sequence[str]], encoding: str = "utf-8") -> None:
    with path.open("w", encoding=encoding, newline="") as stream:
        writer = csv.writer(stream, quoting=csv.QUOTE_ALL)
        writer.writerow(header)
        writer.writerows(lines)


LEAD_HEADER = ("ID", "LASTNAME", "FIRSTNAME", "COMPANY", "EMAIL", "ISCONVERTED", "OWNERID",
               "CREATEDDATE", "LASTMODIFIEDDATE", "SYSTEMMODSTAMP", "DESCRIPTION")  # fmt: skip


def lead(identifier: str, last_name: str, company: str = "株式会社髙﨑", **cells: str) -> list[str]:
    values = {
        "ID": identifier, "LASTNAME": last_name, "FIRSTNAME": "花子", "COMPANY": company,
        "EMAIL": "hanako@example.com", "ISCONVERTED": "false", "OWNERID": OWNER,
        "CREATEDDATE": "2026-01-02T03:04:05.000Z", "LASTMODIFIEDDATE": "2026-01-03T03:04:05.000+0000",
        "SYSTEMMODSTAMP": "2026-01-04T12:04:05.000+0900", "DESCRIPTION": "", **cells,
    }  # fmt: skip
    return [values[name] for name in LEAD_HEADER]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932", "utf-16"])
def test_a_data_loader_export_in_every_encoding(folder: Path, encoding: str) -> None:
    write(folder / "Lead.csv", LEAD_HEADER, [lead(LEAD, "高橋", "株式会社①\n東京支社, 「営業」")], encoding)
    sandbox, report = loaded(folder)
    row = rows(sandbox, "Lead")[0]
    assert row["Id"] == LEAD
    assert (row["LastName"], row["Name"]) == ("高橋", "花子 高橋")
    assert row["Company"] == "株式会社①\n東京支社, 「営業」"
    assert row["Description"] is None
    assert (row["IsDeleted"], row["IsConverted"], row["Status"]) == (0, 0, "Open - Not Contacted")
    assert (row["CreatedDate"], row["LastModifiedDate"], row["SystemModstamp"]) == (
        "2026-01-02T03:04:05.000Z",
        "2026-01-03T03:04:05.000Z",
        "2026-01-04T03:04:05.000Z",
    )
    assert (row["OwnerId"], row["CreatedById"]) == (OWNER, record_id("005", 1))
    assert report.refused_rows == []
    sandbox.database.close()


def test_the_clock_stands_just_after_the_newest_stamp(folder: Path) -> None:
    write(folder / "Lead.csv", LEAD_HEADER, [lead(LEAD, "A")])
    sandbox, report = loaded(folder)
    assert sandbox.clock.now().isoformat() == report.clock == "2026-01-04T03:04:06+00:00"
    sandbox.database.close()


def test_without_any_stamp_the_clock_starts_as_configured(folder: Path) -> None:
    write(folder / "accounts.csv", ("Name",), [("A",)])
    sandbox, _ = loaded(folder)
    assert sandbox.clock.now() == sandbox.config.start
    row = rows(sandbox, "Account")[0]
    assert row["CreatedDate"] == row["SystemModstamp"] == "2026-10-01T00:00:00.000Z"
    sandbox.database.close()


def test_bad_rows_are_named_with_line_and_reason_and_the_others_loaded(folder: Path) -> None:
    write(
        folder / "Leads.csv",
        LEAD_HEADER,
        [
            lead(LEAD, "two\nlines"),
            lead(LEAD, "twice"),
            lead("00Q5g00000AbCdFEAV", "no time", CREATEDDATE="yesterday"),
            lead("00Q5g00000AbCdGEAV", "no flag", ISCONVERTED="maybe"),
            lead("", "no id"),
            lead("00Q-nonsense", "bad id"),
            lead("00Q5g00000AbCdI", "short id", OWNERID="me"),
        ],
    )
    with (folder / "Leads.csv").open("a", newline="") as stream:
        stream.write('\r\n"00Q5g00000AbCdJEAV","too few"\r\n')
    sandbox, report = loaded(folder)
    assert [(row.file, row.line, row.reason) for row in report.refused_rows] == [
        ("Leads.csv", 4, "Id: another row has the same"),
        ("Leads.csv", 5, "CreatedDate: not a date and time"),
        ("Leads.csv", 6, "IsConverted: not true or false"),
        ("Leads.csv", 11, "has 2 cells where the header has 11"),
    ]
    assert [(cell.line, cell.reason) for cell in report.emptied_cells] == [(9, "OwnerId: not a record id; left empty")]
    names = {row["LastName"]: row["Id"] for row in rows(sandbox, "Lead")}
    assert names == {
        "two\nlines": LEAD,
        "no id": record_id("00Q", 1),
        "bad id": record_id("00Q", 2),
        "short id": "00Q5g00000AbCdIEAV",
    }
    entry = report.files[0]
    assert (entry.rows, entry.loaded, entry.refused, entry.ids_made) == (8, 4, 4, 2)
    written = json.loads((sandbox.config.state / REPORT).read_text(encoding="utf-8"))
    assert written == {"schema": 1, **report.document}
    assert "Leads.csv, line 4: Id: another row has the same" in report.summary
    assert "hanako" not in json.dumps(written) + report.summary
    sandbox.database.close()


def test_unknown_columns_become_custom_fields_of_a_fitting_type(folder: Path) -> None:
    header = ("Id", "LastName", "Company", "Plan__c", "Seats", "受注予定", "Is VIP", "Code", "Since", "Owner.Name")
    write(
        folder / "Lead.csv",
        header,
        [
            (LEAD, "A", "X", "gold", "12.5", "2026/04/01", "TRUE", "0012", "2026-01-01 10:00:00", "Y"),
            ("00Q5g00000AbCdFEAV", "B", "X", "", "3", "", "false", "", "", "Z"),
        ],
    )
    sandbox, report = loaded(folder)
    definition = sandbox.salesforce.object("Lead")
    assert definition is not None
    types = {entry.name: entry.type for entry in definition.fields[-6:]}
    assert types == {
        "Plan__c": "string",
        "Seats__c": "double",
        "Column_6__c": "date",
        "Is_VIP__c": "boolean",
        "Code__c": "string",
        "Since__c": "datetime",
    }
    assert [entry.label for entry in definition.fields[-6:]][2] == "受注予定"
    first, second = rows(sandbox, "Lead")
    assert [first[name] for name in types] == [
        "gold", 12.5, "2026-04-01", 1, "0012", "2026-01-01T01:00:00.000Z",
    ]  # fmt: skip
    assert [second[name] for name in types] == [None, 3.0, None, 0, None, None]
    assert report.files[0].columns_left_out == {"Owner.Name": "a field of another record"}
    sandbox.database.close()


def test_two_files_of_one_object_share_their_columns(folder: Path) -> None:
    write(folder / "Lead 1.csv", ("Id", "LastName", "Plan__c"), [(LEAD, "A", "7")])
    write(folder / "Lead 2.csv", ("ID", "LASTNAME", "PLAN__C"), [("00Q5g00000AbCdFEAV", "B", "gold"), (LEAD, "C", "")])
    sandbox, report = loaded(folder)
    plans = {row["LastName"]: row["PLAN__c"] for row in rows(sandbox, "Lead")}
    assert plans == {"A": "7", "B": "gold"}
    assert [(row.file, row.line) for row in report.refused_rows] == [("Lead 2.csv", 3)]
    sandbox.database.close()


def test_the_orgs_own_stages_say_what_is_closed_and_won(folder: Path) -> None:
    header = ("Id", "Name", "StageName", "IsClosed", "IsWon", "Probability", "CloseDate")
    write(
        folder / "Opportunity.csv",
        header,
        [
            ("0065g00000AbCdEAAV", "A", "受注", "true", "true", "100", "2026-01-01"),
            ("0065g00000AbCdFAAV", "B", "失注", "true", "false", "0", "2026-01-01"),
            ("0065g00000AbCdGAAV", "C", "It's open", "false", "false", "40", "2026-01-01"),
        ],
    )
    sandbox, _ = loaded(folder)
    found = {row["StageName"]: (row["IsClosed"], row["IsWon"]) for row in rows(sandbox, "Opportunity")}
    assert found == {"受注": (1, 1), "失注": (1, 0), "It's open": (0, 0)}
    stages = {
        row["ApiName"]: (row["IsClosed"], row["IsWon"], row["DefaultProbability"])
        for row in rows(sandbox, "OpportunityStage")
    }
    assert stages == {"失注": (1, 0, 0), "It's open": (0, 0, 40), "受注": (1, 1, 100)}
    with sandbox.database.write() as connection:
        connection.execute('UPDATE "Opportunity" SET "StageName" = \'受注\' WHERE "Name" = \'C\'')
    assert rows(sandbox, "Opportunity")[2]["IsWon"] == 1
    sandbox.database.close()


def test_an_org_has_a_user_statuses_and_an_organization(folder: Path) -> None:
    write(folder / "Lead.csv", (*LEAD_HEADER, "STATUS"), [[*lead(LEAD, "A"), "新規"]])
    write(folder / "Organization.csv", ("Id", "Name"), [("00D5g000001AbCdEAK", "株式会社見本")])
    sandbox, _ = loaded(folder)
    statuses = {row["ApiName"]: (row["IsDefault"], row["IsConverted"]) for row in rows(sandbox, "LeadStatus")}
    assert statuses == {"新規": (1, 0), "Closed - Converted": (0, 1)}
    assert [(row["Id"], row["Name"]) for row in rows(sandbox, "Organization")] == [(ORG_ID, "株式会社見本")]
    user = rows(sandbox, "User")[0]
    assert (user["Username"], user["CreatedById"]) == (sandbox.config.username, user["Id"])
    assert [row["salesforceId"] for row in rows(sandbox, "users")] == [user["Id"]]
    sandbox.database.close()


def test_a_loaded_user_of_that_name_logs_in(folder: Path) -> None:
    header = ("Id", "Username", "LastName", "Email")
    write(folder / "User.csv", header, [(OWNER, "Integration@vendor.example", "Sato", "s@example.com")])
    sandbox, _ = loaded(folder)
    assert [row["Id"] for row in rows(sandbox, "User")] == [OWNER]
    sandbox.database.close()


def test_ids_that_a_sandbox_once_gave_are_not_given_again(folder: Path) -> None:
    write(folder / "Account.csv", ("Id", "Name"), [(record_id("001", 70), "A"), ("", "B")])
    sandbox, _ = loaded(folder)
    assert {row["Name"]: row["Id"] for row in rows(sandbox, "Account")}["B"] == record_id("001", 71)
    assert sandbox.database.next_ids("Account") == 72
    sandbox.database.close()


def test_engagement_columns_in_every_style(folder: Path) -> None:
    write(
        folder / "prospects.csv",
        ("id", "email", "firstName", "createdAt", "updatedAt", "score", "grade", "salesforceId", "hobby__c"),
        [("1", "a@example.com", "A", "2026-01-02T03:04:05+09:00", "", "5", "B+", LEAD, "泳ぐ")],
    )
    write(
        folder / "pardot_prospect_data.csv",
        ("id", "email", "created_at", "updated_at", "crm_contact_fid", "score", "_synced"),
        [("2", "b@example.com", "2026-01-02 03:04:05 UTC", "2026-01-02 03:04:06 UTC", "hash==", "", "x")],
    )
    write(
        folder / "Prospect Export.csv",
        ("Prospect ID", "Email", "Created Date", "Job Title", "Score", "Favourite Colour"),
        [("3", "c@example.com", "2026-01-02 12:04:05", "部長", "7", "red"), ("", "d@example.com", "", "", "", "")],
    )
    sandbox, report = loaded(folder)
    first, second, third, fourth = rows(sandbox, "prospects")
    assert (first["createdAt"], first["updatedAt"]) == ("2026-01-01T18:04:05.000Z",) * 2
    assert (first["grade"], first["score"], first["hobby__c"]) == ("B+", 5, "泳ぐ")
    assert (first["salesforceLeadId"], first["salesforceContactId"]) == (LEAD, None)
    assert (second["salesforceContactId"], second["salesforceId"], second["score"]) == ("hash==", "hash==", None)
    assert second["updatedAt"] == "2026-01-02T03:04:06.000Z"
    assert (third["id"], third["jobTitle"], third["Favourite_Colour__c"]) == (3, "部長", "red")
    assert third["createdAt"] == "2026-01-02T03:04:05.000Z"
    assert (fourth["id"], fourth["email"], fourth["updatedAt"]) == (
        4,
        "d@example.com",
        "2026-01-02T03:04:06.000Z",
    )
    fields = {row["fieldId"] for row in rows(sandbox, "custom_fields")}
    assert {"hobby", "Favourite_Colour", "Connector_Score"} <= fields
    left_out = {entry.file: entry.columns_left_out for entry in report.files}
    assert left_out["pardot_prospect_data.csv"] == {"_synced": "bookkeeping of the tool that made the file"}
    sandbox.database.close()


@pytest.mark.parametrize(
    ("name", "header", "table"),
    [
        ("Campaign.csv", ("Id", "Name", "Type", "StartDate"), "Campaign"),
        ("campaigns.csv", ("id", "name"), "campaigns"),
        ("pardot_campaign_data.csv", ("id", "name", "cost"), "campaigns"),
        ("Opportunities.csv", ("Id", "Name", "StageName"), "Opportunity"),
        ("opportunities.csv", ("id", "name", "campaign_id"), "opportunities"),
        ("Visitor Activities.csv", ("id", "type_name"), "visitor_activities"),
        ("visitor-page-views.csv", ("id", "url"), "visitor_page_views"),
        ("CampaignMembers 2026.csv", ("Id", "Status"), "CampaignMember"),
    ],
)
def test_a_files_name_and_columns_say_what_it_holds(folder: Path, name: str, header: Sequence[str], table: str) -> None:
    write(folder / name, header, [])
    sandbox, report = loaded(folder)
    assert [entry.object for entry in report.files] == [table]
    sandbox.database.close()


def test_files_that_cannot_be_used_are_named(folder: Path) -> None:
    write(folder / "Lead.csv", ("Id", "LastName"), [])
    write(folder / "Invoices.csv", ("Id",), [])
    write(folder / "Contact.csv", ("colour", "size"), [])
    write(folder / "Account.csv", ("Id", "ID"), [])
    (folder / "Task.csv").write_bytes(b"Subject\n\x81\xff\xfe\n")
    (folder / "Event.csv").write_bytes(b"")
    sandbox, report = loaded(folder)
    assert report.files_left_out == {
        "Account.csv": "its header names ID twice",
        "Contact.csv": "no column of it is a field of Contact",
        "Event.csv": "it has no header line",
        "Invoices.csv": "its name is not that of an object",
        "Task.csv": "it is neither UTF-8 nor Shift-JIS: save it as UTF-8",
    }
    sandbox.database.close()


def test_a_folder_without_use_is_refused(folder: Path) -> None:
    with pytest.raises(LoadError, match=r"named after an object, such as Lead\.csv or prospects\.csv"):
        loaded(folder)


def test_loading_again_gives_the_same(folder: Path) -> None:
    write(folder / "Lead.csv", (*LEAD_HEADER, "Plan"), [[*lead(LEAD, "A"), "x"], [*lead("", "B"), "y"]])
    sandbox, _ = loaded(folder)
    before = rows(sandbox, "Lead")
    sandbox.database.close()
    sandbox, _ = loaded(folder)
    assert rows(sandbox, "Lead") == before
    sandbox.database.close()


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded accounts are not here")
def test_every_recorded_row_is_kept_and_reads_as_it_was(folder: Path) -> None:
    sandbox, report = _recorded(folder)
    for path in sorted(RECORDED.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as stream:
            originals = list(csv.DictReader(stream))
        entry = next(entry for entry in report.files if entry.file == path.name)
        refused = [row for row in report.refused_rows if row.file == path.name]
        assert entry.rows == len(originals) == entry.loaded + len(refused)
        assert len(rows(sandbox, entry.object)) == entry.loaded
        if "id" in originals[0]:
            ids = {row["id"] for row in rows(sandbox, entry.object)}
            assert ids == {int(original["id"]) for original in originals}
    _compare_prospects(sandbox)
    sandbox.database.close()


def _recorded(folder: Path) -> tuple[Sandbox, LoadReport]:
    sandbox = new_sandbox(SandboxConfig(folder.parent, load=RECORDED, frozen=True))
    report: LoadReport = sandbox.open_state["load_report"]
    return sandbox, report


def _compare_prospects(sandbox: Sandbox) -> None:
    """Pulls the prospects as a client does and holds them against the file."""
    with (RECORDED / "pardot_prospect_data.csv").open(encoding="utf-8", newline="") as stream:
        originals: Mapping[int, dict[str, str]] = {int(row["id"]): row for row in csv.DictReader(stream)}
    unit = Unit(sandbox, open_session(sandbox).token)
    fields = "id,email,grade,score,isDeleted,updatedAt"
    pulled = value(unit.call("GET", "prospects", fields=fields, deleted="all", limit="1000"))["values"]
    assert len(pulled) == len(originals)
    for prospect in pulled:
        original = originals[prospect["id"]]
        assert prospect["grade"] == (original["grade"] or None)
        assert prospect["score"] == (int(original["score"]) if original["score"] else None)
        assert prospect["email"] == (original["email"] or None)
        assert prospect["isDeleted"] == (original["_fivetran_deleted"] == "true")
        changed = datetime.fromisoformat(original["updated_at"].replace(" UTC", "+00:00"))
        assert datetime.fromisoformat(prospect["updatedAt"]) == changed


def test_made_ids_stand_clear_of_ids_in_later_files(folder: Path) -> None:
    write(folder / "prospects 1.csv", ("id", "email"), [("3", "a@example.com"), ("", "b@example.com")])
    write(folder / "prospects 2.csv", ("id", "email"), [("4", "c@example.com")])
    sandbox, report = loaded(folder)
    found = {row["email"]: row["id"] for row in rows(sandbox, "prospects")}
    assert found == {"a@example.com": 3, "b@example.com": 5, "c@example.com": 4}
    assert [(entry.rows, entry.loaded, entry.ids_made) for entry in report.files] == [(2, 2, 1), (1, 1, 0)]
    sandbox.database.close()
