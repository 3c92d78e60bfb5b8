"""Seeded chance: the same whole numbers always draw the same, in every process and on every machine."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from random import Random
from zlib import crc32

_MASK = (1 << 64) - 1


def mix(*parts: int) -> int:
    """One 64-bit number from several, each bit depending on each part (the finaliser of SplitMix64)."""
    state = 0x9E3779B97F4A7C15
    for part in parts:
        state = (state ^ part) * 0xBF58476D1CE4E5B9 & _MASK
        state = (state ^ (state >> 27)) * 0x94D049BB133111EB & _MASK
        state ^= state >> 31
    return state


def unit(*parts: int) -> float:
    """A number in [0, 1)."""
    return (mix(*parts) >> 11) / (1 << 53)


@lru_cache(maxsize=256)
def salt(word: str) -> int:
    """A word as a number for `mix`, so that draws for different purposes do not agree by accident."""
    return crc32(word.encode())


def stream(*parts: int) -> Random:
    """A generator of its own for these parts."""
    return Random(mix(*parts))


@lru_cache(maxsize=256)
def _steps(shares: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(accumulate(shares))


def pick(where: float, shares: tuple[int, ...]) -> int:
    """The index into `shares` on which `where` in [0, 1) falls, each as wide as its share."""
    steps = _steps(shares)
    return bisect_right(steps, where * steps[-1])


def poisson(rng: Random, mean: float) -> int:
    """How often something of this mean happens; means beyond a hundred are rounded normals."""
    if mean > 100:
        return max(0, round(rng.gauss(mean, mean**0.5)))
    count, spent = 0, rng.expovariate(1.0)
    while spent < mean:
        count += 1
        spent += rng.expovariate(1.0)
    return count


def shares_of(rows: Sequence[tuple[object, ...]], column: int = 1) -> tuple[int, ...]:
    """The shares that stand in a column of a table of words."""
    return tuple(int(str(row[column])) for row in rows)
