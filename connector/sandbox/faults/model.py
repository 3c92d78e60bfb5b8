"""What a fault is: which calls it may strike, how often, and its own parameters."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Moment = Literal["instead", "before", "rows", "after", "standing", "job"]
"""When a kind acts: in the place of the work, before it, on the rows that it writes, on its answer; or it stands
for as long as it is scheduled; or it is asked for by asynchronous jobs."""


@dataclass(frozen=True)
class Fault:
    """One entry of the document, checked. `number` is its place in it, from 0.

    `systems` are names of `request_log.system_of`; `methods` are upper-case, empty for all; `path` matches the whole
    path, None for all. Of `nth`, `every` and `probability` at most one is given; with none every matching call is
    struck. `times` is how many calls it strikes at most. `parameters` has every parameter of the kind.
    """

    number: int
    kind: str
    moment: Moment
    given: Mapping[str, Any]
    systems: frozenset[str]
    methods: frozenset[str]
    path: re.Pattern[str] | None
    nth: frozenset[int]
    every: int | None
    probability: float | None
    times: int | None
    parameters: Mapping[str, Any]


@dataclass(frozen=True)
class Plan:
    """All faults of a document, and the seed of whatever chance decides."""

    faults: tuple[Fault, ...] = ()
    seed: int = 1

    def of(self, *moments: Moment) -> tuple[Fault, ...]:
        return tuple(fault for fault in self.faults if fault.moment in moments)

    def of_kind(self, kind: str) -> tuple[Fault, ...]:
        return tuple(fault for fault in self.faults if fault.kind == kind)


def chance(seed: int, fault: Fault, subject: str) -> float:
    """A number from 0 up to 1 that the seed, the fault and the subject alone decide, whatever happened before."""
    digest = hashlib.blake2b(f"{seed}:{fault.number}:{subject}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2.0**64
