"""Loading of fields.yaml, and the way from a field that the org does not know back to its line."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, replace
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
        known = list(known)
        there = {name.lower() for name in known}
        # A parent's field is not among the object's own: only the remote can tell.
        missing = [name for name in mapped.fields if name.lower() not in there and "." not in name]
        return [self.unknown_field(mapped, name, known) for name in missing]

    def unknown_field(self, mapped: MappedStream, field: str, known: Iterable[str]) -> Problem:
        """A mapped field that the org does not show, with its place and the most similar one that it does."""
        close = most_similar(field, known)
        return replace(
            self.place_of(mapped, field),
            sentence=f"{mapped.stream.name} has no field `{field}` that this user may see.",
            suggestion=f"Did you mean `{close}`?" if close else "Correct the name, or leave the line out.",
        )

    def place_of(self, mapped: MappedStream, field: str) -> Problem:
        """Where a stream's field stands in fields.yaml; where the object stands, for a field that is always read.

        As a problem without words: file, line and column.
        """
        remote = mapped.stream.remote
        objects = self.fields.objects(remote)
        name = next((one for one in objects if one.replace("-", "_") == mapped.stream.object.replace("-", "_")), "")
        path: tuple[str, ...] = (remote, name)
        if name:
            read = next((key for key, entry in objects[name].read.items() if entry.field == field), None)
            written = ("write", field) if field in objects[name].write else ()
            path += ("read", read) if read is not None else written
        place = self.source.place(path)
        return Problem(self.source.file, place.line, place.column, "")


def most_similar(field: str, known: Iterable[str], alike: float = 0.6) -> str | None:
    """The field that a name most likely means, of those that the org shows and that are so much alike (0..1)."""
    there = {name.lower(): name for name in known}
    close = difflib.get_close_matches(field.lower(), there, n=1, cutoff=alike)
    return there[close[0]] if close else None


def load_mapping(folder: Path) -> Mapping:
    """Reads fields.yaml of a folder. Raises ConfigurationError with every problem in it."""
    problems: list[Problem] = []
    source = read(folder / FIELDS_FILE)
    fields = validated(Fields, source, {}, problems)
    if fields is None:
        count = f"{len(problems)} things are wrong" if len(problems) > 1 else "One thing is wrong"
        raise ConfigurationError(f"{count} with the mapping in {folder}.", in_order(problems))
    return Mapping(fields, source)
