"""`connector today`: per rep whom to call, in which order and why; and what falls between the chairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.markup import escape

from connector import flow
from connector.cli.asking import evaluated
from connector.cli.render import table
from connector.cli.shared import Options, console, echo_json, json_option, place_options, river_of
from connector.domain.vocabulary import CHANNEL_NAMES, Language, word
from connector.engine.next_action import next_actions
from connector.errors import ConfigurationError
from connector.planning.history import history_persons
from connector.reporting.presales import Candidate, Queued
from connector.reporting.today import Asked, Call, Gap, Rep, Today, is_owner, only, today_of

MOST_SHOWN = 20
GAPS: Mapping[str, tuple[str, str]] = {
    "nobody_owns": ("担当者なし", "Nobody owns them"),
    "owner_left": ("担当者が無効", "Their owner is not active any more"),
    "out_of_reach": ("電話もメールもできない", "They may be neither called nor written to"),
    "no_next_action": ("次の行動なし", "They have no next action"),
    "closed_without_reason": ("理由なしで失注・終了", "They were lost or closed, and nobody said why"),
}
"""What is missing, by the word in the document."""
STATES: Mapping[str, tuple[str, str]] = {
    "due": ("フィールドセールスへ引き継ぎます（次の計画）", "Go to field sales with the next plan"),
    "awaits_approval": ("トスアップの承認待ち", "Await an approval before they go to field sales"),
    "almost": ("あと一項目でトスアップ", "Lack one criterion of the toss-up"),
}
"""Whom field sales could take, by state."""
LABELS: Mapping[str, tuple[str, str]] = {
    "as_of": ("{0} 時点（ストアの内容による）", "As of {0}, by what the store knows."),
    "nobody": ("連絡する相手はいません。", "Nobody is to be called."),
    "to_do": ("{0}件", "{0} to do"),
    "late": ("期限超過{0}件", "{0} overdue"),
    "overdue": ("期限超過", "overdue"),
    "not_active": ("（無効）", " (not active)"),
    "due": ("期日", "due"),
    "by": ("手段", "by"),
    "who": ("相手", "who"),
    "record": ("レコード", "record"),
    "why": ("理由", "why"),
    "ask": ("聞くこと", "ask"),
    "offer": ("案内：{0}", "offer {0}"),
    "waiting": ("ほかに確認待ち{0}件（別の日に）", "{0} more to be looked at wait for another day."),
    "stage": ("ステージ", "stage"),
    "score": ("スコア", "score"),
    "owner": ("担当", "owner"),
    "missing": ("不足", "missing"),
    "more": ("… ほか{0}件", "… and {0} more"),
    "queue": ("プリセールスの順番（時期・規模・関係・予算）", "Queue of pre-sales (timing, size, relation, budget)"),
    "timing": ("時期", "timing"),
    "size": ("規模", "size"),
    "relation": ("取引", "customer"),
    "budget": ("予算", "budget"),
}


@click.command()
@click.option("--owner", help="Only this user, queue or team: a name or an id.")
@click.option("--as-of", "as_of", help="All that is known now and had happened by then (ISO 8601).")
@click.option("--language", type=click.Choice(["ja", "en"]), help="Of the text; else that of fields.yaml.")
@click.option("--gaps", "gaps_only", is_flag=True, help="Only leads that nobody owns or nobody does anything about.")
@place_options
@json_option
@click.pass_obj
def today(
    options: Options,
    owner: str | None,
    as_of: str | None,
    language: Language | None,
    gaps_only: bool,
    as_json: bool,
) -> int:
    """Show whom to call today, per rep and ranked, and the leads about whom nobody does anything."""
    with river_of(options.settings(), quiet=as_json, remote=False) as river:
        moment = evaluated(river, as_of)
        run, rules, fields = river.store.run, river.rules, river.mapping.fields
        next_actions(rules, moment, flow.today(river, moment), run, river.store.load)
        reviews = fields.guard.reviews_per_owner_a_day
        language = language or fields.language
        asked = Asked(rules, river.content, language, moment, history_persons(run), reviews)
        found: Today | None = today_of(run, asked)
        if owner is not None and found is not None:
            day = found.day
            found = only(found, owner) or (Today(day) if is_owner(run, owner) else None)
        if found is None:
            raise ConfigurationError(
                f"There is no owner {owner!r}: give the name or the id of a user or a queue, or inside_sales, "
                "field_sales or marketing."
            )
        if gaps_only:
            found = Today(found.day, gaps=found.gaps, gap_counts=found.gap_counts)
        if as_json:
            echo_json({"as_of": moment.isoformat(), **document(found)})
        else:
            local = moment.astimezone(ZoneInfo(rules.scoring.time_zone))
            console().print(_said("as_of", language, f"{local:%Y-%m-%d %H:%M}") + "\n")
            words = {item.id: item.name for item in rules.lifecycle.hearing}
            show(console(), found, {one: getattr(name, language) for one, name in words.items()}, language)
    return 0


def show(shown: Console, found: Today, items: Mapping[str, str], language: Language = "en") -> None:
    """The lists for people, one a rep, then whom field sales could take, the queue and the gaps.

    `items`: what the items of the hearing are called, in that language.
    """
    if not found.reps and not found.gaps:
        shown.print(_said("nobody", language) + "\n")
    for rep in found.reps:
        _show_rep(shown, rep, items, language)
    for state in STATES:
        handing = [one for one in found.candidates if one.state == state]
        if handing:
            _show_candidates(shown, word(STATES, state, language), handing, language)
    if found.queue:
        _show_queue(shown, found.queue, language)
    for kind in GAPS:
        gaps = [gap for gap in found.gaps if gap.gap == kind]
        if gaps:
            _show_gaps(shown, word(GAPS, kind, language), gaps, language)


def _said(key: str, language: Language, *parts: object) -> str:
    return word(LABELS, key, language).format(*parts)


def _heads(language: Language, *keys: str) -> list[str]:
    return [word(LABELS, key, language) for key in keys]


def _person(one: Call | Gap | Candidate | Queued) -> str:
    return escape(" · ".join(text for text in (one.name, one.company) if text) or one.person_id)


def _show_rep(shown: Console, rep: Rep, items: Mapping[str, str], language: Language) -> None:
    late = sum(call.overdue for call in rep.calls)
    between = "、" if language == "ja" else ", "
    head = (
        f"{rep.name}{'' if rep.active else _said('not_active', language)}: {_said('to_do', language, len(rep.calls))}"
    )
    head += f"{between}{_said('late', language, late)}" if late else ""
    rows = table(head, "", *_heads(language, "due", "by", "who", "record", "why", "ask"), right=("",))
    for call in rep.calls:
        due = f"[red]{call.due} {_said('overdue', language)}[/red]" if call.overdue else f"{call.due}"
        why = escape(call.reason) + (
            f" ({escape(_said('offer', language, call.offer or call.content))})" if call.content else ""
        )
        ask = escape(between.join(items.get(one, one) for one in call.ask))
        by = word(CHANNEL_NAMES, call.channel, language)
        rows.add_row(f"{call.rank}", due, by, _person(call), call.record or "–", why, ask)
    for column in rows.columns:
        column.overflow = "fold"  # Japanese has no spaces to break at: nothing is cut off.
    shown.print(rows)
    shown.print(_said("waiting", language, rep.waiting) + "\n" if rep.waiting else "")


def _show_candidates(shown: Console, title: str, found: Sequence[Candidate], language: Language) -> None:
    heads = _heads(language, "who", "record", "score", "owner", "missing")
    rows = table(f"{title} ({len(found):,})", *heads, right=(heads[2],))
    for one in found[:MOST_SHOWN]:
        missing = " / ".join(one.questions) if one.state == "almost" else ""
        owner = one.owner_name or one.owner or "–"
        rows.add_row(_person(one), one.record or "–", f"{one.score:,}", escape(owner), escape(missing))
    shown.print(rows)
    _show_left(shown, len(found), language)


def _show_queue(shown: Console, found: Sequence[Queued], language: Language) -> None:
    heads = _heads(language, "who", "record", "timing", "size", "relation", "budget", "score", "owner")
    rows = table(f"{_said('queue', language)} ({len(found):,})", "", *heads, right=("", heads[3], heads[6]))
    for one in found[:MOST_SHOWN]:
        marks = ["✓" if yes else "" for yes in (one.timing, one.relation, one.budget)]
        size = "" if one.size is None else f"{one.size:,}"
        owner = escape(one.owner_name or one.owner or "–")
        record = one.record or "–"
        rows.add_row(f"{one.rank}", _person(one), record, marks[0], size, *marks[1:], f"{one.score:,}", owner)
    shown.print(rows)
    _show_left(shown, len(found), language)


def _show_gaps(shown: Console, title: str, gaps: Sequence[Gap], language: Language) -> None:
    heads = _heads(language, "who", "record", "stage", "score", "owner")
    rows = table(f"{title} ({len(gaps):,})", *heads, right=(heads[3],))
    for gap in gaps[:MOST_SHOWN]:
        owner = gap.owner_name or gap.owner or "–"
        rows.add_row(_person(gap), gap.record or "–", gap.stage, f"{gap.score:,}", escape(owner))
    shown.print(rows)
    _show_left(shown, len(gaps), language)


def _show_left(shown: Console, count: int, language: Language) -> None:
    left = count - MOST_SHOWN
    shown.print(_said("more", language, f"{left:,}") + "\n" if left > 0 else "")


def document(found: Today) -> dict[str, Any]:
    """The same for machines; all gaps are in it."""
    return {
        "day": found.day.isoformat(),
        "reps": [
            {
                "owner": rep.owner,
                "name": rep.name,
                "active": rep.active,
                "waiting": rep.waiting,
                "calls": [_call_document(call) for call in rep.calls],
            }
            for rep in found.reps
        ],
        "gap_counts": dict(found.gap_counts),
        "gaps": [asdict(gap) for gap in found.gaps],
        "toss_up": [asdict(one) for one in found.candidates],
        "queue": [asdict(one) for one in found.queue],
    }


def _call_document(call: Call) -> dict[str, Any]:
    return {**asdict(call), "due": call.due.isoformat(), "ask": list(call.ask), "questions": list(call.questions)}
