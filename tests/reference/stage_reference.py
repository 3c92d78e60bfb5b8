"""Since when somebody stands where they stand, what is over its time, late, risen or still to be asked: as a story.

Written from the requirements (LC-4, LC-9, LC-11, LC-12, LC-13) and docs/rules.md, without anything of the connector.
Rules are plain dicts; conditions are small trees (qualify_reference). A stage began at the first moment from which on
it has been the same until now: all moments at which anything can have changed are walked back.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from tests.reference.life_reference import Past, deals_at, moments, state_at
from tests.reference.qualify_reference import Row, Rules, truth
from tests.reference.score_reference import THEIRS, awards, noise

ORDER = ("registered", "cold", "hot", "opportunity", "won")
OURS = ("call", "call_attempt", "meeting")


def stage_since(rules: Rules, past: Past, now: datetime) -> datetime | None:
    """The moment at which the present stage began."""
    verdict = state_at(rules, past, now)
    if verdict is None:
        return None
    began = now
    for moment in sorted({*moments(rules, past, now), now}, reverse=True):
        earlier = state_at(rules, past, moment)
        if earlier is None or earlier.stage != verdict.stage:
            break
        began = moment
    return began


def segment(rules: Rules, past: Past, now: datetime) -> Row | None:
    """The first lead time that fits."""
    deals = [deal for deal in deals_at(past, now) if deal["status"] == "open"]
    for one in rules["lead_times"]:
        fits = "when" not in one or truth(one["when"], past.person.row) is True
        dealt = "deal" not in one or any(truth(one["deal"], deal) for deal in deals)
        if fits and dealt:
            return dict(one)
    return None


def over(since: datetime | None, days: int | None, now: datetime) -> bool:
    """Whether so many days since then are over."""
    return since is not None and days is not None and since + timedelta(days=days) <= now


def risen(
    rules: Rules, past: Past, stage: str, since: datetime | None, now: datetime
) -> tuple[str, int, datetime] | None:
    """The first rise that asks for action: its id, its points, and when they were there."""
    known = [row for row in past.person.activities if row["occurred_at"] <= now]
    spoken = [
        row["occurred_at"]
        for row in known
        if row["type"] in OURS or (row["type"] == "email_sent" and row.get("content") is None)
    ]
    machine = noise(known)
    earned = awards([row for row in known if row["type"] in THEIRS and row["activity_id"] not in machine])
    for rise in rules["rises"]:
        if rise["stage"] != stage or since is None:
            continue
        begin = max([since, now - timedelta(days=rise["within_days"]), *spoken])
        counted = sorted((at, points) for at, _, points in earned if at > begin)
        if sum(points for _, points in counted) >= rise["points"]:
            return rise["id"], sum(points for _, points in counted), _reached(counted, rise["points"])
    return None


def _reached(counted: Sequence[tuple[datetime, int]], enough: int) -> datetime:
    """When the sum first was enough; what happens at one instant counts together."""
    return next(now for now, _ in counted if sum(points for at, points in counted if at <= now) >= enough)


def asks(rules: Rules, past: Past, stage: str, acceptable: Sequence[str], now: datetime) -> list[str]:
    """What is still to be asked: what an SQL needs first, then the items in their order."""
    items: dict[str, Any] = {item["id"]: item for item in rules["hearing"]}
    needs = [*(rules["sql"] or ())]
    wanted = dict.fromkeys([*needs, *(name for name, item in items.items() if item.get("by_stage"))])
    return [name for name in wanted if name not in acceptable and _required(items[name], past, stage, now)]


def _required(item: Rules, past: Past, stage: str, now: datetime) -> bool:
    by_stage, of = item.get("by_stage"), item.get("required_for") or {}
    if by_stage and (stage not in ORDER or ORDER.index(stage) < ORDER.index(by_stage)):
        return False
    deals = deals_at(past, now)
    if "deal" in of and not any(truth(of["deal"], deal) for deal in deals if deal["status"] != "lost"):
        return False
    if "attributes" in of and truth(of["attributes"], past.person.row) is not True:
        return False
    bought = any(deal["status"] == "won" for deal in deals)
    return bool("customers" not in of or bought == (of["customers"] == "existing"))
