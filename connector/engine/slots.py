"""slots: the things that hold of a person or not, one bit each, so that a life is a running sum."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from connector.engine.composing import quoted
from connector.engine.since import dated
from connector.rules.lifecycle import Claim, Lifecycle, Requirement

CRM_STAGES = ("opportunity", "won", "lost", "disqualified")
_ALWAYS_THERE = ("main", "main_again", "recycled", "run", "active", "crm_undated", "decided", *CRM_STAGES)
_BITS = 60


@dataclass(frozen=True)
class Slots:
    """Names of what holds or not, in the order of their bits.

    `main`: the score that decides is at the threshold. What ends in `_again` is the same in a life that began anew
    when somebody was recycled, where nothing counts that was done before.
    """

    names: tuple[str, ...]
    claims: Mapping[Claim, str]

    @property
    def words(self) -> range:
        """A state is so many integers."""
        return range((len(self.names) + _BITS - 1) // _BITS)

    def number(self, name: str) -> int:
        return self.names.index(name)

    def place(self, name: str) -> tuple[int, int]:
        """The integer in which a slot's bit is, and the bit."""
        word, bit = divmod(self.number(name), _BITS)
        return word, 1 << bit

    def rows(self) -> str:
        """All slots with their places as rows of VALUES: number, integer, bit."""
        places = (divmod(number, _BITS) for number in range(len(self.names)))
        return ", ".join(f"({number}, {word}, {1 << bit})" for number, (word, bit) in enumerate(places))

    def holds(self, name: str) -> str:
        """SQL for whether a slot holds in a `state`; of one that has a life anew, in the life that counts then."""
        if f"{name}_again" in self.names:
            return f"CASE WHEN {self._is('recycled')} THEN {self._is(f'{name}_again')} ELSE {self._is(name)} END"
        return self._is(name)

    def requirement(self, requirement: Requirement) -> str:
        """SQL for whether a requirement holds in a `state`."""
        parts = [self._claim(one) for one in requirement.all]
        either = " OR ".join(self._claim(one) for one in requirement.any)
        return " AND ".join([*parts, *([f"({either})"] if either else [])])

    def _claim(self, claim: Claim) -> str:
        held = f"({self.holds(self.claims[claim])})"
        return f"NOT {held}" if of_ledger(claim) and claim.score is None else held

    def _is(self, name: str) -> str:
        word, bit = self.place(name)
        return f"(state.m{word} & {bit} <> 0)"


def slots_of(life: Lifecycle) -> Slots:
    """The slots of a rule set: what is always looked at, its claims, and the items that an SQL needs."""
    claims = life.claim_columns
    names = [*_ALWAYS_THERE, *claims.values()]
    names += [f"{name}_again" for claim, name in claims.items() if of_ledger(claim) or of_acts(claim)]
    names += [item_slot(item) for item in (life.sql.needs if life.sql else ())]
    return Slots(tuple(names), claims)


def of_ledger(claim: Claim) -> bool:
    """Whether a claim is about the score that decides."""
    return claim.about in {"score", "score_at_most"} and claim.line is None and not claim.in_window


def of_acts(claim: Claim) -> bool:
    """Whether a claim is about what the person did, and is dated by it."""
    return claim.in_window or claim.activity is not None or claim.active_within_days is not None


def is_dated(claim: Claim) -> bool:
    """Whether it is known since when a claim has held."""
    return dated(claim) or of_ledger(claim) or claim.deal is not None


def item_slot(item: str) -> str:
    return f"item {item}"


def undated(requirements: Sequence[Requirement]) -> Iterator[int]:
    """The places of the requirements that rest on a claim of unknown date."""
    return (place for place, one in enumerate(requirements) if not all(is_dated(claim) for claim in one.claims))


def mask(tests: Sequence[str]) -> str:
    """SQL for an integer with the n-th bit where the n-th test holds."""
    bits = [f"CASE WHEN {test} THEN {1 << bit} ELSE 0 END" for bit, test in enumerate(tests)]
    return f"({' + '.join(bits)})::BIGINT" if bits else "0::BIGINT"


def all_of(count: int) -> int:
    """The mask in which every one of so many bits is set."""
    return (1 << count) - 1


def named(value: str, ids: Sequence[str]) -> str:
    """SQL for the ids whose bits are set in the mask `value`."""
    cases = ", ".join(f"CASE WHEN {value} & {1 << bit} <> 0 THEN {quoted(one)} END" for bit, one in enumerate(ids))
    return f"list_filter([{cases}]::VARCHAR[], lambda one: one IS NOT NULL)" if ids else "[]::VARCHAR[]"
