"""Describes with the recorded keys; the catalogue says of the stock objects what recorded describes say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.sandbox.salesforce_org import Org, V, new_org

pytestmark = pytest.mark.requirement("SY-1", "AD-8")

GLOBAL_KEYS = [
    "activateable",
    "associateEntityType",
    "associateParentEntity",
    "createable",
    "custom",
    "customSetting",
    "deepCloneable",
    "deletable",
    "deprecatedAndHidden",
    "feedEnabled",
    "hasSubtypes",
    "isInterface",
    "isSubtype",
    "keyPrefix",
    "label",
    "labelPlural",
    "layoutable",
    "mergeable",
    "mruEnabled",
    "name",
    "queryable",
    "replicateable",
    "retrieveable",
    "searchable",
    "triggerable",
    "undeletable",
    "updateable",
    "urls",
]
OBJECT_KEYS = sorted(
    [
        *GLOBAL_KEYS,
        *[
            "actionOverrides",
            "childRelationships",
            "compactLayoutable",
            "defaultImplementation",
            "extendedBy",
            "extendsInterfaces",
            "fields",
            "implementedBy",
            "implementsInterfaces",
            "listviewable",
            "lookupLayoutable",
            "namedLayoutInfos",
            "networkScopeFieldName",
            "recordTypeInfos",
            "searchLayoutable",
            "sobjectDescribeOption",
            "supportedScopes",
        ],
    ]
)
FIELD_KEYS = [
    "aggregatable",
    "aiPredictionField",
    "autoNumber",
    "byteLength",
    "calculated",
    "calculatedFormula",
    "cascadeDelete",
    "caseSensitive",
    "compoundFieldName",
    "controllerName",
    "createable",
    "custom",
    "defaultValue",
    "defaultValueFormula",
    "defaultedOnCreate",
    "dependentPicklist",
    "deprecatedAndHidden",
    "digits",
    "displayLocationInDecimal",
    "encrypted",
    "externalId",
    "extraTypeInfo",
    "filterable",
    "filteredLookupInfo",
    "formulaTreatNullNumberAsZero",
    "groupable",
    "highScaleNumber",
    "htmlFormatted",
    "idLookup",
    "inlineHelpText",
    "label",
    "length",
    "mask",
    "maskType",
    "name",
    "nameField",
    "namePointing",
    "nillable",
    "permissionable",
    "picklistValues",
    "polymorphicForeignKey",
    "precision",
    "queryByDistance",
    "referenceTargetField",
    "referenceTo",
    "relationshipName",
    "relationshipOrder",
    "restrictedDelete",
    "restrictedPicklist",
    "scale",
    "searchPrefilterable",
    "soapType",
    "sortable",
    "type",
    "unique",
    "updateable",
    "writeRequiresMasterRead",
]
OBJECTS = [
    "Account",
    "Campaign",
    "CampaignMember",
    "Contact",
    "Event",
    "Group",
    "Lead",
    "LeadStatus",
    "Opportunity",
    "OpportunityContactRole",
    "OpportunityHistory",
    "OpportunityStage",
    "Organization",
    "Task",
    "User",
]


@pytest.fixture
def org(tmp_path: Path) -> Org:
    return new_org(tmp_path)


def described(org: Org, name: str) -> dict[str, dict[str, Any]]:
    return {field["name"]: field for field in org.call("GET", f"sobjects/{name}/describe").body["fields"]}


def test_global_describe_lists_every_object(org: Org) -> None:
    body = org.call("GET", "sobjects").body
    assert (body["encoding"], body["maxBatchSize"]) == ("UTF-8", 200)
    assert [entry["name"] for entry in body["sobjects"]] == OBJECTS
    assert all(list(entry) == GLOBAL_KEYS for entry in body["sobjects"])


@pytest.mark.parametrize("name", OBJECTS)
def test_describe_has_the_recorded_keys(org: Org, name: str) -> None:
    body = org.call("GET", f"sobjects/{name}/describe").body
    assert (len(OBJECT_KEYS), list(body)) == (45, OBJECT_KEYS)
    assert (len(FIELD_KEYS), {tuple(field) for field in body["fields"]}) == (57, {tuple(FIELD_KEYS)})
    assert body["urls"]["sobject"] == f"{V}/sobjects/{name}"
    assert len({field["name"].lower() for field in body["fields"]}) == len(body["fields"])


def test_the_leads_fields_are_the_recorded_ones(org: Org) -> None:
    fields = described(org, "Lead")
    stock = [name for name, field in fields.items() if not field["custom"]]
    assert len(stock) == 54 + len({"HasOptedOutOfEmail", "DoNotCall"})
    required = {
        name
        for name, field in fields.items()
        if field["createable"] and not field["nillable"] and not field["defaultedOnCreate"]
    }
    assert required == {"LastName", "Company"}
    assert (fields["OwnerId"]["referenceTo"], fields["OwnerId"]["polymorphicForeignKey"]) == (["Group", "User"], True)
    assert (fields["Name"]["extraTypeInfo"], fields["Name"]["createable"]) == ("personname", False)
    assert (fields["Description"]["length"], fields["Description"]["filterable"]) == (32000, False)
    assert (fields["Status"]["defaultValue"], fields["NumberOfEmployees"]["digits"]) == ("Open - Not Contacted", 8)
    assert (fields["Street"]["compoundFieldName"], fields["Address"]["type"]) == ("Address", "address")
    assert (fields["IsConverted"]["updateable"], fields["IsConverted"]["defaultValue"]) == (False, False)
    assert fields["SystemModstamp"]["soapType"] == "xsd:dateTime"


@pytest.mark.parametrize(
    ("name", "required"),
    [
        ("Opportunity", {"Name", "StageName", "CloseDate"}),
        ("Contact", {"LastName"}),
        ("Account", {"Name"}),
        ("Task", set()),
        ("Campaign", {"Name"}),
        ("CampaignMember", {"CampaignId"}),
    ],
)
def test_required_on_create(org: Org, name: str, required: set[str]) -> None:
    found = {
        entry["name"]
        for entry in described(org, name).values()
        if entry["createable"] and not entry["nillable"] and not entry["defaultedOnCreate"]
    }
    assert found == required


def test_derived_and_polymorphic_fields(org: Org) -> None:
    deal, task = described(org, "Opportunity"), described(org, "Task")
    assert [deal[name]["updateable"] for name in ("IsClosed", "IsWon", "ForecastCategory", "ExpectedRevenue")] == [
        False
    ] * 4
    assert (task["WhoId"]["referenceTo"], task["WhoId"]["relationshipName"]) == (["Contact", "Lead"], "Who")
    assert (task["IsClosed"]["createable"], task["TaskSubtype"]["updateable"]) == (False, False)
    key = task["Connector_Key__c"]
    assert (key["externalId"], key["unique"], key["idLookup"], key["length"]) == (True, True, True, 120)


def test_switches_of_the_org_show_in_its_describe(tmp_path: Path) -> None:
    org = new_org(tmp_path, custom_fields=False)
    assert not any(name.startswith("Connector_") for name in described(org, "Lead"))
    assert "Ext_Id__c" in described(org, "Lead")


def test_child_relationships_are_named_as_soql_knows_them(org: Org) -> None:
    children = org.call("GET", "sobjects/Account/describe").body["childRelationships"]
    named = {
        child["relationshipName"]: (child["childSObject"], child["field"], child["cascadeDelete"]) for child in children
    }
    assert named["Contacts"] == ("Contact", "AccountId", True)
    assert named["Opportunities"] == ("Opportunity", "AccountId", True)
    assert named["Tasks"] == ("Task", "WhatId", True)


def test_known_metadata_is_304(org: Org) -> None:
    first = org.call("GET", "sobjects/Lead/describe")
    again = org.call("GET", "sobjects/Lead/describe", headers={"if-modified-since": first.headers["Last-Modified"]})
    assert (again.status, again.body, again.headers["ETag"]) == (304, None, first.headers["ETag"])
    older = org.call("GET", "sobjects", headers={"if-modified-since": "Mon, 03 Aug 2026 00:00:00 GMT"})
    assert older.status == 200


def test_basic_information_has_the_recent_records(org: Org) -> None:
    lead = org.lead()
    body = org.call("GET", "sobjects/Lead").body
    assert list(body) == ["objectDescribe", "recentItems"]
    assert (list(body["objectDescribe"]), [item["Id"] for item in body["recentItems"]]) == (GLOBAL_KEYS, [lead])
    assert org.call("GET", "sobjects/Nothing").status == 404
    assert org.call("GET", "sobjects/Nothing/describe").status == 404


def test_record_counts_leave_empty_objects_out(org: Org) -> None:
    org.lead()
    assert org.call("GET", "limits/recordCount?sObjects=Lead,Event").body == {
        "sObjects": [{"count": 1, "name": "Lead"}]
    }
