"""life_spans: from when to when each thing holds that a decision rests on, as the bits of a life (LC-5)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from connector.domain.running import Run
from connector.engine.cadence import BusinessCalendar
from connector.engine.composing import compose, quoted
from connector.engine.decide import business_calendar
from connector.engine.levels import crossed, crossed_bar
from connector.engine.moments import DAY_US, as_column, microseconds
from connector.engine.qualify import acceptable_answer, acts_of, counted_holes
from connector.engine.score import counts
from connector.engine.since import FOR_EVER
from connector.engine.slots import CRM_STAGES, Slots, item_slot, of_acts, of_ledger
from connector.rules.lifecycle import Claim, Lifecycle
from connector.rules.load import RuleSet

_FILE = "life_spans"
_DAY = timedelta(days=1)
_UNION = "\nUNION ALL\n"
_NOTHING = "SELECT 0::BIGINT AS pid, 0 AS slot, 0::BIGINT AS begins, 0::BIGINT AS ends WHERE FALSE"


def spans(rules: RuleSet, slots: Slots, as_of: datetime, run: Run) -> None:
    """Makes the temporary table `life_spans(pid, slot, begins, ends)`: microseconds since 1970, by a slot's number.

    What the score that decides says is not in it: see `marks`. Reads what `live`, `again_lives` and `crm_past` made.
    """
    life = rules.lifecycle
    _count(rules, slots, as_of, run)
    by_number = [_of_acts(claim, "score", slots.number(name), name) for claim, name in _acts(slots)]
    again = [_of_acts(claim, "again", slots.number(f"{name}_again"), name) for claim, name in _acts(slots)]
    holes = {
        "by_number": _UNION.join(by_number) or _NOTHING,
        "again": _UNION.join(again) or _NOTHING,
        "by_person": _UNION.join([_runs(rules, slots, run), *_by_person(life, slots)]),
        "now": microseconds(as_of),
    }
    run(compose(_FILE, "spans", **holes), {})


def marks(rules: RuleSet, slots: Slots, run: Run) -> None:
    """Makes the temporary table `life_marks(pid, k, word, delta)`: where the bits of `slots` are set and taken back.

    `k` is twice the microsecond since 1970, and one more for what is no month of silence. Reads life_spans and what
    `steps` and `again_steps` made.
    """
    run(compose(_FILE, "marks", marks=_UNION.join(_marks(rules, slots))), {})


def _acts(slots: Slots) -> list[tuple[Claim, str]]:
    return [(claim, name) for claim, name in slots.claims.items() if of_acts(claim)]


def _count(rules: RuleSet, slots: Slots, as_of: datetime, run: Run) -> None:
    run(compose(_FILE, "counted"), {})
    if not run("SELECT 1 FROM recycled_spans LIMIT 1", {}):
        run(compose(_FILE, "counted_again"), {})
        return
    types = ", ".join(quoted(word) for word in rules.scoring.activity_types)
    not_noise = counts(rules.scoring, run)
    acts = acts_of(rules.lifecycle, types, not_noise)
    holes = {"acts": acts, "not_noise": not_noise, **counted_holes(rules, slots.claims)}
    run(compose(_FILE, "counted_before", **holes), {"as_of": as_column(as_of)})
    run(compose(_FILE, "counted_again"), {})


def _of_acts(claim: Claim, life: str, slot: int, column: str) -> str:
    """SQL for the spans in which a claim about what was done holds, in whole lives (`score`) or in those anew."""
    days = claim.active_within_days or claim.within_days
    window = days * DAY_US if days else 2 * FOR_EVER
    if claim.in_window:
        met = f"points >= {claim.score}" if claim.score is not None else f"points <= {claim.score_at_most}"
        return compose(_FILE, "window", life=life, slot=slot, met=met, window=window, for_ever=FOR_EVER)
    if claim.active_within_days is not None:
        return compose(_FILE, "lately", life=life, slot=slot, window=window)
    counted = "life" if life == "score" else "again"
    return compose(_FILE, "did", life=counted, slot=slot, met=column, count=claim.at_least, window=window)


def _runs(rules: RuleSet, slots: Slots, run: Run) -> str:
    """SQL for the spans of runs of a cadence."""
    calendar = business_calendar(rules)
    starts = [start for (start,) in run(compose(_FILE, "starts"), {})]
    days = ", ".join(f"(DATE '{start}', DATE '{_opens(start, calendar)}')" for start in starts)
    zone = quoted(rules.scoring.time_zone)
    return compose(_FILE, "runs", slot=slots.number("run"), zone=zone, days=days or "(NULL::DATE, NULL::DATE)")


def _opens(start: date, calendar: BusinessCalendar) -> date:
    """The first day on which an evaluation counts a run that starts on `start`: the closed days before it do, too."""
    day = start - _DAY
    while not calendar.is_business_day(day):
        day -= _DAY
    return day + _DAY


def _by_person(life: Lifecycle, slots: Slots) -> Iterator[str]:
    """SQL for the spans of what the CRM says, of runs, and of claims about answers, deals and what has no date."""
    numbers = {name: slots.number(name) for name in (*CRM_STAGES, "crm_undated", "recycled")}
    yield compose(_FILE, "crm", **numbers)
    yield compose(_FILE, "decided", slot=slots.number("decided"), for_ever=FOR_EVER)
    acceptable = acceptable_answer(life.hearing)
    for claim, name in slots.claims.items():
        slot = slots.number(name)
        if claim.hearing is not None:
            window = claim.within_days * DAY_US if claim.within_days else 2 * FOR_EVER
            yield _answered(slot, acceptable, claim.hearing.sql, window)
        elif claim.deal is not None:
            yield compose(_FILE, "deal", slot=slot, met=claim.deal.sql)
        elif not of_acts(claim) and not of_ledger(claim):
            yield compose(_FILE, "undated", slot=slot, claim=name, for_ever=FOR_EVER)
    for item in life.sql.needs if life.sql else ():
        yield _answered(slots.number(item_slot(item)), acceptable, f"hearing.item = {quoted(item)}", 2 * FOR_EVER)


def _answered(slot: int, acceptable: str, met: str, window: int) -> str:
    return compose(_FILE, "answered", slot=slot, acceptable=acceptable, met=met, window=window, for_ever=FOR_EVER)


def _marks(rules: RuleSet, slots: Slots) -> Iterator[str]:
    """SQL for the moments at which things begin and cease to hold."""
    yield compose(_FILE, "joined", slots=slots.rows())
    word, bit = slots.place("active")
    yield compose(_FILE, "active", word=word, bit=bit)
    yield crossed_bar(rules, "score", slots.place("main"))
    yield compose(_FILE, "again", crossed=crossed_bar(rules, "again", slots.place("main_again")))
    for name, threshold in _thresholds(slots):
        yield crossed("score", threshold, slots.place(name))
        yield compose(_FILE, "again", crossed=crossed("again", threshold, slots.place(f"{name}_again")))
        if threshold <= _least(rules):
            for held in (name, f"{name}_again"):
                word, bit = slots.place(held)
                yield compose(_FILE, "always", word=word, bit=bit, for_ever=FOR_EVER)


def _least(rules: RuleSet) -> int:
    """The score that decides before anything was done."""
    return max(0, rules.scoring.floor.at_least) if rules.scoring.floor else 0


def _thresholds(slots: Slots) -> Iterator[tuple[str, int]]:
    """The scores that claims look at: at least so many; of `score_at_most` the first that is too many."""
    for claim, name in slots.claims.items():
        if of_ledger(claim) and claim.score is not None:
            yield name, claim.score
        elif of_ledger(claim) and claim.score_at_most is not None:
            yield name, claim.score_at_most + 1
