"""What lifecycle.yaml names of scoring.yaml: claims about conversions and lines, found and filled in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar, cast

from pydantic import BaseModel

from connector.errors import Problem
from connector.rules.lifecycle import Claim, Lifecycle, TossUpSegment
from connector.rules.scoring import Scoring
from connector.rules.source import KeyPath, Source

_Value = TypeVar("_Value")
_Change = Callable[[Claim | TossUpSegment, KeyPath], Claim | TossUpSegment]


def resolved(lifecycle: Lifecycle, scoring: Scoring, source: Source) -> tuple[Lifecycle, list[Problem]]:
    """The lifecycle in which each claim about a conversion is one about the conversion's activities.

    So nothing that decides by claims has to know of conversions. Also every claim that names a conversion or a line
    that scoring.yaml does not have, at its place in `source`.
    """
    conversions = {one.id: one.when for one in scoring.conversions}
    lines = [one.id for one in scoring.lines]
    problems: list[Problem] = []

    def missing(kind: str, name: str, known: list[str], path: KeyPath) -> None:
        place = source.place((*path, kind))
        sentence = f"scoring.yaml has no {kind} `{name}`."
        there = f"There: {', '.join(known) or 'none'}."
        problems.append(Problem(source.file, place.line, place.column, sentence, there))

    def filled(one: Claim | TossUpSegment, path: KeyPath) -> Claim | TossUpSegment:
        if one.line is not None and one.line not in lines:
            missing("line", one.line, lines, path)
        return with_activity(one, path) if isinstance(one, Claim) and one.conversion is not None else one

    def with_activity(claim: Claim, path: KeyPath) -> Claim:
        name = claim.conversion or ""
        if name not in conversions:
            missing("conversion", name, list(conversions), path)
            return claim
        return claim.model_copy(update={"activity": conversions[name]})

    return _with_each(lifecycle, filled, ()), problems


def _with_each(value: _Value, change: _Change, path: KeyPath) -> _Value:
    """The same value of the rules with each claim and segment within it changed; `path` leads to it."""
    made: object = value
    if isinstance(value, Claim | TossUpSegment):
        made = change(value, path)
    elif isinstance(value, BaseModel):
        fields = {name: getattr(value, name) for name in type(value).model_fields}
        new = {name: _with_each(inner, change, (*path, name)) for name, inner in fields.items()}
        changed = {name: inner for name, inner in new.items() if inner is not fields[name]}
        made = value.model_copy(update=changed) if changed else value
    elif isinstance(value, tuple):
        each = tuple(_with_each(inner, change, (*path, place)) for place, inner in enumerate(value))
        made = each if any(one is not other for one, other in zip(each, value, strict=True)) else value
    elif isinstance(value, Mapping):
        pairs = {key: _with_each(inner, change, (*path, key)) for key, inner in value.items()}
        made = pairs if any(pairs[key] is not value[key] for key in pairs) else value
    return cast(_Value, made)
