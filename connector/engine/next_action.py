"""The next action of each person: who does what by when, what to ask and what to offer (CD-3, CD-7, NU-1)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

from connector.domain.running import Load, Run
from connector.engine.cadence import BusinessCalendar, cadence_steps
from connector.engine.composing import compose, quoted
from connector.engine.decide import business_calendar
from connector.engine.intake import intake
from connector.engine.moments import as_column
from connector.engine.offers import offers
from connector.engine.score import counts
from connector.engine.tracks import tracks
from connector.rules.load import RuleSet

_FILE = "next_action"
INQUIRY_DAYS = 30
"""So long an inquiry that nobody answered asks for a call."""


def next_actions(rules: RuleSet, as_of: datetime, today: date, run: Run, load: Load) -> None:
    """Makes the temporary table `next_actions(person_id, channel, owner, purpose, due, ask, content, why, track)`, and
    those of `offers`, `tracks` and `intake`.

    `purpose`: inquiry, toss_up, recycle, cadence, cadence_starts, review, nurture; whoever has none is not in it.
    Nobody is asked to call or to write where the person did not consent: `channel` is then the other one, or `review`,
    so that whatever somebody owns has a next action (won, open and disqualified ones aside).
    `owner` is the owner of the record, or the team whose turn it is. `due` is a date in the zone of the rules. Reads
    what `decide` made, cadence_runs, finished_tasks(person_id, step), content_actions(content, action),
    content_stages and content_offers. `today` is the date of `as_of` in that zone.
    """
    calendar = business_calendar(rules)
    moment = {"as_of": as_column(as_of)}
    types = ", ".join(quoted(word) for word in rules.scoring.activity_types)
    not_noise = counts(rules.scoring, run)
    run(compose(_FILE, "contacts", inquiry_days=INQUIRY_DAYS, types=types, not_noise=not_noise), moment)
    columns = ("cadence", "start_date", "step", "channel", "due", "place")
    load("next_cadence_steps", columns, list(_steps(rules, calendar, run)))
    day = _day(calendar.on_or_after(today))
    run(compose(_FILE, "run_steps", today=day), {})
    offers(rules, as_of, run)
    tracks(rules, today, run)
    zone = quoted(rules.scoring.time_zone)
    recycle = rules.lifecycle.recycle
    wait = recycle.after_days if recycle else None
    statement = compose(
        _FILE,
        "next_actions",
        today=day,
        recycled_on="NULL::DATE" if wait is None else _date_of(f"lost_at + to_days({wait})", zone),
    )
    run(statement, {})
    intake(run)


def _steps(rules: RuleSet, calendar: BusinessCalendar, run: Run) -> Iterator[tuple[object, ...]]:
    known = {cadence.id: cadence for cadence in rules.cadence.cadences}
    for name, start in run(compose("decide", "open_starts"), {}):
        for place, step in enumerate(cadence_steps(known[name], start, calendar) if name in known else ()):
            yield name, start, step.step, step.channel, step.due, place


def _day(day: date) -> str:
    return f"DATE '{day}'"


def _date_of(moment: str, zone: str) -> str:
    """SQL for the date of a UTC moment in a zone."""
    return f"timezone({zone}, timezone('UTC', {moment}))::DATE"
