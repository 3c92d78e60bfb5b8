"""The tasks of cadence runs that are due and not there yet."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from connector.domain.plan import PlainValue, TaskCreation, Withheld
from connector.engine.cadence import BusinessCalendar, CadenceStep, cadence_steps
from connector.errors import ConfigurationError
from connector.planning.brief import Brief
from connector.planning.desired import Language
from connector.rules.cadence import Cadence

KEY_LENGTH = 120
SUBJECT_LENGTH = 255
_TYPES = {"call": "Call", "email": "Email"}
_URGENT = frozenset({"call", "hand_over"})


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
    cadences: Mapping[str, Cadence],
    calendar: BusinessCalendar,
    today: date,
) -> Iterable[tuple[FollowUp, CadenceStep]]:
    """The steps of each run whose day has come by `today` (in the rule set's zone), in order.

    Of a run that is over only the last step, where the decision falls: its calls and e-mails would come too late.
    """
    for follow_up in follow_ups:
        cadence = cadences.get(follow_up.cadence)
        if cadence is None:
            continue
        steps = cadence_steps(cadence, follow_up.start, calendar)
        over = steps[-1].due < today
        for step in steps:
            if step.due <= today and (not over or step.step == steps[-1].step):
                yield follow_up, step


def create_tasks(
    due: Iterable[tuple[FollowUp, CadenceStep]],
    org_id: str,
    there: Collection[str],
    brief: Callable[[str], Brief],
    language: Language,
) -> tuple[tuple[TaskCreation, ...], tuple[Withheld, ...]]:
    """The tasks to make: none whose key is known already, none that breaks a consent.

    `there` holds the keys of tasks that exist, were deleted by people, or that we made before. `brief` gives what a
    task says about a person.
    """
    tasks, withheld = [], []
    for follow_up, step in due:
        key = task_key(org_id, follow_up, step)
        if key in there:
            continue
        forbidden = _forbidden(follow_up, step)
        if forbidden:
            withheld.append(Withheld(follow_up.person_id, f"{step.step}:{step.channel}", forbidden))
            continue
        tasks.append(
            TaskCreation(
                key,
                follow_up.person_id,
                _values(follow_up, step, brief(follow_up.person_id), language),
                f"{follow_up.cadence} {step.step}, begun {follow_up.start.isoformat()}",
            )
        )
    return tuple(sorted(tasks, key=lambda task: task.key)), tuple(sorted(set(withheld)))


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
