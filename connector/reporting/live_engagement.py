"""The mapping against a business unit of Account Engagement: collections, fields, and the lists that rules name (AD-2).

It has no describe: which fields there are is known by asking for them, and of custom fields by their own collection.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from connector.account_engagement.unit_shown import UnitShown
from connector.domain.streams import MappedStream
from connector.reporting.live_finding import Level, LiveFinding
from connector.rules.mapping import FIELDS_FILE, most_similar
from connector.rules.nurture import NURTURE_FILE
from connector.rules.source import KeyPath
from connector.rules.written import Written

ARRAYS = frozenset({"multi-select", "checkbox"})
"""Types whose values are arrays: a query for several prospects fails with such a field in it."""


def check_units(written: Written, units: Sequence[UnitShown]) -> Iterator[LiveFinding]:
    """What each business unit lacks of what mapping and rules name."""
    yield from _units_named(written, {unit.unit for unit in units})
    for unit in units:
        for mapped in written.fields.streams:
            if mapped.stream.remote == "account_engagement":
                yield from _collection(written, unit, mapped)
        yield from _written(written, unit)
        yield from _lists(written, unit)


def _units_named(written: Written, units: Collection[str]) -> Iterator[LiveFinding]:
    for name in written.fields.native_grade:
        if name not in units:
            place = written.sources[FIELDS_FILE].place(("native_grade", name), of_key=True)
            sentence = f"`native_grade` names the business unit {name}, to which nothing is connected."
            advice = f"Connected: {', '.join(sorted(units)) or 'none'}."
            yield LiveFinding("error", "unit", "prospects", "", FIELDS_FILE, place.line, place.column, sentence, advice)


def _collection(written: Written, unit: UnitShown, mapped: MappedStream) -> Iterator[LiveFinding]:
    name = mapped.stream.object
    if name in unit.absent:
        sentence = f"{name} of the business unit {unit.unit} is not shown to this user."
        yield _finding(
            written, "error", "object_missing", (name,), "", sentence, "Give the user's role the right to it."
        )
        return
    missing = unit.missing.get(name, frozenset())
    custom = [f"{field}__c" for field in unit.custom_fields] if name == "prospects" else []
    for attribute, entry in _read(written, name):
        path = (name, "read", attribute)
        if entry in missing:
            close = most_similar(entry, custom)
            advice = f"Did you mean `{close}`?" if close else "Correct the name, or leave the line out."
            sentence = f"{name} of the business unit {unit.unit} has no field `{entry}` that this user may see."
            yield _finding(written, "error", "field_missing", path, entry, sentence, advice)
        elif (
            name == "prospects" and unit.custom_fields.get(_field_id(entry)) in ARRAYS and entry.lower().endswith("__c")
        ):
            sentence = f"`{entry}` takes several values: prospects cannot be read in pages with it."
            advice = "Leave the line out, or keep the value in a text field."
            yield _finding(written, "error", "type", path, entry, sentence, advice)


def _read(written: Written, name: str) -> Iterator[tuple[str, str]]:
    objects = written.fields.account_engagement
    found = next((entry for key, entry in objects.items() if key.replace("_", "-") == name), None)
    for attribute, read in found.read.items() if found else ():
        yield attribute, read.field


def _written(written: Written, unit: UnitShown) -> Iterator[LiveFinding]:
    prospects = written.fields.account_engagement.get("prospects")
    for field in prospects.write if prospects else ():
        path = ("prospects", "write", field)
        kind = unit.custom_fields.get(_field_id(field))
        if kind is None:
            close = most_similar(_field_id(field), unit.custom_fields)
            sentence = f"The business unit {unit.unit} has no custom field `{field}` on prospects."
            advice = (
                f"Did you mean `{close}__c`?" if close else "Create it in Account Engagement, or take the line out."
            )
            yield _finding(written, "error", "field_missing", path, field, sentence, advice)
        elif kind in ARRAYS:
            sentence = f"`{field}` takes several values; one is written."
            yield _finding(written, "error", "type", path, field, sentence, "Write it into a text field.")


def _field_id(field: str) -> str:
    return field.lower().removesuffix("__c")


def _lists(written: Written, unit: UnitShown) -> Iterator[LiveFinding]:
    """The lists that tracks stand for: by id where one is given for the unit, else by name."""
    if unit.lists is None:
        return
    fails: Level = "error" if _writes_memberships(written) else "advice"
    for number, track in enumerate(written.rules.nurture.tracks):
        by_id = track.list_ids.get(unit.unit)
        if by_id is None and track.list is None:
            continue
        found = [one for one in unit.lists if (one.id == by_id if by_id is not None else one.name == track.list)]
        path: KeyPath = ("tracks", number, "list") if by_id is None else ("tracks", number, "list_ids", unit.unit)
        named = f"list `{track.list}`" if by_id is None else f"list with the id {by_id}"
        if not found:
            close = most_similar(track.list or "", [one.name for one in unit.lists])
            advice = f"Did you mean `{close}`?" if close else "Create the list, or correct its name."
            yield _list(written, fails, path, f"The business unit {unit.unit} has no {named}.", advice)
        elif any(one.is_dynamic for one in found):
            sentence = f"The {named} of the business unit {unit.unit} is dynamic: nobody can be put onto it."
            yield _list(written, fails, path, sentence, "Name a static list.")
        elif len(found) > 1:
            sentence = f"The business unit {unit.unit} has {len(found)} lists named `{track.list}`."
            yield _list(written, "advice", path, sentence, "Say by `list_ids` which is meant.")


def _writes_memberships(written: Written) -> bool:
    entries = written.fields.account_engagement
    found = entries.get("list-memberships") or entries.get("list_memberships")
    return found is not None and any(one.policy != "never" for one in found.write.values())


def _list(written: Written, level: Level, path: KeyPath, sentence: str, advice: str) -> LiveFinding:
    place = written.sources[NURTURE_FILE].place(path)
    return LiveFinding(level, "list", "lists", "", NURTURE_FILE, place.line, place.column, sentence, advice)


def _finding(
    written: Written, level: Level, kind: str, path: KeyPath, field: str, sentence: str, advice: str
) -> LiveFinding:
    here: KeyPath = ("account_engagement", *path)
    place = written.sources[FIELDS_FILE].place(here, of_key="write" in path)
    return LiveFinding(level, kind, str(path[0]), field, FIELDS_FILE, place.line, place.column, sentence, advice)
