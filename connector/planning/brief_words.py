"""What stands in a brief beside names and figures, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from connector.domain.vocabulary import Language

HEADS: Mapping[Language, Mapping[str, str]] = MappingProxyType(
    {
        "ja": {
            "who": "",
            "state": "",
            "crm": "",
            "consent": "",
            "reasons": "主な理由：",
            "actions": "直近の行動：",
            "heard": "聞けたこと：",
            "toss_up": "トスアップ条件：",
            "missing": "未確認（聞くこと）：",
            "script": "聞き方：",
            "convert": "",
            "deals": "",
            "offer": "",
            "grade": "",
            "lists": "リスト：",
        },
        "en": {
            "who": "",
            "state": "",
            "crm": "",
            "consent": "",
            "reasons": "Main reasons:",
            "actions": "Last actions:",
            "heard": "Heard:",
            "toss_up": "Criteria of the toss-up:",
            "missing": "Not known yet (ask):",
            "script": "How to ask:",
            "convert": "",
            "deals": "",
            "offer": "",
            "grade": "",
            "lists": "Lists:",
        },
    }
)
"""The line above a section; a section without one is a line of its own."""

WORDS: Mapping[Language, Mapping[str, str]] = MappingProxyType(
    {
        "ja": {
            "score": "スコア",
            "grade": "グレード",
            "since": "から",
            "days": "直近{days}日",
            "soft": "確度の低い回答",
            "offer": "案内するもの：",
            "until": "フォロー期限",
            "lost": "失注・終了",
            "again": "再アプローチ",
            "not_before": "連絡は次の日以降：",
            "no_email": "メール配信停止",
            "no_call": "電話不可",
            "with": "、",
            "bar": "｜",
            "colon": "：",
            "bullet": "・",
            "note": "※",
        },
        "en": {
            "score": "Score",
            "grade": "grade",
            "since": "since",
            "days": "last {days} days",
            "soft": "a soft answer",
            "offer": "Offer: ",
            "until": "follow up until",
            "lost": "Lost or closed",
            "again": "approach again from",
            "not_before": "Not before ",
            "no_email": "opted out of e-mail",
            "no_call": "do not call",
            "with": ", ",
            "bar": " | ",
            "colon": ": ",
            "bullet": "- ",
            "note": "* ",
        },
    }
)
MARKS = {"met": "○", "missed": "×", "unknown": "？"}
"""How a criterion came out. These signs stand in every font that a CRM may use."""
