"""routing: whose lead it is, and whose next: chains of teams, and how often we were in touch (CD-6, CD-9)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from connector.domain.running import Run
from connector.engine.composing import compose, quoted
from connector.engine.moments import as_column
from connector.rules.cadence import Cadences
from connector.rules.load import RuleSet
from connector.rules.teams import Chain

_FILE = "routing"
_USUAL = "['inside_sales', 'field_sales']"


def owner_names(run: Run) -> None:
    """Makes the temporary table `owner_names(owner_id, name, is_active, is_queue)` of users and queues."""
    run(compose(_FILE, "owner_names"), {})


def routing(rules: RuleSet, as_of: datetime, run: Run) -> None:
    """Makes the temporary tables `routed` and `touches`; neither changes by time alone.

    `routed(person_id, chain, team, mode, first_team, next_team, last_team)`: ids of teams; `chain` is null where
    the usual one counts, inside sales and then field sales. `touches(person_id, calls, emails, meetings, in_run,
    tasks)`: vain calls among the calls, no mailings among the e-mails, our tasks that were ticked off; `in_run` counts
    since the day on which the open run began. Reads grade_fit, cadence_runs, activities, our_tasks and owner_names.
    """
    cadences = rules.cadence
    run(compose(_FILE, "ground"), {})
    members = [(team.id, member) for team in cadences.teams for member in team.members]
    modes = [(team.id, team.mode) for team in cadences.teams if team.mode]
    chains = {
        "chain": _by_chain(cadences, [quoted(chain.id) for chain in cadences.chains], "NULL::VARCHAR"),
        "teams": _by_chain(cadences, [_teams(chain) for chain in cadences.chains], _USUAL),
    }
    run(compose(_FILE, "routed", members=_values(members), modes=_values(modes), **chains), {})
    apart = ", ".join(quoted(one) for one in cadences.beside_the_score) or "NULL"
    zone = quoted(rules.scoring.time_zone)
    run(compose(_FILE, "touches", zone=zone, apart=apart), {"as_of": as_column(as_of)})


def _by_chain(cadences: Cadences, values: Sequence[str], otherwise: str) -> str:
    """SQL for the value of the first chain that fits."""
    cases = ""
    for chain, value in zip(cadences.chains, values, strict=True):
        if chain.when is None:
            otherwise = value
            break
        cases += f" WHEN {chain.when.sql} THEN {value}"
    return f"CASE {cases} ELSE {otherwise} END" if cases else otherwise


def _teams(chain: Chain) -> str:
    return f"[{', '.join(quoted(team) for team in chain.teams)}]"


def _values(pairs: Sequence[tuple[str, str]]) -> str:
    return ", ".join(f"({quoted(one)}, {quoted(other)})" for one, other in pairs) or "(NULL::VARCHAR, NULL::VARCHAR)"
