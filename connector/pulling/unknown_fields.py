"""A field that the org does not show: from the remote's refusal back to the line of fields.yaml.

One that was never shown is a mistake in the mapping and stops the pull. One that was read once and has vanished
(hidden, renamed, deleted) is left out of the question: the stream is read with the rest, its values stay as they were,
and when the field is back, all rows are read again for it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

import structlog

from connector.account_engagement.outcome import UnknownFieldError
from connector.domain.hidden import WHOLE_OBJECT, HiddenField
from connector.domain.streams import MappedStream
from connector.errors import ConfigurationError, Problem, StopError, in_order
from connector.rules.mapping import Mapping as FieldMapping
from connector.rules.mapping import most_similar
from connector.store.database import Store
from connector.store.hidden_fields import hidden_fields, note_shown, read_again, save_hidden, shown_before

LOOK_AGAIN = timedelta(minutes=5)
"""How often is looked for a field that has vanished; each look is a call."""

NEEDED = frozenset(
    {"salesforce.Lead", "salesforce.Contact", "salesforce.Opportunity", "salesforce.Task"}
    | {"account_engagement.prospects"}
)
"""Objects without which nothing may be decided: who people are, what they allow, and what was done about them."""

FIELD_REFUSALS = frozenset({"INVALID_FIELD", "INVALIDFIELD"})
BULK_REFUSAL = "BULK_JOB_FAILED"
"""A bulk query says only in words why it failed."""

OBJECT_REFUSALS = frozenset({"INVALID_TYPE", "INVALIDENTITY", "NOT_FOUND", "46", "192"})
"""Query, bulk query and describe of Salesforce; Account Engagement: no right to it, no such object."""

Read = TypeVar("Read")

log = structlog.get_logger()


class Described(Protocol):
    @property
    def fields(self) -> Mapping[str, Any]: ...


class Describer(Protocol):
    def describe(self, object_name: str, *, fresh: bool = False) -> Described: ...


@dataclass(frozen=True)
class Shown:
    """What a remote shows of an object: which of the asked fields are missing, and the fields that it has."""

    missing: frozenset[str] = frozenset()
    there: tuple[str, ...] = ()
    is_there: bool = True


@dataclass(frozen=True)
class Asking:
    """One stream of one unit about to be read: `look` asks the remote what it shows of it, `now` for its time.

    `elsewhere`: what is wrong with the mapping of other objects, for somebody who has to mend it anyway.
    """

    store: Store
    mapping: FieldMapping
    mapped: MappedStream
    unit: str
    look: Callable[[MappedStream], Shown]
    now: Callable[[], datetime]
    elsewhere: Callable[[], list[Problem]] = list

    @property
    def stream(self) -> str:
        return self.mapped.stream.name


def read_what_is_shown(asking: Asking, read: Callable[[MappedStream], Read]) -> Read | None:
    """Reads a stream without the fields that have vanished; None where the whole object has, so that it is skipped.

    Raises ConfigurationError for fields that were never there, StopError for what no reading can do without.
    """
    hidden = _of_the_mapping(asking)
    if hidden and asking.now() - min(one.looked_at for one in hidden) >= LOOK_AGAIN:
        hidden = _look(asking, hidden)
    while True:
        if any(one.is_object for one in hidden):
            return None
        mapped = asking.mapped.without({one.field for one in hidden})
        try:
            found = read(mapped)
        except StopError as error:
            if not _may_be_hidden(error):
                raise
            more = _look(asking, hidden, error)
            if {one.field for one in more} <= {one.field for one in hidden}:
                raise
            hidden = more
        else:
            note_shown(asking.store, asking.stream, asking.unit, mapped.fields)
            return found


def _of_the_mapping(asking: Asking) -> list[HiddenField]:
    """What is hidden of the fields that the mapping still has; the others are forgotten."""
    kept = hidden_fields(asking.store, asking.stream, asking.unit)
    mapped = [one for one in kept if one.is_object or one.field in asking.mapped.fields]
    if len(mapped) < len(kept):
        with asking.store.transaction():
            save_hidden(asking.store, asking.stream, asking.unit, mapped)
    return mapped


def _may_be_hidden(error: StopError) -> bool:
    return isinstance(error, UnknownFieldError) or error.code in FIELD_REFUSALS | OBJECT_REFUSALS | {BULK_REFUSAL}


def _look(asking: Asking, known: list[HiddenField], refusal: StopError | None = None) -> list[HiddenField]:
    """Asks what the remote shows now, and keeps what is hidden, what is back, and since when."""
    shown = asking.look(asking.mapped)
    _must_be_shown(asking, shown, refusal)
    now = asking.now()
    since = {one.field: one.since for one in known}
    missing = sorted(shown.missing) if shown.is_there else [WHOLE_OBJECT]
    hidden = [_hidden(asking, field, since.get(field, now), now, shown.there) for field in missing]
    with asking.store.transaction():
        save_hidden(asking.store, asking.stream, asking.unit, hidden)
        if since.keys() - set(missing):
            read_again(asking.store, asking.stream, asking.unit, now)
    for one in hidden:
        if one.field not in since:
            log.warning("pull.field_hidden", stream=one.stream, unit=one.unit or None, field=one.field, place=one.place)
    for field in sorted(since.keys() - set(missing)):
        log.info("pull.field_back", stream=asking.stream, unit=asking.unit or None, field=field)
    return hidden


def _must_be_shown(asking: Asking, shown: Shown, refusal: StopError | None) -> None:
    """Raises for what was never there, and for what cannot be left out."""
    before = shown_before(asking.store, asking.mapped, asking.unit)
    if not shown.is_there:
        if before and asking.stream not in NEEDED:
            return
        place = asking.mapping.place_of(asking.mapped, WHOLE_OBJECT)
        sentence = f"{asking.stream} is not shown to this user."
        if not before:
            raise ConfigurationError(
                "One mapped object is not there in the org; nothing was written.",
                [replace(place, sentence=sentence, suggestion="Give the user the right to read it, or take it out.")],
            ) from refusal
        raise StopError(f"{place}{sentence} Nothing can be decided without it: give the right back.") from refusal
    always = {field for field, _ in asking.mapped.stream.system.values()} & shown.missing
    if always:
        named = ", ".join(sorted(always))
        raise StopError(
            f"{asking.stream} does not show {named}, which every reading needs: give the user the right to see it."
        ) from refusal
    never = shown.missing - before
    if never:
        there = shown.there or sorted(set(asking.mapped.fields) - never)
        here = [asking.mapping.unknown_field(asking.mapped, field, there) for field in sorted(never)]
        raise _wrong([*here, *asking.elsewhere()]) from refusal


def _hidden(asking: Asking, field: str, since: datetime, now: datetime, there: Collection[str]) -> HiddenField:
    place = str(asking.mapping.place_of(asking.mapped, field)).rstrip(": ")
    similar = most_similar(field, set(there) - set(asking.mapped.fields)) if field else None
    return HiddenField(asking.stream, asking.unit, field, since, now, place, similar)


def look_in_salesforce(describer: Describer, mapped: MappedStream) -> Shown:
    """What Salesforce shows of an object, by describe; a parent's field by the describe of the parent."""
    try:
        there = describer.describe(mapped.stream.object, fresh=True).fields
    except StopError as error:
        if error.code not in OBJECT_REFUSALS:
            raise
        return Shown(is_there=False)
    names = {name.lower(): entry for name, entry in there.items()}
    missing = {field for field in mapped.fields if not _is_shown(describer, names, field.lower().split("."))}
    return Shown(frozenset(missing), tuple(there))


def _is_shown(describer: Describer, names: Mapping[str, Any], path: list[str]) -> bool:
    if len(path) == 1:
        return path[0] in names
    parents = [entry.reference_to for entry in names.values() if (entry.relationship_name or "").lower() == path[0]]
    if not parents:
        return False
    if len(parents[0]) != 1:
        # A parent of several kinds shows the fields that all of them share: only the query can tell.
        return True
    above = {name.lower(): entry for name, entry in describer.describe(parents[0][0]).fields.items()}
    return _is_shown(describer, above, path[1:])


def look_by_asking(ask: Callable[[tuple[str, ...]], None], there: Iterable[str], mapped: MappedStream) -> Shown:
    """What Account Engagement shows of a collection: it has no describe, and names one unknown field a question.

    `ask` puts a question for no rows; `there`: other fields that are known to be there.
    """
    missing: set[str] = set()
    while True:
        try:
            ask(tuple(field for field in mapped.fields if field not in missing))
        except UnknownFieldError as error:
            named = {field for field in mapped.fields if field.lower() == error.field.lower()}
            if not named - missing:
                raise
            missing |= named
        except StopError as error:
            if error.code not in OBJECT_REFUSALS:
                raise
            return Shown(is_there=False)
        else:
            return Shown(frozenset(missing), tuple(there))


def never_shown(store: Store, mapping: FieldMapping, describer: Describer, apart_from: str) -> list[Problem]:
    """The fields of the other mapped objects of Salesforce that were never there, so that all lines come at once."""
    problems: list[Problem] = []
    for mapped in mapping.fields.streams:
        if mapped.stream.remote != "salesforce" or mapped.stream.name == apart_from:
            continue
        try:
            there = describer.describe(mapped.stream.object).fields
        except StopError as error:
            if error.code not in OBJECT_REFUSALS:
                raise
            continue
        problems += mapping.unknown_fields(mapped, {*there, *shown_before(store, mapped, "")})
    return problems


def _wrong(problems: list[Problem]) -> ConfigurationError:
    several = f"{len(problems)} mapped fields are" if len(problems) > 1 else "One mapped field is"
    return ConfigurationError(f"{several} not there in the org; nothing was written.", in_order(problems))
