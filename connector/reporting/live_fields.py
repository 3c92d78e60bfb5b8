"""The mapping against an org's describe: what is read and written, field by field (AD-2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from connector.domain.streams import AttributeType, MappedStream
from connector.reporting.live_finding import Level, LiveFinding
from connector.reporting.live_names import TASK_KEY
from connector.rules.fields import WriteField
from connector.rules.load import RuleSet
from connector.rules.mapping import Mapping as FieldMapping
from connector.rules.mapping import most_similar
from connector.rules.model import LETTERS
from connector.rules.source import KeyPath
from connector.rules.stages import STAGES
from connector.salesforce.description import Description, FieldDescription
from connector.salesforce.org_shown import OrgShown

REASON_LENGTH = 255
FEWEST_DIGITS, ENOUGH_DIGITS = 3, 5
"""A score has more than three digits seldom, but more than five never within a person's lifetime."""

_TEXTS = frozenset({"string", "textarea", "picklist", "combobox", "multipicklist", "email", "phone", "url"})
_NUMBERS = frozenset({"int", "long", "double", "currency", "percent"})
_WRITABLE_TEXTS = frozenset({"string", "textarea", "picklist", "combobox"})
_PICKLISTS = frozenset({"picklist", "multipicklist"})
_FITS: Mapping[AttributeType, frozenset[str]] = MappingProxyType(
    {
        "integer": _NUMBERS,
        "number": _NUMBERS,
        "boolean": frozenset({"boolean"}),
        "instant": frozenset({"datetime"}),
        "date": frozenset({"date"}),
    }
)
_NUMBERS_OF_OURS = frozenset({"score"})
_OWNERS_OF_OURS = frozenset({"owner"})
_INSTANTS_OF_OURS = frozenset({"scored_at"})


@dataclass(frozen=True)
class Line:
    """A line of fields.yaml that names a field of an object."""

    mapping: FieldMapping
    object: str
    field: str
    path: KeyPath

    def finding(self, level: Level, kind: str, sentence: str, suggestion: str = "") -> LiveFinding:
        place = self.mapping.source.place(self.path, of_key=self.path[-2:-1] == ("write",))
        file = self.mapping.source.file
        return LiveFinding(level, kind, self.object, self.field, file, place.line, place.column, sentence, suggestion)


def check_fields(mapping: FieldMapping, rules: RuleSet, org: OrgShown) -> Iterator[LiveFinding]:
    """Everything that is wrong with the lines of Salesforce's objects."""
    for mapped in mapping.fields.streams:
        if mapped.stream.remote != "salesforce":
            continue
        name = mapped.stream.object
        whole = Line(mapping, name, "", ("salesforce", name))
        shown = org.descriptions.get(name)
        if shown is None or not shown.queryable:
            sentence = f"{name} is not there, or this user may not read it."
            yield whole.finding("error", "object_missing", sentence, "Give the user the right to read it.")
            continue
        yield from _always_read(whole, mapped, shown)
        yield from _read(mapping, name, shown, org)
        yield from _written(mapping, rules, name, shown)


def _always_read(whole: Line, mapped: MappedStream, shown: Description) -> Iterator[LiveFinding]:
    missing = [field for field, _ in mapped.stream.system.values() if shown.field(field) is None]
    if missing:
        sentence = f"{whole.object} does not show {', '.join(missing)}, which every reading needs."
        yield whole.finding("error", "field_missing", sentence, "Give the user the right to see it.")


def _read(mapping: FieldMapping, name: str, shown: Description, org: OrgShown) -> Iterator[LiveFinding]:
    stream = next(one.stream for one in mapping.fields.streams if one.stream.name == f"salesforce.{name}")
    for attribute, entry in mapping.fields.salesforce[name].read.items():
        line = Line(mapping, name, entry.field, ("salesforce", name, "read", attribute))
        kind = stream.attributes.get(attribute, entry.type)
        if "." in entry.field:
            yield from _read_of_parent(line, shown, org)
            continue
        field = shown.field(entry.field)
        if field is None:
            yield _missing(line, shown)
            continue
        yield from _spelling(line, field)
        yield from _read_type(line, attribute, kind, field)


def _missing(line: Line, shown: Description) -> LiveFinding:
    # The key of tasks is read by the mapping, and written by name.
    is_written = line.path[2:3] == ("write",) or (line.object, line.field) == ("Task", TASK_KEY)
    writable = [name for name, field in shown.fields.items() if field.updateable]
    close = most_similar(line.field, writable if is_written else shown.fields, 0.85 if is_written else 0.6)
    sentence = f"{line.object} has no field `{line.field}` that this user may see."
    otherwise = (
        "Create it (`connector check --live --metadata DIR` writes its files)" if is_written else "Correct the name"
    )
    advice = f"Did you mean `{close}`?" if close else f"{otherwise}, or leave the line out."
    return line.finding("error", "field_missing", sentence, advice)


def _spelling(line: Line, field: FieldDescription) -> Iterator[LiveFinding]:
    if field.name != line.field:
        sentence = f"The org spells `{line.field}` as `{field.name}`."
        yield line.finding("advice", "letters", sentence, "It works; write it the same way.")


def _read_of_parent(line: Line, shown: Description, org: OrgShown) -> Iterator[LiveFinding]:
    """A field of a parent record: only as far as the parent was described, too."""
    relation, _, rest = line.field.partition(".")
    parent = next(
        (one for one in shown.fields.values() if (one.relationship_name or "").lower() == relation.lower()), None
    )
    if parent is None:
        sentence = f"{line.object} has no parent record `{relation}`."
        yield line.finding("error", "field_missing", sentence, "Write the name of a relationship, such as Owner.")
        return
    if len(parent.reference_to) != 1 or "." in rest:
        return
    above = org.descriptions.get(parent.reference_to[0])
    if above is not None and above.field(rest) is None:
        close = most_similar(rest, above.fields)
        sentence = f"{parent.reference_to[0]} has no field `{rest}` that this user may see."
        advice = f"Did you mean `{relation}.{close}`?" if close else "Correct the name, or leave the line out."
        yield line.finding("error", "field_missing", sentence, advice)


def _read_type(line: Line, attribute: str, kind: AttributeType, field: FieldDescription) -> Iterator[LiveFinding]:
    """Values that are not of the attribute's type become unknown: none would be left, or perhaps some."""
    if field.is_compound:
        sentence = f"`{field.name}` is put together from other fields and cannot be read as one."
        yield line.finding("error", "type", sentence, "Name one of its parts.")
    elif kind != "text" and field.type not in _FITS[kind]:
        told = f"`{attribute}` is read as {kind}, but `{field.name}` is of the type {field.type}"
        if field.type in _TEXTS:
            sentence = f"{told}: what cannot be read as {kind} becomes unknown."
            yield line.finding("advice", "type", sentence, f"Better a field that holds {kind} values only.")
        else:
            yield line.finding("error", "type", f"{told}: every value would be unknown.", "Name another field.")
    elif kind == "integer" and field.scale > 0:
        sentence = f"`{attribute}` is read as integer, but `{field.name}` has {field.scale} decimals."
        yield line.finding("advice", "type", sentence, "Values with decimals become unknown.")


def _written(mapping: FieldMapping, rules: RuleSet, name: str, shown: Description) -> Iterator[LiveFinding]:
    writes = mapping.fields.salesforce[name].write
    if any(entry.policy != "never" for entry in writes.values()) and not shown.updateable:
        whole = Line(mapping, name, "", ("salesforce", name))
        sentence = f"This user may not edit {name}, but {len(writes)} of its fields are written."
        yield whole.finding("error", "object_read_only", sentence, "Give the user the right to edit it.")
    for field_name, entry in writes.items():
        line = Line(mapping, name, field_name, ("salesforce", name, "write", field_name))
        field = shown.field(field_name)
        if field is None:
            yield _missing(line, shown)
            continue
        yield from _spelling(line, field)
        if entry.policy != "never":
            yield from _writable(line, field)
            yield from _takes(line, entry, field, rules)


def _writable(line: Line, field: FieldDescription) -> Iterator[LiveFinding]:
    if field.updateable:
        return
    if field.calculated:
        why, advice = "is a formula", "Write another field; nobody can write a formula."
    elif field.auto_number:
        why, advice = "is numbered by the org itself", "Write another field."
    else:
        # Also fields that are filled by formulas without being marked so: what counts is whether it can be written.
        why, advice = "cannot be edited by this user", "Give the user the right to edit it, or write another field."
    yield line.finding("error", "read_only", f"`{field.name}` {why}: no value could be written.", advice)


def _takes(line: Line, entry: WriteField, field: FieldDescription, rules: RuleSet) -> Iterator[LiveFinding]:
    if entry.value in _NUMBERS_OF_OURS and entry.values is None:
        yield from _takes_score(line, field)
    elif entry.value in _INSTANTS_OF_OURS and entry.values is None:
        if field.type != "datetime":
            sentence = f"`{entry.value}` is a date with a time, but `{field.name}` is of the type {field.type}."
            yield line.finding("error", "type", sentence, "Write it into a Date/Time field.")
    elif entry.value in _OWNERS_OF_OURS:
        if field.type != "reference" or "User" not in field.reference_to:
            sentence = f"`{entry.value}` is a user or a queue, but `{field.name}` is of the type {field.type}."
            yield line.finding("error", "type", sentence, "Write it into OwnerId.")
    else:
        yield from _takes_words(line, entry, field, rules)


def _takes_score(line: Line, field: FieldDescription) -> Iterator[LiveFinding]:
    if field.type not in _NUMBERS:
        sentence = f"`score` is a number, but `{field.name}` is of the type {field.type}."
        yield line.finding("error", "type", sentence, "Write it into a Number field.")
    elif field.whole_digits < FEWEST_DIGITS:
        sentence = f"`{field.name}` takes {field.whole_digits} digits before the point: most scores are longer."
        yield line.finding("error", "precision", sentence, "Give the field a length of 6 and no decimals.")
    elif field.whole_digits < ENOUGH_DIGITS:
        sentence = f"`{field.name}` takes {field.whole_digits} digits before the point: a high score does not fit."
        yield line.finding("advice", "precision", sentence, "Give the field a length of 6 and no decimals.")


def _takes_words(line: Line, entry: WriteField, field: FieldDescription, rules: RuleSet) -> Iterator[LiveFinding]:
    if field.type not in _WRITABLE_TEXTS:
        sentence = f"`{entry.value}` is a text, but `{field.name}` is of the type {field.type}."
        yield line.finding("error", "type", sentence, "Write it into a Text field.")
        return
    words = written_words(entry, rules)
    longest = max((len(word) for word in words), default=REASON_LENGTH if entry.value == "reason" else 0)
    if 0 < field.length < longest:
        sentence = f"`{field.name}` takes {field.length} characters; `{entry.value}` needs {longest}."
        yield line.finding("error", "length", sentence, f"Make the field {longest} characters long.")
    if field.type in _PICKLISTS and entry.value != "status":
        yield from _in_picklist(line, field, words)
    elif field.type in _PICKLISTS:
        yield from _in_picklist(line, field, words)
        yield from _order_in_picklist(line, field, entry.order or ())


def written_words(entry: WriteField, rules: RuleSet) -> tuple[str, ...]:
    """Every word that a line can write; none where the value is free text."""
    if entry.values is not None:
        return tuple(dict.fromkeys(entry.values.values()))
    known: Mapping[str, Sequence[str]] = {
        "grade": LETTERS,
        "tier": tuple(tier.id for tier in rules.tiers.tiers),
        "stage": STAGES,
        "status": STAGES,
    }
    return tuple(known.get(entry.value, ()))


def _in_picklist(line: Line, field: FieldDescription, words: Sequence[str]) -> Iterator[LiveFinding]:
    missing = [word for word in words if word not in field.values]
    if not missing:
        return
    named = ", ".join(f"`{word}`" for word in missing)
    sentence = f"The picklist `{field.name}` has no value {named}, which can be written."
    if field.restricted:
        yield line.finding("error", "picklist", sentence, "Add the values to the picklist: it takes no others.")
    else:
        advice = "Add the values, or correct the words: people could neither choose them nor find them in filters."
        yield line.finding("advice", "picklist", sentence, advice)


def _order_in_picklist(line: Line, field: FieldDescription, order: Sequence[str]) -> Iterator[LiveFinding]:
    missing = [word for word in order if word not in field.values]
    if missing:
        named = ", ".join(f"`{word}`" for word in missing)
        sentence = f"`order` of `{field.name}` names {named}, which the picklist does not have."
        yield line.finding("advice", "order", sentence, "Correct the words; a value outside the order is never left.")
