"""References between the calls of a composite: `@{name.path[0].field}`, in their addresses and bodies."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_REFERENCE = re.compile(r"@\{([A-Za-z0-9]\w*)((?:\.\w+|\[\d+\])*)\}", re.ASCII)
_STEP = re.compile(r"\.(\w+)|\[(\d+)\]", re.ASCII)


class UnresolvedError(Exception):
    """A reference to a call that failed or does not come earlier, or to what its answer does not have."""

    def __init__(self, path: str, reference: str) -> None:
        super().__init__(path)
        self.path = path
        self.reference = reference


def resolved(value: Any, bodies: Mapping[str, Any]) -> Any:
    """`value` with every reference replaced from the answers in `bodies`. Raises UnresolvedError.

    A text that is one reference becomes the value as it is; within a longer text its text is put in. Names are
    case-sensitive.
    """
    if isinstance(value, dict):
        return {key: resolved(entry, bodies) for key, entry in value.items()}
    if isinstance(value, list):
        return [resolved(entry, bodies) for entry in value]
    if not isinstance(value, str):
        return value
    whole = _REFERENCE.fullmatch(value)
    if whole:
        return _found(whole, bodies)
    return _REFERENCE.sub(lambda match: str(_found(match, bodies)), value)


def _found(match: re.Match[str], bodies: Mapping[str, Any]) -> Any:
    name, path = match[1], match[2]
    if name not in bodies:
        raise UnresolvedError(name + path, name)
    value = bodies[name]
    for key, index in _STEP.findall(path):
        if key and isinstance(value, dict) and key in value:
            value = value[key]
        elif index and isinstance(value, list) and int(index) < len(value):
            value = value[int(index)]
        else:
            raise UnresolvedError(name + path, name)
    return value
