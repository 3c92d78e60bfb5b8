"""lines: what people did for a product line → a score of the line, with its own clock (SC-4).

A line's score is the score of lives in which nothing happened but what is of the line. So the very statements of the
score make it, told by other relations: the people who did anything of the line, whose lives begin with the first of
it, and what they did of it.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from connector.domain.running import Run
from connector.engine.composing import compose, quoted
from connector.engine.deciding import plain_crossings
from connector.engine.moments import DAY_US, as_column, microseconds
from connector.engine.score import Told, clear, counts, live
from connector.engine.silence import silence_of
from connector.rules.lifecycle import Claim, Lifecycle, TossUpSegment
from connector.rules.lines import Line
from connector.rules.load import RuleSet
from connector.rules.scoring import Scoring

WINDOWS = (7, 30)
"""Days of the windows that every line has."""
_FILE = "lines"


def lines(rules: RuleSet, as_of: datetime, run: Run) -> None:
    """Makes the temporary table `lined`, one row a person of `scored` and line that the person did anything of.

    `lined(person_id, line, score, score_behaviour, score_inactivity, activities, first_at, last_at, window_7d,
    window_30d, …, hot, crossed_at, next_change_at)`: a window for each number of days that a claim about a line names
    as well. Times are TIMESTAMP in UTC; `hot` is null where the line says nothing of it, and `crossed_at` the last rise
    to it for those at or over it. Of the recycled only what was done since counts. `next_change_at` is the next moment
    at which time alone changes the row; an activity dated later does, too: `scored` tells when. Reads people,
    activities and scored, so `score` goes before.

    Also `own_lines(person_id, line)`: of each person the line with the highest score, if it is above 0; of equals the
    first of the file.
    """
    days = sorted({*WINDOWS, *_claimed_days(rules.lifecycle)})
    columns = ", ".join(f"window_{n}d BIGINT" for n in days)
    run(compose(_FILE, "none", windows=columns), {})
    run(compose(_FILE, "no_own_lines"), {})
    scoring = rules.scoring
    if not scoring.lines:
        return
    holes = {
        "columns": ", ".join(f'activity."{name}"' for name in _read_columns(scoring)),
        "met": ", ".join(f"coalesce({line.of.sql}, FALSE) AS met_{n}" for n, line in enumerate(scoring.lines)),
        "any": " OR ".join(f"({line.of.sql})" for line in scoring.lines),
        "types": ", ".join(quoted(word) for word in scoring.activity_types),
        "not_noise": counts(scoring, run),
    }
    run(compose(_FILE, "acts", **holes), {"as_of": as_column(as_of)})
    for number, line in enumerate(scoring.lines):
        run(compose(_FILE, "line", number=number), {})
        run(compose(_FILE, "line_people"), {})
        if run("SELECT 1 FROM line_people LIMIT 1", {}):
            _line(rules, line, days, as_of, run)
        run("DROP TABLE line_people", {})
    places = ", ".join(f"({quoted(line.id)}, {place})" for place, line in enumerate(scoring.lines))
    run(compose(_FILE, "own_lines", places=places), {})
    run("DROP VIEW line_activities", {})
    run("DROP TABLE line_acts", {})


def figure(claim: Claim) -> str:
    """SQL for the score that a claim about a line looks at, of the person of `scored`: 0 without any."""
    column = f"window_{claim.within_days}d" if claim.within_days else "score"
    of_line = f"lined.person_id = scored.person_id AND lined.line = {quoted(claim.line or '')}"
    return f"coalesce((SELECT max(lined.{column}) FROM lined WHERE {of_line}), 0)"


def in_segment(part: TossUpSegment) -> str:
    """SQL for whether the person of `grade_fit AS fit` is in a segment of the toss-up."""
    tests = [part.when.sql] if part.when else []
    if part.line:
        own = f"own.person_id = fit.person_id AND own.line = {quoted(part.line)}"
        tests.append(f"EXISTS (SELECT 1 FROM own_lines AS own WHERE {own})")
    return " AND ".join(f"({test})" for test in tests)


def _claimed_days(life: Lifecycle) -> set[int]:
    return {claim.within_days for claim in life.claims if claim.line is not None and claim.within_days}


def _line(rules: RuleSet, line: Line, days: Collection[int], as_of: datetime, run: Run) -> None:
    scoring, now = scoring_of(rules.scoring, line), microseconds(as_of)
    live(scoring, as_of, run, of=Told("line_people", "line_activities", noise_known=True))
    sums, leaves = [], []
    for n in days:
        inside = f"t > {now - n * DAY_US}"
        sums.append(f"coalesce(sum(points) FILTER ({inside}), 0)::BIGINT AS window_{n}d")
        leaves.append(f"min(t) FILTER ({inside}) + {n * DAY_US}")
    hot = line.hot.at_least if line.hot else None
    plain_crossings("score", hot, run)
    statement = compose(
        _FILE,
        "lined",
        line=quoted(line.id),
        longest=now - max(days) * DAY_US,
        sums=", ".join(sums),
        leaves=", ".join(leaves),
        score=f"greatest(fold.after, {scoring.floor.at_least})" if scoring.floor else "fold.after",
        windows=", ".join(f"coalesce(recent.window_{n}d, 0)" for n in days),
        threshold="NULL" if hot is None else hot,
        next_penalty=silence_of(scoring).due("lives.clock", "fold.after", now),
    )
    run(statement, {})
    clear(run)


def _read_columns(scoring: Scoring) -> list[str]:
    """What the score reads of an activity: copying the rest of them costs more than all else."""
    read = {"activity_id", "person_id", "occurred_at", "type", "content", "visit_id", "machine"}
    return sorted(read.union(*(rule.when.columns for rule in scoring.behaviour)))


def scoring_of(scoring: Scoring, line: Line) -> Scoring:
    """The rules by which a line is scored: those that it names, without points for how people came in."""
    if not line.rules:
        return scoring.model_copy(update={"source": ()})
    shared = [(group, tuple(one for one in group.rules if one in line.rules)) for group in scoring.groups]
    kept: dict[str, object] = {
        "source": (),
        "behaviour": tuple(rule for rule in scoring.behaviour if rule.id in line.rules),
        "visits": tuple(rule for rule in scoring.visits if rule.id in line.rules),
        "weeks": tuple(rule for rule in scoring.weeks if rule.id in line.rules),
        "groups": tuple(group.model_copy(update={"rules": rules}) for group, rules in shared if rules),
    }
    return scoring.model_copy(update=kept)
