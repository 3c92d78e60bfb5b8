"""The saved plan: one JSON document with a checksum over its content.

It holds record ids, the values of the mapped fields that would change, and the texts of tasks; no e-mail
addresses, no phone numbers, no secrets.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from connector.domain.plan import (
    FieldChange,
    Finding,
    Kept,
    MembershipChange,
    OpportunityCreation,
    PlainValue,
    Plan,
    ProspectChange,
    RecordChange,
    Refused,
    RunEnd,
    RunStart,
    TaskCreation,
    TaskDeletion,
    Transition,
    Waiting,
    Withheld,
)
from connector.errors import ConfigurationError, RefusedError

FORMAT = 2
MOST_BYTES = 1 << 30
"""A plan of 200,000 records has a fifth of it."""

PERSONAL_DATA = (
    "This file holds record ids, values of mapped fields and texts of tasks (with company names). "
    "It holds no e-mail address, no phone number and no secret."
)


def to_document(plan: Plan, restored: str | None = None) -> dict[str, Any]:
    """The plan as JSON values, checksum included. `restored`: the last restoring of the store that it was made from."""
    content = {
        "schema": 1,
        "format": FORMAT,
        "personal_data": PERSONAL_DATA,
        "org": plan.org_id,
        "rules_hash": plan.rules_hash,
        "restored": restored,
        "as_of": _text(plan.as_of),
        "made_at": _text(plan.made_at),
        "watermarks": dict(plan.watermarks),
        "records": [_record(entry) for entry in plan.records],
        "tasks": [asdict(entry) for entry in plan.tasks],
        "starts": [{**asdict(entry), "crossed_at": _text(entry.crossed_at)} for entry in plan.starts],
        "ends": [asdict(entry) for entry in plan.ends],
        "transitions": [{**asdict(entry), "happened_at": _text(entry.happened_at)} for entry in plan.transitions],
        "kept": [{**asdict(entry), "since": _text(entry.since)} for entry in plan.kept],
        "withheld": [asdict(entry) for entry in plan.withheld],
        "closings": [_record(entry) for entry in plan.closings],
        "deletions": [
            {**asdict(one), "seen_modified_at": _text(one.seen_modified_at), "or_closed": _set(one.or_closed)}
            for one in plan.deletions
        ],
        "prospects": [_prospect(entry) for entry in plan.prospects],
        "memberships": [asdict(entry) for entry in plan.memberships],
        "refused": [{**asdict(entry), "since": _text(entry.since)} for entry in plan.refused],
        "waiting": [asdict(entry) for entry in plan.waiting],
        "opportunities": [asdict(entry) for entry in plan.opportunities],
        "undoes": plan.undoes,
        "held": plan.held,
        "guard": [{**asdict(entry), "sentence": entry.sentence} for entry in plan.findings],
    }
    return {**content, "checksum": checksum(content)}


def checksum(content: Mapping[str, Any]) -> str:
    """sha256 over the canonical JSON of everything but the checksum itself."""
    digest = hashlib.sha256()
    encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode
    for piece in _pieces({key: content[key] for key in sorted(content) if key != "checksum"}, encode, "", ":"):
        digest.update(piece.encode())
    return f"sha256:{digest.hexdigest()}"


def _pieces(content: Mapping[str, Any], encode: Callable[[object], str], line: str, colon: str) -> Iterator[str]:
    """JSON in pieces, entry by entry of each list: the encoder goes through a whole document far more slowly."""
    for place, (key, value) in enumerate(content.items()):
        yield f"{',' if place else '{'}{line}{encode(key)}{colon}"
        if isinstance(value, list) and value:
            yield from (f"{',' if number else '['}{line}{encode(entry)}" for number, entry in enumerate(value))
            yield "]"
        else:
            yield encode(value)
    yield f"{line}}}" if content else "{}"


def save_plan(plan: Plan, path: Path, restored: str | None = None) -> None:
    """Writes the plan for its owner only, whole or not at all. ConfigurationError where the place is not writable.

    `restored`: the last restoring of the store that the plan was made from.
    """
    draft = path.with_name(path.name + ".draft")
    try:
        # One left over from a crash may have other rights.
        draft.unlink(missing_ok=True)
        draft.touch(mode=0o600, exist_ok=False)
        with draft.open("w", encoding="utf-8") as file:
            encode = json.JSONEncoder(ensure_ascii=False).encode
            file.writelines(_pieces(to_document(plan, restored), encode, "\n", ": "))
            file.write("\n")
        draft.replace(path)
    except OSError as error:
        raise ConfigurationError(f"The plan cannot be saved as {path}: {error.strerror}.") from error


def load_plan(
    path: Path, *, org_id: str, rules_hash: str, now: datetime, oldest: timedelta, restored: str | None = None
) -> Plan:
    """Reads a saved plan and checks that it still fits: checksum, format, org, rules, store, age.

    `restored`: the last restoring of the store. Raises ConfigurationError for what is no plan file, RefusedError for a
    plan that does not fit any more.
    """
    document = _document(path)
    if document["format"] != FORMAT:
        raise RefusedError(
            f"{path} has plan format {document['format']!r}; this version applies {FORMAT}. Make the plan anew."
        )
    if document.get("checksum") != _checksum_of(document):
        raise RefusedError(
            f"{path} was changed after it was made: its checksum does not fit its content. Make the plan anew."
        )
    try:
        found = from_document(document)
        made_after = document["restored"]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        what = f"{error} is missing" if isinstance(error, KeyError) else "an entry has another shape"
        raise ConfigurationError(f"{path} is not a plan of this version: {what}. Make the plan anew.") from error
    if found.org_id != org_id:
        raise RefusedError(f"{path} was made for org {found.org_id}, but this is org {org_id}. Nothing is written.")
    if found.rules_hash != rules_hash:
        raise RefusedError(f"{path} was made with other rules or another mapping. Make the plan anew.")
    if made_after != restored:
        raise RefusedError(f"{path} was made before the store was restored from a backup. Make the plan anew.")
    _refuse_old(path, found.made_at, now, oldest)
    return found


def _refuse_old(path: Path, made_at: datetime, now: datetime, oldest: timedelta) -> None:
    made, limit = made_at.astimezone(UTC), oldest / timedelta(hours=1)
    if now - made_at > oldest:
        raise RefusedError(
            f"{path} is more than {limit:g} hours old: it was made at {made:%Y-%m-%d %H:%M} UTC. Make the plan anew."
        )
    if made_at - now > oldest:
        raise RefusedError(
            f"{path} was made at {made:%Y-%m-%d %H:%M} UTC, more than {limit:g} hours ahead of the org's clock. "
            "Make the plan anew."
        )


def _checksum_of(document: Mapping[str, Any]) -> str | None:
    """The checksum of a document; None where it holds what no text of ours can be."""
    try:
        return checksum(document)
    except UnicodeEncodeError:
        return None


def from_document(document: Mapping[str, Any]) -> Plan:
    """The plan of a document whose checksum was checked."""
    return Plan(
        org_id=document["org"],
        rules_hash=document["rules_hash"],
        as_of=datetime.fromisoformat(document["as_of"]),
        made_at=datetime.fromisoformat(document["made_at"]),
        watermarks=document["watermarks"],
        records=tuple(_record_of(entry) for entry in document["records"]),
        tasks=tuple(TaskCreation(**entry) for entry in document["tasks"]),
        starts=tuple(
            RunStart(**{**entry, "crossed_at": _instant(entry["crossed_at"])}) for entry in document["starts"]
        ),
        ends=tuple(RunEnd(**entry) for entry in document["ends"]),
        transitions=tuple(
            Transition(**{**entry, "happened_at": datetime.fromisoformat(entry["happened_at"])})
            for entry in document["transitions"]
        ),
        kept=tuple(Kept(**{**entry, "since": _instant(entry["since"])}) for entry in document["kept"]),
        withheld=tuple(Withheld(**entry) for entry in document["withheld"]),
        findings=tuple(
            Finding(entry["what"], entry["count"], entry["of"], entry["limit"], tuple(entry["examples"]))
            for entry in document["guard"]
        ),
        closings=tuple(_record_of(entry) for entry in document["closings"]),
        deletions=tuple(_deletion_of(entry) for entry in document["deletions"]),
        prospects=tuple(_prospect_of(entry) for entry in document["prospects"]),
        memberships=tuple(MembershipChange(**entry) for entry in document["memberships"]),
        refused=tuple(
            Refused(**{**entry, "fields": tuple(entry["fields"]), "since": datetime.fromisoformat(entry["since"])})
            for entry in document["refused"]
        ),
        waiting=tuple(Waiting(**entry) for entry in document["waiting"]),
        opportunities=tuple(OpportunityCreation(**entry) for entry in document["opportunities"]),
        undoes=document["undoes"],
        held=document["held"],
    )


def _deletion_of(entry: Mapping[str, Any]) -> TaskDeletion:
    seen, closed = _instant(entry["seen_modified_at"]), _changes_of(entry["or_closed"])
    return TaskDeletion(**{**entry, "seen_modified_at": seen, "or_closed": closed})


def _document(path: Path) -> dict[str, Any]:
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise ConfigurationError(f"{path} has {size >> 20:,} MiB: no plan is that large. Make the plan anew.")
        if not size:
            raise ConfigurationError(f"{path} is empty. `connector plan --save FILE` makes a plan file.")
        document = json.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise ConfigurationError(f"There is no plan file {path}.") from error
    except OSError as error:
        raise ConfigurationError(f"The plan file {path} cannot be read: {error.strerror}.") from error
    except json.JSONDecodeError as error:
        raise ConfigurationError(
            f"{path} is not a whole plan file (line {error.lineno}: {error.msg}). Make the plan anew."
        ) from error
    except (ValueError, RecursionError) as error:
        # The words of these quote the file, which may be any.
        raise ConfigurationError(f"{path} is not a whole plan file. Make the plan anew.") from error
    if not isinstance(document, dict) or "format" not in document:
        raise ConfigurationError(f"{path} is not a plan file. `connector plan --save FILE` makes one.")
    return document


def _record(entry: RecordChange) -> dict[str, Any]:
    return {
        "object": entry.object,
        "id": entry.record_id,
        "person": entry.person_id,
        "set": _set(entry.changes),
        "why": entry.why,
        "shared": entry.shared,
        "seen_modified_at": _text(entry.seen_modified_at),
        "same_second": entry.same_second,
    }


def _record_of(entry: Mapping[str, Any]) -> RecordChange:
    return RecordChange(
        entry["object"],
        entry["id"],
        entry["person"],
        _changes_of(entry["set"]),
        entry["why"],
        entry["shared"],
        _instant(entry["seen_modified_at"]),
        entry["same_second"],
    )


def _prospect(entry: ProspectChange) -> dict[str, Any]:
    return {
        "unit": entry.unit,
        "id": entry.record_id,
        "person": entry.person_id,
        "set": _set(entry.changes),
        "why": entry.why,
        "shared": entry.shared,
    }


def _prospect_of(entry: Mapping[str, Any]) -> ProspectChange:
    return ProspectChange(
        entry["unit"], entry["id"], entry["person"], _changes_of(entry["set"]), entry["why"], entry["shared"]
    )


def _set(changes: Iterable[FieldChange]) -> dict[str, list[PlainValue]]:
    return {change.field: [change.before, change.after] for change in changes}


def _changes_of(found: Mapping[str, Sequence[PlainValue]]) -> tuple[FieldChange, ...]:
    return tuple(FieldChange(field, before, after) for field, (before, after) in found.items())


def _text(instant: datetime | None) -> str | None:
    return None if instant is None else instant.astimezone(UTC).isoformat()


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
