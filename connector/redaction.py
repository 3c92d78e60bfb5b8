"""The one gate for what leaves the process as text: logs, errors, reports.

Secrets and personal data are replaced by a word in brackets that says what stood there. The rules prefer to hide
too much: a hidden word costs a look at the org, a shown token costs the org.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

SECRET = "[secret]"  # noqa: S105 - what stands in a secret's place

# Repeats are bounded: without a bound, a long text without blanks costs the square of its length.
_WORDS_FOR_SECRETS = r"[\w-]{0,60}(?:secret|password|passwd|token|api_?key|private_?key|assertion|signature)"

# In this order: whole blocks first, then shapes that stand for themselves, then what a name gives away.
_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL),
        "[private key]",
    ),
    (re.compile(r"\beyJ[\w-]{6,}\.[\w-]{4,}(?:\.[\w-]*)?"), "[token]"),
    # A session id is the org's id, an exclamation mark (often percent-encoded), and the secret.
    (re.compile(r"\b00D[A-Za-z0-9]{12}(?:[A-Za-z0-9]{3})?(?:!|%21)[\w.%~+/=-]+"), "[session]"),
    (re.compile(r"\b5Aep[\w.!%-]{8,}"), "[token]"),
    (
        re.compile(r"(?i)\b(authorization[\"']?\s*[:=]\s*[\"']?)(?:(?:bearer|oauth|basic)\s+)?[^\s\"',}]+"),
        rf"\1{SECRET}",
    ),
    (re.compile(r"(?i)\b(bearer|oauth|basic)\s+(?=\S*[\d=!])[\w.!~+/=-]{8,}"), rf"\1 {SECRET}"),
    (
        re.compile(
            rf"(?i)([\"']?\b{_WORDS_FOR_SECRETS}[\"']?\s*[:=]\s*)"
            r"(?:\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|[^\s,;&}\"']+)"
        ),
        rf"\1{SECRET}",
    ),
    (re.compile(rf"(?i)(<(?:\w+:)?{_WORDS_FOR_SECRETS}>)[^<]+"), rf"\1{SECRET}"),
    (re.compile(r"[^\s@＠<>\"'`(),:;=&?/\\\[\]{}|%]{1,64}(?:@|＠|%40)[\w-]+(?:\.[\w-]+)*\.[A-Za-z]{2,}"), "[e-mail]"),
    (re.compile(r"(?<![\w+.-])\+[1-9]\d{0,2}[\s.-]?\(?\d{1,4}\)?(?:[\s.-]?\d{2,4}){2,4}(?!\w)"), "[phone]"),
    # Japanese numbers, also in full-width digits, with the dashes that people type.
    (
        re.compile(
            r"(?<![\w.+-])[(（]?[0０]\d{1,4}[-－‐–ー―()（） ]{1,2}\d{1,4}[-－‐–ー―()（） ]{1,2}\d{3,4}(?![\w-])"
        ),
        "[phone]",
    ),
    (re.compile(r"(?<![\w.+:-])[0０]\d{9,10}(?!\w|\.\d)"), "[phone]"),
    (re.compile(r"(?<![\w-])(?:\([2-9]\d{2}\) ?|[2-9]\d{2}[-.])\d{3}[-.]\d{4}(?![\w-])"), "[phone]"),
)

_SECRET_KEY = re.compile(rf"(?i)^(?:{_WORDS_FOR_SECRETS}|authorization|session_?id|sid|cookie|set-cookie)$")
_PERSONAL_KEY = re.compile(r"(?i)^(?:e_?mail|(?:mobile_?)?phone|fax|(?:first|last)_?name|ip_?address)$")


def redact(text: str) -> str:
    """`text` without tokens, session ids, keys, passwords, e-mail addresses and phone numbers."""
    for pattern, word in _RULES:
        text = pattern.sub(word, text)
    return text


def redact_event(event: Mapping[str, Any]) -> dict[str, Any]:
    """A log event or a report's mapping, redacted at every depth; what a key's name gives away goes whole."""
    return {key: _redact_value(key, value) for key, value in event.items()}


def _redact_value(key: str, value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if _SECRET_KEY.match(key):
        return SECRET
    if _PERSONAL_KEY.match(key):
        return "[personal]"
    if isinstance(value, Mapping):
        return redact_event(value)
    if isinstance(value, list | tuple | set | frozenset):
        return [_redact_value("", item) for item in value]
    return redact(str(value))
