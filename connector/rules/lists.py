"""lists.yaml: how the columns of event and webinar lists are called, and the segments prepared for follow-up (SY-12).

The file is optional: without it the built-in names of columns and words hold, and there are no segments.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal, Self

from pydantic import Field, PlainSerializer, WithJsonSchema, model_validator
from pydantic.functional_validators import BeforeValidator
from pydantic_core.core_schema import ValidationInfo

from connector.domain.lists import KINDS, Attribute, ListKind
from connector.errors import ConfigurationError, Problem, in_order
from connector.rules.conditions import Bind, Condition, ConditionError, compile_condition
from connector.rules.kinds import Id, Strict, problem
from connector.rules.load import validated
from connector.rules.names import Name
from connector.rules.relations import Columns
from connector.rules.source import read

LISTS_FILE = "lists.yaml"

MEMBER: Columns = MappingProxyType(
    {
        "kind": "VARCHAR",
        "company": "VARCHAR",
        "title": "VARCHAR",
        "department": "VARCHAR",
        "attended": "BOOLEAN",
        "minutes": "BIGINT",
        "asked": "BOOLEAN",
        "answered": "BOOLEAN",
        "answers": "VARCHAR",
        "consent": "BOOLEAN",
        "review_score": "DOUBLE",
        "registered_at": "TIMESTAMP",
    }
)
"""The names that a segment's condition may use."""

_HEADERS: Mapping[Attribute, str] = MappingProxyType(
    {
        "email": "email|e-mail|mail|email address|mail address|メール|メールアドレス|e-mailアドレス|eメール",
        "name": "name|full name|user name|user name (original name)|氏名|お名前|名前|参加者名|ご氏名",
        "last_name": "last name|family name|surname|姓|氏|苗字|名字",
        "first_name": "first name|given name|名",
        "company": "company|company name|organization|organisation|会社名|会社|貴社名|御社名|企業名|法人名|所属|勤務先"
        "|団体名",
        "department": "department|部署|部署名|所属部署|部門",
        "title": "title|job title|position|役職|役職名|肩書",
        "registered_at": "registered at|registration time|registration date|registered|申込日時|申込日|申し込み日時"
        "|お申込日時|登録日時|登録日|受付日時|回答日時|タイムスタンプ|timestamp",
        "attended": "attended|attendance|attendance status|joined|参加|参加状況|参加有無|出席|出欠|出席状況|来場|視聴"
        "|参加ステータス",
        "attended_at": "attended at|join time|joined at|参加日時|入室日時|入室時刻|来場日時|視聴開始日時",
        "minutes": "minutes|duration|duration (minutes)|time in session (minutes)|視聴時間|参加時間|参加時間(分)"
        "|視聴時間(分)|滞在時間",
        "asked": "asked|question|questions|question asked|asked question|質問|ご質問|質問内容|質問事項|q&a",
        "segment": "segment|セグメント",
        "consent": "consent|opt-in|opt in|同意|個人情報の取り扱いに同意|個人情報取扱いへの同意|案内希望|メール配信希望",
        "review_score": "review score|call review score|call score|通話評価|コール評価|通話スコア|評価点",
    }
)

_ANSWERS = ("アンケート*", "設問*", "問[0-9]*", "survey*", "q[0-9]*")
_YES = (
    "yes|y|true|1|o|○|◯|〇|済|参加|出席|参加済|参加済み|来場|視聴|視聴済|はい|有|あり|attended|joined|同意|同意する"
    "|同意します|希望する"
)
_NO = (
    "no|n|false|0|-|×|✕|欠席|不参加|未参加|未視聴|キャンセル|いいえ|無|なし|特になし|no show|absent|同意しない"
    "|希望しない"
)
_TIMES = (
    "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d", "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M", "%Y/%m/%d", "%Y/%m/%d %I:%M %p", "%Y/%m/%d %I:%M:%S %p", "%Y.%m.%d", "%Y年%m月%d日 %H時%M分",
    "%Y年%m月%d日 %H:%M", "%Y年%m月%d日%H時%M分", "%Y年%m月%d日", "%b %d, %Y %I:%M:%S %p", "%b %d, %Y %I:%M %p",
    "%b %d, %Y %H:%M:%S", "%b %d, %Y %H:%M",
)  # fmt: skip


def folded(header: str) -> str:
    """A header or a word as it is compared: NFKC, lower case, one space between words, without marks around it."""
    plain = unicodedata.normalize("NFKC", header).lower()
    return " ".join(re.sub(r"[*※:?_]|\(必須\)|\[必須\]|【必須】", " ", plain).split())


def _compile(text: object, info: ValidationInfo) -> Condition:
    if not isinstance(text, str):
        raise problem("A condition is text.", 'Put it in double quotes: when: "attended AND asked".')
    compiler: Mapping[str, Callable[[str], Condition]] = info.context or {}
    try:
        return compiler["member"](text)
    except ConditionError as error:
        raise problem(error.sentence, error.suggestion, error.offset, error.length) from None


MemberCondition = Annotated[
    Condition,
    BeforeValidator(_compile),
    PlainSerializer(lambda condition: condition.sql, return_type=str),
    WithJsonSchema({"type": "string", "description": "A condition about one row of a list: SQL as in a WHERE clause."}),
]


class Segment(Strict):
    """One group of a list's people, prepared for follow-up. The first whose condition holds is a person's.

    `follow_up_days` counts from the day of the event: after that day the list starts no follow-up any more.
    """

    id: Id
    name: Name
    kinds: tuple[ListKind, ...] = KINDS
    when: MemberCondition
    follow_up_days: Annotated[int, Field(ge=0, le=3_650, strict=True)] | None = None


class Words(Strict):
    """Further words that stand for yes and no in the columns that ask whether."""

    yes: tuple[str, ...] = ()
    no: tuple[str, ...] = ()


class Lists(Strict):
    """lists.yaml."""

    version: Literal[1] = 1
    columns: dict[Attribute, tuple[str, ...]] = Field(default_factory=dict)
    answers: tuple[str, ...] = _ANSWERS
    words: Words = Words()
    time_formats: tuple[str, ...] = ()
    attended_from_minutes: Annotated[int, Field(ge=1, le=1_440, strict=True)] = 1
    segments: tuple[Segment, ...] = ()

    @model_validator(mode="after")
    def _ids_once(self) -> Self:
        ids = [segment.id for segment in self.segments]
        twice = sorted({one for one in ids if ids.count(one) > 1})
        if twice:
            raise problem(f"The segment `{twice[0]}` stands here twice.", "Give each its own id.")
        return self

    @model_validator(mode="after")
    def _headers_mean_one_thing(self) -> Self:
        seen: dict[str, str] = {}
        for attribute, headers in self.columns.items():
            for header in headers:
                other = seen.setdefault(folded(header), attribute)
                if other != attribute:
                    raise problem(f"The column `{header}` means `{other}` and `{attribute}`.", "Keep it in one place.")
        return self

    @property
    def own_meanings(self) -> dict[str, str]:
        """Folded header → attribute, as the file says."""
        return {folded(one): attribute for attribute, headers in self.columns.items() for one in headers}

    @property
    def meanings(self) -> dict[str, str]:
        """Folded header → attribute; what the file says wins over the built-in names."""
        built_in: dict[str, str] = {
            folded(one): attribute for attribute, words in _HEADERS.items() for one in words.split("|")
        }
        return built_in | self.own_meanings

    @property
    def yes(self) -> tuple[str, ...]:
        """The folded words for yes; a word that the file gives the other meaning is not among them."""
        taken = {folded(word) for word in self.words.no}
        words = {folded(word) for word in (*_YES.split("|"), *self.words.yes)}
        return tuple(sorted(words - taken))

    @property
    def no(self) -> tuple[str, ...]:
        """The folded words for no."""
        taken = {folded(word) for word in self.words.yes}
        words = {folded(word) for word in (*_NO.split("|"), *self.words.no)}
        return tuple(sorted(words - taken))

    @property
    def formats(self) -> tuple[str, ...]:
        """The forms of a time, as strptime knows them, the file's own first."""
        return (*self.time_formats, *_TIMES)


def load_lists(folder: Path, bind: Bind) -> Lists:
    """Reads lists.yaml of a folder, if there is one. Raises ConfigurationError with every problem in it."""
    path = folder / LISTS_FILE
    if not path.exists():
        return Lists()
    problems: list[Problem] = []
    compiler = {"member": partial(compile_condition, relation="member", columns=MEMBER, bind=bind)}
    lists = validated(Lists, read(path), compiler, problems)  # type: ignore[arg-type] # one more kind of condition
    if lists is None:
        count = f"{len(problems)} things are wrong" if len(problems) > 1 else "One thing is wrong"
        raise ConfigurationError(f"{count} with {LISTS_FILE} in {folder}.", in_order(problems))
    return lists
