"""Folder of YAML → RuleSet, or all that is wrong with it at once."""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from connector.errors import ConfigurationError, Problem, in_order
from connector.rules.cadence import Cadences
from connector.rules.conditions import Bind, compile_condition
from connector.rules.kinds import Compilers, Strict
from connector.rules.lifecycle import Lifecycle
from connector.rules.model import Tiers
from connector.rules.nurture import NURTURE_FILE, WITHOUT, Nurture
from connector.rules.references import resolved
from connector.rules.relations import SENT_TYPES, Columns, RelationName, with_attributes
from connector.rules.scoring import Scoring
from connector.rules.source import Source, read

FILES: Mapping[str, type[Strict]] = MappingProxyType(
    {
        "scoring.yaml": Scoring,
        "tiers.yaml": Tiers,
        "lifecycle.yaml": Lifecycle,
        "cadence.yaml": Cadences,
    }
)
OPTIONAL: Mapping[str, type[Strict]] = MappingProxyType({NURTURE_FILE: Nurture})
"""Files of the rules that may be left out."""
SHIPPED = Path(__file__).parent.parent / "rulesets"
"""The folder of the rule sets that come with the package: one folder each, by name."""
DEFAULT = "content-led"
"""The shipped rule set that is used where nobody names one."""

_Model = TypeVar("_Model", bound=Strict)


@dataclass(frozen=True)
class RuleSet:
    """The rules in use. `hash` changes when their meaning or a name does, not with comments or the order of keys."""

    scoring: Scoring
    tiers: Tiers
    lifecycle: Lifecycle
    cadence: Cadences
    hash: str
    nurture: Nurture = WITHOUT


def load_rules(
    folder: Path,
    bind: Bind,
    attributes: Mapping[str, str] | None = None,
    more: Mapping[RelationName, Columns] | None = None,
) -> RuleSet:
    """Reads the four files of a folder, and those of OPTIONAL that are there.

    `bind` tries a generated condition on one typed row (see conditions.Bind); `attributes` are further columns
    of people, name → SQL type; `more` are those of other relations. Raises ConfigurationError with every problem of
    every file.
    """
    problems: list[Problem] = []
    sources = {file: read(folder / file) for file in FILES}
    compilers = _compilers(sources["scoring.yaml"], bind, with_attributes(attributes or {}, more))
    scoring = validated(Scoring, sources["scoring.yaml"], compilers, problems)
    tiers = validated(Tiers, sources["tiers.yaml"], compilers, problems)
    lifecycle = validated(Lifecycle, sources["lifecycle.yaml"], compilers, problems)
    cadence = validated(Cadences, sources["cadence.yaml"], compilers, problems)
    nurture: Nurture | None = WITHOUT
    if (folder / NURTURE_FILE).exists():
        nurture = validated(Nurture, read(folder / NURTURE_FILE), compilers, problems)
    if scoring is not None and lifecycle is not None:
        lifecycle, unknown = resolved(lifecycle, scoring, sources["lifecycle.yaml"])
        problems += unknown
    if problems or scoring is None or tiers is None or lifecycle is None or cadence is None or nurture is None:
        found = in_order(problems)
        count = f"{len(found)} things are wrong" if len(found) > 1 else "One thing is wrong"
        raise ConfigurationError(f"{count} with the rules in {folder}.", found)
    return RuleSet(scoring, tiers, lifecycle, cadence, _hash(scoring, tiers, lifecycle, cadence, nurture), nurture)


def _compilers(scoring: Source, bind: Bind, relations: Mapping[RelationName, Columns]) -> Compilers:
    written = scoring.data.get("activity_types") if isinstance(scoring.data, dict) else None
    listed = written if isinstance(written, list) else Scoring.model_fields["activity_types"].default
    values = {"type": (*(str(one) for one in listed), *SENT_TYPES)}
    return MappingProxyType(
        {
            relation: partial(
                compile_condition,
                relation=relation,
                columns=columns,
                bind=bind,
                values=values if relation == "activity" else None,
            )
            for relation, columns in relations.items()
        }
    )


def validated(model: type[_Model], source: Source, compilers: Compilers, problems: list[Problem]) -> _Model | None:
    problems.extend(source.problems)
    if source.data is None:
        return None
    try:
        valid = model.model_validate(source.data, context=compilers)
    except ValidationError as error:
        found = [_problem(model, source, detail) for detail in _telling(error.errors(include_url=False))]
        problems.extend(dict.fromkeys(found))
        return None
    return None if source.problems else valid


def _telling(details: list[ErrorDetails]) -> list[ErrorDetails]:
    """Without "too short" for a list that is only too short because its entries are wrong."""
    return [
        detail
        for detail in details
        if detail["type"] != "too_short"
        or not any(other["loc"][: len(detail["loc"])] == detail["loc"] for other in details if other is not detail)
    ]


def _problem(model: type[Strict], source: Source, detail: ErrorDetails) -> Problem:
    path = _written_path(source, detail["loc"])
    context = detail.get("ctx", {})
    kind = detail["type"]
    if kind == "rule":
        place = source.place(path)
        line, column = place.line, place.column
        if context["offset"] >= 0:
            line, column = place.of(str(detail["input"]), context["offset"], context["length"])
        return Problem(source.file, line, column, context["sentence"], context["suggestion"])
    place = source.place(path, of_key=kind == "extra_forbidden" or detail["loc"][-1:] == ("[key]",))
    sentence, suggestion = _words(model, path, detail)
    return Problem(source.file, place.line, place.column, sentence, suggestion)


def _written_path(source: Source, loc: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """The path without pydantic's own additions (the kinds of a union, "[key]")."""
    path: tuple[int | str, ...] = ()
    for step in loc:
        if (*path, step) in source.values:
            path = (*path, step)
        elif step == loc[-1] and step != "[key]":
            return (*path, step)
    return path


def _words(model: type[Strict], path: tuple[int | str, ...], detail: ErrorDetails) -> tuple[str, str | None]:
    key = f"`{path[-1]}`" if path else "the file"
    kind, given = detail["type"], detail["input"]
    context = detail.get("ctx", {})
    if kind == "missing":
        return f"{key} is missing.", "Add it; docs/rules.md has an example."
    if kind == "extra_forbidden":
        known = sorted(_keys_beside(model, path))
        close = difflib.get_close_matches(str(path[-1]), known, n=1, cutoff=0.5)
        return f"There is no key {key} here.", f"Did you mean `{close[0]}`?" if close else f"Keys: {', '.join(known)}."
    if kind == "literal_error":
        expected = str(context.get("expected"))
        alike = difflib.get_close_matches(str(given), re.findall("'([^']+)'", expected), n=1)
        advice = f"Did you mean `{alike[0]}`? " if alike else ""
        return f"{key} cannot be `{given}`.", f"{advice}Possible: {expected.replace(chr(39), '')}."
    if kind in {"int_type", "int_parsing", "int_from_float"}:
        return f"{key} has to be a whole number, not `{given}`.", None
    if kind == "string_pattern_mismatch":
        return f"{key} cannot be `{given}`.", "Small letters, digits and _ (a country: two capital letters)."
    if kind in {"model_type", "model_attributes_type", "dict_type", "mapping_type"}:
        return f"{key} has to be a block of keys, not `{_short(given)}`.", None
    if kind in {"tuple_type", "list_type"}:
        return f"{key} has to be a list (lines that begin with -), not `{_short(given)}`.", None
    return f"{key} is wrong: {detail['msg']}.", None


def _short(given: object) -> str:
    text = str(given)
    return text if len(text) <= 40 else text[:37] + "…"


def _keys_beside(model: type[Strict], path: tuple[int | str, ...]) -> Iterator[str]:
    """The keys that would have been possible where an unknown one stands."""
    schema = model.model_json_schema()
    here: dict[str, object] = schema
    for step in path[:-1]:
        here = _resolve(schema, _step_into(_resolve(schema, here), step))
    properties = _resolve(schema, here).get("properties", {})
    yield from properties if isinstance(properties, dict) else ()


def _step_into(schema: dict[str, object], step: int | str) -> dict[str, object]:
    if isinstance(step, int):
        inner = schema.get("items", {})
    else:
        properties = schema.get("properties")
        inner = properties.get(step, {}) if isinstance(properties, dict) else schema.get("additionalProperties", {})
    return inner if isinstance(inner, dict) else {}


def _resolve(schema: dict[str, object], part: dict[str, object]) -> dict[str, object]:
    options = part.get("anyOf")
    if isinstance(options, list):
        part = next((one for one in options if isinstance(one, dict) and one.get("type") != "null"), {})
    reference = part.get("$ref")
    definitions = schema.get("$defs")
    if isinstance(reference, str) and isinstance(definitions, dict):
        found = definitions.get(reference.removeprefix("#/$defs/"), {})
        return found if isinstance(found, dict) else {}
    return part


def _hash(*models: Strict) -> str:
    content = [model.model_dump(mode="json") for model in models]
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
