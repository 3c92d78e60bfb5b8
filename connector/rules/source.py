"""YAML text → plain data plus the place of every key and value, so that a wrong rule can be pointed at."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import yaml

from connector.errors import Problem

KeyPath = tuple[str | int, ...]
_HIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_LONG_ENOUGH = 80
"""So many letters of a word tell where it stands; to look for more would take its length squared."""


@dataclass(frozen=True)
class Place:
    """Where a value stands: lines and columns from 1; `raw` is its text as it was written."""

    line: int
    column: int
    raw: str = ""

    def of(self, text: str, offset: int, length: int) -> tuple[int, int]:
        """The line and column of `text[offset:offset + length]`, a part of the scalar that stands here.

        Quotes, indentation and folding make the written text differ from the value: the part is found again
        by counting how often it occurs before.
        """
        word = text[offset : offset + min(max(length, 1), _LONG_ENOUGH)].strip()
        if not word:
            return self.line, self.column
        nth = len(re.findall(f"(?={re.escape(word)})", text[: offset + len(word) - 1]))
        found = [match.start() for match in re.finditer(f"(?={re.escape(word)})", self.raw)]
        if nth >= len(found):
            return self.line, self.column
        before = self.raw[: found[nth]]
        newline = before.rfind("\n")
        if newline < 0:
            return self.line, self.column + len(before)
        return self.line + before.count("\n"), len(before) - newline


@dataclass(frozen=True)
class Source:
    """One read file: `data` as plain Python, `keys` and `values` by path, `problems` found while reading."""

    file: str
    data: object
    keys: Mapping[KeyPath, Place]
    values: Mapping[KeyPath, Place]
    problems: tuple[Problem, ...]

    def place(self, path: KeyPath, *, of_key: bool = False) -> Place:
        """The place of a path, or of the nearest thing around it that is written in the file."""
        if of_key and path in self.keys:
            return self.keys[path]
        for length in range(len(path), -1, -1):
            if path[:length] in self.values:
                return self.values[path[:length]]
        return Place(1, 1)


def read(path: Path) -> Source:
    """Reads one YAML file (UTF-8). What is wrong with it is in `problems`; nothing is raised."""
    file = path.name
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        sentence = f"The file is missing in {path.parent}."
        return _failed(Problem(file, 0, 0, sentence, "Copy it from a shipped rule set."))
    except OSError as error:
        return _failed(Problem(file, 0, 0, f"The file cannot be read: {error.strerror}."))
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        return _failed(Problem(file, line, 1, "The file is not UTF-8 text.", "Save it as UTF-8."))
    return parse(file, text)


def parse(file: str, text: str) -> Source:
    """Parses YAML text: anchors, tags of Python objects and double keys are problems, not features."""
    try:
        node = _composed(text)
    except yaml.MarkedYAMLError as error:
        return _failed(_syntax(file, error))
    except RecursionError:
        return _failed(_too_deep(file))
    except yaml.YAMLError as error:
        return _failed(Problem(file, 0, 0, f"The file is not YAML: {str(error).splitlines()[0]}."))
    if node is None:
        return _failed(Problem(file, 1, 1, "The file is empty."))
    walk = _Walk(file, text)
    try:
        data = walk.node(node, ())
    except RecursionError:
        return _failed(_too_deep(file))
    return Source(file, data, walk.keys, walk.values, tuple(walk.problems))


def _composed(text: str) -> yaml.Node | None:
    """The tree of a text, by the parser in C where it can be had: it needs a tenth of the time.

    Whatever it refuses, and tabs, on which the two differ, go to the parser in Python, whose words are the ones shown.
    """
    if yaml.__with_libyaml__ and "\t" not in text:
        with suppress(yaml.YAMLError):
            return yaml.compose(text, Loader=yaml.CSafeLoader)
    return yaml.compose(text, Loader=yaml.SafeLoader)


def _failed(problem: Problem) -> Source:
    return Source(problem.file, None, {}, {}, (problem,))


def _too_deep(file: str) -> Problem:
    return Problem(file, 0, 0, "The file is nested too deeply to be read.", "No rule needs more than ten levels.")


def _syntax(file: str, error: yaml.MarkedYAMLError) -> Problem:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
    what = error.problem or error.context or "unreadable"
    if "\\t" in what:
        return Problem(file, line, column, "A tab stands where YAML wants spaces.", "Indent with spaces.")
    advice = "Look for a missing quote, colon or indent here or just above."
    return Problem(file, line, column, f"This is not YAML: {what}.", advice)


class _Walk:
    """Turns nodes into plain data and remembers places and problems on the way."""

    def __init__(self, file: str, text: str) -> None:
        self._file = file
        self._text = text
        self._seen: set[int] = set()
        self._scalars = yaml.constructor.SafeConstructor()
        self.keys: dict[KeyPath, Place] = {}
        self.values: dict[KeyPath, Place] = {}
        self.problems: list[Problem] = []

    def node(self, node: yaml.Node, path: KeyPath) -> object:
        self.values[path] = self._place(node)
        if not isinstance(node, yaml.ScalarNode) and id(node) in self._seen:
            self._problem(self.values[path], "Anchors and aliases (& and *) are not used in rules.", "Write it out.")
            return None
        self._seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.node(child, (*path, index)) for index, child in enumerate(node.value)]
        return self._scalar(node, path)

    def _mapping(self, node: yaml.MappingNode, path: KeyPath) -> dict[str, object]:
        data: dict[str, object] = {}
        for key_node, value_node in node.value:
            place = self._place(key_node)
            if not isinstance(key_node, yaml.ScalarNode):
                self._problem(place, "A key has to be one word.")
                continue
            key = self._visible(str(key_node.value), place)
            if key in data:
                first = self.keys[(*path, key)]
                self._problem(
                    place, f"The key `{key}` stands here a second time (first on line {first.line}).", "Keep one."
                )
                continue
            self.keys[(*path, key)] = place
            data[key] = self.node(value_node, (*path, key))
        return data

    def _scalar(self, node: yaml.Node, path: KeyPath) -> object:
        try:
            value = self._scalars.construct_object(node)
        except (yaml.YAMLError, ValueError):
            shown = node.value if len(node.value) <= 40 else f"{node.value[:37]}…"
            self._problem(self.values[path], f"`{shown}` cannot be read as a value.", "Put it in quotes.")
            return None
        return self._visible(value, self.values[path]) if isinstance(value, str) else value

    def _visible(self, text: str, place: Place) -> str:
        """The text without what an escape such as "\\0" brings in, which no file or database would take."""
        hidden = _HIDDEN.search(text)
        if hidden is None:
            return text
        self._problem(place, f"A character that cannot be seen stands here: U+{ord(hidden[0]):04X}.", "Take it out.")
        return _HIDDEN.sub("", text)

    def _place(self, node: yaml.Node) -> Place:
        start, end = node.start_mark, node.end_mark
        raw = self._text[start.index : end.index] if isinstance(node, yaml.ScalarNode) else ""
        return Place(start.line + 1, start.column + 1, raw)

    def _problem(self, place: Place, sentence: str, suggestion: str | None = None) -> None:
        self.problems.append(Problem(self._file, place.line, place.column, sentence, suggestion))
