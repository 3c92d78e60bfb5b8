"""Rows that are hard on purpose: what real CRMs hold, and what breaks naive CSV, JSON, SOQL and matching."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Any

from connector.sandbox.world.words_names import OLD_FAMILY_NAMES

Row = dict[str, Any]
PERIOD = 250
"""Every oddity occurs once in so many people, hence at least once in any 500 Leads."""


def _half_width(company: str) -> Row:
    return {"Company": f"ｶ){company.replace('株式会社', '')} ﾒﾝﾃﾅﾝｽ ｻｰﾋﾞｽ"}


def _long_company(company: str) -> Row:
    return {"Company": (company + "グループ・" * 60)[:255]}


_NULL = (
    *("FirstName", "Title", "Department__c", "Phone", "MobilePhone", "Street", "City", "State"),
    *("PostalCode", "Country", "LeadSource", "Industry", "NumberOfEmployees", "Website", "Description"),
)

_ODD: dict[int, Callable[[str], Row]] = {
    3: lambda company: {"Company": f"{company}\n生産本部"},
    16: lambda company: {"Description": f"1行目: \"至急\", 見積希望\r\n2行目: {company}, 担当'変更'\n\n4行目;\tタブ"},
    29: lambda _: {"LastName": OLD_FAMILY_NAMES[0]},
    42: lambda _: {"LastName": OLD_FAMILY_NAMES[1]},
    56: _half_width,
    68: lambda _: {"Description": "展示会で名刺交換 👍🏭 ぜひ🙇", "Title": "🔧保全リーダー"},
    82: lambda company: {"Company": unicodedata.normalize("NFD", f"{company} ガバナンス・デジタル部門")},
    94: lambda _: {"PostalCode": "0640801", "Ext_Id__c": "000123", "Phone": "0155505550"},
    107: lambda _: {"Title": "#N/A", "City": "#N/A", "Description": "#N/A"},
    120: lambda _: dict.fromkeys(_NULL),
    159: lambda company: {"Company": f" {company}　 ", "Title": "部長 "},
    172: lambda company: {"Company": f'{company}, "第二工場"'},
    185: lambda company: {"Company": f"{company}\t製造課", "Title": "課長\t兼 工場長"},
    198: lambda _: {"Title": "=1+1", "Department__c": "@SUM(A1)", "Description": "-- '; \\ %_ {0} <b>&amp;</b>"},
    211: _long_company,
    224: lambda _: {"Company": "個人"},
    207: lambda _: {"LastName": OLD_FAMILY_NAMES[2]},
    221: lambda _: {"LastName": OLD_FAMILY_NAMES[3]},
    235: lambda _: {"LastName": OLD_FAMILY_NAMES[4]},
    238: lambda _: {"FirstName": None, "Company": "なし"},
}

UPPER_CASE_EMAIL = 146
SPACED_EMAIL = 9


def odd_columns(index: int, company: str) -> Row:
    """The columns of a Lead that the oddity of this person overwrites; none for most people."""
    change = _ODD.get(index % PERIOD)
    return change(company) if change else {}


def odd_email(index: int, email: str | None) -> str | None:
    """The address as the CRM holds it: a few in capitals, a few with a space at the end."""
    if email is None:
        return None
    spot = index % PERIOD
    return email.upper() if spot == UPPER_CASE_EMAIL else f"{email} " if spot == SPACED_EMAIL else email
