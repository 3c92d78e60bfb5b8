"""Making opportunities: each found again by its key, and never made twice (TU-4)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import groupby

from connector.applying.application import Application, Applied
from connector.applying.effect import ROWS_A_CALL, Call, Effect, batches
from connector.applying.settling import quoted
from connector.domain.outcome import RowResult
from connector.domain.plan import OpportunityCreation, Plan
from connector.store.journal import Intent, made_before

KIND, OBJECT = "opportunity", "Opportunity"


def _calls(application: Application, plan: Plan) -> Iterator[Call]:
    # To send one again would undo what its rep has done with it since: this plan may have been carried out before.
    made = made_before(application.store, KIND, [one.key for one in plan.opportunities])
    for batch in batches([one for one in plan.opportunities if one.key not in made], ROWS_A_CALL):
        yield [_intent(one) for one in batch], send_opportunities


def _intent(one: OpportunityCreation) -> Intent:
    after = {one.key_field: one.key, **one.values}
    return Intent(KIND, OBJECT, one.key, {}, after, one.why, person_id=one.person_id)


def send_opportunities(application: Application, intents: Sequence[Intent]) -> list[RowResult]:
    """Makes opportunities by their keys; all keys stand in the same field."""
    return application.writer.upsert(OBJECT, _key_field(intents[0]), [dict(intent.after) for intent in intents])


def _key_field(intent: Intent) -> str:
    """The field in which the key stands; the mapping may name another one by now."""
    return next(name for name, value in intent.after.items() if value == intent.record)


def _found(application: Application, intents: Sequence[Intent]) -> set[int]:
    # One that somebody has deleted since was made all the same: it does not come back.
    query = partial(application.reader.query, deleted=True)
    found: set[int] = set()
    for name, some in groupby(sorted(intents, key=_key_field), _key_field):
        mine = list(some)
        keys = ", ".join(f"'{quoted(intent.record)}'" for intent in mine)
        there = {str(row[name]) for row in query(f"SELECT {name} FROM {OBJECT} WHERE {name} IN ({keys})")}
        found |= {intent.number for intent in mine if intent.record in there}
    return found


def _count(applied: Applied, _intent: Intent) -> None:
    applied.opportunities += 1


OPPORTUNITIES = Effect(KIND, _calls, _found, _count)
