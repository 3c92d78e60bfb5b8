"""What Salesforce refuses to write, in its words; what it stamps, derives and cleans up by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from connector.sandbox.ids import record_id
from tests.unit.sandbox.salesforce_org import API_USER, GONE, QUEUE, REP, Org, new_org

pytestmark = pytest.mark.requirement("SY-1", "WB-1")

NOWHERE = record_id("001", 999)
STAMP = "2026-10-01T00:00:00.000Z"


@pytest.fixture
def org(tmp_path: Path) -> Org:
    return new_org(tmp_path)


REFUSED: tuple[tuple[dict[str, Any], str, str, list[str] | None], ...] = (
    ({"LastName": None}, "REQUIRED_FIELD_MISSING", "Required fields are missing: [LastName]", ["LastName"]),
    ({"Company": ""}, "REQUIRED_FIELD_MISSING", "Required fields are missing: [Company]", ["Company"]),
    ({"Nonsense__c": 1}, "INVALID_FIELD", "No such column 'Nonsense__c' on sobject of type Lead", None),
    (
        {"MasterRecordId": None, "Name": "x"},
        "INVALID_FIELD_FOR_INSERT_UPDATE",
        (
            "Unable to create/update fields: MasterRecordId, Name. Please check the security settings of this field "
            "and verify that it is read/write for your profile or permission set."
        ),
        ["MasterRecordId", "Name"],
    ),
    (
        {"Title": "x" * 129},
        "STRING_TOO_LONG",
        f"Title: data value too large: {'x' * 129} (max length=128)",
        ["Title"],
    ),
    ({"Email": "no address"}, "INVALID_EMAIL_ADDRESS", "Email: invalid email address: no address", ["Email"]),
    (
        {"Close_Reason__c": "Other"},
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        "Close Reason: bad value for restricted picklist field: Other",
        ["Close_Reason__c"],
    ),
    ({"OwnerId": "nobody"}, "MALFORMED_ID", "Owner ID: id value of incorrect type: nobody", ["OwnerId"]),
    ({"OwnerId": NOWHERE}, "MALFORMED_ID", f"Owner ID: id value of incorrect type: {NOWHERE}", ["OwnerId"]),
    ({"OwnerId": record_id("005", 99)}, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", []),
    (
        {"OwnerId": GONE},
        "INACTIVE_OWNER_OR_USER",
        f"operation performed with inactive user [{GONE[:15]}] as owner of lead",
        ["OwnerId"],
    ),
    (
        {"NumberOfEmployees": 123456789},
        "NUMBER_OUTSIDE_VALID_RANGE",
        "Employees: value outside of valid range on numeric field: 123456789",
        ["NumberOfEmployees"],
    ),
    (
        {"AnnualRevenue": 1e35},
        "NUMBER_OUTSIDE_VALID_RANGE",
        "Annual Revenue: value outside of valid range on numeric field: 1E+35",
        ["AnnualRevenue"],
    ),
    (
        {"Connector_Score__c": 999999.5},
        "NUMBER_OUTSIDE_VALID_RANGE",
        "Connector Score: value outside of valid range on numeric field: 1000000",
        ["Connector_Score__c"],
    ),
    ({"Status": "Closed - Converted"}, "INVALID_STATUS", "invalid status: Closed - Converted", ["Status"]),
    (
        {"DoNotCall": None},
        "INVALID_TYPE_ON_FIELD_IN_RECORD",
        "Do Not Call: value not of required type: ",
        ["DoNotCall"],
    ),
)


@pytest.mark.parametrize(("fields", "code", "message", "names"), REFUSED)
def test_update_refuses_in_salesforces_words(
    org: Org, fields: dict[str, Any], code: str, message: str, names: list[str] | None
) -> None:
    lead = org.lead()
    before = org.row("Lead", lead)
    org.later(seconds=5)
    reply = org.call("PATCH", f"sobjects/Lead/{lead}", fields)
    error = {"message": message, "errorCode": code}
    assert (reply.status, reply.body) == (400, [error if names is None else {**error, "fields": names}])
    assert org.row("Lead", lead) == before


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"LastName": 5}, "Cannot deserialize instance of string from VALUE_NUMBER_INT value 5"),
        ({"DoNotCall": "yes"}, "Cannot deserialize instance of boolean from VALUE_STRING value yes"),
        ({"NumberOfEmployees": 1.5}, "Cannot deserialize instance of int from VALUE_NUMBER_FLOAT value 1.5"),
        ({"AnnualRevenue": "$5"}, "Cannot deserialize instance of currency from VALUE_STRING value $5"),
        (
            {"Connector_Scored_At__c": "2026-10-01T00:00:00"},
            "Cannot deserialize instance of datetime from VALUE_STRING value 2026-10-01T00:00:00",
        ),
        ({"Connector_Scored_At__c": 5}, "Cannot deserialize instance of datetime from VALUE_NUMBER_INT value 5"),
        ({"Connector_Scored_At__c": ""}, "Cannot deserialize instance of datetime from VALUE_STRING value "),
        ({"Title": ["a"]}, "Cannot deserialize instance of string from START_ARRAY value ["),
        ({"Title": {"a": 1}}, "Cannot deserialize instance of string from START_OBJECT value {"),
    ],
)
def test_values_of_the_wrong_json_type_cannot_be_read(org: Org, fields: dict[str, Any], message: str) -> None:
    reply = org.call("POST", "sobjects/Lead", {"LastName": "Mori", "Company": "Acme", **fields})
    expected = f"{message} or request may be missing a required field"
    assert (reply.status, reply.body) == (400, [{"message": expected, "errorCode": "JSON_PARSER_ERROR"}])
    assert org.rows("Lead") == []


def test_a_new_record_has_defaults_owner_and_stamps(org: Org) -> None:
    row = org.row("Lead", org.lead(FirstName="Aoi", Email=" Aoi@Acme.Example ", Connector_Score__c="64.5"))
    assert row["Name"] == "Aoi Mori"
    assert (row["Status"], row["OwnerId"], row["IsConverted"], row["IsDeleted"]) == (
        "Open - Not Contacted",
        API_USER,
        0,
        0,
    )
    assert {row[name] for name in ("CreatedDate", "LastModifiedDate", "SystemModstamp")} == {STAMP}
    assert {row[name] for name in ("CreatedById", "LastModifiedById")} == {API_USER}
    assert (row["Email"], row["Connector_Score__c"]) == ("Aoi@Acme.Example", 65.0)


def test_an_update_moves_the_stamps_and_nothing_else(org: Org) -> None:
    lead = org.lead(Title="部長")
    before, later = org.row("Lead", lead), org.later(seconds=1)
    changes = {"status": "Nurturing", "Title": None, "Connector_Scored_At__c": "2026-10-01T09:00:00.500+0900"}
    assert org.call("PATCH", f"sobjects/Lead/{lead[:15]}", changes).status == 204
    changed = {name: value for name, value in org.row("Lead", lead).items() if value != before[name]}
    assert changed == {
        "Status": "Nurturing",
        "Title": None,
        "Connector_Scored_At__c": STAMP,
        "LastModifiedDate": later,
        "SystemModstamp": later,
    }


def test_a_task_key_stands_once_where_the_org_says_so(org: Org) -> None:
    first = org.create("Task", Connector_Key__c="org:1", Subject="Call")
    reply = org.call("POST", "sobjects/Task", {"Connector_Key__c": "ORG:1"})
    message = f"duplicate value found: Connector_Key__c duplicates value on record with id: {first[:15]}"
    assert reply.body == [{"message": message, "errorCode": "DUPLICATE_VALUE", "fields": []}]
    assert org.call("PATCH", f"sobjects/Task/{first}", {"Connector_Key__c": "org:1"}).status == 204
    assert org.call("DELETE", f"sobjects/Task/{first}").status == 204
    assert org.create("Task", Connector_Key__c="org:1") != first


def test_a_task_key_may_repeat_where_the_org_allows_it(tmp_path: Path) -> None:
    org = new_org(tmp_path, unique_task_key=False)
    assert org.create("Task", Connector_Key__c="k") != org.create("Task", Connector_Key__c="k")


def test_without_the_connectors_fields_they_are_unknown(tmp_path: Path) -> None:
    org = new_org(tmp_path, custom_fields=False)
    reply = org.call("POST", "sobjects/Lead", {"LastName": "x", "Company": "y", "Connector_Score__c": 1})
    assert reply.body == [
        {"message": "No such column 'Connector_Score__c' on sobject of type Lead", "errorCode": "INVALID_FIELD"}
    ]


def test_a_completed_task_is_closed_and_counts_as_activity(org: Org) -> None:
    lead = org.lead()
    task = org.create("Task", WhoId=lead, Subject="Call", ActivityDate="2026-10-02")
    assert (org.row("Task", task)["IsClosed"], org.row("Lead", lead)["LastActivityDate"]) == (0, None)
    later = org.later(minutes=1)
    org.call("PATCH", f"sobjects/Task/{task}", {"Status": "Completed"})
    row, person = org.row("Task", task), org.row("Lead", lead)
    assert (row["IsClosed"], row["CompletedDateTime"], row["TaskSubtype"]) == (1, later, "Task")
    assert (person["LastActivityDate"], person["SystemModstamp"], person["LastModifiedDate"]) == (
        "2026-10-02",
        later,
        STAMP,
    )


def test_a_leads_task_relates_to_nothing_else(org: Org) -> None:
    account = org.create("Account", Name="Acme")
    reply = org.call("POST", "sobjects/Task", {"WhoId": org.lead(), "WhatId": account})
    assert (reply.body[0]["errorCode"], reply.body[0]["fields"]) == ("FIELD_INTEGRITY_EXCEPTION", ["WhatId"])
    contact = org.create("Contact", LastName="Mori", AccountId=account)
    assert org.row("Task", org.create("Task", WhoId=contact))["AccountId"] == account


def test_an_event_knows_all_its_times_from_two(org: Org) -> None:
    event = org.row("Event", org.create("Event", StartDateTime="2026-10-02T01:00:00Z", DurationInMinutes=90))
    assert (event["EndDateTime"], event["ActivityDate"]) == ("2026-10-02T02:30:00.000Z", "2026-10-02")
    reply = org.call("POST", "sobjects/Event", {"Subject": "Visit"})
    assert reply.body[0]["fields"] == ["ActivityDateTime", "DurationInMinutes"]


def test_a_stage_brings_its_probability_and_a_history(org: Org) -> None:
    deal = org.create("Opportunity", Name="Deal", StageName="Prospecting", CloseDate="2026-12-31", Amount=1000)
    later = org.later(days=1)
    org.call("PATCH", f"sobjects/Opportunity/{deal}", {"StageName": "Closed Won"})
    org.call("PATCH", f"sobjects/Opportunity/{deal}", {"Description": "no history"})
    org.call("PATCH", f"sobjects/Opportunity/{deal}", {"CloseDate": "2027-01-15", "Probability": 95})
    row = org.row("Opportunity", deal)
    assert (row["IsClosed"], row["IsWon"], row["Probability"], row["ForecastCategoryName"]) == (1, 1, 95, "Closed")
    assert (row["LastStageChangeDate"], row["PushCount"], row["ExpectedRevenue"]) == (later, 1, 950)
    history = [
        (entry["StageName"], entry["Probability"], entry["CloseDate"], entry["PrevCloseDate"])
        for entry in org.rows("OpportunityHistory")
    ]
    assert history == [
        ("Prospecting", 10, "2026-12-31", None),
        ("Closed Won", 100, "2026-12-31", "2026-12-31"),
        ("Closed Won", 95, "2027-01-15", "2026-12-31"),
    ]


def test_a_person_joins_a_campaign_once(org: Org) -> None:
    campaign, lead = org.create("Campaign", Name="Webinar"), org.lead(Email="a@acme.example")
    member = org.row(
        "CampaignMember", org.create("CampaignMember", CampaignId=campaign, LeadId=lead, Status="Attended")
    )
    assert (member["HasResponded"], member["FirstRespondedDate"], member["Type"]) == (1, "2026-10-01", "Lead")
    assert (member["Email"], member["CompanyOrAccount"], member["LeadOrContactId"]) == ("a@acme.example", "Acme", lead)
    reply = org.call("POST", "sobjects/CampaignMember", {"CampaignId": campaign, "LeadId": lead})
    assert reply.body == [{"message": "Already a campaign member.", "errorCode": "DUPLICATE_VALUE", "fields": []}]


def test_a_parent_can_be_named_by_its_key(org: Org) -> None:
    lead = org.lead(Ext_Id__c="p-1")
    who = {"attributes": {"type": "Lead"}, "Ext_Id__c": "P-1"}
    assert org.row("Task", org.create("Task", Who=who))["WhoId"] == lead
    unknown = org.call("POST", "sobjects/Task", {"Who": {**who, "Ext_Id__c": "p-2"}})
    message = "Foreign key external ID: p-2 not found for field Ext_Id__c in entity Lead"
    assert unknown.body == [{"message": message, "errorCode": "INVALID_FIELD", "fields": []}]
    untyped = org.call("POST", "sobjects/Task", {"Who": {"Ext_Id__c": "p-1"}})
    assert untyped.body[0]["errorCode"] == "JSON_PARSER_ERROR"
    assert (
        org.row("Lead", org.lead(Owner={"attributes": {"type": "User"}, "Username": "sato@vendor.example"}))["OwnerId"]
        == REP
    )


def test_an_assignment_rule_moves_leads_unless_told_not_to(tmp_path: Path) -> None:
    org = new_org(tmp_path, lead_assignment_rule=True)
    assert org.row("Lead", org.lead(OwnerId=REP))["OwnerId"] == QUEUE
    lead = org.call(
        "POST", "sobjects/Lead", {"LastName": "x", "Company": "y", "OwnerId": REP}, {"sforce-auto-assign": "FALSE"}
    ).body["id"]
    assert org.row("Lead", lead)["OwnerId"] == REP
    org.call("PATCH", f"sobjects/Lead/{lead}", {"Title": "部長"})
    assert org.row("Lead", lead)["OwnerId"] == QUEUE


def test_deleting_takes_what_hangs_on_it_along_and_undeleting_brings_it_back(org: Org) -> None:
    account = org.create("Account", Name="Acme")
    contact = org.create("Contact", LastName="Mori", AccountId=account)
    kept, gone = org.create("Task", WhoId=contact), org.create("Task", WhoId=contact)
    org.call("DELETE", f"sobjects/Task/{gone}")
    later = org.later(minutes=1)
    assert org.call("DELETE", f"sobjects/Account/{account}").status == 204
    for name, record in (("Account", account), ("Contact", contact), ("Task", kept)):
        row = org.row(name, record)
        assert (row["IsDeleted"], row["SystemModstamp"]) == (1, later)
    org.later(minutes=1)
    assert org.call("POST", "/_sandbox/undelete", {"id": account}).status == 200
    assert [org.row(name, record)["IsDeleted"] for name, record in (("Contact", contact), ("Task", kept))] == [0, 0]
    assert org.row("Task", gone)["IsDeleted"] == 1


def test_read_only_objects_refuse_changes(org: Org) -> None:
    reply = org.call("POST", "sobjects/LeadStatus", {"ApiName": "x"})
    assert reply.body[0]["errorCode"] == "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"
    organization = org.rows("Organization")[0]["Id"]
    reply = org.call("DELETE", f"sobjects/Organization/{organization}")
    assert reply.body[0]["errorCode"] == "INSUFFICIENT_ACCESS_OR_READONLY"
