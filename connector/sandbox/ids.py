"""Salesforce's record ids: 15 characters of base 62, and 3 that make them safe to compare without case."""

from __future__ import annotations

import string

_BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
_CHECKSUM = string.ascii_uppercase + "012345"


def id18(id15: str) -> str:
    """The 18-character form of a 15-character id."""
    suffix = (_CHECKSUM[sum(1 << bit for bit in range(5) if "A" <= id15[start + bit] <= "Z")] for start in (0, 5, 10))
    return id15 + "".join(suffix)


def record_id(prefix: str, number: int) -> str:
    """The 18-character id of the `number`-th record (from 1) under a three-character key prefix.

    Ids of one object sort by number as text in byte order, as Salesforce's do.
    """
    digits = []
    rest = number
    for _ in range(7):
        rest, digit = divmod(rest, 62)
        digits.append(_BASE62[digit])
    return id18(f"{prefix}Sb000" + "".join(reversed(digits)))


def is_well_formed(text: str) -> bool:
    """Whether `text` is a 15-character id, or an 18-character one whose checksum is right."""
    if len(text) == 15:
        return all(letter in _BASE62 for letter in text)
    return len(text) == 18 and all(letter in _BASE62 for letter in text[:15]) and id18(text[:15]) == text
