"""Reads the document of faults, and refuses in a sentence what nothing would act on."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Mapping
from typing import Any, cast

from connector.sandbox.faults.kinds import KINDS, Kind, Parameter, is_name, is_share, is_whole
from connector.sandbox.faults.model import Fault, Plan

_MATCHING = frozenset({"system", "method", "path", "nth", "every", "probability", "times"})
_CHOICES = ("nth", "every", "probability")
_METHODS = frozenset({"GET", "HEAD", "POST", "PATCH", "PUT", "DELETE"})


class DocumentError(Exception):
    """A document that cannot be scheduled; the message says which entry, what is wrong, and what would do."""


def read_plan(document: Any) -> Plan:
    """The faults of `{"faults": [{"kind", …}], "seed": n}`; both keys are optional. Raises DocumentError."""
    if not isinstance(document, dict):
        raise DocumentError('The document must be an object: {"faults": [...], "seed": 1}.')
    _known("The document", document, {"faults", "seed"})
    entries = document.get("faults", [])
    if not isinstance(entries, list):
        raise DocumentError("faults must be a list.")
    seed = document.get("seed", 1)
    if not is_whole(seed):
        raise DocumentError("seed must be a whole number, 0 or more.")
    return Plan(tuple(_fault(number, entry) for number, entry in enumerate(entries)), seed)


def _fault(number: int, entry: Any) -> Fault:
    where = f"Fault {number + 1}"
    if not isinstance(entry, dict):
        raise DocumentError(f'{where} must be an object with a kind, such as {{"kind": "server_error"}}.')
    name = entry.get("kind")
    kind = KINDS.get(name) if isinstance(name, str) else None
    if kind is None:
        raise DocumentError(f"{where} has the kind {name!r}: known are {', '.join(sorted(KINDS))}.")
    where = f"{where} ({name})"
    _known(where, entry, {"kind", *kind.parameters, *_allowed_matching(kind)})
    if sum(choice in entry for choice in _CHOICES) > 1:
        raise DocumentError(f"{where}: give only one of nth, every and probability.")
    parameters = {name: _parameter(where, name, one, entry) for name, one in kind.parameters.items()}
    _check_together(where, str(name), parameters)
    return Fault(
        number=number,
        kind=str(name),
        moment=kind.moment,
        given=dict(entry),
        systems=_systems(where, entry, kind),
        methods=_methods(where, entry) or kind.methods,
        path=_path(where, entry),
        nth=_nth(where, entry),
        every=_counted(where, entry, "every"),
        probability=_probability(where, entry),
        times=_counted(where, entry, "times") or kind.times,
        parameters=parameters,
    )


def _allowed_matching(kind: Kind) -> frozenset[str]:
    """A fault that stands is about rows and fields, not about calls; one of jobs is about jobs."""
    match kind.moment:
        case "standing":
            return frozenset()
        case "job":
            return frozenset({*_CHOICES, "times"})
        case _:
            return _MATCHING


def _known(where: str, found: Mapping[str, Any], known: set[str]) -> None:
    unknown = sorted(set(found) - known)
    if unknown:
        raise DocumentError(f"{where} does not take {', '.join(unknown)}: it takes {', '.join(sorted(known))}.")


def _parameter(where: str, name: str, parameter: Parameter, entry: Mapping[str, Any]) -> Any:
    if name not in entry:
        if parameter.required:
            raise DocumentError(f"{where} needs {name}: {parameter.must_be}.")
        return parameter.default
    if not parameter.holds(entry[name]):
        raise DocumentError(f"{where}: {name} must be {parameter.must_be}.")
    return entry[name]


def _check_together(where: str, name: str, parameters: Mapping[str, Any]) -> None:
    if name == "hidden_rows" and (parameters["ids"] is None) == (parameters["share"] is None):
        raise DocumentError(f"{where}: give either ids or share.")
    if name == "slow" and not parameters["seconds"] and parameters["bytes_per_second"] is None:
        raise DocumentError(f"{where}: give seconds or bytes_per_second.")


def _systems(where: str, entry: Mapping[str, Any], kind: Kind) -> frozenset[str]:
    system = entry.get("system")
    if system is None:
        return kind.systems
    if system not in kind.systems:
        raise DocumentError(f"{where}: system must be {' or '.join(sorted(kind.systems))}.")
    return frozenset({system})


def _methods(where: str, entry: Mapping[str, Any]) -> frozenset[str]:
    if "method" not in entry:
        return frozenset()
    given = entry["method"]
    names = frozenset(str(name).upper() for name in (given if isinstance(given, list) else [given]))
    if not names or not names <= _METHODS:
        raise DocumentError(f"{where}: method must be one or a list of {', '.join(sorted(_METHODS))}.")
    return names


def _path(where: str, entry: Mapping[str, Any]) -> re.Pattern[str] | None:
    if "path" not in entry:
        return None
    if not is_name(entry["path"]):
        raise DocumentError(f"{where}: path must be a pattern such as */query*, in which * stands for anything.")
    return re.compile(fnmatch.translate(entry["path"]), re.IGNORECASE)


def _nth(where: str, entry: Mapping[str, Any]) -> frozenset[int]:
    if "nth" not in entry:
        return frozenset()
    given = entry["nth"]
    numbers = given if isinstance(given, list) else [given]
    if not numbers or not all(is_whole(number, 1) for number in numbers):
        raise DocumentError(f"{where}: nth must be a whole number from 1, or a list of such.")
    return frozenset(numbers)


def _counted(where: str, entry: Mapping[str, Any], name: str) -> int | None:
    if name in entry and not is_whole(entry[name], 1):
        raise DocumentError(f"{where}: {name} must be a whole number, 1 or more.")
    return cast(int | None, entry.get(name))


def _probability(where: str, entry: Mapping[str, Any]) -> float | None:
    if "probability" in entry and not is_share(entry["probability"]):
        raise DocumentError(f"{where}: probability must be a number from 0 to 1.")
    return cast(float | None, entry.get("probability"))
