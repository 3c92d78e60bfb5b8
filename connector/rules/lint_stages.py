"""Advice about stages and lead times: nobody's stages, dead ends, what never comes to bear (AD-6, LC-4)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from connector.rules.content import BuyingStage
from connector.rules.stages import ENDS, STAGES
from connector.rules.written import Finding, Written

FILE = "lifecycle.yaml"
NOT_ASKED = ("anonymous", *ENDS)
"""Stages in which nobody has to act: nobody knows whom, or it is the last word."""
_BUYING: tuple[str, ...] = get_args(BuyingStage)


def about_stages(rules: Written) -> Iterator[Finding]:
    yield from _owners(rules)
    yield from _dead_ends(rules)
    yield from _lead_times(rules)
    yield from _rises(rules)


def _owners(rules: Written) -> Iterator[Finding]:
    stages = rules.rules.lifecycle.stages
    nobodys = [stage for stage in STAGES if stage not in NOT_ASKED and stages[stage].owner is None]
    advice = "Give `owner`: marketing, inside_sales or field_sales."
    if len(nobodys) == len(STAGES) - len(NOT_ASKED):
        yield rules.finding("stage_without_owner", FILE, ("stages",), "No stage has an owner.", advice)
        return
    for stage in nobodys:
        sentence = f"The stage `{stage}` is nobody's."
        yield rules.finding("stage_without_owner", FILE, ("stages", stage), sentence, advice)


def _dead_ends(rules: Written) -> Iterator[Finding]:
    """Stages in which people can stay for ever without anybody being asked."""
    life = rules.rules.lifecycle
    if life.recycle is None:
        sentence = "Lost people stay lost for ever: there is no `recycle`."
        yield rules.finding("dead_end", FILE, (), sentence, "Say after how many days they go back to nurturing.")
    open_ends = [
        stage
        for stage in STAGES
        if stage not in NOT_ASKED and life.stages[stage].then is None and not (stage == "lost" and life.recycle)
    ]
    advice = "Give `within_days` and `then`: nurture, remind, escalate or review."
    if len(open_ends) >= len(STAGES) - len(NOT_ASKED) - 1:
        sentence = "No stage has a limit: whoever stands still is never noticed."
        yield rules.finding("dead_end", FILE, ("stages",), sentence, advice)
        return
    for stage in open_ends:
        if stage != "lost":
            sentence = f"Whoever stays in `{stage}` is never noticed: it has no limit."
            yield rules.finding("dead_end", FILE, ("stages", stage), sentence, advice)


def _lead_times(rules: Written) -> Iterator[Finding]:
    """Lead times behind one that takes everybody, for stages at which nobody is, or for a cadence that there is not."""
    life = rules.rules.lifecycle
    cadences = [cadence.id for cadence in rules.rules.cadence.cadences]
    staged = {item.stage for item in rules.content.content if item.stage}
    for place, one in enumerate(life.lead_times):
        path = ("lead_times", place)
        if one.when is None and one.deal is None and place + 1 < len(life.lead_times):
            sentence = f"`{one.id}` takes everybody: what stands behind it is never reached."
            yield rules.finding("unreachable", FILE, path, sentence, "Put it last, or give it `when` or `deal`.")
        if one.cadence is not None and one.cadence not in cadences:
            sentence = f"There is no cadence `{one.cadence}`."
            yield rules.finding("unknown_word", FILE, (*path, "cadence"), sentence, f"There are {', '.join(cadences)}.")
        for stage in one.expected:
            if stage in _BUYING and stage not in staged:
                sentence = f"Nobody is ever at the buying stage `{stage}`: no content stands for it."
                advice = "Give content that `stage` in content.yaml, or take the line out."
                yield rules.finding("no_effect", FILE, (*path, "expected", stage), sentence, advice)


def _rises(rules: Written) -> Iterator[Finding]:
    for place, rise in enumerate(rules.rules.lifecycle.rises):
        if rise.stage in NOT_ASKED:
            sentence = f"Nobody acts on people in the stage `{rise.stage}`, so that `{rise.id}` changes nothing."
            advice = "Choose another stage, such as opportunity or won."
            yield rules.finding("no_effect", FILE, ("rises", place), sentence, advice)
