"""The next action of each person: who does what by when, what to ask and what to offer (CD-3, CD-7, NU-1)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

from connector.domain.running import Load, Run
from connector.engine.cadence import BusinessCalendar, cadence_steps, escalation_day
from connector.engine.composing import compose, quoted
from connector.engine.decide import NEVER_HOT, business_calendar
from connector.engine.follow_up import kinds_of_runs, pauses_of
from connector.engine.inquiries import inquiries
from connector.engine.intake import intake
from connector.engine.offers import offers
from connector.engine.recycle import second_approaches
from connector.engine.routing import routing
from connector.engine.tracks import tracks
from connector.rules.load import RuleSet

_FILE = "next_action"


def next_actions(rules: RuleSet, as_of: datetime, today: date, run: Run, load: Load) -> None:
    """Makes the temporary table `next_actions(person_id, channel, owner, purpose, due, ask, content, why, track,
    why_id, why_parts, destination, next_change_at)`, and those of inquiries, routing, offers, tracks and intake.

    `purpose`: inquiry, deal, ask_reason, recycle, not_before, toss_up, cadence_starts, cadence, review, rise,
    second_approach, thanks, stage_limit, contact, nurture; whoever has none is not in it: won, disqualified and
    screened people, and those whom nobody owns and of whom nothing is to be done. Nobody is asked to call or to write
    where the person did not consent: `channel` is then the other one, or `review`, so that whatever somebody owns has
    a next action (CD-7).
    `owner` is the owner of the record, or the team whose turn it is. `due` is a date in the zone of the rules: of
    recycling the end of the waiting time, null where nobody knows it. `why_id` and `why_parts` say `why` for texts in
    any language; `destination` is where the action goes: the team next in the chain, or what the content says.
    `next_change_at` (UTC) is when time alone changes the row, the day of what is due today aside.

    Reads what `decide` and `score` made, cadence_runs, our_tasks, content_actions, content_stages and content_offers.
    `today` is the date of `as_of` in that zone.
    """
    calendar = business_calendar(rules)
    inquiries(rules, as_of, run)
    routing(rules, as_of, run)
    load("next_cadence_steps", _STEP, list(_steps(rules, calendar, run)))
    apart = ", ".join(quoted(one) for one in (*rules.cadence.beside_the_score, *NEVER_HOT))
    holes = {"today": f"DATE '{calendar.on_or_after(today)}'", "zone": quoted(rules.scoring.time_zone)}
    run(compose(_FILE, "run_steps", apart=apart, **holes), {})
    offers(rules, as_of, run)
    tracks(rules, today, run)
    second_approaches(rules, as_of, calendar.on_or_after, run, load)
    run(compose(_FILE, "next_actions", **holes), {})
    intake(run)


_STEP = ("cadence", "start_date", "pauses", "step", "number", "channel", "due", "place", "escalates")


def _steps(rules: RuleSet, calendar: BusinessCalendar, run: Run) -> Iterator[tuple[object, ...]]:
    known = {cadence.id: cadence for cadence in rules.cadence.cadences}
    for name, start, paused in kinds_of_runs(run):
        if name not in known:
            continue
        numbers = {step.id: number for number, step in enumerate(known[name].steps)}
        for place, step in enumerate(cadence_steps(known[name], start, calendar, pauses_of(paused))):
            escalates = escalation_day(known[name], step, calendar)
            yield name, start, paused, step.step, numbers[step.step], step.channel, step.due, place, escalates
