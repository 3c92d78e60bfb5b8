"""Advice about content.yaml: content without a stage, stages without content, what is never found (AD-6, NU-1)."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator
from typing import get_args

from connector.rules.content import OFFERED, BuyingStage, ContentItem
from connector.rules.written import CONTENT_FILE, Finding, Written

STAGES: tuple[str, ...] = get_args(BuyingStage)


def about_content(rules: Written) -> Iterator[Finding]:
    yield from _without_stage(rules)
    yield from _without_content(rules)
    yield from _hidden(rules)


def _without_stage(rules: Written) -> Iterator[Finding]:
    for place, item in enumerate(rules.content.content):
        if "stage" not in item.model_fields_set:
            sentence = f"`{item.id}` says nothing about the stage of buying."
            suggestion = f"Give one of {', '.join(STAGES)}, or `stage: null` where seeing it means nothing."
            yield rules.finding("content_without_stage", CONTENT_FILE, ("content", place), sentence, suggestion)


def _without_content(rules: Written) -> Iterator[Finding]:
    """Stages, and personas at a stage, for which there is nothing to offer."""
    offers = [item for item in rules.content.content if item.activity in OFFERED]
    kinds = ", ".join(sorted(OFFERED))
    for stage in STAGES:
        if not any(item.stage == stage for item in offers):
            sentence = f"There is nothing to offer to people at the stage `{stage}`."
            suggestion = f"Add an item of that stage and of one of the kinds {kinds}."
            yield rules.finding("stage_without_content", CONTENT_FILE, ("content",), sentence, suggestion)
    personas = dict.fromkeys(item.persona for item in rules.content.content if item.persona)
    for persona in personas:
        if not any(item.persona in {None, persona} for item in offers):
            sentence = f"There is nothing to offer to the persona `{persona}`."
            suggestion = f"Add an item for it, or for everybody, of one of the kinds {kinds}."
            yield rules.finding("persona_without_content", CONTENT_FILE, ("content",), sentence, suggestion)


def _hidden(rules: Written) -> Iterator[Finding]:
    """Items all of whose patterns an item above takes: the first that matches is it."""
    items = rules.content.content
    for place, item in enumerate(items):
        taken = [_taken_by(sort, pattern, items[:place]) for sort, pattern in _patterns(item)]
        if taken and all(taken):
            above = taken[0]
            sentence = f"`{item.id}` is never found: `{above}` above it matches whatever it matches."
            yield rules.finding("unreachable", CONTENT_FILE, ("content", place), sentence, f"Move it above `{above}`.")


def _patterns(item: ContentItem) -> Iterator[tuple[str, str]]:
    for sort in ("url", "title", "asset", "search"):
        yield from ((sort, pattern.lower()) for pattern in getattr(item.match, sort))


def _taken_by(sort: str, pattern: str, above: tuple[ContentItem, ...]) -> str | None:
    """The item above whose pattern matches whatever this one does, as far as their texts tell."""
    for item in above:
        for other_sort, wider in _patterns(item):
            if other_sort == sort and _wider(sort, wider, pattern):
                return item.id
    return None


def _wider(sort: str, wider: str, narrow: str) -> bool:
    if sort == "search":
        return wider in narrow and "*" not in wider
    if sort == "url" and wider.startswith("/") != narrow.startswith("/"):
        return False
    # Whatever stands for the narrow pattern's * has to be matched by a * of the wider one.
    return "?" not in wider and "[" not in wider + narrow and fnmatch.fnmatchcase(narrow.replace("*", "\0"), wider)
