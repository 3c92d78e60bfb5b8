"""crm_past: what the CRM said of everybody, from when to when: its deals and the words that people set (LC-5)."""

from __future__ import annotations

from connector.domain.running import Run
from connector.engine.composing import compose
from connector.engine.since import FOR_EVER

_FILE = "crm_past"


def crm_past(now: int, run: Run) -> None:
    """Makes the temporary tables deal_spans, crm_spans and recycled_spans. Times are microseconds since 1970.

    `deal_spans(…the columns of opportunities, begins, ends)`: each deal as it stood.
    `crm_spans(person_id, begins, ends, status, deal, lost_at, undated)`: opportunity, won, lost, disqualified or
    another word; `undated` where nobody knows since when.
    `recycled_spans(life, person_id, born, begins, ends)`: when somebody stood recycled, and when the score began anew
    for it. Reads people, opportunities, closings, recycling, crm_words(person_id, begins, status, reason) and
    deal_past(opportunity_id, begins, ends, status, closed_at): deals that were closed and opened again.
    """
    for statement in ("deals", "spans"):
        run(compose(_FILE, statement, for_ever=FOR_EVER), {})
    run(compose(_FILE, "checked", for_ever=FOR_EVER, now=now), {})
    run(compose(_FILE, "recycled", now=now), {})
