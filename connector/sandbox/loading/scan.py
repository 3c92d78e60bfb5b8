"""A first look through a file: what kind of field an unknown column is, which values mean closed or won."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from connector.sandbox.catalogue.account_engagement import custom_field
from connector.sandbox.catalogue.model import FieldDef, ObjectDef
from connector.sandbox.loading.cells import is_day, is_moment
from connector.sandbox.loading.files import CsvFile, records
from connector.sandbox.loading.names import custom_name, find_field, left_out

_NUMBER = re.compile(r"-?(0|[1-9]\d{0,14})(\.\d+)?")
_SHORT_TEXT = 255
_LONG_TEXT = 131_072

_FLAGS: Mapping[str, tuple[str, tuple[str, ...]]] = MappingProxyType(
    {
        "Opportunity": ("StageName", ("IsClosed", "IsWon")),
        "Task": ("Status", ("IsClosed",)),
        "CampaignMember": ("Status", ("HasResponded",)),
    }
)
"""Fields that an org's own settings derive from a picklist value, and which value that is."""


@dataclass
class _Guess:
    """What an unknown column may still be, after the cells seen so far."""

    kinds: list[str] = field(default_factory=lambda: ["boolean", "double", "datetime", "date"])
    longest: int = 0
    seen: bool = False

    def see(self, text: str) -> None:
        self.seen = True
        self.longest = max(self.longest, len(text))
        self.kinds = [kind for kind in self.kinds if _fits(kind, text)]

    @property
    def kind(self) -> str:
        """The field type: text where nothing narrower fits every cell, or no cell has anything in it."""
        if self.seen and self.kinds:
            return self.kinds[0]
        return "string" if self.longest <= _SHORT_TEXT else "textarea"


@dataclass(frozen=True)
class FileScan:
    """What a file holds: its object, the field of each column (by position from 0), what is left out.

    `flags` maps a derived field to its picklist values that were seen with it true, and those with it false.
    """

    file: CsvFile
    object: str
    fields: Mapping[int, str]
    custom: tuple[FieldDef, ...]
    columns_left_out: Mapping[str, str]
    flags: Mapping[str, tuple[frozenset[str], frozenset[str]]]


def scan(file: CsvFile, definition: ObjectDef) -> FileScan:
    """Understands a file's columns; reads it through once where its cells must be seen for that."""
    fields: dict[int, str] = {}
    guesses: dict[int, _Guess] = {}
    omitted: dict[str, str] = {}
    for index, column in enumerate(file.header):
        found = find_field(definition, column)
        why = left_out(definition, column, found)
        if why is None and found is not None and found.name in fields.values():
            why = f"{found.name} is in another column already"
        if why is not None:
            omitted[column] = why
        elif found is not None:
            fields[index] = found.name
        else:
            guesses[index] = _Guess()
    flags = _Flags.of(definition, file)
    if guesses or flags.columns:
        _look_through(file, guesses, flags)
    custom = {index: _custom(definition, file.header[index], index, guess) for index, guess in guesses.items()}
    fields |= {index: entry.name for index, entry in custom.items()}
    return FileScan(file, definition.name, fields, tuple(custom.values()), omitted, flags.found)


def with_scans(definition: ObjectDef, scans: list[FileScan]) -> ObjectDef:
    """The object as the files have it: with their custom fields, and flags derived from their values."""
    custom: dict[str, FieldDef] = {}
    for entry in (entry for found in scans for entry in found.custom):
        other = custom.get(entry.name.lower())
        same = other is None or other.type == entry.type
        custom[entry.name.lower()] = entry if same else replace(entry, type="textarea", length=_LONG_TEXT)
    fields = tuple(_derived_anew(entry, definition, scans) for entry in definition.fields)
    return replace(definition, fields=(*fields, *custom.values()))


def _look_through(file: CsvFile, guesses: Mapping[int, _Guess], flags: _Flags) -> None:
    for record in records(file):
        if record.problem is not None:
            continue
        for index, guess in guesses.items():
            if record.cells[index].strip():
                guess.see(record.cells[index])
        flags.see(record.cells)


def _fits(kind: str, text: str) -> bool:
    tidy = text.strip()
    match kind:
        case "boolean":
            return tidy.lower() in {"true", "false"}
        case "double":
            return _NUMBER.fullmatch(tidy) is not None
        case "datetime":
            return is_moment(tidy)
        case _:
            return is_day(tidy)


def _custom(definition: ObjectDef, column: str, index: int, guess: _Guess) -> FieldDef:
    name = custom_name(column, index + 1)
    if definition.key == "id":
        return replace(custom_field(name), label=column)
    kind = guess.kind
    length = {"string": _SHORT_TEXT, "textarea": _LONG_TEXT}.get(kind, 0)
    is_number = kind == "double"
    default = 0 if kind == "boolean" else None
    return FieldDef(
        name,
        kind,
        label=column,
        length=length,
        default=default,
        filterable=kind != "textarea",
        custom=True,
        precision=18 if is_number else 0,
        scale=6 if is_number else 0,
    )


@dataclass
class _Flags:
    """Which picklist values go with a true flag. `columns`: flag → its column; `value_column`: the picklist's."""

    columns: dict[str, int]
    value_column: int
    true: dict[str, set[str]]
    false: dict[str, set[str]]

    @classmethod
    def of(cls, definition: ObjectDef, file: CsvFile) -> _Flags:
        names = [entry.name if (entry := find_field(definition, column)) else None for column in file.header]
        picklist, flags = _FLAGS.get(definition.name, ("", ()))
        known = {flag: names.index(flag) for flag in flags if flag in names} if picklist in names else {}
        value_column = names.index(picklist) if known else -1
        return cls(known, value_column, {flag: set() for flag in known}, {flag: set() for flag in known})

    def see(self, cells: tuple[str, ...]) -> None:
        for flag, column in self.columns.items():
            value = cells[self.value_column].strip()
            if value:
                (self.true if cells[column].strip().lower() in {"true", "1"} else self.false)[flag].add(value)

    @property
    def found(self) -> dict[str, tuple[frozenset[str], frozenset[str]]]:
        return {flag: (frozenset(self.true[flag]), frozenset(self.false[flag])) for flag in self.columns}


def _derived_anew(entry: FieldDef, definition: ObjectDef, scans: list[FileScan]) -> FieldDef:
    seen = [found.flags[entry.name] for found in scans if entry.name in found.flags]
    if entry.derived is None or not seen:
        return entry
    true = frozenset().union(*(pair[0] for pair in seen))
    false = frozenset().union(*(pair[1] for pair in seen))
    stock = frozenset(re.findall(r"'([^']*)'", entry.derived))
    values = sorted(true | (stock - false))
    listed = ", ".join("'" + value.replace("'", "''") + "'" for value in values)
    return replace(entry, derived=f"coalesce({_FLAGS[definition.name][0]} IN ({listed}), 0)")
