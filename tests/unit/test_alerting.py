"""Alerts: each once, as long as it stands; by webhook and mail; without personal data (OP-6)."""

from __future__ import annotations

import hashlib
import hmac
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from connector.alerting.gather import failure_alerts
from connector.alerting.letter import EXAMPLES, Letter, write_letter
from connector.alerting.mail import MailServer, mail_letter
from connector.alerting.tell import Telling, tell
from connector.alerting.webhook import SIGNATURE, post_letter
from connector.domain.alerts import ALERT_KINDS, Alert
from connector.errors import ConfigurationError, RetryError, StopError
from connector.settings import load_settings
from connector.store.alerts import mark_told, note_alerts, standing_alerts
from connector.store.database import Store, memory_store
from connector.store.decisions import meet_org
from connector.store.failures import KeptFailure

pytestmark = pytest.mark.requirement("OP-6")

NOON = datetime(2026, 3, 2, 3, tzinfo=UTC)
HOUR = timedelta(hours=1)
ORG, URL = "00D000000000001EAA", "https://example.my.salesforce.com"
LATE = Alert("overdue", "00D:00Q1:first:2026-03-01:day-1:call", "00T1", "day-1 2026-03-01")
HANDED = Alert("toss_up", "p1:2026-03-01", "00Q1", "2026-03-01")


@pytest.fixture
def store() -> Store:
    made = memory_store()
    meet_org(made, ORG, "Example", URL)
    return made


class TestEachOnce:
    def test_it_is_told_once_as_long_as_it_stands_and_again_when_it_came_anew(self, store: Store) -> None:
        told: list[Letter] = []
        telling = Telling([("webhook", told.append)], ALERT_KINDS, "en")

        def cycle(hours: int, *found: Alert) -> int:
            note_alerts(store, ALERT_KINDS, found, NOON + hours * HOUR)
            return tell(store, telling, NOON + hours * HOUR)

        assert [cycle(0, LATE), cycle(1, LATE), cycle(2, LATE, HANDED), cycle(3, HANDED), cycle(4, HANDED, LATE)] == [
            *(1, 0, 1, 0, 1)
        ]
        assert [letter.alerts for letter in told] == [(LATE,), (HANDED,), (LATE,)]
        assert len({letter.number for letter in told}) == 3

    def test_what_nobody_took_is_told_by_the_next_run_under_the_same_number(self, store: Store) -> None:
        tried: list[Letter] = []

        def down(letter: Letter) -> None:
            tried.append(letter)
            if len(tried) < 3:
                raise (RetryError, StopError)[len(tried) % 2]("not now")

        telling = Telling([("mail", down)], ALERT_KINDS, "ja")
        note_alerts(store, ALERT_KINDS, [LATE], NOON)
        assert [tell(store, telling, NOON + hour * HOUR) for hour in range(4)] == [0, 0, 1, 0]
        assert len({letter.number for letter in tried}) == 1

    def test_one_way_is_enough_and_every_way_is_tried(self, store: Store) -> None:
        took: list[str] = []

        def fails(_letter: Letter) -> None:
            took.append("webhook")
            raise RetryError("down")

        note_alerts(store, ALERT_KINDS, [LATE], NOON)
        telling = Telling([("webhook", fails), ("mail", lambda _letter: took.append("mail"))], ALERT_KINDS, "en")
        assert [tell(store, telling, NOON), tell(store, telling, NOON)] == [1, 0]
        assert took == ["webhook", "mail"]

    def test_kinds_that_are_not_to_be_told_stand_without_a_word(self, store: Store) -> None:
        told: list[Letter] = []
        note_alerts(store, ALERT_KINDS, [LATE, HANDED], NOON)
        assert tell(store, Telling([("mail", told.append)], ("toss_up",), "en"), NOON) == 1
        assert [(one.alert, one.told_at) for one in standing_alerts(store.run)] == [(LATE, None), (HANDED, NOON)]

    def test_other_kinds_are_left_as_they_are(self, store: Store) -> None:
        note_alerts(store, ("overdue",), [LATE], NOON)
        note_alerts(store, ("toss_up",), [HANDED], NOON)
        mark_told(store, [LATE], NOON)
        assert [one.told_at for one in standing_alerts(store.run)] == [NOON, None]


def refused(record: str, remedy: str = "person", days: int = 0, code: str = "STRING_TOO_LONG") -> KeptFailure:
    last = NOON + timedelta(days=days)
    return KeptFailure("Lead", record, "update", "p", (), code, "taro@example.com", remedy, NOON, 1, last, "run")


def test_rows_that_need_a_person_are_told_by_what_the_platform_says_and_others_after_a_day() -> None:
    rows = [refused(f"00Q{number}") for number in range(500)]
    rows += [refused("00Qa", "later", 1, "SERVER_UNAVAILABLE"), refused("00Qb", "now", 0, "UNABLE_TO_LOCK_ROW")]
    assert [one.detail for one in failure_alerts(rows)] == ["Lead: SERVER_UNAVAILABLE", "Lead: STRING_TOO_LONG"]


def test_a_letter_counts_and_links_and_says_no_more_than_so_many_examples() -> None:
    many = [Alert("overdue", f"key{number}", f"00T{number:03}", "day-1") for number in range(50)]
    letter = write_letter([*many, HANDED], ORG, URL, "ja", NOON)
    assert letter.subject == "コネクタからのお知らせ：フィールドセールスへのトスアップ 1、期限を過ぎたタスク 50"
    assert letter.text.count(URL) == EXAMPLES + 1
    assert f"ほか{50 - EXAMPLES}件" in letter.text


@contextmanager
def hook(status: int) -> Iterator[tuple[str, list[tuple[dict[str, str], bytes]]]]:
    """A webhook on this machine that answers so; what it was sent."""
    seen: list[tuple[dict[str, str], bytes]] = []

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            seen.append((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_words: Any) -> None:
            """Says nothing."""

    server = HTTPServer(("127.0.0.1", 0), Answering)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hook", seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_webhook_gets_json_that_is_signed() -> None:
    letter = write_letter([HANDED], ORG, URL, "en", NOON)
    with hook(204) as (url, seen):
        post_letter(letter, url, SecretStr("s3cret"), None)
    headers, body = seen[0]
    document = json.loads(body)
    assert document["id"] == letter.number
    assert f"{URL}/00Q1" in document["text"]
    assert headers[SIGNATURE] == "sha256=" + hmac.new(b"s3cret", body, hashlib.sha256).hexdigest()


@pytest.mark.parametrize(("status", "kind"), [(500, RetryError), (429, RetryError), (302, StopError), (404, StopError)])
def test_a_webhook_that_does_not_take_it_says_why_without_its_address(status: int, kind: type[Exception]) -> None:
    with hook(status) as (url, _seen), pytest.raises(kind) as caught:
        post_letter(write_letter([HANDED], ORG, URL, "en", NOON), url, None, None)
    assert str(status) in str(caught.value)
    assert "127.0.0.1" not in str(caught.value)


@contextmanager
def post_office(refuse: bytes = b"") -> Iterator[tuple[int, list[bytes]]]:
    """A mail server on this machine that knows as much SMTP as it takes; the messages that it was given."""
    given: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        wire, _ = listener.accept()
        with wire, wire.makefile("rb") as lines:
            wire.sendall(b"220 here\r\n")
            for line in lines:
                word = line[:4].upper()
                if word == b"RCPT" and refuse:
                    wire.sendall(refuse + b"\r\n")
                elif word == b"DATA":
                    wire.sendall(b"354 go on\r\n")
                    given.append(b"".join(iter(lines.readline, b".\r\n")))
                    wire.sendall(b"250 taken\r\n")
                else:
                    wire.sendall(b"221 bye\r\n" if word == b"QUIT" else b"250 yes\r\n")

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listener.getsockname()[1], given
    finally:
        thread.join()
        listener.close()


def test_mail_goes_to_everybody_in_their_language() -> None:
    letter = write_letter([HANDED], ORG, URL, "ja", NOON)
    with post_office() as (port, given):
        mail_letter(letter, MailServer("127.0.0.1", port, "none", "us@example.com", ("a@example.com", "b@example.com")))
    message = message_from_bytes(given[0], policy=policy.default)
    assert message["To"] == "a@example.com, b@example.com"
    assert message["Subject"] == letter.subject
    assert message["Message-ID"] == f"<{letter.number}@example.com>"
    assert message.get_content().replace("\r\n", "\n").strip() == letter.text


@pytest.mark.parametrize(
    ("refuse", "encryption", "kind"), [(b"550 nobody", "none", StopError), (b"", "starttls", RetryError)]
)
def test_mail_that_is_refused_says_what_to_do_without_addresses(
    refuse: bytes, encryption: Any, kind: type[Exception]
) -> None:
    letter = write_letter([HANDED], ORG, URL, "ja", NOON)
    with post_office(refuse) as (port, given), pytest.raises(kind) as caught:
        mail_letter(letter, MailServer("127.0.0.1", port, encryption, "us@example.com", ("taro@example.com",)))
    assert not given
    assert "taro" not in str(caught.value)


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"CONNECTOR_ALERT_WEBHOOK": "http://hooks.example.com/x"}, "must be an address that begins with https://"),
        ({"CONNECTOR_ALERT_MAIL_TO": "a@example.com"}, "set CONNECTOR_ALERT_MAIL_FROM"),
        ({"CONNECTOR_ALERT_MAIL_SERVER": "smtp example"}, "must be HOST or HOST:PORT"),
        (
            {"CONNECTOR_ALERT_MAIL_ENCRYPTION": "none", "CONNECTOR_ALERT_MAIL_SERVER": "mail.example.com:25"},
            "only a mail server on this machine",
        ),
    ],
)
def test_settings_that_would_send_it_wrongly_are_refused(
    variables: dict[str, str], sentence: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match=sentence):
        load_settings(None, {})
