"""Advice about nurture.yaml and offers: tracks that nobody gets, personas without content (AD-6, NU-1, NU-2)."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence

from connector.rules.content import OFFERED, BuyingStage
from connector.rules.lint_content import STAGES
from connector.rules.logic import implies
from connector.rules.nurture import NURTURE_FILE, Persona, Track
from connector.rules.written import CONTENT_FILE, Finding, Written

_LISTS = ("stages", "buying_stages", "segments", "personas", "products", "seasons")


def about_nurture(rules: Written) -> Iterator[Finding]:
    yield from _never_offered(rules)
    if NURTURE_FILE in rules.sources:
        yield from _hidden(rules)
        yield from _unknown(rules)
        yield from _without_list(rules)
        yield from _without_content(rules)


def _never_offered(rules: Written) -> Iterator[Finding]:
    """Content with a least stage that no offer ever has."""
    for place, item in enumerate(rules.content.content):
        if item.from_stage is None:
            continue
        path = ("content", place, "from_stage")
        if item.stage is None or item.activity not in OFFERED:
            sentence = f"`{item.id}` is never offered, so that `from_stage` has no effect."
            advice = f"Offered is what has a stage and one of the kinds {', '.join(sorted(OFFERED))}."
            yield rules.finding("no_effect", CONTENT_FILE, path, sentence, advice)
        elif _rank(item.from_stage) > _rank(item.stage):
            sentence = f"`{item.id}` is never offered: it is for people at `{item.stage}` or just before it."
            yield rules.finding("out_of_reach", CONTENT_FILE, path, sentence, "Lower `from_stage`, or raise `stage`.")


def _hidden(rules: Written) -> Iterator[Finding]:
    """Personas and tracks behind one that takes all that they would."""
    nurture = rules.rules.nurture
    for place, persona in enumerate(nurture.personas):
        wider = next((one.id for one in nurture.personas[:place] if _takes(one, persona)), None)
        if wider is not None:
            sentence = f"No condition ever makes anybody `{persona.id}`: `{wider}` above it fits whomever it fits."
            path = ("personas", place)
            yield rules.finding("unreachable", NURTURE_FILE, path, sentence, f"Move it above `{wider}`.")
    for place, track in enumerate(nurture.tracks):
        above = next((one.id for one in nurture.tracks[:place] if _covers(one, track)), None)
        if above is not None:
            sentence = f"`{track.id}` is never reached: `{above}` above it fits whomever it fits."
            path = ("tracks", place)
            yield rules.finding("unreachable", NURTURE_FILE, path, sentence, f"Move it above `{above}`.")
        elif track.stages and not set(track.stages) & set(nurture.stages):
            sentence = f"Nobody is ever on `{track.id}`: none of its stages is nurtured."
            path = ("tracks", place)
            yield rules.finding("unreachable", NURTURE_FILE, path, sentence, "Add them to `stages` at the top.")


def _takes(above: Persona, below: Persona) -> bool:
    return above.when is not None and below.when is not None and implies(below.when.sql, above.when.sql)


def _covers(above: Track, below: Track) -> bool:
    """Whether the track above is for everybody for whom the one below is, as far as their texts tell."""
    for key in _LISTS:
        wide, narrow = set(getattr(above, key)), set(getattr(below, key))
        if wide and not (narrow and narrow <= wide):
            return False
    return above.when is None or (below.when is not None and implies(below.when.sql, above.when.sql))


def _unknown(rules: Written) -> Iterator[Finding]:
    """Products, segments and personas that there are not."""
    nurture, items = rules.rules.nurture, rules.content.content
    products = list(dict.fromkeys(item.product for item in items if item.product))
    segments = [one.id for one in rules.rules.lifecycle.lead_times]
    for place, track in enumerate(nurture.tracks):
        for key, words, known, where in (
            ("products", track.products, products, "content.yaml has no product"),
            ("segments", track.segments, segments, "lifecycle.yaml has no lead time"),
        ):
            for at, word in enumerate(words):
                if word not in known:
                    where_at = ("tracks", place, key, at)
                    sentence = f"{where} `{word}`."
                    yield rules.finding("unknown_word", NURTURE_FILE, where_at, sentence, _close(word, known))
    personas = [persona.id for persona in nurture.personas]
    for place, item in enumerate(items if personas else ()):
        if item.persona is not None and item.persona not in personas:
            path = ("content", place, "persona")
            sentence = f"nurture.yaml has no persona `{item.persona}`, so that nobody is offered this."
            yield rules.finding("unknown_word", CONTENT_FILE, path, sentence, _close(item.persona, personas))


def _close(word: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1)
    return f"Did you mean `{close[0]}`?" if close else f"There: {', '.join(known) or 'none'}."


def _without_list(rules: Written) -> Iterator[Finding]:
    for place, track in enumerate(rules.rules.nurture.tracks):
        if track.list is None:
            sentence = f"No program of Account Engagement knows who is on `{track.id}`."
            advice = "Give the `list` that starts the program."
            yield rules.finding("track_without_list", NURTURE_FILE, ("tracks", place), sentence, advice)


def _without_content(rules: Written) -> Iterator[Finding]:
    """Personas for which there is nothing at a stage at which there is something for others."""
    offers = [item for item in rules.content.content if item.activity in OFFERED and item.stage]
    stages = [stage for stage in STAGES if any(item.stage == stage for item in offers)]
    for place, persona in enumerate(rules.rules.nurture.personas):
        own = {item.stage for item in offers if item.persona in {None, persona.id}}
        lacking = [stage for stage in stages if stage not in own]
        if lacking:
            at = ", ".join(f"`{stage}`" for stage in lacking)
            sentence = f"There is nothing to offer to the persona `{persona.id}` at the stage {at}."
            advice = "Add an item for it, or for everybody, to content.yaml."
            yield rules.finding("persona_without_content", NURTURE_FILE, ("personas", place), sentence, advice)


def _rank(stage: BuyingStage) -> int:
    return STAGES.index(stage)
