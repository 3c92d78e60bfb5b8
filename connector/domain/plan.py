"""The plan: what should change in the remotes, from what to what, and why. Frozen, sorted data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

PlainValue = str | int | float | bool | None

HISTORY = "history"
"""Why a run ends whose crossing was brought by a backfill: it is scored, not acted upon."""


UNDONE = "undone"
"""Why a run ends that was begun by a run of the connector which was taken back."""

AWAITS_APPROVAL = "awaits an approval before it goes to field sales"
"""Why a lead that meets the criteria of the toss-up is not handed over yet (`mode: approval`)."""


class Concerning(Protocol):
    """A part of a plan that is about a person."""

    @property
    def person_id(self) -> str: ...


@dataclass(frozen=True, order=True, slots=True)
class FieldChange:
    """One field of one record: what stands there now, as we saw it, and what should."""

    field: str
    before: PlainValue
    after: PlainValue


@dataclass(frozen=True, slots=True)
class RecordChange:
    """The changes of one record. `seen_modified_at` is its LastModifiedDate when the plan was made.

    `shared` is true when people edit one of the fields too: then the write goes only if nobody touched the
    record since. `same_second`: we read it within the second of that date, in which a later edit leaves the date as it
    was: such a record is looked at once more before it is written.
    """

    object: str
    record_id: str
    person_id: str
    changes: tuple[FieldChange, ...]
    why: str
    shared: bool
    seen_modified_at: datetime | None
    same_second: bool = False


@dataclass(frozen=True)
class TaskCreation:
    """A task to make, found again by its key however often it is sent."""

    key: str
    person_id: str
    values: Mapping[str, PlainValue]
    why: str


@dataclass(frozen=True)
class OpportunityCreation:
    """An opportunity to make, found again by its key, which stands in `key_field`."""

    key: str
    key_field: str
    person_id: str
    values: Mapping[str, PlainValue]
    why: str


@dataclass(frozen=True)
class TaskDeletion:
    """A task of ours to take away, as only `undo` does. `seen_modified_at`: its LastModifiedDate by then.

    `or_closed`: the changes that close it where the org does not let us delete it.
    """

    record_id: str
    key: str
    person_id: str
    why: str
    seen_modified_at: datetime | None
    or_closed: tuple[FieldChange, ...] = ()


@dataclass(frozen=True)
class ProspectChange:
    """The changes of one prospect of a business unit. `record_id` is the prospect's number as text.

    `shared` is true when people edit one of the fields too: then the values are read back right before the write.
    """

    unit: str
    record_id: str
    person_id: str
    changes: tuple[FieldChange, ...]
    why: str
    shared: bool = False


@dataclass(frozen=True)
class MembershipChange:
    """A prospect that comes onto a list of a business unit (`wanted`), or leaves it."""

    unit: str
    list_id: str
    list_name: str
    prospect_id: str
    person_id: str
    wanted: bool
    why: str


@dataclass(frozen=True)
class RunStart:
    """A cadence run that begins when the plan is applied. `start_date` is day 1 in the org's zone."""

    person_id: str
    cadence: str
    start_date: str
    key_record: str
    crossed_at: datetime | None


@dataclass(frozen=True)
class RunEnd:
    """A cadence run that is over, and why."""

    person_id: str
    cadence: str
    start_date: str
    reason: str


@dataclass(frozen=True)
class Transition:
    """A change of stage, with its moment and the figures that caused it."""

    person_id: str
    happened_at: datetime
    from_stage: str | None
    to_stage: str
    reason: str
    score: int


@dataclass(frozen=True, order=True)
class Kept:
    """A value that a person set since our last write, and that therefore stays: a lock.

    `since`: when it came, at the earliest our last write; `by`: the id of the user who modified the record then.
    """

    object: str
    record_id: str
    field: str
    ours: PlainValue
    theirs: PlainValue
    since: datetime | None = None
    by: str | None = None


@dataclass(frozen=True, order=True)
class Refused:
    """What the org refused lately and refuses until a person does something: it is not sent again for now.

    `record_id`: the record, or the key of a task. `fields`: those that the org named; none: the whole row waits.
    """

    object: str
    record_id: str
    person_id: str
    fields: tuple[str, ...]
    code: str
    since: datetime


@dataclass(frozen=True, order=True)
class Withheld:
    """A task that is not made, and the consent or the rule that forbids it."""

    person_id: str
    step: str
    reason: str


@dataclass(frozen=True, order=True)
class Finding:
    """A share or a count that the guard stops at, with the first of what it counts."""

    what: str
    count: int
    of: int
    limit: float
    examples: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        return f"{self.told} For example {'; '.join(self.examples)}." if self.examples else self.told

    @property
    def told(self) -> str:
        """The sentence without examples, which hold ids and values of records: for logs and alerts."""
        if self.of:
            return (
                f"{self.what}: {self.count} of {self.of} records ({self.count / self.of:.0%}) would change; "
                f"the limit is {self.limit:.0%}."
            )
        return f"{self.what}: {self.count}; the limit is {self.limit:.0f}."


@dataclass(frozen=True, order=True)
class Waiting:
    """Something that is done only after a word. `kind`: toss_ups, updates, status, tasks … (fields.yaml `modes`).

    `subject`: the person, the record or the key of the task; `wanted`: what of it the word is about, in a digest.
    """

    kind: str
    subject: str
    person_id: str
    what: str
    wanted: str = ""


@dataclass(frozen=True)
class Plan:
    """Everything that one run would do, with what it rests on."""

    org_id: str
    rules_hash: str
    as_of: datetime
    made_at: datetime
    watermarks: Mapping[str, str]
    records: tuple[RecordChange, ...]
    tasks: tuple[TaskCreation, ...]
    starts: tuple[RunStart, ...]
    ends: tuple[RunEnd, ...]
    transitions: tuple[Transition, ...]
    kept: tuple[Kept, ...]
    withheld: tuple[Withheld, ...]
    findings: tuple[Finding, ...]
    closings: tuple[RecordChange, ...] = ()
    """Tasks of ours that are closed because what they were for is over."""
    deletions: tuple[TaskDeletion, ...] = ()
    prospects: tuple[ProspectChange, ...] = ()
    memberships: tuple[MembershipChange, ...] = ()
    refused: tuple[Refused, ...] = ()
    """What waits because the org refused it: no change, so that nothing is sent in vain on every cycle."""
    waiting: tuple[Waiting, ...] = ()
    """What waits for somebody's word: no change before it is given. Toss-ups are among `withheld`."""
    undoes: str | None = None
    """The run that this plan takes back; None for a plan that comes of the rules."""
    opportunities: tuple[OpportunityCreation, ...] = ()
    """Made for hand-overs, where the mapping says so."""
    held: int = 0
    """Values of ours that an undo has taken back and that are not written while ours stay the same."""

    @property
    def history(self) -> int:
        """Runs that begin and end at once, because a backfill brought their crossings: no task comes of them."""
        return sum(end.reason == HISTORY for end in self.ends)

    @property
    def awaiting_approval(self) -> int:
        """Leads that could be handed over to field sales and wait for somebody's word."""
        return sum(one.reason == AWAITS_APPROVAL for one in self.withheld)

    @property
    def persons(self) -> frozenset[str]:
        """Everybody of whom something is to be written, or would be if nothing stood in its way."""
        parts: tuple[Iterable[Concerning], ...] = (
            *(self.records, self.tasks, self.closings, self.prospects, self.memberships),
            *(self.opportunities, self.withheld, self.refused, self.waiting),
        )
        return frozenset(one.person_id for part in parts for one in part)

    def less_examples(self, sentence: str) -> str:
        """A sentence that tells of its findings, without ids and values of records."""
        for finding in self.findings:
            sentence = sentence.replace(finding.sentence, finding.told)
        return sentence

    @property
    def changes(self) -> int:
        """Field changes, tasks, opportunities and memberships: what the remotes would see. Each task counts once."""
        fields = sum(len(one.changes) for one in self.records) + sum(len(one.changes) for one in self.prospects)
        made = len(self.tasks) + len(self.opportunities)
        return fields + made + len(self.closings) + len(self.deletions) + len(self.memberships)
