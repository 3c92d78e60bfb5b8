"""Who is nurtured on which track, who is not and why, and to whom content may be offered (NU-1, NU-2, EN-4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from connector.domain.running import Run


@dataclass(frozen=True)
class TrackCount:
    """A track, the list of Account Engagement that stands for it, and how many people are on it; null: on none."""

    track: str | None
    list: str | None
    people: int


@dataclass(frozen=True)
class Nurtured:
    """A person who may be offered content. `record` is the id of the contact, lead or prospect; `offer` is next."""

    person_id: str
    record: str | None
    name: str | None
    company: str | None
    stage: str
    buying_stage: str | None
    persona: str | None
    product: str | None
    track: str | None
    offer: str | None
    seen: bool | None
    """Whether the person has seen the content asked about; None where none is."""


@dataclass(frozen=True)
class Nurturing:
    """Counts of people by track, by what speaks against nurturing, by reason of screening and by persona.

    `without_offer`: who is nurtured and has seen everything that could be offered. `people`: those asked about.
    """

    tracks: tuple[TrackCount, ...] = ()
    refused: Mapping[str, int] = field(default_factory=dict)
    screened: Mapping[str, int] = field(default_factory=dict)
    personas: Mapping[str, int] = field(default_factory=dict)
    without_offer: int = 0
    people: tuple[Nurtured, ...] = ()


def nurturing_of(run: Run, track: str | None = None, content: str | None = None) -> Nurturing:
    """How people are nurtured, from what `next_actions` made, and those on a track or who may be offered a content."""
    ((without_offer,),) = run(_WITHOUT_OFFER, {})
    asked = {"track": track, "content": content}
    return Nurturing(
        tracks=tuple(TrackCount(*row) for row in run(_TRACKS, {})),
        refused=dict(run(_REFUSED, {})),
        screened=dict(run(_SCREENED, {})),
        personas=dict(run(_PERSONAS, {})),
        without_offer=int(without_offer),
        people=tuple(Nurtured(*row) for row in run(_PEOPLE, asked)) if track or content else (),
    )


_TRACKS = """
SELECT track, list, count(*) FROM tracked GROUP BY track, list ORDER BY track IS NULL, count(*) DESC, track
"""
_REFUSED = "SELECT why, count(*) FROM nurtured WHERE NOT nurture GROUP BY why ORDER BY count(*) DESC, why"
_SCREENED = "SELECT reason, count(*) FROM screened GROUP BY reason ORDER BY count(*) DESC, reason"
_PERSONAS = """
SELECT persona, count(*) FROM personified JOIN decided USING (person_id)
GROUP BY persona ORDER BY count(*) DESC, persona
"""
_WITHOUT_OFFER = """
SELECT count(*) FROM nurtured ANTI JOIN next_offers USING (person_id) WHERE nurtured.nurture
"""
_PEOPLE = f"""
WITH wanted AS (
    SELECT who.*, item.content,
        EXISTS (
            SELECT 1 FROM activities AS act WHERE act.person_id = who.person_id AND act.content = item.content
        ) AS has_seen
    FROM offered_to AS who
    LEFT JOIN content_offers AS item
        ON item.content = $content::VARCHAR AND coalesce(item.from_rank::INTEGER, 0) <= who.rank
        AND (item.persona IS NULL OR item.persona = who.persona)
    WHERE $content::VARCHAR IS NULL OR item.content IS NOT NULL
),
told AS (
    SELECT wanted.person_id,
        coalesce(person.contact_ids[1], person.lead_ids[1], split_part(person.prospect_ids[1], ':', 2)) AS record,
        person.name, person.company, decided.stage, qualified.buying_stage, wanted.persona, wanted.product,
        tracked.track, offer.content AS offer, CASE WHEN $content::VARCHAR IS NOT NULL THEN wanted.has_seen END AS seen,
        wanted.rank
    FROM wanted
    JOIN people AS person USING (person_id)
    JOIN decided USING (person_id)
    JOIN qualified USING (person_id)
    LEFT JOIN tracked USING (person_id)
    LEFT JOIN next_offers AS offer ON offer.person_id = wanted.person_id
    WHERE $track::VARCHAR IS NULL OR tracked.track = $track::VARCHAR
)
SELECT {", ".join(entry.name for entry in fields(Nurtured))} FROM told ORDER BY seen, rank DESC, person_id
"""
