"""decide: scores, the CRM's own word and the runs recorded so far → stage, and whose follow-up starts (LC-1, CD-1)."""

from __future__ import annotations

from datetime import date, datetime

from connector.domain.running import Run
from connector.engine.account_score import account_scores
from connector.engine.asks import hearing_asks
from connector.engine.cadence import BusinessCalendar, last_day
from connector.engine.composing import compose, quoted
from connector.engine.conversions import conversions
from connector.engine.follow_up import follow_up, kinds_of_runs, pauses_of
from connector.engine.lines import lines
from connector.engine.moments import as_column
from connector.engine.qualify import qualify
from connector.engine.rises import rises
from connector.engine.score import counts
from connector.engine.screening import screen
from connector.engine.stages import stage_times
from connector.engine.toss_up import toss_ups
from connector.rules.cadence import Cadence
from connector.rules.load import RuleSet

_NO_RUN = "(NULL::VARCHAR, NULL::DATE, NULL::VARCHAR, NULL::DATE)"

NEVER_HOT = ("toss_up",)
"""Runs that planning makes beside the cadences of cadence.yaml: they make nobody hot."""


def decide(rules: RuleSet, as_of: datetime, today: date, run: Run, *, times: bool = True) -> None:
    """Makes the temporary table `decided`, one row for each row of `scored`, so `score` goes before.

    `decided(person_id, stage, stage_rule, hot_since, cadence_starts, review, cadence, may_call, may_email)`.
    `cadence` is the one that starts, where one does. `stage_rule` says what decided the stage: crm_status, decision
    (of a run, see engine.follow_up), score_at_threshold, cadence_open, recycled,
    score_below_threshold, no_activity_since_registration, or screened: who was screened out is never hot.
    `cadence_starts`: the crossing is fresh and no run covers it. `review`: hot since longer, and no run covers it.
    Both are false for those who are to be neither called nor written to, and where the list that lifted the person
    over the threshold is past its time for follow-up and told the last that the person did (list_follow_ups, SY-12).

    What follows from the stage is made as well: `hearing_asks` (see asks), and with `times` also `stage_times`,
    `lead_timed` (see stages) and `risen` (see rises). Where `standing` goes next, it makes these better.

    `today` is the evaluation's date in the zone of the rules: runs that start later are not looked at when the
    past is asked about, save those of a start moved over closed days.
    """
    screen(rules, run)
    lines(rules, as_of, run)
    conversions(rules, as_of, run)
    account_scores(rules, as_of, run)
    qualify(rules, as_of, counts(rules.scoring, run), run)
    calendar = business_calendar(rules)
    follow_up(rules, as_of, counts(rules.scoring, run), run)
    apart = ", ".join(quoted(one) for one in (*rules.cadence.beside_the_score, *NEVER_HOT))
    zone = quoted(rules.scoring.time_zone)
    runs = compose("decide", "runs", zone=zone, spans=_spans(rules, calendar, run), apart=apart)
    run(runs, {"latest_start": calendar.on_or_after(today), "as_of": as_column(as_of)})
    statement = compose("decide", "decided", fresh_days=rules.cadence.fresh_days)
    run(statement, {"as_of": as_column(as_of), "today": today})
    if times:
        stage_times(rules.lifecycle, as_of, run)
        rises(rules.lifecycle, as_of, run)
    hearing_asks(rules.lifecycle, run)
    toss_ups(rules, run)


def business_calendar(rules: RuleSet) -> BusinessCalendar:
    """The calendar that cadence.yaml describes."""
    calendar = rules.cadence.calendar
    return BusinessCalendar(calendar.country, calendar.closing_days)


def _spans(rules: RuleSet, calendar: BusinessCalendar, run: Run) -> str:
    """The last day of each cadence, start day and pauses that the ledger knows as not ended, as rows of VALUES."""
    known = {cadence.id: cadence for cadence in rules.cadence.cadences}
    rows = [
        f"({quoted(name)}, DATE '{start}', {quoted(paused)}, DATE '{_last(known[name], start, calendar, paused)}')"
        for name, start, paused in kinds_of_runs(run)
        if name in known
    ]
    return ", ".join(rows) or _NO_RUN


def _last(cadence: Cadence, start: date, calendar: BusinessCalendar, paused: str) -> date:
    return last_day(cadence, start, calendar, pauses_of(paused))
