"""A kind of effect on a remote: what calls it takes, and how it is found again when an answer was lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from connector.applying.application import Application, Applied
from connector.domain.outcome import RowResult
from connector.domain.plan import Plan
from connector.store.journal import Intent

ROWS_A_CALL = 200

T = TypeVar("T")
Send = Callable[[Application, Sequence[Intent]], list[RowResult]]
"""Makes one call for journalled intents; one result a row, in their order. They may be only some of a batch: rows that
the platform was too busy for are sent again in smaller calls.
"""

Call = tuple[list[Intent], Send]
"""What is to be journalled, and how it is sent."""


@dataclass(frozen=True)
class Effect:
    """One kind of effect. `kind` is its word in the journal.

    `calls`: every call that a plan takes of this kind, in order. `found`: the numbers of those intents whose effect is
    there, read back after an answer was lost. `count` adds one that is done to what an apply tells.
    `sets_fields`: whether the values after are what we wrote into the fields of the record, so that the next comparison
    has its base. `otherwise`: another form in which a row that was refused may go through in the same apply, by its
    intent and the platform's code.
    """

    kind: str
    calls: Callable[[Application, Plan], Iterator[Call]]
    found: Callable[[Application, Sequence[Intent]], set[int]]
    count: Callable[[Applied, Intent], None]
    sets_fields: bool = False
    otherwise: Callable[[Intent, str], Intent | None] = lambda _intent, _code: None


def batches(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """The items in order, so many at a time."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
