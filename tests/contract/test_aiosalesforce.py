"""aiosalesforce, unmodified, against the sandbox."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from aiosalesforce import Salesforce
from aiosalesforce.auth import Auth, ClientCredentialsFlow, JwtBearerFlow, SoapLogin
from aiosalesforce.exceptions import AuthenticationError

from tests.contract.host_mapping import MappedTransport
from tests.sandbox_process import SandboxProcess

pytestmark = pytest.mark.requirement("SY-1", "WB-1")

Work = Callable[[Salesforce], Awaitable[Any]]


def run(sandbox: SandboxProcess, work: Work, auth: Auth | None = None) -> Any:
    """What `work` gives with a client that is logged in."""

    async def within() -> Any:
        login = auth or ClientCredentialsFlow(sandbox.client_id, sandbox.client_secret)
        async with httpx.AsyncClient(transport=MappedTransport(sandbox.url), trust_env=False) as connection:
            return await work(Salesforce(connection, f"https://{sandbox.my_domain}", login, version="62.0"))

    return asyncio.run(within())


async def all_of(client: Salesforce, query: str, *, deleted: bool = False) -> list[dict[str, Any]]:
    return [row async for row in client.query(query, include_all_records=deleted)]


def test_every_flow_logs_in(sandbox: SandboxProcess) -> None:
    flows = (
        ClientCredentialsFlow(sandbox.client_id, sandbox.client_secret),
        JwtBearerFlow(sandbox.client_id, sandbox.username, sandbox.jwt_key_file),
        SoapLogin(sandbox.username, sandbox.password, sandbox.security_token),
    )
    for flow in flows:
        assert len(run(sandbox, lambda client: all_of(client, "SELECT Id FROM User LIMIT 1"), flow)) == 1


def test_wrong_secret_is_named(sandbox: SandboxProcess) -> None:
    flow = ClientCredentialsFlow(sandbox.client_id, "wrong")
    with pytest.raises(AuthenticationError, match="invalid client credentials"):
        run(sandbox, lambda client: client.get_limits(), flow)


def test_query_gives_what_the_truth_has(sandbox: SandboxProcess) -> None:
    rows = sandbox.truth("Lead")
    live = run(sandbox, lambda client: all_of(client, "SELECT Id FROM Lead"))
    everything = run(sandbox, lambda client: all_of(client, "SELECT Id FROM Lead", deleted=True))
    assert {row["Id"] for row in live} == {row["Id"] for row in rows if not row["IsDeleted"]}
    assert {row["Id"] for row in everything} == {row["Id"] for row in rows}


def test_record_is_created_upserted_read_and_deleted(sandbox: SandboxProcess) -> None:
    async def work(client: Salesforce) -> tuple[dict[str, Any], bool]:
        created = await client.sobject.create("Lead", {"LastName": "高橋", "Company": "甲"})
        await client.sobject.update("Lead", created, {"Ext_Id__c": "AIO-1", "Company": "乙"})
        upserted = await client.sobject.upsert("Lead", "AIO-1", "Ext_Id__c", {"Company": "丙"})
        read = await client.sobject.get("Lead", "AIO-1", external_id_field="Ext_Id__c")
        assert read["Id"] == upserted.id == created
        await client.sobject.delete("Lead", created)
        return read, upserted.created

    read, created = run(sandbox, work)
    assert (read["Company"], created) == ("丙", False)
    truth = {row["Id"]: row for row in sandbox.truth("Lead")}
    assert truth[read["Id"]]["IsDeleted"] is True


def test_a_hundred_requests_at_once(sandbox: SandboxProcess) -> None:
    async def work(client: Salesforce) -> list[list[dict[str, Any]]]:
        return await asyncio.gather(*(all_of(client, "SELECT Id FROM User LIMIT 1") for _ in range(100)))

    assert [len(rows) for rows in run(sandbox, work)] == [1] * 100


def test_limits(sandbox: SandboxProcess) -> None:
    assert run(sandbox, lambda client: client.get_limits())["DailyApiRequests"]["Max"] == 100_000
