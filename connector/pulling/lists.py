"""A list's file → members in the store: how its cells are read is said by lists.yaml and by what the list is of."""

from __future__ import annotations

from datetime import datetime

from connector.domain.lists import Kept, ListHead
from connector.engine.enrich_identity import folded_email
from connector.rules.lists import Lists
from connector.store.database import Store
from connector.store.lists import Reading, Sheet, keep_list

_TOLD = ("attended", "attended_at", "minutes")
_TIMED = ("webinar", "event", "survey")


def import_list(store: Store, head: ListHead, sheet: Sheet, lists: Lists, zone: str, now: datetime) -> Kept:
    """Keeps a list under its name, in place of what stood there. `zone` (IANA) is that of times without an offset.

    A list of an event without any column that says who came is one of those who came; one of a webinar is not.
    """
    told = any(attribute in sheet.places for attribute in _TOLD)
    reading = Reading(
        zone=zone,
        forms=lists.formats,
        yes=lists.yes,
        no=lists.no,
        attended_from=lists.attended_from_minutes,
        segments=[
            (one.id, one.name.ja, one.name.en, one.follow_up_days, one.when.sql)
            for one in lists.segments
            if head.kind in one.kinds
        ],
        by_column="segment" in sheet.places,
        timed=head.kind in _TIMED,
        all_attended=head.kind == "event" and not told,
        fold=folded_email,
    )
    return keep_list(store, head, sheet, reading, now)
