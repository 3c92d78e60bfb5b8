"""The names in mapping and rules against an org: statuses, stages, tasks, users and queues, lists (AD-2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from connector.reporting.live_deals import check_deals
from connector.reporting.live_finding import Level, LiveFinding
from connector.rules.fields import Fields
from connector.rules.mapping import FIELDS_FILE, most_similar
from connector.rules.source import KeyPath
from connector.rules.toss_up import HandOver
from connector.rules.written import Written
from connector.salesforce.description import Description, FieldDescription
from connector.salesforce.org_shown import OrgShown, StatusValue

TASK_KEY = "Connector_Key__c"
KEY_LENGTH = 120
_SENT_WITH_TASKS = ("Subject", "ActivityDate", "Status", "Priority", "WhoId", "OwnerId", "Description", "Type")
_TASK_WORDS = (
    ("Status", "Not Started"),
    ("Priority", "High"),
    ("Priority", "Normal"),
    ("Type", "Call"),
    ("Type", "Email"),
)


_Where = tuple[str, KeyPath, str, str]
"""File, path, object and field."""


@dataclass(frozen=True)
class OwnerName:
    """A user or queue that rules name, and where."""

    name: str
    file: str
    path: KeyPath
    takes: tuple[str, ...] = ()
    """Objects whose records are given to them; none for members of a team, who are only known as such."""


def named_owners(written: Written) -> tuple[OwnerName, ...]:
    """Every user and queue that the rules name."""
    found = []
    for number, cadence in enumerate(written.rules.cadence.cadences):
        if cadence.decision is not None and cadence.decision.escalate_to:
            path: KeyPath = ("cadences", number, "decision", "escalate_to")
            found.append(OwnerName(cadence.decision.escalate_to, "cadence.yaml", path, ("Task",)))
    for number, team in enumerate(written.rules.cadence.teams):
        for place, member in enumerate(team.members):
            found.append(OwnerName(member, "cadence.yaml", ("teams", number, "members", place)))
    toss_up = written.rules.lifecycle.toss_up
    if toss_up is not None:
        given = ("Task", *_owner_written(written.fields))
        hand_overs: list[tuple[KeyPath, HandOver]] = [(("toss_up", "hand_over"), toss_up.hand_over)]
        for number, part in enumerate(toss_up.segments):
            hand_overs += [(("toss_up", "segments", number, "hand_over"), part.hand_over)] if part.hand_over else []
        for path, one in hand_overs:
            found += [OwnerName(one.assign_to, "lifecycle.yaml", (*path, "assign_to"), given)] if one.assign_to else []
    return tuple(found)


def _owner_written(fields: Fields) -> tuple[str, ...]:
    """The objects whose owner changes at a hand-over."""
    return tuple(
        name
        for name, entry in fields.salesforce.items()
        if any(write.value == "owner" and write.policy != "never" for write in entry.write.values())
    )


def check_names(written: Written, org: OrgShown) -> Iterator[LiveFinding]:
    """What the org lacks of the words and names in mapping and rules."""
    yield from _statuses(written, org)
    yield from _owners(written, org)
    task = org.descriptions.get("Task")
    if task is not None:
        yield from _tasks(written, task)
        yield from _closings(written, task, org.closed_tasks)
    yield from check_deals(written, org)
    yield from _record_types(written, org)


def _finding(written: Written, level: Level, kind: str, where: _Where, sentence: str, advice: str) -> LiveFinding:
    file, path, object_name, field = where
    place = written.sources[file].place(path)
    return LiveFinding(level, kind, object_name, field, file, place.line, place.column, sentence, advice)


def _statuses(written: Written, org: OrgShown) -> Iterator[LiveFinding]:
    leads = _by_word(org.lead_statuses)
    yield from _converted_is_written(written, leads)
    for status, words in written.fields.statuses.items():
        for number, word in enumerate(words):
            if leads and _plain(word) not in leads:
                where: _Where = (FIELDS_FILE, ("statuses", status, number), "Lead", "Status")
                yield _unknown_word(written, where, "Lead.Status", word, leads)
    stages = _by_word(org.stages)
    for number, one in enumerate(written.fields.status_dictionary):
        there, name = (leads, "Lead") if one.object == "lead" else (stages, "Opportunity")
        field = "Status" if one.object == "lead" else "StageName"
        if there and _plain(one.word) not in there:
            where = (FIELDS_FILE, ("status_dictionary", number, "word"), name, field)
            yield _unknown_word(written, where, f"{name}.{field}", one.word, there)


def _converted_is_written(written: Written, leads: Mapping[str, StatusValue]) -> Iterator[LiveFinding]:
    """The platform refuses a converted status: a lead is converted by people, not by a write."""
    lead = written.fields.salesforce.get("Lead")
    for field, entry in lead.write.items() if lead else ():
        for stage, word in (entry.values or {}).items():
            found = leads.get(_plain(word))
            if field.lower() == "status" and found is not None and found.is_converted:
                where = (FIELDS_FILE, ("salesforce", "Lead", "write", field, "values", stage), "Lead", field)
                sentence = f"`{word}` is a status of converted leads, which cannot be written."
                yield _finding(written, "error", "converted_status", where, sentence, "Write another word.")


def _unknown_word(
    written: Written, where: _Where, name: str, word: str, there: Mapping[str, StatusValue]
) -> LiveFinding:
    close = most_similar(word, [one.word for one in there.values()])
    advice = f"Did you mean `{close}`?" if close else "Correct it, or take it out."
    return _finding(written, "advice", "status_word", where, f"{name} has no value `{word}`.", advice)


def _owners(written: Written, org: OrgShown) -> Iterator[LiveFinding]:
    for one in named_owners(written):
        where = (one.file, one.path, "User", "")
        found = org.holders_of(one.name)
        active = [holder for holder in found if holder.is_active]
        if not found:
            sentence = f"The org shows no user or queue named `{one.name}`."
            level: Level = "error" if one.takes else "advice"
            yield _finding(written, level, "owner_missing", where, sentence, "Write the name as the org has it.")
        elif not active:
            sentence = f"The user `{one.name}` is not active: nothing can be given to them."
            yield _finding(
                written, "error" if one.takes else "advice", "owner_inactive", where, sentence, "Name somebody who is."
            )
        elif len(active) > 1:
            sentence = f"{len(active)} active users or queues are named `{one.name}`: the one made first is taken."
            yield _finding(written, "advice", "owner_ambiguous", where, sentence, "Give one of them another name.")
        elif active[0].kind == "queue" and "Contact" in one.takes:
            sentence = f"`{one.name}` is a queue, to which no contact can belong: contacts keep their owner."
            yield _finding(
                written, "advice", "queue_object", where, sentence, "Name a user for hand-overs of contacts."
            )
        elif active[0].objects is not None and (lacking := sorted(set(one.takes) - active[0].objects)):
            sentence = f"The queue `{one.name}` does not take records of {' and '.join(lacking)}."
            yield _finding(written, "error", "queue_object", where, sentence, "Add them to the objects of the queue.")


def _tasks(written: Written, task: Description) -> Iterator[LiveFinding]:
    where = (FIELDS_FILE, ("salesforce", "Task"), "Task", "")
    rights = [word for word, given in (("create", task.createable), ("edit", task.updateable)) if not given]
    if rights:
        sentence = f"This user may not {' or '.join(rights)} tasks."
        yield _finding(written, "error", "object_read_only", where, sentence, "Give the user Edit Tasks.")
    for name in _SENT_WITH_TASKS:
        field = task.field(name)
        if field is None or not field.createable:
            at = (FIELDS_FILE, ("salesforce", "Task"), "Task", name)
            sentence = f"Tasks are made with `{name}`, which this user may not set."
            yield _finding(written, "error", "read_only", at, sentence, "Give the user the right to edit it.")
    who = task.field("WhoId")
    if who is not None and not {"Lead", "Contact"} <= set(who.reference_to):
        at = (FIELDS_FILE, ("salesforce", "Task"), "Task", "WhoId")
        sentence = "`WhoId` does not lead to leads and contacts, on whom tasks are put."
        yield _finding(written, "error", "lookup", at, sentence, "Give the user the right to read both.")
    yield from _key(written, task.field(TASK_KEY))
    for name, word in _TASK_WORDS:
        field = task.field(name)
        if field is not None and field.values and word not in field.values:
            at = (FIELDS_FILE, ("salesforce", "Task"), "Task", name)
            level: Level = "error" if field.restricted else "advice"
            sentence = f"Tasks are made with {name} `{word}`, which the picklist does not have."
            yield _finding(written, level, "picklist", at, sentence, "Add the value.")


def _key(written: Written, key: FieldDescription | None) -> Iterator[LiveFinding]:
    where = (FIELDS_FILE, ("salesforce", "Task", "read", "key"), "Task", TASK_KEY)
    if key is None:
        if "key" not in written.fields.salesforce["Task"].read:
            sentence = f"Task has no field `{TASK_KEY}`: no task can be made until it is there."
            advice = "Create it (`connector check --live --metadata DIR` writes its files), then map it as `key`."
            yield _finding(written, "advice", "field_missing", where, sentence, advice)
        return
    if not key.external_id:
        sentence = f"`{TASK_KEY}` is no external id: tasks could not be found again by it."
        yield _finding(written, "error", "external_id", where, sentence, "Tick External ID (and Unique) in its setup.")
    elif not key.unique:
        sentence = f"`{TASK_KEY}` is not unique: tasks are looked up by it before each is made, which costs more calls."
        yield _finding(written, "advice", "not_unique", where, sentence, "Tick Unique in its setup.")
    else:
        sentence = f"`{TASK_KEY}` is a unique external id: tasks go by upsert, and none can be made twice."
        yield _finding(written, "note", "task_road", where, sentence, "")
    if key.length < KEY_LENGTH:
        sentence = f"`{TASK_KEY}` takes {key.length} characters; keys of tasks have up to {KEY_LENGTH}."
        yield _finding(written, "error", "length", where, sentence, f"Make it {KEY_LENGTH} characters long.")
    if not (key.createable and key.updateable):
        sentence = f"`{TASK_KEY}` cannot be edited by this user."
        yield _finding(written, "error", "read_only", where, sentence, "Give the user the right to edit it.")


def _closings(written: Written, task: Description, closed: frozenset[str] | None) -> Iterator[LiveFinding]:
    """How our own tasks are closed when what they were for is over."""
    ours, status = written.fields.tasks, task.field("Status")
    if ours.closed_status is None:
        return
    where: _Where = (FIELDS_FILE, ("tasks", "closed_status"), "Task", "Status")
    if closed is not None and ours.closed_status not in closed:
        sentence = f"`{ours.closed_status}` is no status of closed tasks: tasks would stay open."
        advice = f"The org closes with {', '.join(f'`{one}`' for one in sorted(closed))}."
        yield _finding(written, "error", "closed_status", where, sentence, advice)
    elif status is not None and status.values and ours.closed_status not in status.values:
        sentence = f"Task.Status has no value `{ours.closed_status}`: tasks would stay open."
        yield _finding(written, "error", "closed_status", where, sentence, "Write the org's word for a closed task.")
    if ours.note_field is not None:
        at: _Where = (FIELDS_FILE, ("tasks", "note_field"), "Task", ours.note_field)
        note = task.field(ours.note_field)
        if note is None:
            sentence = f"Task has no field `{ours.note_field}` that this user may see."
            yield _finding(written, "error", "field_missing", at, sentence, "Correct the name, or leave the line out.")
        elif not note.updateable:
            sentence = f"`{ours.note_field}` cannot be edited by this user."
            yield _finding(written, "error", "read_only", at, sentence, "Give the user the right to edit it.")


def _record_types(written: Written, org: OrgShown) -> Iterator[LiveFinding]:
    """A describe tells picklist values of all record types together: which of them has which is not told."""
    for name in ("Lead", "Contact", "Account"):
        shown, mapped = org.descriptions.get(name), written.fields.salesforce.get(name)
        if shown is None or mapped is None or len(shown.record_types) < 2:
            continue
        for field, entry in mapped.write.items():
            described = shown.field(field)
            if described is not None and described.type == "picklist" and entry.policy != "never":
                where = (FIELDS_FILE, ("salesforce", name, "write", field), name, field)
                sentence = (
                    f"{name} has the record types {', '.join(shown.record_types)}; which values of `{field}` each of "
                    "them offers is not told by describe."
                )
                advice = "Look in the setup that each offers the words that are written."
                yield _finding(written, "advice", "record_types", where, sentence, advice)


def _by_word(values: tuple[StatusValue, ...]) -> dict[str, StatusValue]:
    return {_plain(one.word): one for one in values}


def _plain(word: str) -> str:
    return word.strip().casefold()
