"""Which field of an org most likely stands behind an attribute, by the words of its label and name (AD-3)."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType

from connector.domain.streams import AttributeType
from connector.salesforce.description import Description, FieldDescription

WORDS: Mapping[str, Sequence[str]] = MappingProxyType(
    {
        "corporate_number": ("法人番号", "corporatenumber", "houjinbangou", "houjinbango", "hojinbango"),
        "department": ("部署", "部門", "所属", "department", "division", "busho"),
        "industry": ("業種", "業界", "industry"),
        "employees": ("従業員数", "社員数", "employees", "headcount"),
        "revenue": ("売上高", "年商", "revenue"),
        "prefecture": ("都道府県", "prefecture"),
        "budget": ("予算", "budget", "yosan"),
        "authority": ("決裁", "意思決定者", "権限", "authority", "decisionmaker", "kessai"),
        "need": ("ニーズ", "必要性", "課題", "needs", "need", "painpoint"),
        "timeframe": ("導入時期", "検討時期", "導入予定", "timeframe", "timeline", "timing"),
        "close_reason": (
            "クローズ理由", "終了理由", "対象外理由", "不適格理由", "失注理由",
            "closereason", "closedreason", "disqualificationreason", "disqualifiedreason", "lostreason", "lossreason",
        ),
        "not_before": ("再アプローチ日", "次回連絡日", "連絡可能日", "notbefore", "nextcontactdate", "recontactdate"),
        "loss_reason": ("失注理由", "敗因", "lossreason", "lostreason", "reasonlost"),
        "competitor": ("競合", "competitor"),
        "product": ("製品", "商品", "product"),
        "renewal_on": ("契約更新日", "更新日", "renewaldate", "renewalon"),
    }
)  # fmt: skip
"""Attribute → words, the surest first; in small letters, without spaces and signs."""
_TYPES: Mapping[AttributeType, frozenset[str]] = MappingProxyType(
    {
        "text": frozenset({"string", "picklist", "combobox", "textarea", "boolean", "double", "currency", "date"}),
        "integer": frozenset({"int", "long", "double"}),
        "number": frozenset({"int", "long", "double", "currency", "percent"}),
        "boolean": frozenset({"boolean"}),
        "instant": frozenset({"datetime"}),
        "date": frozenset({"date"}),
    }
)


def guessed(attribute: str, kind: AttributeType, shown: Description, taken: Collection[str]) -> FieldDescription | None:
    """The custom field that most likely holds an attribute; None where none comes near.

    A label or name that is a word of ours comes before one that only has it in it. `taken`: fields that are mapped.
    """
    ranked = [
        (rank, field.name)
        for field in shown.fields.values()
        if field.custom and field.name not in taken and field.type in _TYPES[kind] and not _is_ours(field)
        if (rank := _rank(attribute, field)) is not None
    ]
    return shown.fields[min(ranked)[1]] if ranked else None


def _is_ours(field: FieldDescription) -> bool:
    return field.name.startswith("Connector_")


def _rank(attribute: str, field: FieldDescription) -> tuple[int, int] | None:
    words = WORDS.get(attribute, ())
    said = (_plain(field.label), _plain(field.name.removesuffix("__c")))
    for place, word in enumerate(words):
        if word in said:
            return 0, place
    for place, word in enumerate(words):
        if any(word in one for one in said):
            return 1, place
    return None


def _plain(text: str) -> str:
    return re.sub(r"[\W_]", "", text.lower())
