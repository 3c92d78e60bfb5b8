"""A plain scorer of the classic points over a world's own rows, by which the world's behaviour is calibrated."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, NamedTuple

from connector.sandbox.clock import instant
from connector.sandbox.context import Sandbox

MONTH = 30 * 86400
HOT = 65
_SOURCES = {"Web": 7, "Thought Leader": -5}


class Score(NamedTuple):
    """Points at a moment, and since when they have been 65 or more (None below)."""

    points: int
    hot_since: int | None


def scores(sandbox: Sandbox, moment: int) -> dict[int, Score]:
    """The score of every person who has been born, by person number. `moment` is in seconds since 1970."""
    reader = sandbox.database.reader()
    people = reader.execute(
        "SELECT person, born, prospect_id, visitor_id, LeadSource FROM world_people "
        "LEFT JOIN Lead ON Lead.Id = lead_id WHERE born IS NOT NULL"
    ).fetchall()
    events = {row["person"]: [(row["born"], _SOURCES.get(row["LeadSource"], 0))] for row in people}
    by_prospect = {row["prospect_id"]: row["person"] for row in people if row["prospect_id"]}
    by_visitor = {row["visitor_id"]: row["person"] for row in people if row["visitor_id"]}
    _page_views(reader, by_visitor, events)
    _activities(reader, by_prospect, events)
    return {person: _score(sorted(found), moment) for person, found in events.items()}


def _seconds(stamp: str) -> int:
    return int(instant(stamp).timestamp())


def _page_views(reader: Any, by_visitor: dict[int, int], events: dict[int, list[tuple[int, int]]]) -> None:
    visits: dict[tuple[int, int], list[int]] = defaultdict(list)
    for row in reader.execute("SELECT visitorId, visitId, url, createdAt FROM visitor_page_views ORDER BY createdAt"):
        person = by_visitor.get(row["visitorId"])
        if person is None:
            continue
        moment = _seconds(row["createdAt"])
        points = 1 + 5 * ("/pricing/" in row["url"]) - 10 * ("/careers/" in row["url"])
        events[person].append((moment, points))
        visits[person, row["visitId"]].append(moment)
    weeks: dict[tuple[int, int], list[int]] = defaultdict(list)
    for (person, _), moments in visits.items():
        if len(moments) >= 8:
            events[person].append((moments[7], 7))
        day = (moments[0] + 9 * 3600) // 86400
        weeks[person, (day + 3) // 7].append(moments[0])
    for (person, _), firsts in weeks.items():
        if len(firsts) >= 2:
            events[person].append((sorted(firsts)[1], 8))


def _activities(reader: Any, by_prospect: dict[int, int], events: dict[int, list[tuple[int, int]]]) -> None:
    opened = set()
    for row in reader.execute("SELECT * FROM visitor_activities ORDER BY createdAt, id"):
        person, kind, details = by_prospect.get(row["prospectId"]), row["type"], row["details"] or ""
        if person is None or kind in {6, 8, 9, 10, 13, 20}:
            continue
        points = 0
        if kind == 11 and (person, row["emailId"]) not in opened:
            opened.add((person, row["emailId"]))
            points = 1
        elif (
            kind in {24, 25}
            or (kind == 27 and "デモ" in details)
            or (kind == 2 and ("調査" in details or "白書" in details))
        ):
            points = 5
        elif kind == 7 and ("ミルモリ" in details or "mirumori" in details):
            points = 15
        events[person].append((_seconds(row["createdAt"]), points))


def _score(events: list[tuple[int, int]], moment: int) -> Score:
    points, last, since = 0, events[0][0], None
    for when, gained in [*events, (moment, 0)]:
        if when > moment:
            break
        for _ in range((when - last) // MONTH):
            points -= 15 if points >= 30 else 5 if points >= 0 else 0
            since = since if points >= HOT else None
        points, last = points + gained, when
        since = (since or when) if points >= HOT else None
    return Score(points, since)
