"""Advice about losses: dates that nobody is asked for, and conditions for a return that never comes (RC-1, RC-2)."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from connector.rules.source import KeyPath
from connector.rules.written import Finding, Written

FILE = "lifecycle.yaml"


def about_recycle(rules: Written) -> Iterator[Finding]:
    """What of `recycle`, `not_before` and `second_approach` is allowed, and hardly meant."""
    life = rules.rules.lifecycle
    known = [item.id for item in life.hearing]
    for path, item in _dates(rules):
        if item not in known:
            close = difflib.get_close_matches(item, known, n=1, cutoff=0.6)
            suggestion = f"Did you mean `{close[0]}`?" if close else "Declare it, so that somebody asks for it."
            sentence = f"A date is looked for in `{item}`, which `hearing` does not declare."
            yield rules.finding("undeclared_item", FILE, path, sentence, suggestion)
    if life.second_approach is not None and life.recycle is None:
        sentence = "`second_approach` is about people who were recycled, and without `recycle` nobody is."
        yield rules.finding("no_effect", FILE, ("second_approach",), sentence, "Add `recycle`, or take it out.")


def _dates(rules: Written) -> Iterator[tuple[KeyPath, str]]:
    """The hearing items from which a date is taken, with their places."""
    life = rules.rules.lifecycle
    for place, reason in enumerate(life.recycle.reasons if life.recycle else ()):
        for number, item in enumerate((reason.after and reason.after.heard_date) or ()):
            yield ("recycle", "reasons", place, "after", "heard_date", number), item
    for number, item in enumerate(life.not_before.heard if life.not_before else ()):
        yield ("not_before", "heard", number), item
