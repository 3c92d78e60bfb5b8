"""recycle: closings and their reasons → when somebody is turned to again, and before when nobody is (RC-1..4).

A closing is a deal that was lost, or a lead that somebody closed. Each reason of lifecycle.yaml has a clock; the
closing that counts says when the person goes back to nurturing (lost → cold) and what follows then.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime

from connector.domain.running import Load, Run
from connector.engine.composing import compose, quoted
from connector.engine.moments import as_column
from connector.rules.lifecycle import Lifecycle
from connector.rules.load import RuleSet
from connector.rules.recycle import APRIL, TERM_MONTHS, Clock, Recycle, Return, normal

_FILE = "recycle"


def recycle(rules: RuleSet, as_of: datetime, run: Run) -> None:
    """Makes the temporary tables closings, recycling and not_before. Times are TIMESTAMP in UTC.

    `closings(person_id, kind, record_id, reason, rule, action, competitor, product, amount, closed_at, due_at,
    past)`: one row for each deal that was lost, and for each person whose own record says lost or disqualified. `kind`
    is deal or lead, `reason` the CRM's word, `rule` the id of the reason that it leads to, else other or
    without_reason; `due_at` is null for never. `past`: a lead that was closed at any time, as
    its words tell it, for lives alone.

    `recycling(person_id, kind, reason, rule, action, competitor, product, amount, closed_at, due_at, recycled_at,
    ask_reason, next_change_at)`: one row for each person who stands lost or disqualified, with the closing that
    counts. `recycled_at` is `due_at` once that has come. `ask_reason`: it was closed lately and without a reason,
    though the rules list some.

    `not_before(person_id, day, until, held, next_change_at)`: the day before which somebody does not want to be turned
    to, `until` its first moment; `held` while that is to come.

    Reads people(crm_status, lost_at, closed_at, close_reason, not_before), opportunities, and, where the rules look
    for it, hearing, fiscal_calendar(first_month) and crm_words(person_id, begins, status, reason).
    """
    life = rules.lifecycle
    zone = quoted(rules.scoring.time_zone)
    moment = {"as_of": as_column(as_of)}
    items = _heard_items(life)
    if items:
        holes = {"items": _listed(items), "zone": zone, "next_year": _next_term("local", 12, life.recycle)}
        run(compose(_FILE, "heard_dates", **holes), moment)
    else:
        run(compose(_FILE, "no_heard_dates"), {})
    run(compose(_FILE, "closings", zone=zone, **_closing_holes(life.recycle), **_wait_holes(life)), {})
    ask_days = life.recycle.without_reason.ask_days if life.recycle and life.recycle.reasons else 0
    run(compose(_FILE, "recycling", ask_days=ask_days), moment)
    blocked = life.not_before.heard if life.not_before else ()
    run(compose(_FILE, "not_before", zone=zone, items=_listed(blocked) or "NULL"), moment)


def second_approaches(
    rules: RuleSet, as_of: datetime, business_day: Callable[[date], date], run: Run, load: Load
) -> None:
    """Makes the temporary table `second_approaches(person_id, by_interest, day)`: who is to be turned to again (RC-2).

    Those who were recycled and whom nobody has called or met since, where there is new interest, or where the reason
    itself asks for a call. `day` is the one on which the time was over, as `business_day` moves it. Reads recycling,
    qualified and activities.
    """
    zone = quoted(rules.scoring.time_zone)
    days = [day for (day,) in run(compose(_FILE, "days_over", zone=zone), {})]
    load("business_days_over", ("day", "business_day"), [(day, business_day(day)) for day in days])
    run(compose(_FILE, "second_approaches", zone=zone), {"as_of": as_column(as_of)})


def _heard_items(life: Lifecycle) -> tuple[str, ...]:
    """The hearing items in which a date is looked for."""
    of_reasons = life.recycle.heard if life.recycle else ()
    return tuple(dict.fromkeys((*of_reasons, *(life.not_before.heard if life.not_before else ()))))


def _closing_holes(rules: Recycle | None) -> dict[str, str]:
    if rules is None:
        return {
            "past_leads": "",
            "rules": "",
            "action": "'never'",
            "due": "NULL::TIMESTAMP",
            "due_at": "NULL::TIMESTAMP",
        }
    ends: dict[str, Return] = {one.id: one for one in rules.reasons}
    ends |= {"without_reason": rules.without_reason, "other": rules.other}
    words = "".join(
        f" WHEN lower(trim(word)) IN ({_listed([normal(word) for word in reason.words])}) THEN {quoted(reason.id)}"
        for reason in rules.reasons
    )
    closes = any("leads" in end.of for end in ends.values())
    return {
        "past_leads": compose(_FILE, "past_leads") if closes else "",
        "rules": words,
        "action": _by_rule({name: _action(end) for name, end in ends.items()}),
        "due": _by_rule({name: _due_local(end.after, rules) for name, end in ends.items()}),
        "due_at": _by_rule({name: f"closed_at + to_days({_days(end.after, rules)})" for name, end in ends.items()}),
    }


def _wait_holes(life: Lifecycle) -> dict[str, str]:
    """A waiting time in days is longer or shorter by the lead time of the person (LC-12)."""
    if not any(one.recycle_percent is not None for one in life.lead_times):
        return {"share": "100", "segmented": ""}
    return {
        "share": "coalesce(segmented.recycle_percent, 100)",
        "segmented": "LEFT JOIN segmented ON segmented.person_id = named.person_id",
    }


def _by_rule(values: dict[str, str]) -> str:
    cases = " ".join(f"WHEN {quoted(name)} THEN {value}" for name, value in values.items())
    return f"CASE rule {cases} END"


def _action(end: Return) -> str:
    kinds = _listed([one.removesuffix("s") for one in end.of])
    return f"CASE WHEN kind IN ({kinds}) THEN {quoted(end.action)} ELSE 'never' END"


def _days(clock: Clock | None, rules: Recycle) -> int:
    """How long to wait where no day of the calendar says it."""
    said = (clock.days if clock.days is not None else clock.otherwise_days) if clock else None
    return rules.after_days if said is None else said


def _due_local(clock: Clock | None, rules: Recycle) -> str:
    """SQL for the day on which the time is over, by the clock of the zone; null where the calendar does not say it."""
    if clock is not None and clock.next is not None:
        return _next_term("local", TERM_MONTHS[clock.next], rules)
    if clock is not None and clock.before_renewal_days is not None:
        return _before_renewal(clock.before_renewal_days, clock.contract_months)
    if clock is not None and clock.heard_date is not None:
        return f"coalesce({', '.join(_heard(item, rules) for item in clock.heard_date)})"
    return "NULL::TIMESTAMP"


def _next_term(local: str, months: int, rules: Recycle | None) -> str:
    """SQL for the first day of the fiscal term after the one in which a moment lies."""
    said = rules.fiscal_year_starts if rules else None
    first = f"(SELECT coalesce(max(first_month), {APRIL}) FROM fiscal_calendar)" if said is None else str(said)
    passed = f"((month({local}) - {first} + 12) % 12) % {months}"
    return f"date_trunc('month', {local}) + to_months(({months} - {passed})::INTEGER)"


def _before_renewal(days: int, months: int) -> str:
    """SQL for so many days before the next renewal for which that is still to come.

    The first renewal is the deal's own date, else a contract's length after the closing.
    """
    contract = f"date_trunc('day', local) + to_months(((n + 1) * {months})::INTEGER)"
    renewal = f"coalesce(renewal_on::TIMESTAMP + to_months((n * {months})::INTEGER), {contract})"
    each = f"{renewal} - to_days({days})"
    return f"list_filter(list_transform(range(0, 200), lambda n: {each}), lambda day: day > local)[1]"


def _heard(item: str, rules: Recycle) -> str:
    """SQL for the date that was heard; one that was over when it was closed is none."""
    day = f"coalesce(heard.day::TIMESTAMP, CASE WHEN heard.next_term THEN {_next_term('named.local', 12, rules)} END)"
    return (
        f"(SELECT max({day}) FROM heard_dates AS heard WHERE heard.person_id = named.person_id "
        f"AND heard.item = {quoted(item)} AND {day} > named.local)"
    )


def _listed(words: Sequence[str]) -> str:
    return ", ".join(quoted(word) for word in words)
