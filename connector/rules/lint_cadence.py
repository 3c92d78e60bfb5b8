"""Advice about cadence.yaml: days that are hardly ever business days, closing days that change nothing (AD-6)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta

from connector.rules.cadence import Cadence, Step
from connector.rules.written import Finding, Written

FILE = "cadence.yaml"
LOOKED_AHEAD = 365
"""Days on which a cadence might start that are tried."""

IsBusinessDay = Callable[[date], bool]


def about_cadence(rules: Written, is_business_day: IsBusinessDay, today: date) -> Iterator[Finding]:
    """`is_business_day`: by the calendar of the same rules."""
    starts = [day for ahead in range(LOOKED_AHEAD) if is_business_day(day := today + timedelta(days=ahead))]
    for at, cadence in enumerate(rules.rules.cadence.cadences):
        for place, step in enumerate(cadence.steps):
            moved = _moved(cadence, step, starts, is_business_day)
            if 2 * moved > len(starts):
                share = "every start" if moved == len(starts) else f"{moved} of {len(starts)} starts"
                sentence = f"Day {step.day} falls on a weekend, holiday or closing day for {share} of the coming year."
                path = ("cadences", at, "steps", place, "day")
                yield rules.finding("day_off", FILE, path, sentence, "Choose another day; it is moved to the next one.")
    yield from _subjects(rules)
    yield from _ends(rules)
    yield from _teams(rules)
    yield from _closing_days(rules, today)


def _moved(cadence: Cadence, step: Step, starts: list[date], is_business_day: IsBusinessDay) -> int:
    if cadence.counts == "business_days":
        return 0
    return sum(not is_business_day(start + timedelta(days=step.day - 1)) for start in starts)


def _subjects(rules: Written) -> Iterator[Finding]:
    """Tasks of which a rep cannot tell one from the other."""
    seen: dict[str, str] = {}
    for at, cadence in enumerate(rules.rules.cadence.cadences):
        for place, step in enumerate(cadence.steps):
            for number, task in enumerate(step.tasks):
                for language in ("ja", "en"):
                    subject = getattr(task.subject, language)
                    key = f"{language}:{subject}"
                    if key in seen:
                        sentence = f"The subject “{subject}” is that of another task of `{seen[key]}`, too."
                        path = ("cadences", at, "steps", place, "tasks", number, "subject")
                        yield rules.finding("same_subject", FILE, path, sentence, "Say in it which day or step it is.")
                        break
                    seen[key] = step.id


def _ends(rules: Written) -> Iterator[Finding]:
    """Runs that nobody has to decide, and decisions where nothing is decided."""
    for at, cadence in enumerate(rules.rules.cadence.cadences):
        if cadence.decision is not None and not cadence.decides:
            sentence = f"The last step of `{cadence.id}` is no decision: `decision` changes nothing."
            advice = "Give the last step a task with the channel `decide`, or take it out."
            yield rules.finding("no_effect", FILE, ("cadences", at, "decision"), sentence, advice)
        if cadence.decides and cadence.decision is None:
            sentence = f"Nobody is told when the decision of `{cadence.id}` is overdue."
            yield rules.finding("dead_end", FILE, ("cadences", at), sentence, "Give `decision` (docs/rules.md).")


def _teams(rules: Written) -> Iterator[Finding]:
    """Teams through whose hands no lead goes."""
    cadences = rules.rules.cadence
    used = {team for chain in cadences.chains for team in chain.teams}
    for at, team in enumerate(cadences.teams):
        if team.id not in used:
            sentence = f"No chain leads to the team `{team.id}`."
            yield rules.finding("no_effect", FILE, ("teams", at), sentence, "Name it in one of `chains`.")
    everybody = next((at for at, chain in enumerate(cadences.chains[:-1]) if chain.when is None), None)
    if everybody is not None:
        sentence = f"`{cadences.chains[everybody].id}` takes everybody: the chains behind it have no turn."
        yield rules.finding("no_effect", FILE, ("chains", everybody), sentence, "Give it a `when`, or put it last.")


def _closing_days(rules: Written, today: date) -> Iterator[Finding]:
    days = rules.rules.cadence.calendar.closing_days
    for place, day in enumerate(days):
        if day.weekday() >= 5:
            path = ("calendar", "closing_days", place)
            sentence = f"{day} is a {'Saturday' if day.weekday() == 5 else 'Sunday'}: it is no business day anyway."
            yield rules.finding("no_effect", FILE, path, sentence, "Take it out, or correct the date.")
    if days and max(days) < today:
        sentence = f"All closing days are over; the last one was {max(days)}."
        yield rules.finding("no_effect", FILE, ("calendar", "closing_days"), sentence, "Enter those of this year.")
