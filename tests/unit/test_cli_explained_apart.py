"""What is told apart from the one score is shown by the admin's own names, in the reader's language."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from connector.cli.explained_apart import show_apart
from connector.cli.wording import wording_of
from connector.domain.vocabulary import Language
from tests.engine_world import shipped

pytestmark = pytest.mark.requirement("SC-4", "SC-9", "SC-11", "AD-8")

CONTENT_LED = shipped("content-led")
APART: dict[str, Any] = {
    "lines": [
        {"id": "predictive", "score": 35, "7d": 5, "30d": 15, "hot": True, "last_at": "2026-09-29T02:10:00+00:00"},
        {"id": "gone", "score": -3, "7d": 0, "30d": 0, "hot": None, "last_at": "2026-03-29T02:10:00+00:00"},
    ],
    "conversions": [{"id": "price_list", "key": True, "times": 2, "30d": 1, "last_at": "2026-09-29T02:10:00+00:00"}],
    "account": {
        "score": 72, "people": 3, "active_people": 1, "hot": False, "hot_lacks": ["people", "role:decides"],
        "roles": [{"id": "uses", "people": 1}],
    },
}  # fmt: skip
JAPANESE = """
製品ライン別スコア
  予知保全オプション  35  7日間 +5  最終 2026-09-29 11:10  ホット
  gone                -3  7日間 +0  最終 2026-03-29 11:10

コンバージョン
  料金表ダウンロード  ×2  30日間 1  最終 2026-09-29 11:10

会社  スコア 72
  活動中の人数    1 / 3
  役割            利用部門 1
  ホットに不足    活動中の人数, 決裁に関わる役職
"""
ENGLISH = """
Product lines
  Predictive maintenance  35  7 days +5  last 2026-09-29 11:10  hot
  gone                    -3  7 days +0  last 2026-03-29 11:10

Conversions
  Price list downloaded  ×2  30 days 1  last 2026-09-29 11:10

Account  score 72
  active people      1 / 3
  roles              Works where the product is used 1
  lacking to be hot  active people, Has a say in the decision
"""


@pytest.mark.parametrize(("language", "expected"), [("ja", JAPANESE), ("en", ENGLISH)])
def test_lines_conversions_and_account_in_words(language: Language, expected: str) -> None:
    shown = Console(file=StringIO(), width=100)
    show_apart(shown, APART, wording_of(CONTENT_LED, None, language))
    assert isinstance(shown.file, StringIO)
    text = "\n".join(line.rstrip() for line in shown.file.getvalue().splitlines())
    assert [line.split() for line in text.splitlines()] == [line.split() for line in expected.rstrip().splitlines()]
    assert all(len(line) <= 100 for line in text.splitlines())


def test_nobody_and_nothing_show_nothing() -> None:
    shown = Console(file=StringIO(), width=100)
    words = wording_of(CONTENT_LED, None, "en")
    for nothing in ({}, {"lines": [], "conversions": [], "account": None}):
        show_apart(shown, nothing, words)
    assert isinstance(shown.file, StringIO)
    assert shown.file.getvalue() == ""
