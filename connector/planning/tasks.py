"""The tasks of cadence runs that are due and not there yet."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from types import MappingProxyType

from connector.domain.plan import PlainValue, TaskCreation, Withheld
from connector.engine.cadence import BusinessCalendar, CadenceStep, Pauses, cadence_steps, escalation_day
from connector.errors import ConfigurationError
from connector.planning.brief import Brief
from connector.planning.desired import Language
from connector.rules.cadence import Cadence, Cadences

ESCALATE = "escalate"
"""The channel of the task that tells on a decision (CD-4)."""
KEY_LENGTH = 120
SUBJECT_LENGTH = 255
_TYPES = {"call": "Call", "email": "Email"}
_URGENT = frozenset({"call", "hand_over", ESCALATE})


@dataclass(frozen=True)
class FollowUp:
    """A cadence run of a person, open or just starting, with whom to reach and who does it.

    `key_record` is the record first used: it stays in the keys of the run's tasks whatever becomes of it.
    """

    person_id: str
    cadence: str
    start: date
    key_record: str
    who_id: str
    owner_id: str | None
    opted_out: bool
    do_not_call: bool
    pauses: Pauses = ()


def task_key(org_id: str, follow_up: FollowUp, step: CadenceStep) -> str:
    """The key by which a task is found again: org, record, cadence, start, step and channel.

    ConfigurationError where the admin's ids make it longer than the field of the org.
    """
    parts = (org_id, follow_up.key_record, follow_up.cadence, follow_up.start.isoformat(), step.step, step.channel)
    key = ":".join(parts)
    if len(key) > KEY_LENGTH:
        raise ConfigurationError(
            f"The ids of the cadence `{follow_up.cadence}` and of its step `{step.step}` make task keys that are "
            f"longer than {KEY_LENGTH} characters: shorten them in cadence.yaml by {len(key) - KEY_LENGTH} together."
        )
    return key


def due_tasks(
    follow_ups: Iterable[FollowUp],
    cadences: Cadences,
    calendar: BusinessCalendar,
    today: date,
    owners: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[tuple[FollowUp, CadenceStep]]:
    """The steps of each run whose day has come by `today` (in the rule set's zone), in order.

    Of a run that is over only the last step, where the decision falls: its calls and e-mails would come too late. A
    decision that is overdue is told on, to whom the cadence names: `owners` are ids by name. The first step of an
    inquiry does not wait for a business day, though it may be due on one (CD-3).
    """
    known = {cadence.id: cadence for cadence in cadences.cadences}
    for follow_up in follow_ups:
        cadence = known.get(follow_up.cadence)
        if cadence is None:
            continue
        steps = cadence_steps(cadence, follow_up.start, calendar, follow_up.pauses)
        over, at_once = steps[-1].due < today, cadence.starts == "inquiry"
        for step in steps:
            is_last = step.step == steps[-1].step
            if (step.due <= today or (at_once and step.day == 1)) and (not over or is_last):
                yield follow_up, _reachable(follow_up, step) if at_once else step
            yield from _escalated(follow_up, cadence, step, calendar, today, owners)


def _reachable(follow_up: FollowUp, step: CadenceStep) -> CadenceStep:
    """The step by the way in which the person may be reached: an inquiry is answered, come what may."""
    if step.channel == "call" and follow_up.do_not_call:
        return replace(step, channel="review" if follow_up.opted_out else "email")
    if step.channel == "email" and follow_up.opted_out:
        return replace(step, channel="review" if follow_up.do_not_call else "call")
    return step


def _escalated(
    follow_up: FollowUp,
    cadence: Cadence,
    step: CadenceStep,
    calendar: BusinessCalendar,
    today: date,
    owners: Mapping[str, str],
) -> Iterator[tuple[FollowUp, CadenceStep]]:
    day = escalation_day(cadence, step, calendar)
    if cadence.decision is None or day is None or day > today:
        return
    named = owners.get(cadence.decision.escalate_to or "")
    told = replace(follow_up, owner_id=named or follow_up.owner_id)
    yield told, CadenceStep(step.step, step.day, ESCALATE, cadence.decision.subject, day)


def wanted(
    due: Iterable[tuple[FollowUp, CadenceStep]], org_id: str, there: Collection[str]
) -> list[tuple[FollowUp, CadenceStep]]:
    """The steps that have no task yet. A decision is told on only where it was asked for.

    `there` holds the keys of tasks that exist, were deleted by people, or that we made before.
    """
    return [
        (follow_up, step)
        for follow_up, step in due
        if task_key(org_id, follow_up, step) not in there
        and (step.channel != ESCALATE or task_key(org_id, follow_up, replace(step, channel="decide")) in there)
    ]


def told_in_time(
    due: Iterable[tuple[FollowUp, CadenceStep]],
    org_id: str,
    made: Mapping[str, date],
    cadences: Cadences,
    calendar: BusinessCalendar,
    today: date,
) -> list[tuple[FollowUp, CadenceStep]]:
    """The steps without those that tell on a decision which was asked for too late to be overdue by `today`.

    `made`: by key the day on which a task was made, in the rule set's zone.
    """
    known = {cadence.id: cadence.decision for cadence in cadences.cadences}

    def early(follow_up: FollowUp, step: CadenceStep) -> bool:
        decision = known.get(follow_up.cadence)
        asked = made.get(task_key(org_id, follow_up, replace(step, channel="decide")))
        return bool(decision and asked and calendar.plus(asked, decision.escalate_after_days) > today)

    return [(run, step) for run, step in due if step.channel != ESCALATE or not early(run, step)]


def consented(
    due: Iterable[tuple[FollowUp, CadenceStep]],
) -> tuple[list[tuple[FollowUp, CadenceStep]], list[Withheld]]:
    """The steps that break no consent, and the others with the one that they would break."""
    allowed, withheld = [], []
    for follow_up, step in due:
        forbidden = _forbidden(follow_up, step)
        if forbidden:
            withheld.append(Withheld(follow_up.person_id, f"{step.step}:{step.channel}", forbidden))
        else:
            allowed.append((follow_up, step))
    return allowed, sorted(set(withheld))


def not_before(
    due: Iterable[tuple[FollowUp, CadenceStep]], days: Mapping[str, date], cadences: Cadences
) -> tuple[list[tuple[FollowUp, CadenceStep]], list[Withheld]]:
    """The steps that break no agreed day, and the others with the day. An inquiry is answered at once (CD-3, RC-2).

    `days`: by person the day, still to come, before which nobody turns to them.
    """
    at_once = {cadence.id for cadence in cadences.cadences if cadence.starts == "inquiry"}
    free, withheld = [], []
    for follow_up, step in due:
        day = days.get(follow_up.person_id)
        if day is None or follow_up.cadence in at_once:
            free.append((follow_up, step))
        else:
            withheld.append(Withheld(follow_up.person_id, f"{step.step}:{step.channel}", f"not before {day}"))
    return free, sorted(set(withheld))


def no_leads(
    due: Iterable[tuple[FollowUp, CadenceStep]], screened: Collection[str]
) -> tuple[list[tuple[FollowUp, CadenceStep]], list[Withheld]]:
    """The steps of leads, and those of people who were screened out meanwhile: these wait, should they come back."""
    leads, withheld = [], []
    for follow_up, step in due:
        if follow_up.person_id in screened:
            withheld.append(Withheld(follow_up.person_id, f"{step.step}:{step.channel}", "was screened out"))
        else:
            leads.append((follow_up, step))
    return leads, sorted(set(withheld))


def create_tasks(
    chosen: Iterable[tuple[FollowUp, CadenceStep]], org_id: str, brief: Callable[[str], Brief], language: Language
) -> tuple[TaskCreation, ...]:
    """The tasks to make, by key. `brief` gives what a task says about a person."""
    tasks = [
        TaskCreation(
            task_key(org_id, follow_up, step),
            follow_up.person_id,
            _values(follow_up, step, brief(follow_up.person_id), language),
            f"{follow_up.cadence} {step.step}, begun {follow_up.start.isoformat()}",
        )
        for follow_up, step in chosen
    ]
    return tuple(sorted(tasks, key=lambda task: task.key))


def within_limit(
    reviews: Sequence[tuple[FollowUp, CadenceStep]], made_today: Mapping[str | None, int], limit: int
) -> list[tuple[FollowUp, CadenceStep]]:
    """The first reviews of each owner, in the order given, up to the limit a day; the others wait."""
    left = {owner: limit - count for owner, count in made_today.items()}
    chosen = []
    for follow_up, step in reviews:
        if left.setdefault(follow_up.owner_id, limit) > 0:
            left[follow_up.owner_id] -= 1
            chosen.append((follow_up, step))
    return chosen


def _forbidden(follow_up: FollowUp, step: CadenceStep) -> str | None:
    if step.channel == "email" and follow_up.opted_out:
        return "opted out of e-mail"
    if step.channel == "call" and follow_up.do_not_call:
        return "does not want to be called"
    return None


def _values(follow_up: FollowUp, step: CadenceStep, brief: Brief, language: Language) -> dict[str, PlainValue]:
    subject = step.subject.ja if language == "ja" else step.subject.en
    values: dict[str, PlainValue] = {
        "Subject": f"{subject}｜{brief.headline}"[:SUBJECT_LENGTH],
        "ActivityDate": step.due.isoformat(),
        "Status": "Not Started",
        "Priority": "High" if step.channel in _URGENT else "Normal",
        "WhoId": follow_up.who_id,
        "Description": brief.for_channel(step.channel),
    }
    if step.channel in _TYPES:
        values["Type"] = _TYPES[step.channel]
    if follow_up.owner_id is not None:
        values["OwnerId"] = follow_up.owner_id
    return values
