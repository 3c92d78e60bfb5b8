"""The rules of a folder together with the places where they are written, as advice about them needs both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel

from connector.rules.conditions import Condition
from connector.rules.content import Content
from connector.rules.fields import Fields
from connector.rules.lists import LISTS_FILE, Lists
from connector.rules.load import FILES, OPTIONAL, RuleSet
from connector.rules.mapping import FIELDS_FILE
from connector.rules.nurture import NURTURE_FILE
from connector.rules.source import KeyPath, Source, read

CONTENT_FILE = "content.yaml"


@dataclass(frozen=True)
class Finding:
    """A piece of advice: the rules work, but hardly as they are meant to. `kind` names what it is about.

    Lines and columns count from 1; 0 where the whole file is meant.
    """

    kind: str
    file: str
    line: int
    column: int
    sentence: str
    suggestion: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.sentence} {self.suggestion}"


@dataclass(frozen=True)
class Written:
    """All that admins wrote, and the text of each file."""

    rules: RuleSet
    content: Content
    fields: Fields
    lists: Lists
    sources: Mapping[str, Source]

    def finding(
        self, kind: str, file: str, path: KeyPath, sentence: str, suggestion: str, *, part: str | None = None
    ) -> Finding:
        """Advice about what stands at a path of a file, or about a part of the text there."""
        place = self.sources[file].place(path)
        line, column = place.line, place.column
        if part is not None and part in place.raw:
            line, column = place.of(place.raw, place.raw.index(part), len(part))
        return Finding(kind, file, line, column, sentence, suggestion)

    def conditions(self) -> Iterator[tuple[str, KeyPath, Condition]]:
        """Every condition of every file, with its file and path."""
        models: dict[str, BaseModel] = {
            "scoring.yaml": self.rules.scoring,
            "tiers.yaml": self.rules.tiers,
            "lifecycle.yaml": self.rules.lifecycle,
            "cadence.yaml": self.rules.cadence,
            NURTURE_FILE: self.rules.nurture,
            LISTS_FILE: self.lists,
        }
        for file, model in models.items():
            for path, condition in conditions_of(model):
                yield file, path, condition


def written(folder: Path, rules: RuleSet, content: Content, fields: Fields, lists: Lists) -> Written:
    """Rules that were read from a folder, with the text of its files."""
    there = [file for file in (*OPTIONAL, LISTS_FILE) if (folder / file).exists()]
    files = (*FILES, CONTENT_FILE, FIELDS_FILE, *there)
    return Written(rules, content, fields, lists, {file: read(folder / file) for file in files})


def conditions_of(value: object, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Condition]]:
    """Every condition within a value of the rules, with the keys and places that lead to it."""
    if isinstance(value, Condition):
        yield path, value
    elif isinstance(value, BaseModel):
        # What a claim about a conversion asks for is written where the conversion is.
        elsewhere = {"activity"} if getattr(value, "conversion", None) is not None else set()
        for name in (each for each in type(value).model_fields if each not in elsewhere):
            yield from conditions_of(getattr(value, name), (*path, name))
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from conditions_of(inner, (*path, key))
    elif isinstance(value, tuple):
        for place, inner in enumerate(value):
            yield from conditions_of(inner, (*path, place))
