"""The letter in which alerts are told: counts, links and the machine's own words; no personal data."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from connector.domain.alerts import ALERT_KINDS, Alert, AlertKind

Language = Literal["ja", "en"]
EXAMPLES = 20
"""How many of a kind are told one by one."""

_WORDS: Mapping[Language, Mapping[AlertKind, str]] = {
    "ja": {
        "toss_up": "フィールドセールスへのトスアップ",
        "approval": "トスアップの承認待ち（connector approve）",
        "overdue": "期限を過ぎたタスク",
        "failed_rows": "プラットフォームが受け付けなかった書き込み（connector failures）",
        "stalled": "止まっている読み込み（connector status）",
        "refused": "書き込み計画が止められました（connector plan）",
    },
    "en": {
        "toss_up": "Handed over to field sales",
        "approval": "Hand-overs that wait for approval (connector approve)",
        "overdue": "Tasks that are overdue",
        "failed_rows": "Writes that the platform refused (connector failures)",
        "stalled": "Streams that stand still (connector status)",
        "refused": "A plan was stopped (connector plan)",
    },
}
_MORE = {"ja": "ほか{count}件", "en": "and {count} more"}
_SUBJECT = {"ja": "コネクタからのお知らせ：{kinds}", "en": "Connector: {kinds}"}


@dataclass(frozen=True)
class Letter:
    """One message. `number` is the same whenever the same alerts are told again, so that receivers can tell."""

    number: str
    subject: str
    text: str
    alerts: tuple[Alert, ...]


def write_letter(alerts: Sequence[Alert], org_id: str, org_url: str, language: Language, began: datetime) -> Letter:
    """One letter for all alerts, by kind. `began`: when the oldest of them began (aware)."""
    told = tuple(sorted(alerts))
    lines: list[str] = []
    heads: list[str] = []
    for kind in ALERT_KINDS:
        group = [one for one in told if one.kind == kind]
        if group:
            heads.append(f"{_WORDS[language][kind]} {len(group)}")
            lines += [f"{_WORDS[language][kind]}: {len(group)}", *_examples(group, org_url, language), ""]
    lines.append(f"{org_id} · {began.astimezone(UTC):%Y-%m-%d %H:%M} UTC")
    subject = _SUBJECT[language].format(kinds="、".join(heads) if language == "ja" else ", ".join(heads))
    return Letter(_number(told, org_id, began), subject, "\n".join(lines), told)


def _examples(group: Sequence[Alert], org_url: str, language: Language) -> list[str]:
    lines = [f"  {_line(one, org_url)}" for one in group[:EXAMPLES]]
    if len(group) > EXAMPLES:
        lines.append(f"  {_MORE[language].format(count=len(group) - EXAMPLES)}")
    return lines


def _line(alert: Alert, org_url: str) -> str:
    link = f"{org_url}/{alert.record}" if alert.record else ""
    return " ".join(part for part in (alert.detail, link) if part) or alert.key


def _number(alerts: Sequence[Alert], org_id: str, began: datetime) -> str:
    digest = hashlib.sha256(f"{org_id}|{began.astimezone(UTC).isoformat()}".encode())
    for alert in alerts:
        digest.update(f"|{alert.kind}|{alert.key}".encode())
    return digest.hexdigest()[:32]
