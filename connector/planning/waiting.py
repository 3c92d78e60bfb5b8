"""Which of the steps that are due become tasks today: one call and one e-mail at a time, so many a rep (CD-2, CD-5)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date

from connector.domain.plan import Withheld
from connector.domain.running import Run
from connector.domain.statements import statements
from connector.engine.cadence import CadenceStep
from connector.planning.tasks import FollowUp
from connector.rules.cadence import Cadence, Cadences

_SQL = statements("connector.planning.sql", "runs.sql")
_PLACES = ("inquiry", "hand_over", "decision", "step", "review")
Pair = tuple[FollowUp, CadenceStep]
Steps = tuple[list[Pair], list[Withheld]]
"""What may become tasks, and what may not, with the reason."""


def standing(
    missing: Sequence[Pair], due: Iterable[Pair], cadences: Cadences, open_steps: Collection[tuple[str, str, str, str]]
) -> Steps:
    """Of the calls that are due of a run, and of the e-mails, the latest one; the earlier ones were missed.

    A step of which a task is open already, in an older run of the person, is not asked for twice; a cadence that has
    one task at a time waits for the one of the same channel. `missing` are those of the steps `due`, in the order of
    their days, that have no task; `open_steps`: person, cadence, step and channel of our open tasks.
    """
    last = {_channel(pair): pair[1] for pair in due if pair[1].channel in ("call", "email")}
    patient = {cadence.id for cadence in cadences.cadences if cadence.one_at_a_time}
    busy = {(person, cadence, channel) for person, cadence, _, channel in open_steps}
    chosen, left = [], []
    for follow_up, step in missing:
        later = last.get(_channel((follow_up, step)), step)
        if later.step != step.step:
            left.append(_withheld(follow_up, step, f"was missed: {later.step} is due by now"))
        elif (follow_up.person_id, follow_up.cadence, step.step, step.channel) in open_steps:
            left.append(_withheld(follow_up, step, "an open task of this step is there"))
        elif follow_up.cadence in patient and (follow_up.person_id, follow_up.cadence, step.channel) in busy:
            left.append(_withheld(follow_up, step, "waits: an earlier task of this channel is open"))
        else:
            chosen.append((follow_up, step))
    return chosen, left


def within_day(pairs: Sequence[Pair], cadences: Cadences, today: date, run: Run, zone: str) -> Steps:
    """The tasks that each rep still has room for today, the most urgent first; the others wait and are told (CD-5).

    Inquiries go first, then hand-overs, decisions, steps and reviews; within these timing, expected size, relation,
    budget known and score decide. Without a limit everything goes. What was made today counts. `today` is a day in
    `zone`.
    """
    limit = cadences.tasks_a_day
    if limit is None or not pairs:
        return list(pairs), []
    kinds = {cadence.id: cadence for cadence in cadences.cadences}
    ranks = _ranks(run, {follow_up.person_id for follow_up, _ in pairs})
    made: Counter[str | None] = Counter(dict(run(_SQL["made_today"], {"zone": zone, "today": today})))
    chosen, left = [], []
    for follow_up, step in sorted(pairs, key=lambda pair: (_place(pair, kinds), ranks[pair[0].person_id], *_key(pair))):
        owner = follow_up.owner_id
        if made[owner] < limit:
            made[owner] += 1
            chosen.append((follow_up, step))
        else:
            left.append(_withheld(follow_up, step, f"waits: {owner or 'nobody'} has {limit} tasks today"))
    return chosen, left


def _place(pair: Pair, kinds: Mapping[str, Cadence]) -> int:
    follow_up, step = pair
    cadence = kinds.get(follow_up.cadence)
    if cadence is not None and cadence.starts == "inquiry":
        return _PLACES.index("inquiry")
    if cadence is None:
        return _PLACES.index("hand_over")
    if cadence.starts == "hot_since_longer":
        return _PLACES.index("review")
    return _PLACES.index("decision" if step.channel in ("decide", "escalate") else "step")


def _ranks(run: Run, persons: Collection[str]) -> dict[str, tuple[float, ...]]:
    """Smaller is sooner; of whom nothing is known comes last."""
    ranks: dict[str, tuple[float, ...]] = dict.fromkeys(persons, (0.0,) * 5)
    for person, *reasons in run(_SQL["ranks"], {"persons": sorted(persons)}):
        ranks[person] = tuple(-float(reason or 0) for reason in reasons)
    return ranks


def _key(pair: Pair) -> tuple[date, str, str, str]:
    follow_up, step = pair
    return step.due, follow_up.person_id, step.step, step.channel


def _channel(pair: Pair) -> tuple[str, str, date, str]:
    follow_up, step = pair
    return follow_up.person_id, follow_up.cadence, follow_up.start, step.channel


def _withheld(follow_up: FollowUp, step: CadenceStep, reason: str) -> Withheld:
    return Withheld(follow_up.person_id, f"{step.step}:{step.channel}", reason)
