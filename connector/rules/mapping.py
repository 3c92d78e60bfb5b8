"""Loading of fields.yaml, and the way from a field that the org does not know back to its line."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from connector.domain.streams import MappedStream
from connector.errors import ConfigurationError, Problem, in_order
from connector.rules.fields import Fields
from connector.rules.load import validated
from connector.rules.source import Source, read

FIELDS_FILE = "fields.yaml"


@dataclass(frozen=True)
class Mapping:
    """The mapping in use, and where each of its lines stands."""

    fields: Fields
    source: Source

    def unknown_fields(self, mapped: MappedStream, known: Iterable[str]) -> list[Problem]:
        """The mapped fields of a stream that are not among those that the org shows, each with its place.

        Names are compared without case, as Salesforce does.
        """
        there = {name.lower(): name for name in known}
        problems = []
        for column in mapped.columns:
            name = column.field
            if name.lower() in there or "." in name:
                # A parent's field is not among the object's own: only the remote can tell.
                continue
            kind, key = ("read", column.name) if column.name != column.field else ("write", column.field)
            place = self.source.place((mapped.stream.remote, mapped.stream.object, kind, key))
            close = difflib.get_close_matches(name.lower(), there, n=1)
            problems.append(
                Problem(
                    self.source.file,
                    place.line,
                    place.column,
                    f"{mapped.stream.name} has no field `{column.field}` that this user may see.",
                    f"Did you mean `{there[close[0]]}`?" if close else "Correct the name, or leave the line out.",
                )
            )
        return problems


def load_mapping(folder: Path) -> Mapping:
    """Reads fields.yaml of a folder. Raises ConfigurationError with every problem in it."""
    problems: list[Problem] = []
    source = read(folder / FIELDS_FILE)
    fields = validated(Fields, source, {}, problems)
    if fields is None:
        count = f"{len(problems)} things are wrong" if len(problems) > 1 else "One thing is wrong"
        raise ConfigurationError(f"{count} with the mapping in {folder}.", in_order(problems))
    return Mapping(fields, source)
