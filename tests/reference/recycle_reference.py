"""When somebody who was lost or closed is turned to again, told step by step with a calendar in hand.

Written from the requirements (RC-1..3) and docs/rules.md, and on purpose without anything of the connector. Rules are
plain dicts as a YAML file would hold them. An answer has the day that it names (`day`), or `next_term`, or neither.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

Row = Mapping[str, Any]
Rules = Mapping[str, Any]
TERMS = {"fiscal_year": 12, "fiscal_half": 6, "fiscal_quarter": 3}


@dataclass(frozen=True)
class Fate:
    """What follows the closing that counts."""

    kind: str
    rule: str
    action: str
    closed_at: datetime | None
    due_at: datetime | None
    recycled_at: datetime | None


@dataclass(frozen=True)
class Person:
    """`status` is the CRM's word; `lead` the closing of the own record, `deals` all deals, `heard` all answers."""

    status: str | None
    lead: Row | None
    deals: Sequence[Row]
    heard: Sequence[Row]


def fate(rules: Rules, person: Person, as_of: datetime, zone: str, org_month: int | None) -> Fate | None:
    """What follows; None for somebody who is neither lost nor closed."""
    if person.status not in {"lost", "disqualified"}:
        return None
    teller = _Teller(rules, person, as_of, ZoneInfo(zone), org_month)
    lost = [deal for deal in person.deals if deal["status"] == "lost" and deal["closed_at"] is not None]
    found = []
    if lost:
        last = max(lost, key=lambda deal: (deal["closed_at"], deal["opportunity_id"]))
        found.append(teller.told("deal", last["closed_at"], last["loss_reason"], last["renewal_on"]))
    elif person.status == "lost":
        record = person.lead or {"closed_at": None, "close_reason": None}
        undated = sorted(deal["opportunity_id"] for deal in person.deals if deal["status"] == "lost")
        word = record["close_reason"]
        if undated and record["closed_at"] is None:
            word = next(deal["loss_reason"] for deal in person.deals if deal["opportunity_id"] == undated[-1])
        found.append(teller.told("deal", record["closed_at"], word, None))
    if person.status == "disqualified":
        record = person.lead or {"closed_at": None, "close_reason": None}
        found.append(teller.told("lead", record["closed_at"], record["close_reason"], None))
    never = datetime.max.replace(tzinfo=UTC)
    return max(found, key=lambda one: (one.due_at or never, one.kind))


class _Teller:
    def __init__(self, rules: Rules, person: Person, as_of: datetime, zone: ZoneInfo, org_month: int | None) -> None:
        self.rules, self.person, self.as_of, self.zone = rules, person, as_of, zone
        self.first_month: int = rules.get("fiscal_year_starts") or org_month or 4

    def told(self, kind: str, closed_at: datetime | None, word: str | None, renewal: date | None) -> Fate:
        rule, end = self._rule((word or "").strip().lower())
        action = end.get("action", "nurture")
        if f"{kind}s" not in end.get("of", ["deals"]):
            action = "never"
        due = None if action == "never" or closed_at is None else self._due(end.get("after"), closed_at, renewal)
        recycled = due if due is not None and due <= self.as_of else None
        return Fate(kind, rule, action, closed_at, due, recycled)

    def _rule(self, word: str) -> tuple[str, Rules]:
        if not word:
            return "without_reason", self.rules.get("without_reason", {})
        for reason in self.rules["reasons"]:
            if word in [one.strip().lower() for one in reason["words"]]:
                return reason["id"], reason
        return "other", self.rules.get("other", {})

    def _due(self, clock: Rules | None, closed_at: datetime, renewal: date | None) -> datetime:
        local = closed_at.astimezone(self.zone)
        days = self.rules["after_days"]
        if clock and "next" in clock:
            return self._midnight(self._next_term(local.date(), TERMS[clock["next"]]))
        if clock and "before_renewal_days" in clock:
            return self._midnight(self._before_renewal(clock, local, renewal))
        if clock and "heard_date" in clock:
            for item in clock["heard_date"]:
                day = self._heard(item, local)
                if day is not None:
                    return self._midnight(day)
            days = clock.get("otherwise_days", days)
        if clock and "days" in clock:
            days = clock["days"]
        return closed_at + timedelta(days=days)

    def _next_term(self, day: date, months: int) -> date:
        """Goes month by month until one begins a term."""
        month = date(day.year, day.month, 1)
        while True:
            month = _months_later(month, 1)
            if (month.month - self.first_month) % months == 0:
                return month

    def _before_renewal(self, clock: Rules, local: datetime, renewal: date | None) -> date:
        months, number = clock.get("contract_months", 12), 0 if renewal else 1
        while True:
            end = _months_later(renewal or local.date(), number * months)
            day = end - timedelta(days=clock["before_renewal_days"])
            if datetime.combine(day, time(), self.zone) > local:
                return day
            number += 1

    def _heard(self, item: str, local: datetime) -> date | None:
        answers = [one for one in self.person.heard if one["item"] == item]
        answers = [one for one in answers if one["at"] is None or one["at"] <= self.as_of]
        if not answers:
            return None
        latest = max(answers, key=lambda one: one["at"] or datetime.min.replace(tzinfo=UTC))
        day: date | None = latest["day"]
        if latest["next_term"]:
            said = latest["at"].astimezone(self.zone) if latest["at"] else local
            day = self._next_term(said.date(), 12)
        return day if day is not None and datetime.combine(day, time(), self.zone) > local else None

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), self.zone).astimezone(UTC)


def _months_later(day: date, months: int) -> date:
    """The same day so many months later, or the last one of that month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    for number in range(day.day, 27, -1):
        try:
            return date(year, month + 1, number)
        except ValueError:
            continue
    return date(year, month + 1, day.day)
