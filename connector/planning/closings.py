"""Our open tasks that are closed because what they were for is over (WB-7). A rep's own tasks are never looked at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from types import MappingProxyType

from connector.domain.plan import FieldChange, RecordChange, RunEnd, Withheld
from connector.domain.running import Run
from connector.domain.statements import statements
from connector.engine.toss_up import TOSS_UP
from connector.planning.desired import Language
from connector.rules.cadence import Cadences
from connector.rules.fields import Fields
from connector.rules.writing import OurTasks

TASK = "Task"
REWORKED = "somebody has worked on the task since we made it: it stays open"
_STAYS = ("over", "unanswered", "history", "undone")
"""Why runs end whose tasks stay to be done, or are undo's."""
_COMPARED: Mapping[str, str] = MappingProxyType(
    {"subject": "Subject", "due": "ActivityDate", "status": "Status", "priority": "Priority"}
)
"""What of a task tells that somebody has worked on it. Its owner does not: a record that changes hands takes it on."""

_WORDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "opportunity": ("商談になった", "a deal came of it"),
        "won": ("受注した", "the deal was won"),
        "lost": ("失注した", "the deal was lost"),
        "disqualified": ("対象外になった", "was disqualified"),
        "converted": ("リードが取引開始された", "the lead was converted"),
        "active_prospect": ("ナーチャリングへ戻すと判断された", "goes back to nurturing"),
        "opt_out": ("電話もメールも拒否された", "opted out of calls and e-mails"),
        "opted_out": ("メールの配信を停止した", "opted out of e-mail"),
        "do_not_call": ("電話を拒否した", "does not want to be called"),
        "screened": ("対象外の相手と判定された", "was screened out"),
        "answered": ("問い合わせに回答済み", "the inquiry was answered"),
        "restarted": ("フォローをやり直す", "the follow-up began anew"),
        "gone": ("相手のレコードがなくなった", "the record is gone"),
        "overtaken": ("次のステップに進んだ", "a later step has taken its place"),
        "not_ready": ("トスアップの条件を満たさなくなった", "does not meet the criteria of the toss-up any more"),
        "finished": ("フォローが終わった", "the follow-up is finished"),
        "meeting": ("打ち合わせがあった", "there was a meeting"),
        "email_reply": ("返信があった", "the person replied"),
    }
)
_ELSE = ("フォローが終わった", "the follow-up has ended")


@dataclass(frozen=True)
class Closings:
    """Tasks to close, and those that stay open because somebody has worked on them."""

    closings: tuple[RecordChange, ...]
    left: tuple[Withheld, ...]


def close_tasks(run: Run, cadences: Cadences, fields: Fields, ends: Sequence[RunEnd]) -> Closings:
    """The tasks to close as of what was decided; `ends` are the runs that end with this plan.

    A task is closed when its run has ended and nothing is left to be done in it, when the person may not be reached
    by its channel any more, or when a later step has overtaken it where the cadence closes such. It is left alone
    when its subject, due day, status, priority or result is not ours any more, or when we closed it before.
    Reads our_tasks, people, decided, screened, inquiry_answers, cadence_runs, the journal and seen_salesforce_task.
    """
    closed = fields.tasks.closed_status
    if closed is None:
        return Closings((), ())
    rows = run(
        statements("connector.planning.sql", "closings.sql")["closings"].replace("<<reworked>>", _reworked(fields)),
        {**_ends(ends), **_places(cadences), "closed": closed, "stays": list(_STAYS)},
    )
    closings, left = [], []
    for task_id, person_id, cadence, start, step, channel, word, modified_at, reason, reworked in rows:
        if reworked:
            left.append(Withheld(person_id, f"{step}:{channel}", REWORKED))
            continue
        told = _Told(reason, cadence, step, start)
        closings.append(
            RecordChange(
                TASK,
                task_id,
                person_id,
                tuple(_changes(fields.tasks, closed, word, told.in_words(fields.language))),
                told.why,
                shared=True,
                seen_modified_at=_aware(modified_at),
            )
        )
    return Closings(tuple(closings), tuple(sorted(set(left))))


@dataclass(frozen=True)
class _Told:
    reason: str
    cadence: str
    step: str
    start: date

    @property
    def why(self) -> str:
        return f"{_WORDS.get(self.reason, _ELSE)[1]} ({self.cadence} {self.step}, begun {self.start.isoformat()})"

    def in_words(self, language: Language) -> str:
        return _WORDS.get(self.reason, _ELSE)[0 if language == "ja" else 1]


def _changes(tasks: OurTasks, closed: str, word: str | None, why: str) -> Iterator[FieldChange]:
    yield FieldChange("Status", word, closed)
    if tasks.note_field is not None:
        yield FieldChange(tasks.note_field, None, why)


def _reworked(fields: Fields) -> str:
    """SQL: whether a `task` is not as we `made` it. What we do not know any more, somebody may have changed."""
    mapped = next((one for one in fields.streams if one.stream.name == "salesforce.Task"), None)
    there = {column.name for column in mapped.columns} if mapped is not None else set()
    tests = [
        f"trim(coalesce(task.{name}::VARCHAR, '')) IS DISTINCT FROM trim(made.made ->> '$.{field}')"
        for name, field in _COMPARED.items()
        if name in there
    ]
    return " OR ".join(["made.made IS NULL", "trim(coalesce(task.disposition, '')) <> ''", *tests])


def _ends(ends: Iterable[RunEnd]) -> dict[str, object]:
    told = list(ends)
    return {
        "persons": [one.person_id for one in told],
        "cadences": [one.cadence for one in told],
        "starts": [date.fromisoformat(one.start_date) for one in told],
        "reasons": [one.reason for one in told],
    }


def _places(cadences: Cadences) -> dict[str, object]:
    """The steps of cadences that close what a later step overtakes; which cadences answer, and which stand apart."""
    closing = [
        (cadence.id, step.id, place)
        for cadence in cadences.cadences
        if cadence.overtaken == "close"
        for place, step in enumerate(cadence.steps)
    ]
    inquiries = [cadence.id for cadence in cadences.of_kind("inquiry")]
    return {
        "place_cadences": [cadence for cadence, _, _ in closing],
        "place_steps": [step for _, step, _ in closing],
        "places": [place for _, _, place in closing],
        "inquiries": inquiries,
        "apart": [*inquiries, TOSS_UP],
    }


def _aware(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=UTC)
