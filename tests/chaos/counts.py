"""What must be zero, counted from the world's own log of changes: never from what the connector says of itself."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from connector.rules.fields import STAMPS, Fields

Row = Mapping[str, Any]
Cell = tuple[str, str, str]
"""Object, record and field."""

CONSENT: Mapping[str, str] = {"email": "HasOptedOutOfEmail", "call": "DoNotCall"}
"""By the channel of a task: the field that forbids it."""
TASK_FIELDS = ("Connector_Key__c", "WhoId", "Status", "Subject", "ActivityDate", "OwnerId", "IsDeleted")


@dataclass(frozen=True)
class Change:
    """One change of a field, as the log of the world has it. `number` is its place in the order of all."""

    number: int
    at: str
    object: str
    id: str
    field: str
    before: Any
    after: Any
    by: str | None
    kind: str

    @property
    def cell(self) -> Cell:
        return self.object, self.id, self.field


@dataclass
class Counts:
    """What was found, a line each. All lists but the last two must stay empty.

    `same_second`: edits that were overwritten within the second in which they were made or read, which no condition of
    the org tells apart. `raced`: tasks for people who refused them after the connector's last look.
    """

    doubled: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    overwritten: list[str] = field(default_factory=list)
    against_consent: list[str] = field(default_factory=list)
    wrongly_undone: list[str] = field(default_factory=list)
    differing: list[str] = field(default_factory=list)
    unapproved: list[str] = field(default_factory=list)
    same_second: list[str] = field(default_factory=list)
    raced: list[str] = field(default_factory=list)

    @property
    def defects(self) -> list[str]:
        return [f"{word}: {line}" for word, lines in self.by_word().items() for line in lines]

    def by_word(self) -> dict[str, list[str]]:
        """What must be empty, by the words that the last line of the script has for it."""
        return {
            "doubled tasks": self.doubled,
            "lost changes": self.lost,
            "overwritten edits": self.overwritten,
            "writes against consent": self.against_consent,
            "wrongly undone": self.wrongly_undone,
            "final states that differ": self.differing,
            "writes without a word": self.unapproved,
        }


@dataclass(frozen=True)
class Undone:
    """An undo: the places in the order of all changes between which it wrote."""

    first: int
    last: int


def watched(fields: Fields) -> dict[str, list[str]]:
    """The fields whose changes the world must log: those that we write, consent, and all of tasks that we judge by."""
    found = {name: sorted(entry.write) for name, entry in fields.salesforce.items() if entry.write}
    for name in ("Lead", "Contact"):
        found[name] = sorted({*found.get(name, ()), *CONSENT.values()})
    return {**found, "Task": list(TASK_FIELDS)}


def doubled(changes: Iterable[Change], ours: str) -> list[str]:
    """Keys under which two tasks were made, and steps for which one person got two tasks.

    Tasks of ours without a key are told apart by their subjects.
    """
    made: dict[str, dict[str, Any]] = defaultdict(dict)
    for change in changes:
        if change.object == "Task" and change.kind == "new":
            made[change.id] |= {change.field: change.after, "by": change.by}
    keyed = [task for task in made.values() if task.get("Connector_Key__c")]
    keys = Counter(str(task["Connector_Key__c"]) for task in keyed)
    steps = Counter((task["WhoId"], *key.split(":")[2:]) for task in keyed if keys[key := task["Connector_Key__c"]] < 2)
    bare = [task for task in made.values() if task["by"] == ours and not task.get("Connector_Key__c")]
    subjects = Counter((task["WhoId"], task["Subject"]) for task in bare)
    found = [f"task {key} was made {count} times" for key, count in keys.items() if count > 1]
    return found + [f"{step} was asked for twice" for step, count in (*steps.items(), *subjects.items()) if count > 1]


def overwritten(
    changes: Sequence[Change], fields: Fields, ours: str, undone: Sequence[Undone] = ()
) -> tuple[list[str], list[str]]:
    """Values of people that we replaced although the field's policy forbids it, and those of one second among them.

    What an undo writes is judged by `wrongly_undone`.
    """
    found: list[str] = []
    apart: list[str] = []
    seconds = _seconds(changes)
    for cell, history in _histories(changes).items():
        policy = policy_of(fields, cell)
        for place, change in enumerate(history):
            if change.by != ours or change.kind != "edit" or _within(change, undone):
                continue
            edit = _forbidding(policy, history[:place], ours)
            if edit is None:
                continue
            line = f"{cell}: {edit.after!r} of somebody at {edit.at} became {change.after!r} at {change.at} ({policy})"
            same = edit.at == change.at or seconds[edit.id, edit.at] > 1
            (apart if same else found).append(line)
    return found, apart


def wrongly_undone(changes: Sequence[Change], ours: str, undone: Sequence[Undone]) -> list[str]:
    """What people had done last, and an undo took back: values of records, and tasks that somebody worked on at all."""
    found = []
    histories = _histories(changes)
    seconds = _seconds(changes)
    worked_on = {one.id: one for one in reversed(changes) if one.object == "Task" and _is_edit(one, ours)}
    for cell, history in histories.items():
        for place, change in enumerate(history):
            if change.by != ours or change.kind != "edit" or not _within(change, undone):
                continue
            edit = history[place - 1] if place and history[place - 1].by != ours else None
            if change.id in worked_on and worked_on[change.id].number < change.number:
                edit = worked_on[change.id]
            if edit is not None and edit.at != change.at and seconds[edit.id, edit.at] == 1:
                found.append(f"{cell}: {edit.after!r} of somebody at {edit.at} became {change.after!r} by an undo")
    return found


def against_consent(
    changes: Sequence[Change], before: Mapping[tuple[str, str], bool], ours: str, raced: Collection[str]
) -> tuple[list[str], list[str]]:
    """Tasks of ours for people who had refused them, and those refused at the same second or after our last look.

    `before`: who had refused what when the log began, by record and field. `raced`: records of people who refused
    between our last look and our write.
    """
    refused = {place: ("", True) for place, value in before.items() if value}
    found: list[str] = []
    apart: list[str] = []
    tasks: dict[str, dict[str, Any]] = defaultdict(dict)
    for change in changes:
        if change.field in CONSENT.values() and change.object in {"Lead", "Contact"}:
            refused[change.id, change.field] = (change.at, bool(change.after))
        if change.object != "Task" or change.kind != "new":
            continue
        task = tasks[change.id]
        task[change.field] = change.after
        if change.by != ours or len(task) < len(TASK_FIELDS) or not task["Connector_Key__c"]:
            continue
        channel = task["Connector_Key__c"].rsplit(":", 1)[1]
        at, is_refused = refused.get((task["WhoId"], CONSENT.get(channel, "")), ("", False))
        if is_refused:
            line = f"task {task['Connector_Key__c']} at {change.at} for {task['WhoId']}, who refused at {at or 'first'}"
            (apart if at == change.at or task["WhoId"] in raced else found).append(line)
    return found, apart


def unapproved(
    changes: Iterable[Change],
    fields: Fields,
    ours: str,
    approved: Collection[tuple[str, str]],
    undone: Sequence[Undone] = (),
) -> list[str]:
    """What of ours was written without the word that it needs. `approved`: of which kinds and subjects there was one.

    Tasks are named by their keys; an undo needs no word.
    """
    found = set()
    for change in changes:
        if change.by != ours or _within(change, undone):
            continue
        kind, subject = _kind_of(fields, change)
        if kind in fields.modes.waiting and (kind, subject) not in approved:
            found.add(f"{subject} was written at {change.at} without a word ({kind})")
    return sorted(found)


def _kind_of(fields: Fields, change: Change) -> tuple[str | None, str]:
    """What a write of ours is to the modes, and how what it concerns is named there."""
    subject = f"{change.object}:{change.id}"
    if change.object == "Task":
        is_key = change.kind == "new" and change.field == "Connector_Key__c"
        return ("tasks", str(change.after)) if is_key else ("closings" if change.kind == "edit" else None, subject)
    entry = fields.salesforce.get(change.object)
    written = entry.write.get(change.field) if entry is not None and change.kind == "edit" else None
    if written is None or written.value in STAMPS:
        return None, subject
    return "status" if written.value == "status" else "updates", subject


def policy_of(fields: Fields, cell: Cell) -> str | None:
    """The policy of a field; None for one that we do not write."""
    name, _record, field_name = cell
    entry = fields.salesforce.get(name)
    written = entry.write.get(field_name) if entry is not None else None
    return written.policy if written is not None else None


def last_by(history: Sequence[Change], ours: str) -> tuple[Change | None, bool]:
    """The last change of a cell, and whether we had written the cell before it."""
    last = history[-1] if history else None
    return last, any(change.by == ours for change in history[:-1])


def histories(changes: Iterable[Change]) -> Mapping[Cell, list[Change]]:
    """The changes of each cell in their order."""
    return _histories(changes)


def _forbidding(policy: str | None, earlier: Sequence[Change], ours: str) -> Change | None:
    """The edit for whose sake the policy forbids a write of ours now, after these changes of the cell.

    What stood there when the log began is nobody's edit. Under `if_unchanged` an edit before our first write is what we
    found; one that brought our own value back is none.
    """
    if not earlier or earlier[-1].by == ours:
        return None
    edit = earlier[-1]
    if policy == "never" or (policy == "if_blank" and edit.after not in {None, ""}):
        return edit
    last = next((change for change in reversed(earlier) if change.by == ours), None)
    if policy == "if_unchanged" and last is not None and _plain(last.after) != _plain(edit.after):
        return edit
    return None


def _plain(value: Any) -> Any:
    """A value without the spelling of either side: trailing spaces, 72 and 72.0."""
    if isinstance(value, str):
        return value.rstrip()
    return float(value) if isinstance(value, int | float) else value


def _is_edit(change: Change, ours: str) -> bool:
    return change.kind == "edit" and change.by != ours


def _within(change: Change, undone: Iterable[Undone]) -> bool:
    return any(one.first <= change.number <= one.last for one in undone)


def _histories(changes: Iterable[Change]) -> dict[Cell, list[Change]]:
    found: dict[Cell, list[Change]] = defaultdict(list)
    for change in changes:
        if change.kind == "edit" or (change.kind == "new" and change.after is not None):
            found[change.cell].append(change)
    return found


def _seconds(changes: Iterable[Change]) -> Counter[tuple[str, str]]:
    """How many saves of a record fell into one second: the numbers of one save follow one another."""
    counted: Counter[tuple[str, str]] = Counter()
    for before, change in _pairs(changes):
        same_save = before is not None and (before.id, before.at, before.by) == (change.id, change.at, change.by)
        if not same_save or before is None or change.field == before.field:
            counted[change.id, change.at] += 1
    return counted


def _pairs(changes: Iterable[Change]) -> Iterator[tuple[Change | None, Change]]:
    before: Change | None = None
    for change in changes:
        yield before, change
        before = change
