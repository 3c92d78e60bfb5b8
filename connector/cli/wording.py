"""The words on a terminal for what was found out about a person, in Japanese or English."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table

from connector.domain.vocabulary import ATTRIBUTE_NAMES, Language, word
from connector.engine.whys import Whys
from connector.rules.content import Content
from connector.rules.load import RuleSet
from connector.rules.names import Name

WIDTH = 100
MARKS = {
    "met": "[green]✓[/green]",
    "missed": "[red]✗[/red]",
    "unknown": "[yellow]?[/yellow]",
    "acceptable": "[green]✓[/green]",
    "soft": "[yellow]△[/yellow]",
    "missing": "[red]✗[/red]",
}
LABELS: Mapping[str, tuple[str, str]] = {
    "since": ("から", "since"),
    "score": ("スコア", "score"),
    "source": ("経路", "source"),
    "behaviour": ("行動", "behaviour"),
    "inactivity": ("休眠", "inactivity"),
    "floor": ("下限", "floor"),
    "deciding": ("判定に使うスコア", "deciding score"),
    "opted_out": ("メール配信停止", "opted out of e-mail"),
    "do_not_call": ("電話不可", "do not call"),
    "next": ("次の行動", "Next action"),
    "nothing": ("なし", "none"),
    "what": ("内容", "what"),
    "who": ("担当", "who"),
    "due": ("期日", "by"),
    "why": ("理由", "why"),
    "ask": ("聞くこと", "ask"),
    "offer": ("案内するもの", "offer"),
    "grade": ("グレード", "Grade"),
    "thirds": ("段", "thirds"),
    "tier": ("ティア", "tier"),
    "no_tier": ("ティアなし", "no tier"),
    "at_least": ("ティアによる下限", "at least, by the tier:"),
    "at_most": ("ティアによる上限", "at most, by the tier:"),
    "not_known": ("不明", "not known"),
    "hot": ("ホットの条件", "Hot requires"),
    "mql": ("MQL", "MQL"),
    "sql": ("SQL（ヒアリング）", "SQL (what was heard)"),
    "toss_up": ("トスアップ", "Toss-up"),
    "of": ("中", "of"),
    "needed": ("必要", "needed"),
    "other_items": ("その他のヒアリング", "Also heard"),
    "soft": ("確度の低い回答", "a soft answer"),
    "not_heard": ("未確認", "not heard yet"),
    "too_old": ("期間外", "too long ago"),
    "ledger": ("スコアの内訳", "How the score came about"),
    "when": ("日時", "when"),
    "points": ("点", "points"),
    "total": ("累計", "total"),
    "rule": ("ルール", "rule"),
    "life": ("これまでの推移", "What turned, and when"),
    "tiers": ("ティアの履歴", "Tiers of the company"),
    "transitions": ("記録されたステージ", "Stages that were acted upon"),
    "new": ("新規", "new"),
    "lists": ("リスト", "Lists"),
    "no_segment": ("セグメントなし", "no segment"),
    "until": ("フォロー期限", "follow up until"),
    "cadences": ("フォロー", "Follow-up"),
    "open": ("継続中", "open"),
    "ended": ("終了", "ended"),
    "planned": ("書き込み予定", "Planned"),
    "task": ("ToDo", "task"),
    "withheld": ("作らないToDo", "withheld"),
    "writes": ("これまでの書き込み", "Written so far"),
    "further": ("その他の判定", "Also decided"),
    "lines": ("製品ライン別スコア", "Product lines"),
    "conversions": ("コンバージョン", "Conversions"),
    "account": ("会社", "Account"),
    "hot_now": ("ホット", "hot"),
    "days_7": ("7日間", "7 days"),
    "days_30": ("30日間", "30 days"),
    "last": ("最終", "last"),
    "active": ("活動中の人数", "active people"),
    "roles": ("役割", "roles"),
    "lacks": ("ホットに不足", "lacking to be hot"),
    "at_stage": ("検討段階", "buying stage"),
}


@dataclass(frozen=True)
class Wording:
    """In which language and zone to speak, and what the admin calls things."""

    language: Language
    zone: ZoneInfo
    stages: Mapping[str, Name]
    contents: Mapping[str, Name]
    questions: Mapping[str, Name]
    whys: Whys
    named: Mapping[tuple[str, str], Name] = field(default_factory=dict)

    def label(self, key: str) -> str:
        return word(LABELS, key, self.language)

    def name(self, name: Name | None) -> str:
        if name is None:
            return ""
        return name.ja if self.language == "ja" else name.en

    def stage(self, stage: str | None) -> str:
        if stage is None:
            return self.label("new")
        return self.name(self.stages[stage]) if stage in self.stages else stage

    def content(self, key: str | None) -> str:
        if key is None:
            return ""
        return self.name(self.contents[key]) if key in self.contents else key

    def question(self, item: str) -> str:
        """How an item of the hearing is asked for, else what it is called."""
        return self.name(self.questions[item]) if item in self.questions else item

    def apart(self, kind: str, key: str) -> str:
        """What the admin calls something of this kind: a line, a conversion, a role in an account, a persona …"""
        return self.name(self.named[kind, key]) if (kind, key) in self.named else key

    def time(self, moment: datetime) -> str:
        return f"{moment.astimezone(self.zone):%Y-%m-%d %H:%M}"


def wording_of(rules: RuleSet, catalogue: Content | None, language: Language) -> Wording:
    """The words of these rules and this catalogue."""
    stages: dict[str, Name] = {stage: text.name for stage, text in rules.lifecycle.stages.items()}
    items = catalogue.content if catalogue else ()
    contents = {item.id: Name(ja=item.name.ja, en=item.name.en) for item in items}
    questions = {item.id: item.ask or item.name for item in rules.lifecycle.hearing}
    zone = ZoneInfo(rules.scoring.time_zone)
    scoring = rules.scoring
    recycle = rules.lifecycle.recycle.reasons if rules.lifecycle.recycle else ()
    named = {
        **{("line", one.id): one.name for one in scoring.lines},
        **{("conversion", one.id): one.name for one in scoring.conversions},
        **{("role", one.id): one.name for one in scoring.accounts.roles},
        **{("cadence", one.id): one.name for one in rules.cadence.cadences},
        **{("persona", one.id): one.name for one in rules.nurture.personas},
        **{("track", one.id): one.name for one in rules.nurture.tracks},
        **{("target_why", one.id): one.name for one in rules.tiers.tiers},
        **{("rule", reason.id): reason.name for reason in recycle},
        **{("rule", one.id): one.name for one in rules.tiers.screened},
    }
    return Wording(language, zone, stages, contents, questions, Whys(rules, catalogue, language), named)


def grid(*, numbers: Iterable[int] = (), columns: int) -> Table:
    """Rows without a head; columns by number hold figures."""
    made = Table.grid(padding=(0, 2, 0, 0), pad_edge=True)
    right = set(numbers)
    for place in range(columns):
        made.add_column(justify="right" if place in right else "left", overflow="fold")
    return made


def heading(shown: Console, text: str, more: str = "") -> None:
    """The head of a section, with what is most important in it beside."""
    shown.print(f"\n[bold]{text}[/bold]{'  ' + more if more else ''}")


def values(values: Mapping[str, object], words: Wording) -> str:
    told = (
        f"{word(ATTRIBUTE_NAMES, key, words.language)} = {_plain(value)}"
        for key, value in values.items()
        if value is not None
    )
    return ", ".join(told)


def _plain(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
