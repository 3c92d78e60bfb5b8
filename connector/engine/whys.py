"""whys: why the next action is the next one, in words: `why_id` and `why_parts` of next_actions → one line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from connector.domain.vocabulary import ACTIVITY_NAMES, WHY_TEXTS, Language, word
from connector.rules.content import Content
from connector.rules.load import RuleSet
from connector.rules.names import Name

_UNNAMED: Mapping[str, tuple[str, str]] = {
    "other": ("その他の理由", "another reason"),
    "without_reason": ("理由の入力なし", "no reason given"),
}


class Whys:
    """Words for reasons, in one language. Names of content, criteria, steps, stages and reasons are the admin's own."""

    def __init__(self, rules: RuleSet, catalogue: Content | None, language: Language) -> None:
        life = rules.lifecycle
        self._language = language
        self._steps: dict[tuple[str, str], str] = {
            (step.id, task.channel): self._name(task.subject)
            for cadence in rules.cadence.cadences
            for step in cadence.steps
            for task in step.tasks
        }
        self._contents = {item.id: self._name(item.name) for item in (catalogue.content if catalogue else ())}
        self._criteria = {one.id: self._name(one.name) for one in (life.toss_up.criteria if life.toss_up else ())}
        self._stages: dict[str, str] = {stage: self._name(text.name) for stage, text in life.stages.items()}
        reasons = life.recycle.reasons if life.recycle else ()
        self._reasons = {one.id: self._name(one.name) for one in reasons}

    def text(self, why_id: str, parts: Sequence[str | None], channel: str) -> str:
        """One line; `channel` is the action's. An id that has no words of its own stands for itself."""
        told = [self._part(why_id, part, channel) for part in parts]
        rest = ("、" if self._language == "ja" else ", ").join(told[1:])
        # Parts that are missing leave nothing behind but their place.
        places = [*told, *["–"] * (3 - len(told))]
        return word(WHY_TEXTS, why_id, self._language).format(*places, rest=rest)

    def _part(self, why_id: str, part: str | None, channel: str) -> str:
        if part is None:
            return "–"
        if why_id in {"step", "decision_overdue"}:
            return self._steps.get((part, channel), part)
        if why_id in {"inquiry", "thanks"}:
            return self._contents.get(part) or word(ACTIVITY_NAMES, part, self._language)
        if why_id == "toss_up":
            return self._criteria.get(part, part)
        if why_id in {"stage_limit", "rise"}:
            return self._stages.get(part, part)
        return self._reasons.get(part) or word(_UNNAMED, part, self._language)

    def _name(self, name: Name | object) -> str:
        return str(getattr(name, self._language))
