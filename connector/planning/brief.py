"""The brief on a task: why this person, in a few lines that a rep reads before the call (AD-8, TU-2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from connector.domain.running import Run
from connector.planning.book import Book
from connector.planning.brief_sections import Sections
from connector.planning.brief_words import HEADS

HAND_OVER = "hand_over"
"""The channel of tasks by which a lead goes to field sales: their brief begins with what was heard."""
LONGEST = 32_000
"""The characters that the description of a task holds."""

_ORDER = (
    "who", "state", "crm", "consent", "reasons", "actions", "heard", "missing", "script", "offer", "grade", "lists",
)  # fmt: skip
_ORDER_OF_HAND_OVER = (
    "who", "heard", "toss_up", "deals", "convert", "missing", "script", "state", "reasons", "actions", "grade", "crm",
    "consent", "lists",
)  # fmt: skip


@dataclass(frozen=True)
class Brief:
    """A task's text, the same with what was heard first, and the figures that fit into its subject."""

    headline: str
    text: str
    hand_over: str = ""

    def for_channel(self, channel: str) -> str:
        """The text that a task of this channel carries."""
        return self.hand_over if channel == HAND_OVER and self.hand_over else self.text


def briefs(run: Run, book: Book, persons: Iterable[str], as_of: datetime) -> dict[str, Brief]:
    """The brief of each person, in the language of the mapping; times in the zone of the rules.

    Company, department and title, but no name, e-mail address or phone number: the rep has them on the record.
    Addresses of pages come without what follows a `?`, where forms and mailings put them. Reads desired_persons,
    people, scored, graded, decided, qualified, heard, hearing_asks, recycling, not_before, activities,
    list_follow_ups, and content_offers where there is a catalogue.
    """
    wanted = sorted(persons)
    if not wanted:
        return {}
    run("CREATE OR REPLACE TEMP TABLE briefed AS SELECT unnest($persons::VARCHAR[]) AS person_id", {"persons": wanted})
    sections = Sections(run, book, as_of)
    parts = sections.all()
    headlines = sections.headlines()
    heads = HEADS[book.fields.language]
    return {
        person: Brief(
            headlines[person],
            _text(person, _ORDER, parts, heads),
            _text(person, _ORDER_OF_HAND_OVER, parts, heads),
        )
        for person in headlines
    }


def _text(
    person: str, order: Sequence[str], parts: Mapping[str, Mapping[str, Sequence[str]]], heads: Mapping[str, str]
) -> str:
    lines: list[str] = []
    for name in order:
        told = parts[name].get(person, ())
        if told and heads[name]:
            lines.append(heads[name])
        lines += told
    return "\n".join(lines)[:LONGEST]
