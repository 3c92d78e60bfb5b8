"""The classic score, told as a story: a clock runs through one person's life, event by event.

Written from the requirements alone (SC-1, SC-2a, SC-3, SY-8 and the decided defaults) and on purpose without
anything of the connector: no set-wise trick, no SQL, no shared constants.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

MONTH = timedelta(days=30)
TOKYO = ZoneInfo("Asia/Tokyo")
THEIRS = {
    "page_view", "email_open", "email_click", "form_submit", "inquiry", "quote_request", "content_download",
    "demo_view", "video_view", "webinar_register", "webinar_attend", "event_attend", "search", "survey_answer",
    "call", "meeting", "email_reply",
}  # fmt: skip
SOURCES = {"web_inquiry": 7, "thought_leader": -5}

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Life:
    """What the story ends with at the time asked about."""

    score: int
    source: int
    behaviour: int
    inactivity: int
    first: datetime | None
    last: datetime | None
    activities: int
    window_1d: int
    window_7d: int
    window_30d: int
    crossed: datetime | None
    lines: tuple[tuple[datetime, str, int], ...]


def noise(rows: Sequence[Row]) -> set[str]:
    """Ids of the activities of one person that a machine did."""
    found = {row["activity_id"] for row in rows if row.get("machine")}
    clicks = [row for row in rows if row["type"] == "email_click"]
    for begin in clicks:
        window = [
            row
            for row in clicks
            if begin["occurred_at"] <= row["occurred_at"] <= begin["occurred_at"] + timedelta(seconds=2)
        ]
        if len(window) >= 3:
            found |= {row["activity_id"] for row in window}
    for sent in rows:
        if sent["type"] != "email_sent" or sent.get("content") is None:
            continue
        for opened in rows:
            if opened["type"] == "email_open" and opened.get("content") == sent["content"]:
                wait = opened["occurred_at"] - sent["occurred_at"]
                if timedelta(0) <= wait <= timedelta(seconds=5):
                    found.add(opened["activity_id"])
    return found


def singly(row: Row) -> list[tuple[str, int]]:
    """What an activity earns by itself."""
    kind, theme = row["type"], row.get("theme")
    if kind == "page_view":
        extra = {"pricing": [("pricing_page", 5)], "careers": [("careers_page", -10)]}
        return [("page_view", 1), *extra.get(theme or "", [])]
    if kind in {"demo_view", "webinar_register", "webinar_attend"}:
        return [(kind, 5)]
    if kind == "content_download" and theme == "thought_leadership":
        return [("thought_leader_download", 5)]
    if kind == "search" and theme == "brand":
        return [("brand_search", 15)]
    return []


def awards(rows: Sequence[Row]) -> list[tuple[datetime, str, int]]:
    """What the activities that count earn, when and by which rule."""
    earned: list[tuple[datetime, str, int]] = []
    opened: set[object] = set()
    pages: dict[str, list[datetime]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row["occurred_at"]):
        at = row["occurred_at"]
        earned.extend((at, rule, points) for rule, points in singly(row))
        if row["type"] == "email_open" and row.get("content") not in opened:
            opened.add(row.get("content"))
            earned.append((at, "email_open", 1))
        if row["type"] == "page_view" and row.get("visit_id") is not None:
            visit = pages[row["visit_id"]]
            visit.append(at)
            if len(visit) == 8:
                earned.append((at, "long_visit", 7))
    weeks: dict[tuple[int, int], list[datetime]] = defaultdict(list)
    for begin in sorted(times[0] for times in pages.values()):
        year, week, _ = begin.astimezone(TOKYO).isocalendar()
        weeks[year, week].append(begin)
        if len(weeks[year, week]) == 2:
            earned.append((begin, "visits_in_week", 8))
    return earned


def penalty(score: int) -> int:
    if score >= 30:
        return -15
    return -5 if score >= 0 else 0


def live(person: Row, rows: Sequence[Row], as_of: datetime, threshold: int = 65) -> Life | None:
    """The life of one person up to and including `as_of`; None for one who is not known yet."""
    created = person["created_at"]
    if created > as_of:
        return None
    rows = [row for row in rows if row["occurred_at"] <= as_of]
    machine = noise(rows)
    rows = [row for row in rows if row["type"] in THEIRS and row["activity_id"] not in machine]
    earned = awards(rows)
    came = SOURCES.get(person.get("source") or "", 0)
    points = [*earned, (created, "source", came)]
    acted = {row["occurred_at"] for row in rows}

    score = lost = 0
    crossed = clock = None
    lines: list[tuple[datetime, str, int]] = []
    for now in sorted({*acted, created, as_of}):
        while clock is not None and clock + MONTH <= now:
            clock += MONTH
            taken = penalty(score)
            score, lost = score + taken, lost + taken
            if taken:
                lines.append((clock, "inactivity", taken))
        gained = [entry for entry in points if entry[0] == now]
        before = score
        score += sum(entry[2] for entry in gained)
        lines.extend(entry for entry in gained if entry[2])
        if before < threshold <= score:
            crossed = now
        if now in acted or (now == created and clock is None):
            clock = now
    return Life(
        score=score,
        source=came,
        behaviour=sum(entry[2] for entry in earned),
        inactivity=lost,
        first=min(acted, default=None),
        last=max(acted, default=None),
        activities=len(rows),
        window_1d=_within(earned, as_of, 1),
        window_7d=_within(earned, as_of, 7),
        window_30d=_within(earned, as_of, 30),
        crossed=crossed if score >= threshold else None,
        lines=tuple(lines),
    )


def _within(earned: Sequence[tuple[datetime, str, int]], as_of: datetime, days: int) -> int:
    return sum(points for at, _, points in earned if at > as_of - timedelta(days=days))
