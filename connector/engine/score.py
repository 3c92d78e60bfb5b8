"""score: what people did → points, set-wise and exact.

The score of a person runs along the person's life: points at the moments of activities, penalties at the
anniversaries of the last activity, by the score at that moment. That depends on the path, and is still computed
for everybody at once: activities are compressed into knots between which alone penalties can fall, and the
penalties are folded over the knots. tests/reference simulates the same life event by event.

Reads `people` and `activities`; docs/rules.md says what each rule means.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from connector.domain.running import Run
from connector.engine.branching import is_one_of
from connector.engine.composing import compose
from connector.engine.deciding import crossings, decided_columns
from connector.engine.earning import event_columns, make_awards
from connector.engine.moments import DAY_US, as_column, microseconds
from connector.engine.recycle import recycle
from connector.engine.rises import recent_points
from connector.engine.silence import Silence, silence_of
from connector.rules.lifecycle import extra_windows
from connector.rules.load import RuleSet
from connector.rules.scoring import Noise, Scoring

WINDOWS = (1, 7, 30)
"""Days of the windows that are always there (interfaces: score_window)."""

_SHIFT = 719_162 * DAY_US
"""Year 1 in microseconds before 1970: whole division rounds towards zero, so that times are kept positive."""


@dataclass(frozen=True)
class Told:
    """The relations that tell of lives, as others than everybody's whole lives have their own.

    `noise_known`: what is a machine's was looked for before, and stays. Without `folded`, no penalties are worked out:
    there are no knots and no fold.
    """

    people: str = "people"
    activities: str = "activities"
    noise_known: bool = False
    folded: bool = True


def score(rules: RuleSet, as_of: datetime, run: Run, among: str | None = None) -> None:
    """Makes the temporary table `scored`, one row for each person created at or before `as_of`.

    `scored(person_id, score, score_source, score_behaviour, score_inactivity, score_deciding, last_activity_at,
    first_activity_at, activities, window_1d, window_7d, window_30d, …, crossed_at, recycled_at, next_change_at,
    score_floor, hot_at_least, score_reach, score_gains)`: a window for each number of days that a rule names as well.
    Points are integers; times are TIMESTAMP in UTC. `score` is the sum of the three sub-scores and `score_floor`,
    what a floor adds. `score_deciding` is the score that decides (rules/deciding.py), by what was earned since the
    person was recycled, at `recycled_at`, if so. `crossed_at` is its last rise to `hot_at_least`, for those at or over
    it at `as_of`. `score_reach`: the ledger was never higher; `score_gains`: all that was ever given. `next_change_at`
    is the next moment at which time alone, or an activity dated later, can change the row. `among` names a relation
    with a column person_id: only those people are evaluated, by the same
    statements. Everything at or before `as_of` counts. Where hot requires a score in a window,
    `earned_points(person_id, t, points)` is made as well: what behaviour earned, and when in microseconds.
    What all this was worked out from is kept for `kept_lives`.
    """
    scoring, silence, now = rules.scoring, silence_of(rules.scoring), microseconds(as_of)
    recycle(rules, as_of, run)
    live(scoring, as_of, run, among)
    run(compose("score", "recycled_people"), {})
    run(compose("score", "recycled_events"), {})
    run(compose("score", "recycled_awards"), {})
    fold("recycled", scoring, as_of, run)
    windows = sorted({*WINDOWS, *extra_windows(rules.lifecycle)})
    for life in ("score", "recycled"):
        run(compose("score", "windows", life=life, **_window_holes(windows)), {"now": now})
    crossings(rules, now, run)
    scored = compose(
        "score",
        "scored",
        now=now,
        **decided_columns(rules),
        windows=", ".join(_windows(windows, extra_windows(rules.lifecycle))),
        next_penalty=silence.due("lives.clock", "fold.after", now),
        next_penalty_again=silence.due("again.clock", "again.after", now),
    )
    run(scored, {"as_of": as_column(as_of)})
    if any(claim.in_window for one in rules.lifecycle.hot.requires for claim in one.claims):
        run(compose("score", "earned"), {})
    recent_points(rules.lifecycle, as_of, run)
    _keep(run)


def live(
    scoring: Scoring,
    as_of: datetime,
    run: Run,
    among: str | None = None,
    details: bool = False,
    of: Told = Told(),
) -> None:
    """Makes the tables of lives that scores and ledgers are read from.

    `score_people, score_events, score_visits, score_awards, score_knots, score_fold`. With `details`, events
    keep what a person would want to read about them.
    `of` says which relations tell of them.
    """
    moment = {"as_of": as_column(as_of)}
    chosen = f"person.person_id IN (SELECT person_id FROM {among})" if among else "TRUE"
    run(compose("score", "people", people=of.people, among=chosen, source_points=_source_points(scoring)), moment)
    if not of.noise_known:
        _find_noise(scoring.noise, as_of, run)
    holes = _event_holes(scoring, counts(scoring, run), details)
    run(compose("score", "events", activities=of.activities, **holes), moment)
    run(compose("score", "visits"), {})
    make_awards(scoring, details, run)
    if of.folded:
        fold("score", scoring, as_of, run)


def kept_lives(among: str, run: Run) -> bool:
    """Makes the tables of `live` from what `score` kept, for those in the relation `among`, which has a person_id.

    False, with nothing made, where nothing is kept: `score` keeps what it made until it is asked for once.
    """
    if not run(compose("score", "any_kept"), {}):
        return False
    run(compose("score", "kept_people", among=among), {})
    for part in _KEPT:
        run(compose("score", "kept_part", part=part), {})
    _forget(run)
    return True


_KEPT = ("events", "awards", "knots", "fold")


def _keep(run: Run) -> None:
    """Leaves the tables of lives for `kept_lives`, without what nobody will read, and drops all others."""
    _forget(run)
    run("DROP TABLE score_visits", {})
    run(compose("score", "keep_people"), {})
    run(compose("score", "keep_events"), {})
    for part in ("awards", "knots", "fold"):
        run(f"ALTER TABLE score_{part} RENAME TO kept_{part}", {})
    clear(run)


def _forget(run: Run) -> None:
    for part in ("people", *_KEPT):
        run(f"DROP TABLE IF EXISTS kept_{part}", {})


def clear(run: Run) -> None:
    """Drops the tables of lives: of millions of activities they are large, and nobody reads them again.

    What is a machine's stays known, for `counts`.
    """
    for life in ("score", "recycled"):
        for part in ("people", "events", "visits", "awards", "knots", "fold", "windows", "crossings", "bars"):
            run(f"DROP TABLE IF EXISTS {life}_{part}", {})


def _source_points(scoring: Scoring) -> str:
    return _sum([(rule.when.sql, rule.points) for rule in scoring.source])


def _sum(terms: Sequence[tuple[str, int]]) -> str:
    return " + ".join(f"CASE WHEN {condition} THEN {points} ELSE 0 END" for condition, points in terms) or "0"


def counts(scoring: Scoring, run: Run) -> str:
    """SQL for whether an `activity` is a person's and no machine's, after `live` has looked for noise."""
    tests = ["activity.machine IS NOT TRUE"] if scoring.noise.marked else []
    if run("SELECT 1 FROM score_noise LIMIT 1", {}):
        tests.append("activity.activity_id NOT IN (SELECT activity_id FROM score_noise)")
    return " AND ".join(tests) or "TRUE"


def _find_noise(noise: Noise, as_of: datetime, run: Run) -> None:
    """Looks for the patterns that are switched on."""
    burst = noise.clicks
    statement = compose(
        "score",
        "noise",
        clicks_wanted="TRUE" if burst else "FALSE",
        burst=burst.at_least if burst else 2,
        burst_us=burst.within_seconds * 1_000_000 if burst else 0,
        opens_wanted="FALSE" if noise.open_within_seconds_of_sending is None else "TRUE",
        open_seconds=noise.open_within_seconds_of_sending or 0,
        stretch=(noise.open_within_seconds_of_sending or 0) * 1_000_000 + 1,
    )
    run(statement, {"as_of": as_column(as_of)})


def _event_holes(scoring: Scoring, not_noise: str, details: bool) -> dict[str, str]:
    counted = is_one_of("activity.type", scoring.activity_types)
    return {"counted": counted, "not_noise": not_noise, **event_columns(scoring, details)}


def _windows(windows: Sequence[int], claimed: Sequence[int]) -> Iterator[str]:
    """SQL for the points of windows, and for what claims look at: of the recycled what they earned since."""
    yield from (f"coalesce(recent.window_{days}d, 0) AS window_{days}d" for days in windows)
    for days in claimed:
        since = f"CASE WHEN again.pid IS NULL THEN recent.window_{days}d ELSE recent_again.window_{days}d END"
        yield f"coalesce({since}, 0) AS since_{days}d"


def _window_holes(windows: Sequence[int]) -> dict[str, object]:
    sums, leaves = [], []
    for days in windows:
        inside = f"t > $now - {days * DAY_US}"
        sums.append(f"coalesce(sum(points) FILTER ({inside}), 0)::BIGINT AS window_{days}d")
        leaves.append(f"min(t) FILTER ({inside}) + {days * DAY_US}")
    return {"longest": max(windows) * DAY_US, "sums": ", ".join(sums), "leaves": ", ".join(leaves)}


def fold(life: str, scoring: Scoring, as_of: datetime, run: Run) -> None:
    """Strings the events and awards of a life into knots, and folds the months of silence over them."""
    silence = silence_of(scoring)
    clock = "coalesce(reset, first)"
    between = silence.months(clock, f"coalesce(next_first, {microseconds(as_of)})")
    holes = {"shift": _SHIFT, "bucket": silence.least, "silence": f"{between} - {silence.months(clock, 'last')}"}
    run(compose("score", "knots", life=life, **holes), {})
    folded = compose(
        "score",
        "fold",
        life=life,
        first_after=_after(silence, "points", "silence"),
        next_after=_after(silence, "(fold.after + knot.points)", "knot.silence"),
    )
    run(folded, {})


def _after(silence: Silence, value: str, months: str) -> str:
    """SQL for a score after so many months of silence, each by the band of what the one before left."""
    if silence.inactivity is None:
        return value
    step = f"a + ({silence.takes('a')})"
    return (
        f"CASE WHEN {months} <= 0 THEN {value} ELSE list_reduce("
        f"list_resize([]::BIGINT[], {months}, 0), lambda a, e: {step}, ({value})::BIGINT) END"
    )
