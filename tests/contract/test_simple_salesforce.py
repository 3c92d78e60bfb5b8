"""simple-salesforce, unmodified, against the sandbox: it believes it talks to login and My Domain hosts."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests
from simple_salesforce import Salesforce, SalesforceAuthenticationFailed
from simple_salesforce.exceptions import (
    SalesforceExpiredSession,
    SalesforceMalformedRequest,
    SalesforceResourceNotFound,
)

from tests.sandbox_process import SandboxProcess

pytestmark = pytest.mark.requirement("SY-1", "WB-1")


@pytest.fixture
def client(sandbox: SandboxProcess, https_session: requests.Session) -> Salesforce:
    return Salesforce(
        consumer_key=sandbox.client_id,
        consumer_secret=sandbox.client_secret,
        domain=sandbox.my_domain.removesuffix(".salesforce.com"),
        session=https_session,
    )


def test_client_credentials_lead_to_my_domain(sandbox: SandboxProcess, client: Salesforce) -> None:
    assert client.sf_instance == sandbox.my_domain


def test_soap_login_with_and_without_the_security_token(
    sandbox: SandboxProcess, https_session: requests.Session
) -> None:
    for token in (sandbox.security_token, ""):
        client = Salesforce(
            username=sandbox.username, password=sandbox.password, security_token=token, session=https_session
        )
        assert client.sf_instance == sandbox.my_domain
        assert client.query("SELECT count() FROM Lead")["totalSize"] > 0


def test_soap_login_with_a_wrong_password_names_the_reason(
    sandbox: SandboxProcess, https_session: requests.Session
) -> None:
    with pytest.raises(SalesforceAuthenticationFailed, match=r"INVALID_LOGIN\): Invalid username, password"):
        Salesforce(username=sandbox.username, password="wrong", security_token="", session=https_session)


def test_jwt_bearer(sandbox: SandboxProcess, https_session: requests.Session) -> None:
    client = Salesforce(
        username=sandbox.username,
        consumer_key=sandbox.client_id,
        privatekey_file=Path(sandbox.jwt_key_file),
        session=https_session,
    )
    assert client.sf_instance == sandbox.my_domain
    assert client.query("SELECT Id FROM User LIMIT 1")["totalSize"] == 1


def test_username_and_password_through_oauth(sandbox: SandboxProcess, https_session: requests.Session) -> None:
    client = Salesforce(
        username=sandbox.username,
        password=sandbox.password,
        consumer_key=sandbox.client_id,
        consumer_secret=sandbox.client_secret,
        session=https_session,
    )
    assert client.query("SELECT Id FROM User LIMIT 1")["done"] is True


def test_tls_port_with_the_sandboxs_own_authority(sandbox: SandboxProcess) -> None:
    with requests.Session() as session:
        session.trust_env = False
        session.verify = sandbox.ca_file
        client = Salesforce(instance_url=sandbox.tls_url, session_id=sandbox.token(), session=session)
        assert client.query("SELECT Id FROM Lead LIMIT 1")["totalSize"] == 1


def test_query_all_iter_gives_every_live_lead_of_the_truth(sandbox: SandboxProcess, client: Salesforce) -> None:
    rows = sandbox.truth("Lead")
    live = list(client.query_all_iter("SELECT Id, Name FROM Lead"))
    everything = list(client.query_all_iter("SELECT Id FROM Lead", include_deleted=True))
    assert {row["Id"] for row in live} == {row["Id"] for row in rows if not row["IsDeleted"]}
    assert {row["Id"] for row in everything} == {row["Id"] for row in rows}
    assert live[0]["attributes"]["type"] == "Lead"


def test_record_is_created_read_changed_and_deleted(client: Salesforce, sandbox: SandboxProcess) -> None:
    created = client.Lead.create({"LastName": "山田", "Company": "株式会社 例", "Email": "yamada@rei.example"})
    assert created["success"] is True
    lead_id = created["id"]
    assert client.Lead.update(lead_id, {"Status": "Working - Contacted"}) == 204
    read = client.Lead.get(lead_id)
    assert (read["LastName"], read["Status"]) == ("山田", "Working - Contacted")
    assert client.Lead.delete(lead_id) == 204
    with pytest.raises(SalesforceResourceNotFound):
        client.Lead.get(lead_id)
    truth = {row["Id"]: row for row in sandbox.truth("Lead")}
    assert truth[lead_id]["IsDeleted"] is True


def test_upsert_by_external_id_creates_once(client: Salesforce) -> None:
    first = client.Lead.upsert("Ext_Id__c/E-1", {"LastName": "佐藤", "Company": "A"}, raw_response=True)
    second = client.Lead.upsert("Ext_Id__c/E-1", {"Company": "B"}, raw_response=True)
    assert (first.status_code, second.status_code) == (201, 200)
    assert (first.json()["created"], second.json()["created"]) == (True, False)
    assert first.json()["id"] == second.json()["id"]
    assert client.Lead.get_by_custom_id("Ext_Id__c", "E-1")["Company"] == "B"


def test_collections_keep_order_and_report_each_row(client: Salesforce) -> None:
    attributes = {"type": "Lead"}
    rows = [
        {"attributes": attributes, "LastName": "一", "Company": "C1"},
        {"attributes": attributes, "LastName": "二"},
        {"attributes": attributes, "LastName": "三", "Company": "C3"},
    ]
    document = {"allOrNone": False, "records": rows}
    results = client.restful("composite/sobjects", method="POST", json=document)
    assert [result["success"] for result in results] == [True, False, True]
    assert results[1]["errors"][0]["statusCode"] == "REQUIRED_FIELD_MISSING"
    found = client.query("SELECT LastName, Company FROM Lead WHERE Company IN ('C1', 'C3') ORDER BY Company")
    assert [row["LastName"] for row in found["records"]] == ["一", "三"]


def test_composite_refers_to_an_earlier_part(client: Salesforce) -> None:
    start = f"/services/data/v{client.sf_version}"
    account = {
        "method": "POST",
        "url": f"{start}/sobjects/Account",
        "referenceId": "account",
        "body": {"Name": "合成株式会社"},
    }
    contact = {
        "method": "POST",
        "url": f"{start}/sobjects/Contact",
        "referenceId": "contact",
        "body": {"LastName": "鈴木", "AccountId": "@{account.id}"},
    }
    answer = client.restful("composite", method="POST", json={"compositeRequest": [account, contact]})
    assert [part["httpStatusCode"] for part in answer["compositeResponse"]] == [201, 201]
    found = client.query("SELECT Account.Name FROM Contact WHERE LastName = '鈴木' AND Account.Name = '合成株式会社'")
    assert found["records"][0]["Account"]["Name"] == "合成株式会社"


def test_describe_and_limits(client: Salesforce) -> None:
    names = {entry["name"] for entry in client.describe()["sobjects"]}
    assert {"Lead", "Contact", "Account", "Opportunity", "Task", "CampaignMember"} <= names
    fields = {entry["name"]: entry for entry in client.Lead.describe()["fields"]}
    assert fields["OwnerId"]["referenceTo"] == ["Group", "User"]
    assert client.limits()["DailyApiRequests"]["Max"] == 100_000
    assert client.api_usage["api-usage"].total == 100_000


def test_refused_query_shows_where(client: Salesforce) -> None:
    with pytest.raises(SalesforceMalformedRequest, match="sObject type 'XYZZY' is not supported"):
        client.query("select count() from XYZZY")


def test_expired_session_is_refreshed_by_the_client(sandbox: SandboxProcess, client: Salesforce) -> None:
    revoked = requests.post(f"{sandbox.url}/services/oauth2/revoke", {"token": client.session_id}, timeout=30)
    assert revoked.status_code == 200
    assert client.query("SELECT Id FROM Lead LIMIT 1")["totalSize"] == 1


def test_session_that_cannot_be_refreshed_fails(sandbox: SandboxProcess, https_session: requests.Session) -> None:
    client = Salesforce(instance=sandbox.my_domain, session_id="00Dstale!AQ", session=https_session)
    with pytest.raises(SalesforceExpiredSession):
        client.query("SELECT Id FROM Lead LIMIT 1")
