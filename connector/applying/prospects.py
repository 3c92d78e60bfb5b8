"""Writing fields of prospects: those of ours alone by the road of fewer calls, those of people only if nobody did.

Account Engagement knows no `If-Unmodified-Since`: what people edit too is read back right before the write, and never
goes by an import, which runs some minutes later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby

from connector.account_engagement.imports import MATCH, file_of, within
from connector.applying.application import Application, Applied
from connector.applying.effect import Call, Effect, batches
from connector.applying.imports import File, by_import, send_import
from connector.applying.settling import same
from connector.applying.units import PROSPECTS, UnitWriter, prospect_in, prospect_key, unit_in
from connector.domain.native_grade import is_native_grade
from connector.domain.outcome import RowResult
from connector.domain.plan import PlainValue, Plan, ProspectChange
from connector.errors import ConfigurationError
from connector.http.outcome import UnknownOutcomeError
from connector.store.journal import Intent, as_text

ROWS_AT_ONCE = 20
"""Single calls between two looks at the switch that stops all writes."""

GONE = "109"


def intent_of(change: ProspectChange, kind: str = "prospect") -> Intent:
    """A change as the journal keeps it."""
    return Intent(
        kind,
        PROSPECTS,
        prospect_key(change.unit, change.record_id),
        {one.field: one.before for one in change.changes},
        {one.field: one.after for one in change.changes},
        change.why,
        person_id=change.person_id,
    )


def unit_of(application: Application, unit: str) -> UnitWriter:
    """The writer of a business unit. ConfigurationError where the settings do not name it."""
    found = application.units.get(unit)
    if found is None:
        raise ConfigurationError(
            f"The plan writes to business unit {unit}, which CONNECTOR_ACCOUNT_ENGAGEMENT_BUSINESS_UNIT_IDS does not "
            "name."
        )
    return found


def count_fields(applied: Applied, intent: Intent) -> None:
    """A prospect that was written, with all its fields."""
    applied.records += 1
    applied.fields += len(intent.after)


def _calls(application: Application, plan: Plan) -> Iterator[Call]:
    changes = sorted(
        (one for one in plan.prospects if not is_native_grade(one)), key=lambda one: (one.unit, int(one.record_id))
    )
    for unit, theirs in groupby(changes, lambda one: one.unit):
        unit_of(application, unit)
        mine = list(theirs)
        for batch in batches([one for one in mine if one.shared], ROWS_AT_ONCE):
            yield [intent_of(one) for one in batch], _unmoved
        for group in _alike([one for one in mine if not one.shared]):
            yield from _by_road(application, [intent_of(one) for one in group])


def _alike(changes: Sequence[ProspectChange]) -> list[list[ProspectChange]]:
    """Changes that fit into one file: all that empty nothing; of the others those of the same columns.

    A blank cell means that a column stays as it is, or that it is emptied: one of both for a whole file.
    """
    groups: dict[tuple[str, ...], list[ProspectChange]] = {}
    for change in changes:
        empties = any(one.after is None for one in change.changes)
        columns = tuple(sorted(one.field for one in change.changes)) if empties else ()
        groups.setdefault(columns, []).append(change)
    return [groups[columns] for columns in sorted(groups)]


def _by_road(application: Application, intents: list[Intent]) -> Iterator[Call]:
    if not by_import(application, PROSPECTS, len(intents)):
        for batch in batches(intents, ROWS_AT_ONCE):
            yield list(batch), _patch
        return
    columns, sent = _columns(intents), 0
    for count in within(_line(intent, columns) for intent in intents):
        yield intents[sent : sent + count], _import
        sent += count


def _columns(intents: Sequence[Intent]) -> list[str]:
    return sorted({field for intent in intents for field in intent.after})


def _line(intent: Intent, columns: Sequence[str]) -> tuple[str, ...]:
    return (str(prospect_in(intent.record)), *(as_text(intent.after.get(name)) or "" for name in columns))


def _import(application: Application, intents: Sequence[Intent]) -> list[RowResult]:
    writer, columns = unit_of(application, unit_in(intents[0].record)), _columns(intents)
    erase = any(value is None for intent in intents for value in intent.after.values())
    content = file_of((MATCH, *columns), (_line(intent, columns) for intent in intents))
    return send_import(application, writer, intents, File(content, columns, erase))


def _patch(application: Application, intents: Sequence[Intent]) -> list[RowResult]:
    writer = unit_of(application, unit_in(intents[0].record))
    return writer.update_prospects([(prospect_in(intent.record), intent.after) for intent in intents])


def _unmoved(application: Application, intents: Sequence[Intent]) -> list[RowResult]:
    return unmoved(application, intents, lambda left: _patch(application, left))


def unmoved(
    application: Application, intents: Sequence[Intent], send: Callable[[Sequence[Intent]], list[RowResult]]
) -> list[RowResult]:
    """Sends the prospects of a unit whose fields stand as they did when the plan was made; the others have moved."""
    writer = unit_of(application, unit_in(intents[0].record))
    there = _there(writer, intents)
    moved = {
        intent.number: RowResult(intent.record, False, moved=True)
        for intent in intents
        if not _stands(intent.before, there.get(prospect_in(intent.record)))
    }
    return beside(moved, intents, send)


def beside(
    known: Mapping[int, RowResult], intents: Sequence[Intent], send: Callable[[Sequence[Intent]], list[RowResult]]
) -> list[RowResult]:
    """The results of all intents in order, where those that are `known` by number are not sent."""
    places = [place for place, intent in enumerate(intents) if intent.number not in known]
    results = {place: known[intent.number] for place, intent in enumerate(intents) if intent.number in known}
    try:
        written = send([intents[place] for place in places]) if places else []
    except UnknownOutcomeError as error:
        settled = {places[place]: result for place, result in error.results.items()}
        unknown = tuple(places[place] for place in error.unknown) or tuple(places)
        raise UnknownOutcomeError(str(error), error.again_after, results | settled, unknown) from error
    results |= dict(zip(places, written, strict=True))
    return [results[place] for place in range(len(intents))]


def _there(writer: UnitWriter, intents: Sequence[Intent]) -> dict[int, Mapping[str, object]]:
    fields = sorted({field for intent in intents for field in intent.after})
    return {**writer.rows(PROSPECTS, fields, [prospect_in(intent.record) for intent in intents])}


def _stands(before: Mapping[str, PlainValue], there: Mapping[str, object] | None) -> bool:
    return there is not None and all(same(value, there.get(field)) for field, value in before.items())


def found_prospects(application: Application, intents: Sequence[Intent]) -> set[int]:
    """The numbers of those intents whose prospect shows our write; asked once more where an answer may be too old.

    A prospect is written whole or not at all, so one field with our value is enough: people may have changed others.
    """
    found: set[int] = set()
    by_unit = groupby(sorted(intents, key=lambda one: one.record), lambda one: unit_in(one.record))
    for unit, theirs in by_unit:
        writer, left = application.units.get(unit), list(theirs)
        if writer is None:
            continue
        for attempt in range(2):
            if attempt and left:
                writer.again()
            there = _there(writer, left) if left else {}
            found |= {one.number for one in left if _shows(one, there.get(prospect_in(one.record)))}
            left = [one for one in left if one.number not in found]
    return found


def _shows(intent: Intent, there: Mapping[str, object] | None) -> bool:
    return there is not None and any(same(value, there.get(field)) for field, value in intent.after.items())


PROSPECT_FIELDS = Effect("prospect", _calls, found_prospects, count_fields, sets_fields=True)
