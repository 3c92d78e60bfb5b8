"""A life with the switch, backups and somebody who wants to be forgotten, by the commands that users give."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator

import pytest

from connector.store.database import open_store
from tests.cli_world import CommandLine, command_line

pytestmark = pytest.mark.requirement("SY-10", "OP-8")


@pytest.fixture(scope="module")
def connector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    with command_line(tmp_path_factory.mktemp("life"), people=10, seed=4) as given:
        yield given


def tasks(connector: CommandLine) -> Counter[str]:
    return Counter(row["Connector_Key__c"] for row in connector.truth("Task") if row["Connector_Key__c"])


def test_writes_are_off_until_they_are_on(connector: CommandLine) -> None:
    assert connector("writes", "off").code == 64, "a reason is needed"
    assert connector("writes", "off", "--reason", "audit").code == 0
    refused = connector("sync", "--first-contact", "--force")
    assert refused.code == 3
    assert "Writes are switched off since" in refused.err
    assert "(audit)" in refused.err
    assert tasks(connector) == {}
    assert "audit" in connector("status", "--json").document["writes_off"]
    assert connector("writes", "on", "--json").document["writes"] == "on"
    assert connector("sync", "--first-contact", "--force").code == 0
    assert tasks(connector)


def test_somebody_is_forgotten_and_does_not_come_back_after_a_restore_either(connector: CommandLine) -> None:
    assert connector("sync", "--first-contact", "--force").code == 0
    with open_store(connector.store) as store:
        key = str(store.value("SELECT min(key_record) FROM cadence_runs"))
        email, name = store.run(
            "SELECT email, last_name || first_name FROM (SELECT * FROM mirror_salesforce_lead UNION ALL BY NAME "
            "SELECT * FROM mirror_salesforce_contact) WHERE id = $key",
            {"key": key},
        )[0]
        people = store.value("SELECT count(DISTINCT person_id) FROM known_persons")
    backup = connector.home / "all.backup"
    assert connector("backup", str(backup)).code == 0
    plan = connector.home / "plan.json"
    assert connector("plan", "--save", str(plan)).code == 0
    plan.write_text(json.dumps({"records": [{"id": key}]}), "utf-8")
    landed = connector.state / "landing" / "default" / "salesforce_lead"
    landed.mkdir(parents=True)
    (landed / "00001.json").write_text(json.dumps({"records": [{"Email": email}]}), "utf-8")

    assert connector("forget", email).code == 3, "without a terminal the word has to be given"
    held = connector("forget", email, "--yes", "--json")
    assert held.code == 1
    assert held.document["copies_holding"] == [str(backup)]
    assert held.document["found"] == {}
    assert held.document["plans_deleted"] == [str(plan)]
    assert held.document["landed_files"] == 1
    assert email not in held.out + held.err
    backup.unlink()

    assert nowhere(connector, email, name, key[:15])
    made, ledger = tasks(connector), connector.home / "ledger.backup"
    assert connector("backup", str(ledger), "--without-mirror", "--json").document["mirror"] is False
    assert connector("restore", str(ledger)).code == 3
    restored = connector("restore", str(ledger), "--replace", "--json")
    assert (restored.code, restored.document["forgotten"]) == (0, 0)
    refused = connector("plan")
    assert refused.code == 64, "nothing is decided from a mirror that was not read"
    # All is read anew, nothing is written twice, and the one person does not come back.
    brought = connector("sync", "--json")
    assert (brought.code, brought.document["planned"]) == (0, 0)
    assert tasks(connector) == made
    assert [one for one in brought.document["reconciled"] if one["missing"] or one["vanished"]] == []
    assert nowhere(connector, email, name, key[:15])
    assert connector("status", "--json").document["forgotten"] == 1
    with open_store(connector.store) as store:
        assert store.value("SELECT count(DISTINCT person_id) FROM known_persons") == people - 1
    # In the world the person is still there, whole.
    assert any(row["Id"] == key for row in connector.truth("Lead") + connector.truth("Contact"))


def nowhere(connector: CommandLine, *traces: str) -> bool:
    """Whether no file of the state folder, and no row of the store, has any of the traces."""
    pattern = "(?i)" + "|".join(re.escape(trace) for trace in traces)
    with open_store(connector.store) as store:
        store.run("CHECKPOINT")
        for (table,) in store.run("SELECT table_name FROM duckdb_tables()"):
            whole_row = f'SELECT count(*) FROM "{table}" AS entry WHERE regexp_matches(entry::VARCHAR, $pattern)'
            assert store.value(whole_row, {"pattern": pattern}) == 0, table
    files = [file for file in connector.state.rglob("*") if file.is_file()]
    return not any(trace.encode() in file.read_bytes() for file in files for trace in traces)
