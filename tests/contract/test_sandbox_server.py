"""The server under both systems: the protocol, the versions, the refusals, the control plane."""

from __future__ import annotations

import gzip
import json
import socket
import ssl
import stat
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from tests.sandbox_process import SandboxProcess, running_sandbox, sandbox_command

pytestmark = pytest.mark.requirement("SY-1", "SY-2", "OP-4")


ENV_KEYS = [
    "url",
    "tls_url",
    "ca_file",
    "my_domain",
    "client_id",
    "client_secret",
    "username",
    "password",
    "security_token",
    "refresh_token",
    "jwt_key_file",
    "business_unit_id",
]


@pytest.fixture
def headers(sandbox: SandboxProcess) -> dict[str, str]:
    return {"Authorization": f"Bearer {sandbox.token()}"}


def raw(sandbox: SandboxProcess, *pieces: bytes) -> bytes:
    """Sends bytes as they are and reads until the server closes."""
    place = urlsplit(sandbox.url)
    with socket.create_connection((str(place.hostname), place.port or 0), timeout=10) as connection:
        for piece in pieces:
            connection.sendall(piece)
        answer = b""
        while piece := connection.recv(1 << 16):
            answer += piece
    return answer


def test_ready_line_names_both_urls(sandbox: SandboxProcess) -> None:
    assert sandbox.url in sandbox.ready_line
    assert sandbox.tls_url in sandbox.ready_line


def test_settings_and_keys_are_for_the_owner_only(sandbox: SandboxProcess) -> None:
    for name in ("sandbox.json", "jwt_key.pem", "server.pem"):
        assert stat.S_IMODE((sandbox.state / name).stat().st_mode) == 0o600


def test_tls_port_proves_itself_with_the_throwaway_authority(sandbox: SandboxProcess) -> None:
    port = urlsplit(sandbox.tls_url).port
    for host in ("127.0.0.1", "localhost"):
        url = f"https://{host}:{port}/services/data"
        with requests.Session() as session:
            session.trust_env = False
            assert session.get(url, verify=sandbox.ca_file, timeout=30).status_code == 200
            with pytest.raises(requests.exceptions.SSLError):
                session.get(url, timeout=30)


def test_certificate_covers_my_domain(sandbox: SandboxProcess) -> None:
    context = ssl.create_default_context(cafile=sandbox.ca_file)
    port = urlsplit(sandbox.tls_url).port or 0
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname=sandbox.my_domain) as secure,
    ):
        assert secure.version() in {"TLSv1.2", "TLSv1.3"}


def test_versions_are_listed_for_anybody(sandbox: SandboxProcess) -> None:
    versions = requests.get(f"{sandbox.url}/services/data", timeout=30).json()
    assert versions[0] == {"label": "Summer '14", "url": "/services/data/v31.0", "version": "31.0"}
    assert versions[-1] == {"label": "Summer '26", "url": "/services/data/v67.0", "version": "67.0"}
    assert len(versions) == 37


def test_resources_need_a_session_and_carry_the_limit(sandbox: SandboxProcess, headers: dict[str, str]) -> None:
    url = f"{sandbox.url}/services/data/v62.0"
    assert requests.get(url, timeout=30).status_code == 401
    answer = requests.get(url, headers=headers, timeout=30)
    assert answer.json()["query"] == "/services/data/v62.0/query"
    used, _, most = answer.headers["Sforce-Limit-Info"].removeprefix("api-usage=").partition("/")
    assert (int(used) > 0, most) == (True, "100000")


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/services/data/v99.0/query", 404, "NOT_FOUND"),
        ("/services/data/vX/query", 404, "NOT_FOUND"),
        ("/services/data/v21.0/query", 410, "UNSUPPORTED_API_VERSION"),
        ("/services/data/v30.0", 410, "UNSUPPORTED_API_VERSION"),
        ("/services/data/v62.0/no/such/thing", 404, "NOT_FOUND"),
    ],
)
def test_what_salesforce_does_not_have(
    sandbox: SandboxProcess, headers: dict[str, str], path: str, status: int, code: str
) -> None:
    answer = requests.get(sandbox.url + path, headers=headers, timeout=30)
    assert answer.status_code == status
    assert [error["errorCode"] for error in answer.json()] == [code]


def test_wrong_method_is_refused_with_the_ones_allowed(sandbox: SandboxProcess, headers: dict[str, str]) -> None:
    answer = requests.delete(f"{sandbox.url}/services/data/v62.0", headers=headers, timeout=30)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET")
    assert answer.json()[0]["errorCode"] == "METHOD_NOT_ALLOWED"


def test_unknown_account_engagement_path_is_refused_with_its_code(
    sandbox: SandboxProcess, headers: dict[str, str]
) -> None:
    sent = {**headers, "Pardot-Business-Unit-Id": sandbox.business_unit_id}
    answer = requests.get(f"{sandbox.url}/api/v5/nothing/here/at/all", headers=sent, timeout=30)
    assert answer.status_code == 404
    assert answer.json()["code"] == 198
    assert answer.headers["Content-Type"] == "application/json"


def test_head_and_options(sandbox: SandboxProcess) -> None:
    plain = {"Accept-Encoding": "identity"}
    head = requests.head(f"{sandbox.url}/services/data", headers=plain, timeout=30)
    assert (head.status_code, head.content, int(head.headers["Content-Length"]) > 1000) == (200, b"", True)
    options = requests.options(f"{sandbox.url}/services/data", timeout=30)
    assert (options.status_code, options.headers["Allow"]) == (204, "GET, OPTIONS")


def test_answers_are_packed_only_for_those_who_ask(sandbox: SandboxProcess) -> None:
    url = f"{sandbox.url}/services/data"
    packed = requests.get(url, headers={"Accept-Encoding": "gzip"}, timeout=30)
    plain = requests.get(url, headers={"Accept-Encoding": "identity"}, timeout=30)
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert packed.json() == plain.json()


def test_chunked_and_packed_bodies_arrive_whole(sandbox: SandboxProcess) -> None:
    form = f"grant_type=client_credentials&client_id={sandbox.client_id}&client_secret={sandbox.client_secret}"
    url = f"{sandbox.url}/services/oauth2/token"
    sent = {"Content-Type": "application/x-www-form-urlencoded"}
    chunked = requests.post(url, data=iter([form[:20].encode(), form[20:].encode()]), headers=sent, timeout=30)
    packed = gzip.compress(form.encode())
    zipped = requests.post(url, packed, headers={**sent, "Content-Encoding": "gzip"}, timeout=30)
    assert (chunked.status_code, zipped.status_code) == (200, 200)


def test_uri_over_16_kib_is_refused(sandbox: SandboxProcess) -> None:
    answer = requests.get(f"{sandbox.url}/services/data?q={'x' * 17_000}", timeout=30)
    assert answer.status_code == 414


def test_many_requests_on_one_connection_and_100_connections_at_once(sandbox: SandboxProcess) -> None:
    answer = raw(
        sandbox,
        b"GET /services/data HTTP/1.1\r\nHost: a\r\n\r\n" * 3,
        b"GET /services/data HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    )
    assert answer.count(b"HTTP/1.1 200 OK") == 4
    with ThreadPoolExecutor(100) as clients:
        url = f"{sandbox.url}/services/data"
        statuses = list(clients.map(lambda _: requests.get(url, timeout=30).status_code, range(200)))
    assert statuses == [200] * 200


def test_nonsense_is_refused_without_a_trace(sandbox: SandboxProcess) -> None:
    assert raw(sandbox, b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n").startswith(b"HTTP/1.1 400")
    broken = b"POST /services/oauth2/token HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"
    answer = raw(sandbox, broken)
    assert answer.startswith(b"HTTP/1.1 400")
    assert b"Traceback" not in answer


def test_sandbox_answers_on_loopback_only(sandbox: SandboxProcess) -> None:
    assert urlsplit(sandbox.url).hostname == "127.0.0.1"
    with pytest.raises(OSError, match=r"."):
        socket.create_connection(("127.0.0.2", urlsplit(sandbox.url).port or 0), timeout=2).close()


def test_clock_freezes_moves_forward_and_never_back(tmp_path: Path) -> None:
    with running_sandbox(tmp_path, "--people", "0", "--now", "2026-10-01T09:00:00+09:00", "--frozen") as sandbox:
        assert sandbox.control("GET", "clock").json() == {"now": "2026-10-01T00:00:00Z", "frozen": True}
        assert "01 Oct 2026 00:00:00 GMT" in sandbox.control("GET", "clock").headers["Date"]
        moved = sandbox.control("PUT", "clock", {"advance_seconds": 86_400})
        assert moved.json() == {"now": "2026-10-02T00:00:00Z", "frozen": True}
        back = sandbox.control("PUT", "clock", {"now": "2026-10-01T12:00:00Z"})
        assert back.status_code == 400
        assert "only goes forward" in back.json()["error"]
        assert sandbox.control("PUT", "clock", {"now": "yesterday"}).status_code == 400
        assert sandbox.control("PUT", "clock", {"then": 1}).status_code == 400
        released = sandbox.control("PUT", "clock", {"frozen": False})
        assert released.json()["frozen"] is False
        reset = sandbox.control("POST", "reset", {"people": 0, "seed": 7})
        assert (reset.status_code, reset.json()["seed"]) == (200, 7)
        assert reset.json()["now"] == "2026-10-01T00:00:00Z"


def test_sessions_outlast_a_reset(tmp_path: Path) -> None:
    with running_sandbox(tmp_path, "--people", "0") as sandbox:
        headers = {"Authorization": f"Bearer {sandbox.token()}"}
        assert sandbox.control("POST", "reset").status_code == 200
        assert requests.get(f"{sandbox.url}/services/data/v62.0", headers=headers, timeout=30).status_code == 200


def test_request_log_shows_calls_and_hides_secrets(sandbox: SandboxProcess) -> None:
    start = sandbox.control("GET", "requests").json()["next"]
    token = sandbox.token()
    requests.get(f"{sandbox.url}/services/oauth2/userinfo?oauth_token={token}", timeout=30)
    shown = sandbox.control("GET", f"requests?since={start}")
    entries = shown.json()["requests"]
    assert [(entry["method"], entry["path"], entry["status"]) for entry in entries] == [
        ("POST", "/services/oauth2/token", 200),
        ("GET", "/services/oauth2/userinfo", 200),
    ]
    assert token not in shown.text
    assert sandbox.client_secret not in shown.text


def test_daily_allowance_ends_with_the_recorded_refusal(tmp_path: Path) -> None:
    with running_sandbox(tmp_path, "--people", "0", "--daily-api-requests", "2") as sandbox:
        headers = {"Authorization": f"Bearer {sandbox.token()}"}
        url = f"{sandbox.url}/services/data/v62.0"
        answers = [requests.get(url, headers=headers, timeout=30) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 403]
        assert answers[2].json() == [
            {"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}
        ]
        assert sandbox.control("PUT", "clock", {"advance_seconds": 86_400}).status_code == 200
        assert requests.get(url, headers=headers, timeout=30).status_code == 200


def test_faults_that_nothing_would_act_on_are_refused(sandbox: SandboxProcess) -> None:
    assert sandbox.control("PUT", "faults", {}).status_code == 200
    refused = sandbox.control("PUT", "faults", {"rules": [{"status": 503}]})
    assert refused.status_code == 400
    assert refused.json()["error"].startswith("The document does not take rules")


def test_truth_lists_objects_and_refuses_unknown_ones(sandbox: SandboxProcess) -> None:
    counts = sandbox.control("GET", "truth").json()["objects"]
    assert {"Lead", "Task", "prospects", "visitor_activities"} <= set(counts)
    whole = sandbox.truth("lead")
    assert len(whole) == counts["Lead"]
    piece = sandbox.control("GET", "truth/Lead?offset=1&limit=2").json()
    assert (piece["total"], piece["rows"]) == (len(whole), whole[1:3])
    lines = sandbox.control("GET", "truth/Lead?format=lines").text.splitlines()
    assert len(lines) == len(whole)
    people = sandbox.truth("people")
    assert len(people) == counts["people"] == 50
    assert all(0 <= float(str(person["fit"])) <= 1 for person in people)
    unknown = sandbox.control("GET", "truth/Nothing")
    assert (unknown.status_code, "lists them" in unknown.json()["error"]) == (400, True)


def test_second_sandbox_in_the_same_state_directory_is_refused(sandbox: SandboxProcess) -> None:
    command = sandbox_command("serve", "--state", str(sandbox.state.parent))
    second = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert second.returncode == 1
    assert "Another sandbox runs" in second.stderr


def test_taken_port_is_one_clear_sentence(sandbox: SandboxProcess, tmp_path: Path) -> None:
    port = str(urlsplit(sandbox.url).port)
    command = sandbox_command("serve", "--state", str(tmp_path), "--port", port)
    second = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert second.returncode == 1
    assert f"Port {port} on 127.0.0.1 cannot be taken" in second.stderr
    assert "Traceback" not in second.stderr


def test_env_finds_none_after_a_clean_stop_and_after_a_kill(tmp_path: Path) -> None:
    def env(*options: str) -> subprocess.CompletedProcess[str]:
        command = sandbox_command("env", "--state", str(tmp_path), *options)
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    with running_sandbox(tmp_path, "--people", "0") as sandbox:
        shown = env()
        assert f"export CONNECTOR_SALESFORCE_URL={sandbox.tls_url}" in shown.stdout
        assert f"export CONNECTOR_CA_FILE={sandbox.ca_file}" in shown.stdout
        settings = json.loads(env("--json").stdout)
        assert set(settings) == {"schema", *ENV_KEYS}
        assert {name: settings[name] for name in ENV_KEYS} == {name: getattr(sandbox, name) for name in ENV_KEYS}
    assert sandbox.process.returncode == 0
    assert not (sandbox.state / "sandbox.json").exists()
    with running_sandbox(tmp_path, "--people", "0") as killed:
        killed.process.kill()
        killed.process.wait(timeout=30)
        assert (killed.state / "sandbox.json").exists()
        gone = env()
        assert gone.returncode == 1
        assert "No sandbox runs" in gone.stderr


def test_loaded_folder_is_summed_up_and_an_empty_one_refused(tmp_path: Path) -> None:
    folder = tmp_path / "export"
    folder.mkdir()
    command = sandbox_command("serve", "--state", str(tmp_path / "a"), "--load", str(folder))
    empty = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (empty.returncode, "no CSV file" in empty.stderr) == (1, True)
    rows = "Id,LastName,Company\n00Q5g00000AAAAAEA4,山田,株式会社 例\n,佐藤,例\n"
    (folder / "Lead.csv").write_text(rows, encoding="utf-8")
    with running_sandbox(tmp_path / "b", "--load", str(folder)) as sandbox:
        assert sorted(str(row["LastName"]) for row in sandbox.truth("Lead")) == ["佐藤", "山田"]
        assert sandbox.control("PUT", "clock", {"advance_seconds": 86_400}).status_code == 200
        assert (sandbox.state / "load-report.json").exists()


def test_what_people_do_by_hand_shows_in_the_truth(tmp_path: Path) -> None:
    with running_sandbox(tmp_path, "--people", "20") as sandbox:
        live = [row for row in sandbox.truth("Lead") if not (row["IsDeleted"] or row["IsConverted"])]
        edited, deleted = str(live[0]["Id"]), str(live[1]["Id"])
        sandbox.control("POST", "edit", {"id": edited, "fields": {"Rating": "Hot"}}).raise_for_status()
        sandbox.control("POST", "delete", {"id": deleted}).raise_for_status()
        after = {row["Id"]: row for row in sandbox.truth("Lead")}
        assert (after[edited]["Rating"], after[deleted]["IsDeleted"]) == ("Hot", True)
        refused = sandbox.control("POST", "edit", {"id": "nonsense", "fields": {}})
        assert (refused.status_code, "MALFORMED_ID" in refused.json()["error"]) == (400, True)
