"""How the explanation of a person looks on a terminal: the sum first, then how it came about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from connector.cli.explained_apart import show_apart
from connector.cli.explained_evidence import show_evidence
from connector.cli.wording import MARKS, Wording, grid, heading, values
from connector.domain.vocabulary import (
    ACTIVITY_NAMES,
    CHANNEL_NAMES,
    DECISION_NAMES,
    DETAIL_NAMES,
    PURPOSE_NAMES,
    STAGE_RULE_NAMES,
    TEAM_NAMES,
    TURN_NAMES,
    VALUE_NAMES,
    word,
)
from connector.engine.explain import Fit, LedgerLine
from connector.reporting.explanation import Explanation, Planned


def show(shown: Console, found: Explanation, words: Wording) -> None:
    """An explanation for people. Times in the zone of the rules; what people typed is shown as it is."""
    _show_head(shown, found, words)
    _show_action(shown, found, words)
    if found.fit is not None:
        _show_fit(shown, found.fit, words)
    if found.evidence is not None:
        show_evidence(shown, found.person.source, found.evidence, words)
    show_apart(shown, found.apart, words)
    _show_further(shown, found.standing, words)
    _show_ledger(shown, found.ledger, words)
    _show_history(shown, found, words)
    if found.planned is not None:
        _show_planned(shown, found.planned, words)
    _show_writes(shown, found, words)
    shown.print()


def _show_head(shown: Console, found: Explanation, words: Wording) -> None:
    person = found.person
    who = " · ".join(one for one in (person.name, person.company, person.department, person.title) if one)
    shown.print(f"[bold]{escape(who or person.person_id)}[/bold]")
    shown.print(f"[dim]{escape(', '.join(person.records))}[/dim]")
    since = ""
    if person.hot_since:
        at = words.time(person.hot_since)
        since = f" {at}{words.label('since')}" if words.language == "ja" else f" {words.label('since')} {at}"
    rule = word(STAGE_RULE_NAMES, person.stage_rule, words.language)
    shown.print(f"[bold]{escape(words.stage(person.stage))}[/bold]{since} ({escape(rule)})")
    parts = (
        ("source", person.score_source),
        ("behaviour", person.score_behaviour),
        ("inactivity", person.score_inactivity),
    )
    lifted = (("floor", person.score_floor),) if person.score_floor else ()
    sums = "  ".join(f"{words.label(name)} {points:+d}" for name, points in (*parts, *lifted))
    deciding = ""
    if person.score_deciding is not None and person.score_deciding != person.score:
        deciding = f"   {words.label('deciding')} [bold]{person.score_deciding}[/bold]"
    shown.print(f"{words.label('score')} [bold]{person.score}[/bold] = {sums}{deciding}")
    refused = [words.label(name) for name in ("opted_out", "do_not_call") if getattr(person, name)]
    if refused:
        shown.print(f"[red]{' · '.join(refused)}[/red]")


def _show_action(shown: Console, found: Explanation, words: Wording) -> None:
    action = found.next_action
    if action is None:
        return
    heading(shown, words.label("next"))
    rows = grid(columns=2)
    language = words.language
    what = f"{word(CHANNEL_NAMES, action.channel, language)} — {word(PURPOSE_NAMES, action.purpose, language)}"
    owner = action.owner_name or word(TEAM_NAMES, action.owner, language)
    asks = " / ".join(words.question(one) for one in action.ask)
    why = words.whys.text(action.why_id, action.why_parts, action.channel)
    for label, value in (
        ("what", what), ("who", owner), ("due", str(action.due or "–")), ("why", why), ("ask", asks),
        ("offer", words.content(action.content)),
    ):  # fmt: skip
        if value:
            rows.add_row(f"  [dim]{words.label(label)}[/dim]", escape(value))
    shown.print(rows)


def _show_fit(shown: Console, fit: Fit, words: Wording) -> None:
    tier = f"{words.label('tier')} {escape(words.name(fit.tier_name))}" if fit.tier_name else words.label("no_tier")
    rule = f" ({fit.tier_rule})" if fit.tier_rule else ""
    bounds = "".join(
        f", {words.label(key)} {bound}" for key, bound in (("at_least", fit.floor), ("at_most", fit.cap)) if bound
    )
    sums = f"[bold]{fit.grade}[/bold] = {fit.start} {fit.thirds:+d} {words.label('thirds')}{bounds}   {tier}{rule}"
    heading(shown, words.label("grade"), sums)
    rows = grid(columns=4, numbers=(2,))
    for line in fit.criteria:
        seen = values(line.evidence, words) or words.label("not_known")
        mark = f"  {MARKS[line.outcome]}"
        rows.add_row(mark, escape(words.name(line.name)), f"{line.thirds:+d}", f"[dim]{escape(seen)}[/dim]")
    shown.print(rows)


def _show_further(shown: Console, standing: Mapping[str, Mapping[str, Any]], words: Wording) -> None:
    """What was decided beside stage and score: those details that have words for people."""
    rows = grid(columns=2)
    told = False
    for name, row in standing.items():
        details = "  ".join(
            f"[dim]{word(DETAIL_NAMES, key, words.language)}[/dim] {escape(_detail(value, words, key))}"
            for key, value in row.items()
            if key in DETAIL_NAMES and value not in (None, False, 0, [], {})
        )
        if details:
            rows.add_row(f"  {word(DECISION_NAMES, name, words.language)}", details)
            told = True
    if told:
        heading(shown, words.label("further"))
        shown.print(rows)


def _detail(value: Any, words: Wording, key: str) -> str:
    """A value as people read it: moments in the zone of the rules, `✓` for what is so, names where `key` has some."""
    if value is True:
        return "✓"
    if isinstance(value, list):
        return ", ".join(_detail(one, words, key) for one in value)
    if key == "content" or (key, value) in words.named:
        return words.content(value) if key == "content" else words.apart(key, value)
    if isinstance(value, str) and value.endswith("+00:00"):
        return words.time(datetime.fromisoformat(value))
    if isinstance(value, str):
        return words.stage(value) if value in words.stages else word(VALUE_NAMES, value, words.language)
    return f"{value:,}" if isinstance(value, int) else str(value)


def _show_ledger(shown: Console, lines: Iterable[LedgerLine], words: Wording) -> None:
    rows = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for label, right in (("when", False), ("points", True), ("total", True), ("rule", False), ("what", False)):
        rows.add_column(words.label(label), justify="right" if right else "left", header_style="dim", overflow="fold")
    for line in lines:
        colour = "green" if line.points > 0 else "red" if line.points else "dim"
        cut = "" if line.uncut is None else f" [dim]/ {line.uncut:+d}[/dim]"
        rows.add_row(
            words.time(line.at),
            f"[{colour}]{line.points:+d}[/{colour}]{cut}",
            str(line.running_total),
            escape(words.name(line.name)),
            f"[dim]{escape(_did(line.what, words))}[/dim]",
        )
    heading(shown, words.label("ledger"))
    shown.print(rows)


def _did(what: str, words: Wording) -> str:
    """The type of an activity and its content or address, in words where there are some."""
    kind, _, about = what.partition(" ")
    if kind not in ACTIVITY_NAMES:
        return what
    return f"{word(ACTIVITY_NAMES, kind, words.language)} {words.content(about)}".rstrip()


def _show_life(shown: Console, found: Explanation, words: Wording) -> None:
    """What turned in the life of a person, when, and by which rules; the score that decided at that moment."""
    if not found.life:
        return
    names = {line.id: words.name(line.name) for line in (found.evidence.requirements if found.evidence else ())}
    heading(shown, words.label("life"))
    rows = grid(columns=4, numbers=(2,))
    for turn in found.life:
        step = f"{words.stage(turn.from_stage)} → {words.stage(turn.to_stage)}"
        told = step if turn.kind == "stage" else word(TURN_NAMES, turn.kind, words.language)
        why = ", ".join(names.get(rule) or word(STAGE_RULE_NAMES, rule, words.language) for rule in turn.rules)
        score = "" if turn.score is None else str(turn.score)
        rows.add_row(f"  {words.time(turn.at)}", escape(told), score, f"[dim]{escape(why)}[/dim]")
    shown.print(rows)


def _show_tiers(shown: Console, found: Explanation, words: Wording) -> None:
    """Which tier the company has had since when, and what moved it; the first alone tells nothing new."""
    if len(found.tiers) < 2:
        return
    heading(shown, words.label("tiers"))
    rows = grid(columns=3)
    for change in found.tiers:
        moved = ", ".join(change.moved_by)
        rows.add_row(f"  {words.time(change.since)}", escape(change.tier or "–"), f"[dim]{escape(moved)}[/dim]")
    shown.print(rows)


def _show_history(shown: Console, found: Explanation, words: Wording) -> None:
    _show_life(shown, found, words)
    _show_tiers(shown, found, words)
    if found.transitions:
        heading(shown, words.label("transitions"))
        rows = grid(columns=3)
        for moment, before, after, reason in found.transitions:
            step = f"{words.stage(before)} → {words.stage(after)}"
            why = word(STAGE_RULE_NAMES, reason, words.language)
            rows.add_row(f"  {words.time(moment)}", escape(step), f"[dim]{escape(why)}[/dim]")
        shown.print(rows)
    if found.cadences:
        heading(shown, words.label("cadences"))
        rows = grid(columns=3)
        for cadence, start, end in found.cadences:
            until = f"{words.label('ended')}: {end}" if end else words.label("open")
            rows.add_row(f"  {start}", escape(words.apart("cadence", cadence)), escape(until))
        shown.print(rows)
    if found.lists:
        heading(shown, words.label("lists"))
    for one in found.lists:
        until = f", {words.label('until')} {one.follow_up_until}" if one.follow_up_until else ""
        shown.print(f"  {escape(one.name)}: {escape(one.segment_name or words.label('no_segment'))}{until}")
        for question, answer in one.answers.items():
            shown.print(f"    [dim]{escape(question)}[/dim] {escape(answer)}")


def _show_planned(shown: Console, planned: Planned, words: Wording) -> None:
    if not (planned.records or planned.tasks or planned.withheld):
        return
    heading(shown, words.label("planned"))
    rows = grid(columns=3)
    for record in planned.records:
        for place, change in enumerate(record.changes):
            which = f"{record.object} {record.record_id}" if place == 0 else ""
            values_of = f"{_short(change.before)} → {_short(change.after)}"
            rows.add_row(f"  {which}", escape(change.field), escape(values_of))
    for task in planned.tasks:
        rows.add_row(
            f"  {words.label('task')}", str(task.values.get("ActivityDate")), escape(str(task.values["Subject"]))
        )
    for one in planned.withheld:
        rows.add_row(f"  {words.label('withheld')}", escape(one.step), escape(one.reason))
    shown.print(rows)


def _show_writes(shown: Console, found: Explanation, words: Wording) -> None:
    if not found.writes:
        return
    heading(shown, words.label("writes"))
    rows = grid(columns=4)
    for write in found.writes:
        changed = "\n".join(
            f"{name}: {_short(write.before.get(name))} → {_short(to)}" for name, to in write.after.items()
        )
        outcome = "" if write.outcome == "done" else f"\n[red]{escape(write.outcome)}[/red]"
        rows.add_row(
            f"  {words.time(write.at)}", escape(f"{write.object}\n{write.record}") + outcome, escape(changed), ""
        )
    shown.print(rows)


def _short(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    return "–" if value is None else str(value)
