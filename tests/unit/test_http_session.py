"""The session's manners: certificates, proxies, redirects, timeouts, clocks, counts and log events."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
import requests
import responses
from structlog.testing import capture_logs

from connector.domain.calls import Usage
from connector.http.budget import CallBudget
from connector.http.session import RemoteSession, is_loopback, remote_of

pytestmark = pytest.mark.requirement("OP-3", "OP-4", "WB-8")

ORG = "https://example.my.salesforce.com"


class Handler(BaseHTTPRequestHandler):
    """Answers anything; redirects what asks for it; cuts off what asks for that."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/redirect":
            self.send_response(302)
            self.send_header("Location", "https://elsewhere.example/steal")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Content-Length", "1000" if self.path == "/cut" else "2")
        self.end_headers()
        self.wfile.write(b"ok")
        self.close_connection = self.path == "/cut"

    def log_message(self, *_args: Any) -> None:
        """Tests are quiet."""


@pytest.fixture
def server() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


def test_on_loopback_the_environment_has_no_say(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.setenv(name, "/nowhere.pem")
    with RemoteSession() as session:
        assert session.get(f"{server}/x").text == "ok"


def test_elsewhere_the_companys_proxy_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:8080")
    with RemoteSession() as session:
        merged = session.merge_environment_settings(f"{ORG}/x", {}, None, True, None)
    assert merged["proxies"]["https"] == "http://proxy.example:8080"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://127.0.0.1:8443/x", True),
        ("https://127.9.9.9/", True),
        ("https://localhost:1", True),
        ("https://[::1]:8443/", True),
        ("https://localhost.example.com/", False),
        ("https://10.0.0.1/", False),
        (ORG, False),
    ],
)
def test_what_loopback_is(url: str, expected: bool) -> None:
    assert is_loopback(url) is expected


def test_no_redirect_is_followed(server: str) -> None:
    with RemoteSession() as session:
        assert session.get(f"{server}/redirect").status_code == 302


def test_a_body_that_is_cut_off_is_an_error(server: str) -> None:
    with RemoteSession() as session, pytest.raises(requests.exceptions.ChunkedEncodingError):
        session.get(f"{server}/cut")


def test_every_call_has_timeouts_and_the_ca(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere.pem")
    seen: list[dict[str, Any]] = []

    def send(_self: Any, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        seen.append(options)
        response = requests.Response()
        response.status_code, response.url, response.request = 200, str(request.url), request
        response._content = b""
        return response

    monkeypatch.setattr("requests.adapters.HTTPAdapter.send", send)
    with RemoteSession(ca_file=tmp_path / "ca.pem") as session:
        session.get(f"{ORG}/x")
        session.get(f"{ORG}/x", timeout=3)
    assert [options["timeout"] for options in seen] == [(10.0, 120.0), 3]
    assert {options["verify"] for options in seen} == {str(tmp_path / "ca.pem")}


@responses.activate
def test_the_remotes_clock_runs_on_between_answers() -> None:
    responses.get(f"{ORG}/x", headers={"Date": "Thu, 01 Oct 2026 00:00:00 GMT"})
    responses.get(f"{ORG}/bad", headers={"Date": "yesterday"})
    ticks = [100.0]
    with RemoteSession(monotonic=lambda: ticks[0]) as session:
        assert session.server_time(ORG) is None
        session.get(f"{ORG}/x")
        session.get(f"{ORG}/bad")
        ticks[0] += 61.5
        assert session.server_time(f"{ORG}/anything") == datetime(2026, 10, 1, 0, 1, 1, tzinfo=UTC)
        assert session.seconds_since_answer(ORG) == 61.5
        assert session.server_time("https://pi.pardot.example") is None


@responses.activate
def test_calls_are_counted_by_remote_and_usage_is_heard() -> None:
    budget = CallBudget()
    responses.get(f"{ORG}/services/data/v62.0/limits", headers={"Sforce-Limit-Info": "api-usage=18/15000"})
    responses.get(f"{ORG}/services/data")
    responses.post(f"{ORG}/services/oauth2/token")
    responses.get("https://pi.pardot.example/api/v5/objects/account")
    with RemoteSession(budget) as session:
        session.get(f"{ORG}/services/data/v62.0/limits")
        session.get(f"{ORG}/services/data")
        session.post(f"{ORG}/services/oauth2/token")
        session.get("https://pi.pardot.example/api/v5/objects/account")
    assert budget.calls == {"salesforce": 1, "account_engagement": 1}
    assert budget.usage() == Usage(18, 15000)
    assert remote_of(f"{ORG}/services/async/62.0/job") == "salesforce"


@responses.activate
def test_one_event_a_call_without_query_or_headers() -> None:
    responses.get(f"{ORG}/services/data/v62.0/query/")
    responses.get(f"{ORG}/broken", body=requests.ReadTimeout("no answer"))
    with RemoteSession() as session, capture_logs() as events:
        session.get(f"{ORG}/services/data/v62.0/query/?q=secret", headers={"Authorization": "Bearer secret"})
        with pytest.raises(requests.ReadTimeout):
            session.get(f"{ORG}/broken")
    assert [event["event"] for event in events] == ["http.call", "http.no_answer"]
    assert events[0]["path"] == "/services/data/v62.0/query/"
    assert "secret" not in repr(events)
    sent = responses.calls[0].request.headers
    assert events[0]["request_id"] == sent["X-Request-Id"]
    assert "gzip" in sent["Accept-Encoding"]
