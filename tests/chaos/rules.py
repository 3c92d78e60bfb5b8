"""Random rules: the shipped ones with other thresholds, policies, limits and steps, all of them valid."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from random import Random

from connector.bootstrap import Rulebook
from connector.rules.cadence import Cadence, Cadences
from connector.rules.fields import Fields, ObjectFields, WriteField
from connector.rules.writing import Modes

POLICIES = ("always", "always", "if_unchanged", "if_unchanged", "if_unchanged", "if_blank", "never")
NO_LIMIT = 10_000


def mutated(rulebook: Rulebook, seed: int, *, limits: bool = True) -> Rulebook:
    """The rules of a seed: the same rules under the same seed, in every process.

    `limits`: whether there may be so many tasks a day only, for which people compete, and whether some of what is
    written may wait for a word.
    """
    dice = Random(f"rules {seed}")
    rules, mapping = rulebook.rules, rulebook.mapping
    hot = rules.lifecycle.hot.model_copy(update={"at_least": dice.choice((5, 10, 25, 40, 65))})
    return replace(
        rulebook,
        rules=replace(
            rules,
            lifecycle=rules.lifecycle.model_copy(update={"hot": hot}),
            cadence=_cadences(rules.cadence, dice, limits=limits),
        ),
        mapping=replace(mapping, fields=_drawn(mapping.fields, seed, dice, limits=limits)),
        hash=hashlib.sha256(f"{rulebook.hash} {seed} {limits}".encode()).hexdigest(),
    )


def without_words(rulebook: Rulebook) -> Rulebook:
    """The same rules, by which nothing waits for a word any more."""
    fields = rulebook.mapping.fields.model_copy(update={"modes": Modes()})
    return replace(rulebook, mapping=replace(rulebook.mapping, fields=fields), hash=f"{rulebook.hash} by itself")


def _drawn(fields: Fields, seed: int, dice: Random, *, limits: bool) -> Fields:
    found = _with_words(_fields(fields, dice, limits=limits), seed, limits=limits)
    return _ours_alone(found) if seed % 7 == 2 else found


def _ours_alone(fields: Fields) -> Fields:
    """Every field without an order is written whatever stands there: only such rows may go by bulk jobs."""
    objects = {
        name: entry.model_copy(
            update={
                "write": {
                    field: one if one.order else one.model_copy(update={"policy": "always"})
                    for field, one in entry.write.items()
                }
            }
        )
        for name, entry in fields.salesforce.items()
    }
    return fields.model_copy(update={"salesforce": objects})


def _with_words(fields: Fields, seed: int, *, limits: bool) -> Fields:
    """Under every fourth seed some kinds of changes wait."""
    if not limits or seed % 4 != 1:
        return fields
    waiting = Random(f"words {seed}").sample(("tasks", "status", "updates", "closings"), 2)
    return fields.model_copy(update={"modes": Modes.model_validate(dict.fromkeys(waiting, "approval"))})


def _cadences(cadences: Cadences, dice: Random, *, limits: bool) -> Cadences:
    a_day = dice.choice((None, 1, 3, 10, 50)) if limits else None
    changed = tuple(_cadence(cadence, dice) for cadence in cadences.cadences)
    return cadences.model_copy(
        update={"tasks_a_day": a_day, "cadences": changed, "fresh_days": dice.choice((2, 20, 365))}
    )


def _cadence(cadence: Cadence, dice: Random) -> Cadence:
    """The cadence with its steps drawn together: more of them fall due within the few days of a run."""
    pace = dice.choice((1.0, 1.0, 0.5, 0.2))
    days: list[int] = []
    for step in cadence.steps:
        days.append(max(days[-1] + 1 if days else 1, round(step.day * pace)))
    steps = tuple(step.model_copy(update={"day": day}) for step, day in zip(cadence.steps, days, strict=True))
    return cadence.model_copy(update={"steps": steps})


def _fields(fields: Fields, dice: Random, *, limits: bool) -> Fields:
    objects = {name: _object(entry, dice) for name, entry in fields.salesforce.items()}
    reviews = dice.choice((1, 10)) if limits else NO_LIMIT
    changes = {"at_least": dice.choice((1, 200)), "reviews_per_owner_a_day": reviews, "tasks_per_owner": NO_LIMIT}
    return fields.model_copy(
        update={
            "salesforce": objects,
            "guard": fields.guard.model_copy(update=changes),
            "language": dice.choice(("ja", "en")),
        }
    )


def _object(entry: ObjectFields, dice: Random) -> ObjectFields:
    return entry.model_copy(update={"write": {name: _write(one, dice) for name, one in entry.write.items()}})


def _write(entry: WriteField, dice: Random) -> WriteField:
    """Mostly as shipped; else another policy. What has an order keeps its own."""
    if entry.order or entry.value == "scored_at" or dice.random() < 0.5:
        return entry
    return entry.model_copy(update={"policy": dice.choice(POLICIES)})
