"""What of a plan waits for somebody's word, by the modes of the mapping (TU-2)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from connector.domain.plan import MembershipChange, OpportunityCreation, PlainValue, RecordChange, TaskCreation, Waiting
from connector.domain.running import Run
from connector.planning.closings import TASK
from connector.planning.engagement import PROSPECTS
from connector.rules.fields import STAMPS, Fields, WriteField

TOSS_UPS = "toss_ups"
"""Hand-overs to field sales, by persons."""
KINDS = (TOSS_UPS, "status", "tasks", "opportunities", "closings", "updates", "prospects", "memberships")
"""Everything that can wait, the most urgent first."""

_DIGEST = 16


@dataclass(frozen=True)
class Free:
    """What may be written, and what waits."""

    records: tuple[RecordChange, ...]
    tasks: tuple[TaskCreation, ...]
    memberships: tuple[MembershipChange, ...]
    waiting: tuple[Waiting, ...]
    opportunities: tuple[OpportunityCreation, ...] = ()


def hold(
    run: Run,
    fields: Fields,
    records: Iterable[RecordChange],
    tasks: Iterable[TaskCreation],
    memberships: Iterable[MembershipChange],
    opportunities: Iterable[OpportunityCreation] = (),
) -> Free:
    """The changes less what waits for a word or was declined. `records`: of Salesforce, prospects' and tasks to close.

    A word is about the very values that were wanted when it was given: another value waits again. Makes the temporary
    table `asked_about(kind, subject, person_id, wanted)`, all about which a word is needed or was given, hand-overs
    too, which wait by the mode of lifecycle.yaml. Reads approvals and toss_ups.
    """
    asked = _Asked(fields.modes.waiting, _words(run))
    free = Free(
        tuple(left for record in records if (left := _less(record, fields, asked)) is not None),
        tuple(one for one in tasks if asked.may("tasks", one.key, one.person_id, _subject(one))),
        tuple(one for one in memberships if _may_move(one, asked)),
        (),
        tuple(one for one in opportunities if asked.may("opportunities", one.key, one.person_id, _deal(one))),
    )
    run(_ASKED_ABOUT, _columns(asked.about))
    return replace(free, waiting=tuple(sorted(asked.waiting)))


@dataclass
class _Asked:
    """What was asked about so far; `words`: kind, subject, what was wanted → the word that was given."""

    kinds: frozenset[str]
    words: Mapping[tuple[str, str, str], str]
    about: list[Waiting] = field(default_factory=list)
    waiting: list[Waiting] = field(default_factory=list)

    def may(self, kind: str, subject: str, person_id: str, what: str, wanted: str = "") -> bool:
        """Whether it is written by itself or was approved; what nobody has said anything about waits."""
        if kind not in self.kinds:
            return True
        one = Waiting(kind, subject, person_id, what, wanted)
        self.about.append(one)
        word = self.words.get((kind, subject, wanted))
        if word is None:
            self.waiting.append(one)
        return word == "approved"


def _words(run: Run) -> dict[tuple[str, str, str], str]:
    rows = run("SELECT kind, subject, wanted, word FROM approvals WHERE word IS NOT NULL", {})
    return {(kind, subject, wanted): word for kind, subject, wanted, word in rows}


def _less(record: RecordChange, fields: Fields, asked: _Asked) -> RecordChange | None:
    """What of a record is written; None when nothing is. A stamp goes with the rest."""
    subject, person = f"{record.object}:{record.record_id}", record.person_id
    if record.object in (TASK, PROSPECTS):
        kind = "closings" if record.object == TASK else "prospects"
        values = {change.field: change.after for change in record.changes}
        return record if asked.may(kind, subject, person, record.why, _digest(values)) else None
    if not asked.kinds & {"status", "updates"}:
        return record
    write = fields.salesforce[record.object].write
    left = record
    for kind in ("status", "updates"):
        mine = {change.field: change.after for change in record.changes if _kind(write, change.field) == kind}
        told = ", ".join(f"{name} → {value}" for name, value in mine.items())
        if mine and not asked.may(kind, subject, person, told, _digest(mine)):
            left = replace(left, changes=tuple(change for change in left.changes if change.field not in mine))
    return left if any(_kind(write, change.field) != "stamps" for change in left.changes) else None


def _kind(write: Mapping[str, WriteField], name: str) -> str:
    value = write[name].value if name in write else None
    if value in STAMPS:
        return "stamps"
    return "status" if value == "status" else "updates"


def _subject(task: TaskCreation) -> str:
    return str(task.values.get("Subject") or task.why)


def _deal(one: OpportunityCreation) -> str:
    return str(one.values.get("Name") or one.why)


def _may_move(one: MembershipChange, asked: _Asked) -> bool:
    subject = f"{one.unit}:{one.list_id}:{one.prospect_id}"
    wanted = "in" if one.wanted else "out"
    return asked.may("memberships", subject, one.person_id, f"{one.list_name} ({wanted}): {one.why}", wanted)


def _digest(values: Mapping[str, PlainValue]) -> str:
    text = json.dumps(dict(sorted(values.items())), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGEST]


def _columns(about: Iterable[Waiting]) -> dict[str, object]:
    rows = list(about)
    return {
        "kinds": [one.kind for one in rows],
        "subjects": [one.subject for one in rows],
        "persons": [one.person_id for one in rows],
        "wanted": [one.wanted for one in rows],
        "toss_ups": TOSS_UPS,
    }


_ASKED_ABOUT = """
CREATE OR REPLACE TEMP TABLE asked_about AS
SELECT unnest($kinds::VARCHAR[]) AS kind, unnest($subjects::VARCHAR[]) AS subject,
    unnest($persons::VARCHAR[]) AS person_id, unnest($wanted::VARCHAR[]) AS wanted
UNION ALL
SELECT $toss_ups, person_id, person_id, '' FROM toss_ups WHERE state IN ('due', 'awaits_approval', 'declined')
"""


def waiting_toss_ups(run: Run) -> Iterator[Waiting]:
    """The hand-overs that wait for a word, in the order of persons. Reads toss_ups."""
    for (person,) in run("SELECT person_id FROM toss_ups WHERE state = 'awaits_approval' ORDER BY person_id", {}):
        yield Waiting(TOSS_UPS, str(person), str(person), "")
