"""How it looks what qualifies a person and what is missing, with the evidence of each claim."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from connector.cli.wording import MARKS, Wording, grid, heading, values
from connector.domain.vocabulary import ACTIVITY_NAMES, BUYING_STAGE_NAMES, VIA_NAMES, word
from connector.engine.evidence import ClaimLine, Evidence, ItemLine, RequirementLine


def show_evidence(shown: Console, source: str | None, told: Evidence, words: Wording) -> None:
    verdict = told.verdict
    hot = [line for line in told.requirements if line.decision == "hot"]
    if hot:
        heading(shown, words.label("hot"))
        shown.print(_requirements(hot, words))
    mql = [line for line in told.requirements if line.decision == "mql"]
    if mql:
        by = escape(source or words.label("not_known"))
        heading(shown, words.label("mql"), f"{_mark(verdict.is_mql)}  {words.label('source')}: {by}")
        shown.print(_requirements(mql, words))
    needed = [item for item in told.items if item.needed]
    if needed:
        heading(shown, words.label("sql"), _mark(verdict.is_sql))
        shown.print(_items(needed, words))
    toss_up = [line for line in told.requirements if line.decision == "toss_up"]
    if toss_up:
        count = f"{len(verdict.toss_up_met)} / {len(toss_up)}, {words.label('needed')} {verdict.toss_up_required}"
        heading(shown, words.label("toss_up"), f"{_mark(verdict.toss_up_ready)}  {count}")
        shown.print(_requirements(toss_up, words))
    others = [item for item in told.items if not item.needed and item.state != "missing"]
    if others:
        heading(shown, words.label("other_items"))
        shown.print(_items(others, words))
    if verdict.buying_stage:
        shown.print(f"\n{words.label('at_stage')}: {word(BUYING_STAGE_NAMES, verdict.buying_stage, words.language)}")


def _mark(met: bool) -> str:
    return MARKS["met" if met else "missed"]


def _requirements(lines: Iterable[RequirementLine], words: Wording) -> Table:
    rows = grid(columns=3)
    for line in lines:
        claims = [_claim(claim, words) for claim in line.claims]
        shown = [text for text, met in claims if met] if line.met else [text for text, _ in claims]
        ask = f"→ {words.name(line.ask)}" if line.ask and not line.met else ""
        told = "\n".join(text for text in (*shown, escape(ask)) if text)
        rows.add_row(f"  {_mark(line.met)}", escape(words.name(line.name)), told)
    return rows


def _claim(claim: ClaimLine, words: Wording) -> tuple[str, bool]:
    """A claim with its latest evidence in one line, with markup, and whether it holds."""
    mark = "" if claim.met else f"{_mark(False)} "
    shown = claim.evidence[0] if claim.evidence else {}
    old = "" if shown.get("counts", True) else f" ({words.label('too_old')})"
    if claim.about == "activity" and shown:
        did = word(ACTIVITY_NAMES, str(shown["type"]), words.language)
        about = words.content(shown["content"]) or shown["url"] or ""
        more = f" ×{len(claim.evidence)}" if claim.at_least > 1 else ""
        return mark + escape(f"{words.time(shown['at'])} {did} {about}".rstrip() + more + old), claim.met
    if claim.about == "hearing" and shown:
        soft = "" if claim.met else f" ({words.label('soft')})"
        answer = _answer(tuple(shown[key] for key in ("value", "said_by", "heard_by", "via", "at")), words)
        return mark + escape(answer + soft), claim.met
    if claim.about == "hearing":
        return f"{mark}[dim]{words.label('not_heard')}[/dim]", claim.met
    if claim.about in {"score", "score_at_most"}:
        sign = "≥" if claim.about == "score" else "≤"
        days = f" / {claim.within_days}d" if claim.within_days else ""
        return mark + f"{words.label('score')}{days} {shown.get('score', '–')} {sign} {claim.says}", claim.met
    if claim.about == "grade":
        return mark + f"{words.label('grade')} {shown.get('grade') or '–'} ≥ {claim.says}", claim.met
    if shown:
        return mark + escape(values({key: _cell(cell, words) for key, cell in shown.items()}, words)), claim.met
    return mark + f"[dim]{escape(claim.says)}[/dim]", claim.met


def _cell(cell: Any, words: Wording) -> object:
    return words.time(cell) if isinstance(cell, datetime) else cell


def _items(items: Iterable[ItemLine], words: Wording) -> Table:
    rows = grid(columns=3)
    for item in items:
        if item.state == "missing":
            told = f"[dim]{words.label('not_heard')}[/dim]"
            told += f"  → {escape(words.name(item.ask))}" if item.ask else ""
        else:
            told = escape(_answer((item.value, item.said_by, item.heard_by, item.via, item.at), words))
            told += f"  [dim]({words.label('soft')})[/dim]" if item.state == "soft" else ""
        rows.add_row(f"  {MARKS[item.state]}", escape(words.name(item.name)), told)
    return rows


def _answer(told_by: tuple[Any, ...], words: Wording) -> str:
    """An answer with its evidence: the value, who said it to whom, where, and when."""
    value, said_by, heard_by, via, at = told_by
    told = f"「{value}」" if words.language == "ja" else f"“{value}”"
    people = " → ".join(one for one in (said_by, heard_by) if one)
    more = (people, word(VIA_NAMES, via, words.language), words.time(at) if at else "")
    listed = ", ".join(one for one in more if one)
    return f"{told} {listed}".rstrip()
