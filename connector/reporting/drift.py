"""What has changed in an org since its mapping was last checked against it (AD-2)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from difflib import SequenceMatcher
from types import MappingProxyType
from typing import Any, Literal

from connector.domain.streams import MappedStream
from connector.rules.fields import Fields
from connector.salesforce.description import Description, FieldDescription
from connector.salesforce.org_shown import OrgShown

Kind = Literal["vanished", "renamed", "type", "shorter", "read_only", "values_gone", "values_new", "new_field", "back"]
Described = Mapping[str, Mapping[str, FieldDescription]]
"""Fields by object and name."""

SURE_ENOUGH = 0.6
"""From this likeness on a new field is taken for the vanished one under another name."""
ALIKE_BY_NAME = 0.85


@dataclass(frozen=True)
class Drift:
    """One change. `renamed_to` is the likely new name of a field that vanished, `likeness` 0..1 how likely.

    `matters`: the mapping depends on it; else it is information.
    """

    kind: Kind
    object: str
    field: str
    sentence: str
    matters: bool = True
    renamed_to: str | None = None
    likeness: float | None = None


def as_text(shown: Description) -> str:
    """An object's fields as they are kept: JSON, in the order of their names."""
    return json.dumps([asdict(shown.fields[name]) for name in sorted(shown.fields)], ensure_ascii=False)


def from_text(text: str) -> Mapping[str, FieldDescription]:
    """The fields that `as_text` gave, also by an older version: what it did not keep has its default."""
    known = {entry.name for entry in fields(FieldDescription)}
    found = [_field({key: value for key, value in one.items() if key in known}) for one in json.loads(text)]
    return MappingProxyType({one.name: one for one in found})


def _field(values: Mapping[str, Any]) -> FieldDescription:
    given: dict[str, Any] = {key: tuple(one) if isinstance(one, list) else one for key, one in values.items()}
    return FieldDescription(**given)


def drift(mapping: Fields, before: Described, org: OrgShown) -> list[Drift]:
    """The changes of the mapped objects of Salesforce, by object and field. Nothing of an object without a `before`."""
    found: list[Drift] = []
    for mapped in mapping.streams:
        name = mapped.stream.object
        now = org.descriptions.get(name)
        if mapped.stream.remote == "salesforce" and now is not None and name in before:
            written = set(mapping.salesforce[name].write)
            found += _of_object(mapped, written, before[name], now)
    return found


def _of_object(
    mapped: MappedStream, written: Iterable[str], before: Mapping[str, FieldDescription], now: Description
) -> Iterator[Drift]:
    name = mapped.stream.object
    written = {field.lower() for field in written}
    named = [field for field in mapped.fields if "." not in field]
    fresh = [field for field in now.fields.values() if field.name not in before]
    taken: set[str] = set()
    for field in named:
        old = _of(before, field)
        new = now.field(field)
        if old is not None and new is None:
            vanished = _vanished(name, old, _candidates(old, fresh, now, named))
            taken |= {vanished.renamed_to} if vanished.renamed_to else set()
            yield vanished
        elif old is not None and new is not None:
            yield from _changed(name, old, new, is_written=field.lower() in written)
    for one in sorted(fresh, key=lambda entry: entry.name):
        if one.name not in taken:
            sentence = f"{name} has a new field `{one.name}` ({one.label}, {one.type})."
            yield Drift("new_field", name, one.name, sentence, matters=one.name.lower() in map(str.lower, named))


def _of(described: Mapping[str, FieldDescription], name: str) -> FieldDescription | None:
    return next((one for key, one in described.items() if key.lower() == name.lower()), None)


def _candidates(
    old: FieldDescription, fresh: Iterable[FieldDescription], now: Description, named: Iterable[str]
) -> list[tuple[float, str]]:
    """The fields that may be the vanished one under another name, the most likely first.

    Those that came while it went; and those that nobody maps and that are named almost alike.
    """
    mapped = {field.lower() for field in named}
    scored = {one.name: likeness(old, one) for one in fresh}
    for one in now.fields.values():
        if one.name.lower() not in mapped and one.custom == old.custom and _ratio(old.name, one.name) >= ALIKE_BY_NAME:
            scored.setdefault(one.name, likeness(old, one))
    return sorted(
        ((score, name) for name, score in scored.items() if score >= SURE_ENOUGH), key=lambda one: (-one[0], one[1])
    )


def likeness(old: FieldDescription, new: FieldDescription) -> float:
    """How likely two descriptions are of one field, 0..1: by label and name, and by type and size."""
    label = 0.4 if old.label == new.label else 0.2 * _ratio(old.label, new.label)
    name = 0.3 * _ratio(old.name, new.name)
    kind = 0.2 if old.type == new.type else 0.0
    size = 0.1 if (old.length, old.precision, old.scale) == (new.length, new.precision, new.scale) else 0.0
    return round(label + name + kind + size, 2)


def _ratio(one: str, other: str) -> float:
    return SequenceMatcher(None, one.lower().removesuffix("__c"), other.lower().removesuffix("__c")).ratio()


def _vanished(name: str, old: FieldDescription, candidates: list[tuple[float, str]]) -> Drift:
    if not candidates:
        sentence = f"{name}.{old.name} ({old.label}) is not shown any more: deleted, renamed, or hidden from this user."
        return Drift("vanished", name, old.name, sentence)
    score, new = candidates[0]
    sentence = f"{name}.{old.name} ({old.label}) is not shown any more; `{new}` is most likely its new name."
    return Drift("renamed", name, old.name, sentence, renamed_to=new, likeness=score)


def _changed(name: str, old: FieldDescription, new: FieldDescription, *, is_written: bool) -> Iterator[Drift]:
    where = f"{name}.{new.name}"
    if old.type != new.type:
        yield Drift("type", name, new.name, f"{where} was of the type {old.type} and is {new.type} now.")
    elif new.length < old.length:
        sentence = f"{where} took {old.length} characters and takes {new.length} now."
        yield Drift("shorter", name, new.name, sentence, matters=is_written)
    elif (new.whole_digits, new.scale) < (old.whole_digits, old.scale):
        sentence = f"{where} took {old.whole_digits} digits before the point and takes {new.whole_digits} now."
        yield Drift("shorter", name, new.name, sentence, matters=is_written)
    if old.updateable and not new.updateable and is_written:
        why = "has become a formula" if new.calculated else "cannot be edited by this user any more"
        yield Drift("read_only", name, new.name, f"{where} {why}, but is written.")
    gone = [value for value in old.values if value not in new.values]
    fresh = [value for value in new.values if value not in old.values]
    if gone:
        sentence = f"{where} does not offer {_listed(gone)} any more."
        yield Drift("values_gone", name, new.name, sentence, matters=is_written and new.restricted)
    if fresh:
        yield Drift("values_new", name, new.name, f"{where} offers {_listed(fresh)} now.", matters=False)


def _listed(values: list[str]) -> str:
    shown = ", ".join(f"`{value}`" for value in values[:10])
    return shown if len(values) <= 10 else f"{shown} and {len(values) - 10} more"
