"""The brief on a task: why this person, in a few lines that a rep reads before the call."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from connector.domain.running import Run
from connector.domain.vocabulary import ACTIVITY_NAMES
from connector.engine.explain import reasons, rule_names
from connector.engine.moments import as_column
from connector.planning.book import Book
from connector.planning.desired import Language
from connector.rules.load import RuleSet

MAIN_REASONS = 5
LAST_ACTIONS = 3

LISTS = 3

_HEADS = {
    "ja": ("主な理由：", "直近の行動：", "リスト："),
    "en": ("Main reasons:", "Last actions:", "Lists:"),
}
_UNTIL = {"ja": "フォロー期限", "en": "follow up until"}


@dataclass(frozen=True)
class Brief:
    """A task's text, and the figures that fit into its subject."""

    headline: str
    text: str


def briefs(run: Run, book: Book, persons: Iterable[str], as_of: datetime) -> dict[str, Brief]:
    """The brief of each person: the figures, the rules that gave most, what was done last, the lists that name them.

    No e-mail address and no phone number: the rep has them on the record. Addresses of pages come without what
    follows a `?`, where forms and mailings put them. Reads desired_persons, activities and list_follow_ups.
    """
    wanted = sorted(persons)
    if not wanted:
        return {}
    run("CREATE OR REPLACE TEMP TABLE briefed AS SELECT unnest($persons::VARCHAR[]) AS person_id", {"persons": wanted})
    rules, language = book.rules, book.fields.language
    main, last = _main_reasons(run, rules, as_of, language), _last_actions(run, book, as_of)
    listed = _lists(run, rules.scoring.time_zone, as_of, language)
    head_reasons, head_actions, head_lists = _HEADS[language]
    found = {}
    for person, figures, score, grade, tier in run(
        "SELECT person_id, reason, score, grade, tier FROM desired_persons SEMI JOIN briefed USING (person_id)", {}
    ):
        lines = [figures or ""]
        if person in main:
            lines += [head_reasons, *main[person]]
        if person in last:
            lines += [head_actions, *last[person]]
        if person in listed:
            lines += [head_lists, *listed[person]]
        found[person] = Brief(_headline(rules, score, grade, tier, language), "\n".join(lines))
    return found


def _headline(rules: RuleSet, score: int, grade: str | None, tier: str | None, language: Language) -> str:
    named = next((one.name for one in rules.tiers.tiers if one.id == tier), None)
    if language == "ja":
        words = (f"スコア{score}", f"グレード{grade}" if grade else None, named.ja if named else None)
        return "・".join(word for word in words if word)
    words = (f"score {score}", f"grade {grade}" if grade else None, named.en if named else None)
    return ", ".join(word for word in words if word)


def _main_reasons(run: Run, rules: RuleSet, as_of: datetime, language: Language) -> dict[str, list[str]]:
    reasons(rules, as_of, run, "briefed")
    names = rule_names(rules.scoring)
    found: dict[str, list[str]] = defaultdict(list)
    for person, rule, points, times in run(
        "SELECT person_id, rule, points, times FROM reasons WHERE points > 0 "
        "QUALIFY row_number() OVER (PARTITION BY person_id ORDER BY points DESC, rule) <= $most "
        "ORDER BY person_id, points DESC, rule",
        {"most": MAIN_REASONS},
    ):
        name = names[rule].ja if language == "ja" else names[rule].en
        found[person].append(f"・{name} ×{times} {points:+d}")
    return found


def _last_actions(run: Run, book: Book, as_of: datetime) -> dict[str, list[str]]:
    rules, language = book.rules, book.fields.language
    counted = ", ".join(f"'{kind}'" for kind in rules.scoring.activity_types)
    names = {item.id: item.name.ja if language == "ja" else item.name.en for item in book.content.content}
    found: dict[str, list[str]] = defaultdict(list)
    for person, day, kind, item, url in run(
        f"""
        SELECT person_id,
            strftime(timezone('{rules.scoring.time_zone}', timezone('UTC', occurred_at)), '%Y-%m-%d %H:%M'),
            type, content, regexp_replace(url, '[?#].*$', '')
        FROM activities SEMI JOIN briefed USING (person_id)
        WHERE occurred_at <= $as_of AND type IN ({counted})
        QUALIFY row_number() OVER (PARTITION BY person_id ORDER BY occurred_at DESC, activity_id) <= $most
        ORDER BY person_id, occurred_at DESC, activity_id
        """,
        {"as_of": as_column(as_of), "most": LAST_ACTIONS},
    ):
        what = names.get(item, url or "")
        word = ACTIVITY_NAMES.get(kind, (kind, kind))[0 if language == "ja" else 1]
        found[person].append(f"・{day} {word} {what}".rstrip())
    return found


def _lists(run: Run, zone: str, as_of: datetime, language: Language) -> dict[str, list[str]]:
    """The latest lists of each person, with the segment and the last day of its follow-up."""
    found: dict[str, list[str]] = defaultdict(list)
    for person, day, name, segment, until in run(
        f"""
        SELECT person_id, strftime(timezone('{zone}', timezone('UTC', happened_at)), '%Y-%m-%d'), name,
            segment_{language}, follow_up_until
        FROM list_follow_ups SEMI JOIN briefed USING (person_id)
        WHERE happened_at IS NULL OR happened_at <= $as_of
        QUALIFY row_number() OVER (PARTITION BY person_id ORDER BY happened_at DESC NULLS LAST, name) <= $most
        ORDER BY person_id, happened_at DESC NULLS LAST, name
        """,
        {"as_of": as_column(as_of), "most": LISTS},
    ):
        limit = f"{_UNTIL[language]} {until}" if until else None
        found[person].append("・" + " ".join(word for word in (day, name, segment, limit) if word))
    return found
