"""The order of a query, and where in that order the next page begins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connector.sandbox.account_engagement.refusals import invalid_value
from connector.sandbox.catalogue.model import ObjectDef

_NEVER_NULL = frozenset({"id", "createdAt", "updatedAt"})


@dataclass(frozen=True)
class Key:
    """One field of the order."""

    name: str
    descending: bool = False

    @property
    def sql(self) -> str:
        return f'm."{self.name}" {"DESC" if self.descending else "ASC"}'


def parse_order(definition: ObjectDef, text: str) -> tuple[Key, ...]:
    """The keys of an `orderBy` text such as `updatedAt DESC,id`, always ending in the id.

    The id that is added follows the last key's direction, so that one index walk gives the order.
    """
    keys = [_key(definition, part.split()) for part in text.split(",")] if text else []
    if not any(key.name == "id" for key in keys):
        keys.append(Key("id", keys[-1].descending if keys else False))
    return tuple(keys)


def _key(definition: ObjectDef, words: Sequence[str]) -> Key:
    found = definition.field(words[0]) if 0 < len(words) <= 2 else None
    direction = words[1].upper() if len(words) == 2 else "ASC"
    if found is None or found.name != words[0] or found.custom or direction not in {"ASC", "DESC"}:
        raise invalid_value("orderBy", f"It contains an invalid or unknown field: {' '.join(words)}.")
    return Key(found.name, direction == "DESC")


def after(keys: Sequence[Key], resume: Mapping[str, Any]) -> tuple[str, tuple[Any, ...]]:
    """The condition for rows that come after `resume` (the last row's key values), and its parameters.

    Nulls come first in ascending order and last in descending order.
    """
    values = [resume[key.name] for key in keys]
    same_direction = len({key.descending for key in keys}) == 1
    if same_direction and all(key.name in _NEVER_NULL for key in keys):
        names = ", ".join(f'm."{key.name}"' for key in keys)
        marks = ", ".join("?" for _ in keys)
        return f"({names}) {'<' if keys[0].descending else '>'} ({marks})", tuple(values)
    alternatives: list[str] = []
    parameters: list[Any] = []
    for index, key in enumerate(keys):
        equal = " AND ".join(f'm."{before.name}" IS ?' for before in keys[:index])
        beyond, bound = _beyond(key, values[index])
        alternatives.append(f"({equal} AND {beyond})" if equal else beyond)
        parameters += [*values[:index], *bound]
    return f"({' OR '.join(alternatives)})", tuple(parameters)


def _beyond(key: Key, value: Any) -> tuple[str, tuple[Any, ...]]:
    column = f'm."{key.name}"'
    if value is None:
        return ("0", ()) if key.descending else (f"{column} IS NOT NULL", ())
    if key.descending:
        return f"({column} < ? OR {column} IS NULL)", (value,)
    return f"{column} > ?", (value,)
