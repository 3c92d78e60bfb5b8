"""Driving the native grade: each prospect's criteria by a call of its own, in the version that takes them (GR-3)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from connector.applying.application import Application, Applied
from connector.applying.effect import Call, Effect, batches
from connector.applying.prospects import ROWS_AT_ONCE, found_prospects, intent_of, unit_of, unmoved
from connector.applying.units import prospect_in, unit_in
from connector.domain.native_grade import GRADE, criteria_of, is_native_grade
from connector.domain.outcome import RowResult
from connector.domain.plan import Plan
from connector.errors import ConfigurationError
from connector.store.journal import Intent

NOT_FOLLOWED = "GRADE_NOT_FOLLOWED"
"""The code of prospects whose grade did not follow the criteria: they have another profile, or it has other weights."""


def _calls(_application: Application, plan: Plan) -> Iterator[Call]:
    changes = sorted((one for one in plan.prospects if is_native_grade(one)), key=lambda one: (one.unit, one.record_id))
    for _unit, theirs in groupby(changes, lambda one: one.unit):
        for batch in batches([intent_of(one, "native_grade") for one in theirs], ROWS_AT_ONCE):
            yield list(batch), _send


def _send(application: Application, intents: Sequence[Intent]) -> list[RowResult]:
    unit = unit_in(intents[0].record)
    criteria = application.criteria.get(unit)
    if criteria is None:
        raise ConfigurationError(f"fields.yaml names no criteria for the native grade of business unit {unit}.")
    writer = unit_of(application, unit)

    def send(left: Sequence[Intent]) -> list[RowResult]:
        rows = [
            (prospect_in(one.record), dict(zip(criteria, criteria_of(str(one.after[GRADE])), strict=True)))
            for one in left
        ]
        return [_followed(one, result) for one, result in zip(left, writer.set_criteria(rows), strict=True)]

    # A grade that somebody has set by hand since the plan was made stays theirs.
    return unmoved(application, intents, send)


def _followed(intent: Intent, result: RowResult) -> RowResult:
    """A grade that the answer tells has to be the one that was meant."""
    wanted = str(intent.after[GRADE])
    if not result.success or not result.fields or result.fields == (wanted,):
        return replace(result, fields=())
    said = (
        f"The native grade became {result.fields[0]} instead of {wanted}: assign the profile of `native_grade` to the "
        "prospect, and give its criteria the weights 3/3, 3/3, 3/3 and 1/3."
    )
    return RowResult(result.id, False, error_code=NOT_FOLLOWED, message=said)


def _count(applied: Applied, _intent: Intent) -> None:
    applied.records += 1
    applied.fields += 1


NATIVE_GRADES = Effect("native_grade", _calls, found_prospects, _count, sets_fields=True)
