"""The decisions about everybody who came in, kept: target or not, nurture or not, since when (EN-8)."""

from __future__ import annotations

from datetime import datetime

from connector.store.cursors import naive
from connector.store.database import Store

_CHANGED = """
INSERT INTO intakes
SELECT told.person_id, told.target, told.target_why, told.nurture, told.nurture_why, $now
FROM at_the_door AS told
ANTI JOIN (
    SELECT person_id, arg_max((target, target_why, nurture, nurture_why), decided_at) AS decision
    FROM intakes SEMI JOIN at_the_door USING (person_id)
    GROUP BY person_id
) AS known
ON known.person_id = told.person_id
    AND known.decision = (told.target, told.target_why, told.nurture, told.nurture_why)
"""


def keep_intakes(store: Store, now: datetime) -> int:
    """Notes what `at_the_door` says of each person where nothing or something else was noted before; how many rows.

    What was noted at `now` (aware) already is not noted again, so that a step done twice leaves the same.
    """
    return int(store.run(_CHANGED, {"now": naive(now)})[0][0])
