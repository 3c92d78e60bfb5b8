"""Sessions, their idle time, the request log, the gate."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connector.sandbox.catalogue.model import Catalogue
from connector.sandbox.clock import WorldClock
from connector.sandbox.config import SandboxConfig
from connector.sandbox.context import Sandbox
from connector.sandbox.database import Database
from connector.sandbox.gate import Gate
from connector.sandbox.hosts import instance_url
from connector.sandbox.request_log import RequestLog, log_entry, system_of
from connector.sandbox.sessions import Session, SessionStore, find_session, open_session
from connector.sandbox.usage import calls_today, count_call
from connector.sandbox.wire import Request, Response

pytestmark = pytest.mark.requirement("SY-1", "OP-4")

START = datetime(2026, 10, 1, tzinfo=UTC)


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    config = SandboxConfig(state=tmp_path)
    clock = WorldClock(START, frozen=True)
    return Sandbox(config, clock, Database(tmp_path / "world.sqlite"), Catalogue(()), Catalogue(()))


def request(path: str, *, host: str = "127.0.0.1:1", query: tuple[tuple[str, str], ...] = ()) -> Request:
    return Request("GET", path, query, {}, b"", "http", host, START)


def test_each_use_begins_the_idle_time_anew() -> None:
    store = SessionStore(100)
    store.add(Session("t", "005", "u", None, opened_at=0))
    assert store.find("t", 99) is not None
    assert store.find("t", 198) is not None
    assert store.expires_at("t") == 298
    assert store.find("t", 299) is None
    assert store.find("t", 299) is None
    assert not store.end("t")


def test_token_looks_like_salesforces(sandbox: Sandbox) -> None:
    session = open_session(sandbox)
    assert session.token.startswith("00DSb0000000001!AQ")
    assert find_session(sandbox, session.token) == session
    assert find_session(sandbox, session.token + "x") is None


def test_counts_begin_anew_with_the_worlds_day(sandbox: Sandbox) -> None:
    assert [count_call(sandbox, "salesforce") for _ in range(3)] == [1, 2, 3]
    assert calls_today(sandbox, "account_engagement") == 0
    sandbox.clock.set(datetime(2026, 10, 2, tzinfo=UTC))
    assert calls_today(sandbox, "salesforce") == 0
    assert count_call(sandbox, "salesforce") == 1


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("login.salesforce.com", "https://sandbox-vendor.my.salesforce.com"),
        ("TEST.salesforce.com:443", "https://sandbox-vendor.my.salesforce.com"),
        ("127.0.0.1:8080", "http://127.0.0.1:8080"),
    ],
)
def test_login_hosts_point_to_my_domain(sandbox: Sandbox, host: str, expected: str) -> None:
    assert instance_url(request("/", host=host), sandbox) == expected


def test_log_hides_secrets_and_forgets_the_oldest(sandbox: Sandbox) -> None:
    asked = request("/id/1/2", query=(("oauth_token", "secret"), ("format", "json")))
    entry = log_entry(asked, Response(200), 0.5, sandbox)
    assert (entry["query"], entry["system"]) == ("oauth_token=***&format=json", "login")
    assert entry["milliseconds"] == 500.0
    log = RequestLog(kept=2)
    for _ in range(3):
        log.add(entry)
    shown = log.since(0)
    assert [kept["index"] for kept in shown["requests"]] == [1, 2]
    assert (shown["next"], shown["first_kept"]) == (3, 1)
    assert log.since(2)["requests"][0]["index"] == 2


@pytest.mark.parametrize(
    ("path", "system"),
    [
        ("/services/oauth2/token", "login"),
        ("/services/Soap/u/59.0", "login"),
        ("/services/data/v62.0/query", "salesforce"),
        ("/api/v5/objects/prospects", "account_engagement"),
        ("/_sandbox/clock", "sandbox"),
        ("/identity", "other"),
    ],
)
def test_paths_belong_to_systems(path: str, system: str) -> None:
    assert system_of(path) == system


def test_who_is_alone_shuts_others_out() -> None:
    gate = Gate()
    seen: list[str] = []
    inside = threading.Event()

    def alone() -> None:
        inside.set()
        with gate.alone():
            seen.append("alone")

    with gate.together():
        other = threading.Thread(target=alone)
        other.start()
        inside.wait(5)
        seen.append("together")
    other.join(5)
    with gate.together(), gate.together():
        seen.append("again")
    assert seen == ["together", "alone", "again"]
