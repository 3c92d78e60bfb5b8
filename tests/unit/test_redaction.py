"""What must never leave the process, in the shapes in which it really comes; and what must stay readable."""

from __future__ import annotations

import json

import pytest

from connector.redaction import redact, redact_event

pytestmark = pytest.mark.requirement("OP-4", "OP-3")

# In pieces, so that nothing here looks like a leaked secret to a scanner.
SESSION = "00D5g000004XyZA" + "!" + "AR8AQJ3kP.9s_xT0vLmQ2w8Zr4Yb6Nc1"
SESSION_18 = "00D5g000004XyZAEA0" + "!" + "AQ0AQLm2pWzT9x.Rk31_vYh7"
JWT = "eyJ" + "hbGciOiJSUzI1NiJ9" + "." + "eyJpc3MiOiIzTVZHOSJ9" + "." + "c2lnbmF0dXJlLW9mLWl0"
REFRESH = "5Aep861" + "KVSTyqJ3.m2nQ8xW4r7T1"
KEY = "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIEowIBAAKCAQEA7\nq2Zt==\n-----END RSA " + "PRIVATE KEY-----"
SECRET = "9A3F" + "77C1D2E84B60"


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        (f"Authorization: Bearer {SESSION}", SESSION),
        (f"GET /id?oauth_token={SESSION.replace('!', '%21')}&format=json", "AR8AQJ3kP"),
        (f"login gave {SESSION_18} at 12:00", "AQ0AQLm2pWzT9x"),
        (f"assertion={JWT}&grant_type=jwt", "c2lnbmF0"),
        (f"token {JWT} refused", "eyJpc3Mi"),
        (f"kept {REFRESH}", REFRESH),
        (f"before\n{KEY}\nafter", "MIIEow"),
        (KEY[:60], "MIIEow"),
        (f"client_secret={SECRET}&client_id=3MVG9", SECRET),
        (f'{{"client_secret": "{SECRET}", "x": 1}}', SECRET),
        (json.dumps({"access_token": "abc" + SECRET, "instance_url": "https://x"}), SECRET),
        (f"password='pa ss{SECRET}' and more", f"pa ss{SECRET}"),
        (f'"password" : "with \\" quote {SECRET}"', SECRET),
        (f"CONNECTOR_SALESFORCE_CLIENT_SECRET={SECRET}", SECRET),
        (f"<n1:password>{SECRET}</n1:password>", SECRET),
        ("Authorization: Basic " + "dXNlcjpwYXNzd29yZA==", "dXNlcjpw"),
        ("{'Authorization': 'OAuth " + SESSION + "'}", "AR8AQ"),
        ("duplicate of hanako.yamada+crm@example.co.jp found", "hanako"),
        ("PATCH /sobjects/Contact/Email/taro%40example.com", "taro"),
        ("山田太郎@例え.example.com", "山田"),
        ("call 03-1234-5678 today", "1234"),
        ("call 090-1234-5678", "1234"),
        ("call 09012345678.", "1234"),
        ("電話 ０９０－１２３４－５６７８", "１２３４"),
        ("(03) 1234-5678", "1234"),
        ("fax +81 3-1234-5678", "1234"),
        ("+819012345678", "9012"),
        ("(415) 555-0132 or 415-555-0132", "0132"),
    ],
)
def test_it_is_hidden(text: str, hidden: str) -> None:
    assert hidden not in redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "WHERE SystemModstamp >= 2026-10-01T00:00:00Z AND SystemModstamp < 2026-10-02T00:00:00+00:00",
        "2026-05-01T07:25:37.000+0000 2026-10-01",
        "INVALID_SESSION_ID: Session expired or invalid",
        "read 2000 of 120000 rows in 0.125 seconds, page 00012.json",
        "record 00Q5g00000AbCdEEAV of org 00D5g000004XyZAEA0, key 00Q:classic:2026-10-01:3:call",
        "CONNECTOR_SALESFORCE_CLIENT_SECRET is not set: set CONNECTOR_SALESFORCE_CLIENT_SECRET_FILE",
        "Page token has expired.",
        "basic functions of the bearer",
        "corporate number 7000012050002",
        "mappings/fields.yaml:12:3: unknown field Phone_Number__c",
        "/services/data/v62.0/query/0r8xx5R2sM3DgWhASK-2000",
        "api-usage=18/100000",
    ],
)
def test_it_stays_readable(text: str) -> None:
    assert redact(text) == text


def test_an_event_is_redacted_at_every_depth() -> None:
    event = {
        "event": "http.call",
        "access_token": SECRET,
        "email": "someone",
        "status": 200,
        "nextPageToken": None,
        "detail": {"rows": ["a@example.com", 3], "password": SECRET},
        "error": ValueError(f"token={SECRET}"),
    }
    shown = redact_event(event)
    assert SECRET not in repr(shown)
    assert "example.com" not in repr(shown)
    assert shown["email"] == "[personal]"
    assert (shown["event"], shown["status"], shown["nextPageToken"]) == ("http.call", 200, None)
    assert shown["detail"]["rows"] == ["[e-mail]", 3]


def test_redacting_twice_changes_nothing() -> None:
    text = f"Bearer {SESSION} for a@example.com, client_secret={SECRET}, 03-1234-5678"
    assert redact(redact(text)) == redact(text)


@pytest.mark.parametrize("text", ["a" * 50_000, "a-" * 25_000, "0" * 50_000, "x.y" * 17_000, "eyJ" * 17_000])
def test_a_long_text_without_blanks_comes_back_as_it_was(text: str) -> None:
    """Such a text costs the square of its length where a pattern repeats without a bound: hours, at this length."""
    assert redact(text) == text
