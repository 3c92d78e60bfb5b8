"""inquiries: who asked for something and waits for an answer, who is to be thanked, how long it took us (CD-3)."""

from __future__ import annotations

from datetime import datetime

from connector.domain.running import Run
from connector.engine.composing import compose, quoted
from connector.engine.moments import as_column
from connector.engine.score import counts
from connector.rules.load import RuleSet

_FILE = "inquiries"
INQUIRY_DAYS = 30
"""So long an inquiry that nobody answered asks for a call."""
THANKS_DAYS = 7
"""So long thanks for something used make sense."""


def inquiries(rules: RuleSet, as_of: datetime, run: Run) -> None:
    """Makes the temporary tables `next_contacts`, `next_thanks` and `inquiry_responses`; times are in UTC.

    `next_contacts(person_id, asked_at, asked_by, said, waiting_since, next_change_at)`: inquiries that nobody answered
    since, the last one and, as `waiting_since`, the first. `said`: channel and destination as the content has them.
    `next_thanks(person_id, thanked_for, said, asked_at, next_change_at)`. `inquiry_responses(person_id, asked_at,
    responded_at, minutes)`: of the last inquiry of everybody who ever made one. Reads decided, activities,
    opportunities, our_tasks, and content_actions(content, action, channel, destination) in texts.
    """
    moment = {"as_of": as_column(as_of)}
    types = ", ".join(quoted(word) for word in rules.scoring.activity_types)
    cadences = ", ".join(quoted(one.id) for one in rules.cadence.of_kind("inquiry")) or "NULL"
    run(compose(_FILE, "ground"), {})
    run(compose(_FILE, "asking", types=types, not_noise=counts(rules.scoring, run)), moment)
    run(compose(_FILE, "answers", cadences=cadences), moment)
    run(compose(_FILE, "contacts", inquiry_days=INQUIRY_DAYS), moment)
    run(compose(_FILE, "thanks", thanks_days=THANKS_DAYS), moment)
    run(compose(_FILE, "responses", cadences=cadences), moment)
