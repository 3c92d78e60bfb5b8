"""Lists of people from events and webinars: what was imported, and what it said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, get_args

ListKind = Literal["webinar", "event", "survey", "call_review", "list"]
KINDS: tuple[ListKind, ...] = get_args(ListKind)
"""What a list can be of: it decides what its rows mean."""

Attribute = Literal[
    "email", "name", "last_name", "first_name", "company", "department", "title", "registered_at", "attended",
    "attended_at", "minutes", "asked", "segment", "consent", "review_score",
]  # fmt: skip
ATTRIBUTES: tuple[Attribute, ...] = get_args(Attribute)
"""What a column of a list can mean."""


@dataclass(frozen=True)
class ListHead:
    """A list as its importer names it. `held_at` is when the event was (UTC); `follow_up_until` its last day of all."""

    name: str
    kind: str
    held_at: datetime | None = None
    follow_up_until: date | None = None


@dataclass(frozen=True)
class Refusal:
    """One kind of fault that kept rows out: a sentence, how many rows, and their first lines in the file."""

    sentence: str
    rows: int
    lines: tuple[int, ...]


@dataclass(frozen=True)
class Kept:
    """What an import did. `changed` is false where the list was there already, word for word.

    `rows` were read, `people` are distinct addresses among the good ones; `together` rows were about somebody
    named before and were put together with the first.
    """

    version: int
    changed: bool
    rows: int
    people: int
    together: int
    refused: tuple[Refusal, ...]


@dataclass(frozen=True)
class SegmentState:
    """The people of one segment of a list, how many are in the CRM, and until when they are to be followed up."""

    segment: str | None
    name_ja: str | None
    name_en: str | None
    follow_up_until: date | None
    people: int
    in_crm: int
    not_in_crm: int
    days_left: int | None


@dataclass(frozen=True)
class ListState:
    """One list as it stands: counts of people, and its segments."""

    name: str
    kind: str
    version: int
    held_at: datetime | None
    imported_at: datetime
    people: int
    in_crm: int
    not_in_crm: int
    attended: int
    segments: tuple[SegmentState, ...]
