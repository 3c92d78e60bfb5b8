"""The parts of a first mapping that hold the org's own words: sources, statuses, and their order (AD-3)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from connector.rules.fields import Fields
from connector.rules.source import Source
from connector.salesforce.org_shown import StatusValue

CHECK = "推測です。確認してください。 guessed, please check"
_FILL = "{ja: 記入してください, en: Please describe}"
_MEANS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "disqualified": ("対象外", "不適格", "除外", "disqualif", "unqualified", "not converted", "junk"),
        "cold": ("ナーチャ", "育成", "リサイクル", "nurtur", "recycle"),
        "hot": ("ホット", "要架電", "hot"),
    }
)
"""Stage → parts of words that say it, in small letters."""
_CLOSED = ("クローズ", "終了", "closed")
_DONE = ("完了", "終了", "completed", "closed", "done")
_OWNERS: Mapping[str | None, str] = MappingProxyType({"registered": "marketing", "cold": "marketing"})
_SOURCES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "webinar": ("ウェビナー", "webinar"),
        "event": ("展示会", "イベント", "セミナー", "event", "trade show", "seminar"),
        "referral": ("紹介", "referral", "partner"),
        "thought_leader": ("thought leader",),
        "list": ("購入リスト", "リスト", "名刺", "purchased", "list"),
        "web_inquiry": ("問い合わせ", "問合せ", "ウェブ", "ホームページ", "inquiry", "web", "phone"),
    }
)


@dataclass(frozen=True)
class Meant:
    """A status of the org, what it most likely means, and whether that is only a guess."""

    value: StatusValue
    means: str | None
    is_guess: bool


def meant(statuses: Sequence[StatusValue], known: Fields) -> list[Meant]:
    """Each lead status with what it means: as the shipped dictionary says, else by its words."""
    shipped = {one.word: one.means for one in known.words_of("lead")}
    found = []
    for one in statuses:
        if one.word in shipped:
            found.append(Meant(one, shipped[one.word], is_guess=False))
        else:
            found.append(Meant(one, None if one.is_converted else _guess(one), is_guess=True))
    return found


def _guess(value: StatusValue) -> str | None:
    said = f"{value.word} {value.label}".lower()
    means = next((stage for stage, parts in _MEANS.items() if any(part in said for part in parts)), None)
    return means or ("registered" if value.is_default else None)


def written_status(words: Sequence[Meant], known: Fields) -> Mapping[str, str] | None:
    """The words for hot and cold; None where the org has none for one of them, so that nothing can be written."""
    found: dict[str, str] = {}
    shipped = known.salesforce["Lead"].write["Status"].values or {}
    for stage in ("hot", "cold"):
        there = [one.value.word for one in words if one.means == stage]
        if not there:
            return None
        found[stage] = shipped[stage] if shipped.get(stage) in there else there[0]
    return found


def order(words: Sequence[Meant], written: Mapping[str, str]) -> list[str]:
    """From first to last, so that a written word never takes the place of one that people work with.

    New ones, cold, hot, then whatever else is open, then what is closed; within each as the org has them.
    """

    def rank(one: Meant) -> int:
        if (
            one.value.is_converted
            or one.means == "disqualified"
            or any(part in one.value.word.lower() for part in _CLOSED)
        ):
            return 4
        if one.value.word == written["hot"]:
            return 2
        return {"registered": 0, "cold": 1}.get(one.means or "", 3)

    return [one.value.word for one in sorted(words, key=rank)]


def status_lines(field: str, words: Sequence[Meant], written: Mapping[str, str]) -> list[str]:
    """The entry of the mapping that writes the status."""
    guess = any(one.is_guess for one in words)
    listed = ", ".join(quoted(word) for word in order(words, written))
    return [
        f"      {field}:" + (f"  # {CHECK}" if guess else ""),
        "        value: status",
        "        policy: if_unchanged",
        f"        values: {{hot: {quoted(written['hot'])}, cold: {quoted(written['cold'])}}}",
        f"        order: [{listed}]",
    ]


def dictionary_lines(words: Sequence[Meant], stages: Sequence[StatusValue], source: Source, text: str) -> list[str]:
    """`status_dictionary` with an entry for each lead status and opportunity stage; shipped texts where they fit."""
    shipped = dict(_shipped_entries(source, text))
    lines = ["status_dictionary:"]
    for one in words:
        lines += shipped.get(one.value.word) or _entry(one)
    for stage in stages:
        means = "won" if stage.is_won else "lost" if stage.is_closed else "opportunity"
        lines += [
            f"  - {{word: {quoted(stage.word)}, object: opportunity, means: {means}, owner: field_sales,",
            f"     entry: {_FILL}, exit: {_FILL}, example: {_FILL}}}",
        ]
    return lines if len(lines) > 1 else ["status_dictionary: []"]


def _entry(one: Meant) -> Iterator[str]:
    owner = "field_sales" if one.value.is_converted else _OWNERS.get(one.means, "inside_sales")
    yield f"  # {CHECK}"
    yield f"  - word: {quoted(one.value.word)}"
    if one.means is not None:
        yield f"    means: {one.means}"
    yield f"    owner: {owner}"
    for key in ("entry", "exit", "example"):
        yield f"    {key}: {_FILL}"


def _shipped_entries(source: Source, text: str) -> Iterator[tuple[str, list[str]]]:
    lines = text.splitlines()
    number = 0
    while ("status_dictionary", number) in source.values:
        first = source.values[("status_dictionary", number)].line
        last = max(place.line for path, place in source.values.items() if path[:2] == ("status_dictionary", number))
        word = source.values[("status_dictionary", number, "word")].raw
        yield word, lines[first - 1 : last]
        number += 1


def source_lines(words: Sequence[str], known: Fields) -> list[str]:
    """`sources` with the org's words for where people came from; those that fit nowhere are named in a comment."""
    by_source: dict[str, list[str]] = {source: [] for source in known.sources}
    left, guesses = [], False
    for word in words:
        source = known.source_of.get(word)
        if source is None:
            source = next((one for one, parts in _SOURCES.items() if any(part in word.lower() for part in parts)), None)
            guesses |= source is not None
        if source is None:
            left.append(word)
        else:
            by_source.setdefault(source, []).append(word)
    filled = {source: there for source, there in by_source.items() if there}
    lines = ["sources:" if filled else "sources: {}"]
    lines += [f"  # {CHECK}"] if guesses else []
    lines += [f"  {source}: [{', '.join(quoted(word) for word in there)}]" for source, there in filled.items()]
    if left:
        lines.append(f"  # 割り当てなし（other になります）。 Not assigned, they become `other`: {', '.join(left)}")
    return lines


def closed_task_line(words: Sequence[str], shipped: str | None) -> str | None:
    """The line that says how tasks are closed, where the org has no such word as the shipped one; None where it has."""
    if not words or shipped is None or shipped in words:
        return None
    found = next((word for word in words if any(part in word.lower() for part in _DONE)), None)
    if found is None:
        return "  closed_status: null  # 完了にあたる値がない。 this org has no word for a task that is done"
    return f"  closed_status: {quoted(found)}  # {CHECK}"


def quoted(word: str) -> str:
    """A word as YAML takes it, between commas and brackets, too."""
    plain = re.fullmatch(r"[A-Za-z\u3040-\u30ff\u4e00-\u9fff][\w\u3040-\u30ff\u4e00-\u9fff .()/-]*", word)
    reserved = word.lower() in {"yes", "no", "on", "off", "true", "false", "null", "y", "n"}
    return word if plain and not reserved and not word.endswith(" ") else json.dumps(word, ensure_ascii=False)
