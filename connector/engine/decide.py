"""decide: scores, the CRM's own word and the runs recorded so far → stage, and whose follow-up starts (LC-1, CD-1)."""

from __future__ import annotations

from datetime import date, datetime

from connector.domain.running import Run
from connector.engine.asks import hearing_asks
from connector.engine.cadence import BusinessCalendar, last_day
from connector.engine.composing import compose, quoted
from connector.engine.moments import as_column
from connector.engine.qualify import qualify
from connector.engine.score import counts
from connector.engine.screening import screen
from connector.engine.stages import stage_times
from connector.rules.load import RuleSet

_NO_RUN = "(NULL::VARCHAR, NULL::DATE, NULL::DATE)"


def decide(rules: RuleSet, as_of: datetime, today: date, run: Run) -> None:
    """Makes the temporary table `decided`, one row for each row of `scored`, so `score` goes before.

    `decided(person_id, stage, stage_rule, hot_since, cadence_starts, review, may_call, may_email)`.
    `stage_rule` says what decided the stage: crm_status, score_at_threshold, cadence_open, recycled,
    score_below_threshold, no_activity_since_registration, or screened: who was screened out is never hot.
    `cadence_starts`: the crossing is fresh and no run covers it. `review`: hot since longer, and no run covers it.
    Both are false for those who are to be neither called nor written to, and where the list that lifted the person
    over the threshold is past its time for follow-up and told the last that the person did (list_follow_ups, SY-12).

    What follows from the stage is made as well: `stage_times`, `lead_timed` (see stages) and `hearing_asks` (see asks).

    `today` is the evaluation's date in the zone of the rules: runs that start later are not looked at when the
    past is asked about, save those of a start moved over closed days.
    """
    screen(rules, run)
    qualify(rules, as_of, counts(rules.scoring, run), run)
    calendar = business_calendar(rules)
    runs = compose("decide", "runs", zone=quoted(rules.scoring.time_zone), spans=_spans(rules, calendar, run))
    run(runs, {"latest_start": calendar.on_or_after(today)})
    statement = compose(
        "decide", "decided", threshold=rules.lifecycle.hot.at_least, fresh_days=rules.cadence.fresh_days
    )
    run(statement, {"as_of": as_column(as_of), "today": today})
    stage_times(rules.lifecycle, as_of, run)
    hearing_asks(rules.lifecycle, run)


def business_calendar(rules: RuleSet) -> BusinessCalendar:
    """The calendar that cadence.yaml describes."""
    calendar = rules.cadence.calendar
    return BusinessCalendar(calendar.country, calendar.closing_days)


def _spans(rules: RuleSet, calendar: BusinessCalendar, run: Run) -> str:
    """The last day of each cadence and start day that the ledger knows as not ended, as rows of VALUES."""
    known = {cadence.id: cadence for cadence in rules.cadence.cadences}
    rows = [
        f"({quoted(name)}, DATE '{start}', DATE '{last_day(known[name], start, calendar)}')"
        for name, start in run(compose("decide", "open_starts"), {})
        if name in known
    ]
    return ", ".join(rows) or _NO_RUN
