"""Runs of cadences under way: what ends, pauses or begins them anew, and whose cadence is which (CD-2, CD-4)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta

from connector.domain.running import Run
from connector.engine.cadence import Pauses
from connector.engine.composing import compose, quoted
from connector.engine.moments import as_column
from connector.rules.cadence import Cadence, Cadences, Starts
from connector.rules.load import RuleSet

_FILE = "follow_up"
_DAY = timedelta(days=1)


def follow_up(rules: RuleSet, as_of: datetime, counts: str, run: Run) -> None:
    """Makes the temporary tables by which runs go on or not.

    `cadence_choices(person_id, fresh, longer, inquiry)`: the ids of the cadences that are the person's.
    `run_ends(person_id, cadence, start_date, reason, came_at, restarts)`: the open runs that end by `as_of`, since when
    (UTC) and why: the type of an activity, `opt_out`, `finished`, or an outcome of the decision. `run_pauses(…,
    pauses)`: see `pauses_of`. `run_lasts(…, waits)`: runs with a task of the last step, and whether it is open.
    `decided_off(person_id)`: who was disqualified by a decision.

    Reads cadence_runs, activities, people, grade_fit, segmented and our_tasks, which is empty where nobody made it.
    `counts` is SQL for whether an activity is not a machine's.
    """
    cadences = rules.cadence
    moment = {"as_of": as_column(as_of)}
    zone = quoted(rules.scoring.time_zone)
    run(compose(_FILE, "ground"), {})
    kinds: dict[str, Starts] = {"fresh": "fresh_crossing", "longer": "hot_since_longer", "inquiry": "inquiry"}
    holes = {name: _choice(cadences, kind) for name, kind in kinds.items()}
    fresh_ids = _ids(cadence.id for cadence in cadences.of_kind("fresh_crossing"))
    run(compose(_FILE, "choices", **holes, fresh_ids=fresh_ids), {})
    run(compose(_FILE, "events", events=_values(_events(cadences), 4), not_noise=counts, zone=zone), moment)
    for name in ("decisions", "lasts"):
        run(compose(_FILE, name, **_decision_holes(cadences)), {})
    by_opt_out = [cadence.id for cadence in cadences.cadences if "opt_out" in cadence.stops_on]
    run(compose(_FILE, "ends", by_opt_out=_ids(by_opt_out)), moment)
    run(compose(_FILE, "pauses", zone=zone), {})
    run(compose(_FILE, "disqualified"), {})


def kinds_of_runs(run: Run) -> Iterator[tuple[str, date, str]]:
    """The distinct cadences, start days and pauses of open runs: what follow-up days are computed for."""
    yield from run(compose(_FILE, "kinds_of_runs"), {})


def pauses_of(text: str) -> Pauses:
    """The first and the last day of each pause that a text of `run_pauses` tells: `2026-06-02/3` is the 3rd to 5th."""
    told = [(date.fromisoformat(part[:10]), int(part[11:])) for part in text.split(",") if part]
    return tuple((day + _DAY, day + days * _DAY) for day, days in told)


def _choice(cadences: Cadences, kind: Starts) -> str:
    cases = ""
    for cadence in cadences.of_kind(kind):
        if cadence.when is None:
            return f"CASE {cases} ELSE {quoted(cadence.id)} END" if cases else quoted(cadence.id)
        cases += f" WHEN {cadence.when.sql} THEN {quoted(cadence.id)}"
    return f"CASE {cases} END" if cases else "NULL::VARCHAR"


def _events(cadences: Cadences) -> Iterator[Sequence[str]]:
    for cadence in cadences.cadences:
        yield from ((cadence.id, word, "stops", "0") for word in cadence.stops_on if word != "opt_out")
        yield from ((cadence.id, pause.on, "pauses", str(pause.days)) for pause in cadence.pauses_on)
        yield from ((cadence.id, word, "restarts", "0") for word in cadence.restarts_on)


def _decision_holes(cadences: Cadences) -> dict[str, str]:
    deciding = [cadence for cadence in cadences.cadences if cadence.decides]
    return {
        "lasts": _values([(cadence.id, cadence.steps[-1].id) for cadence in cadences.cadences], 2),
        "words": _values([(cadence.id, *word) for cadence in deciding for word in _words(cadence)], 3),
        "deciding": _ids([cadence.id for cadence in deciding]),
    }


def _words(cadence: Cadence) -> list[tuple[str, str]]:
    outcomes = cadence.decision.words if cadence.decision else ()
    return sorted({("opportunity", "opportunity"), ("disqualified", "disqualified"), *outcomes})


def _values(rows: Iterable[Sequence[str]], width: int) -> str:
    """Rows of texts for VALUES; where there are none, one of nulls, which joins nothing."""
    told = [f"({', '.join(quoted(cell) for cell in row)})" for row in rows]
    return ", ".join(told) or f"({', '.join(['NULL::VARCHAR'] * width)})"


def _ids(ids: Iterable[str]) -> str:
    return ", ".join(quoted(one) for one in ids) or "NULL"
