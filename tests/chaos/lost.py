"""Whether what the connector decided stands in the world: worked out again from its decisions and the world's truth."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from connector.domain.plan import TaskCreation
from connector.rules.fields import Fields, WriteField
from connector.store.database import Store
from connector.store.journal import unsettled
from tests.chaos.counts import Cell, Change, last_by

Row = Mapping[str, Any]
Truth = Mapping[str, Mapping[str, Row]]
"""By object and id: the record."""


def lost(
    store: Store, fields: Fields, truth: Truth, histories: Mapping[Cell, Sequence[Change]], ours: str
) -> list[str]:
    """Open intents, and fields in which what was decided does not stand although nothing forbids it.

    Reads `desired`, which the last cycle left behind. A person's own value stays, whatever we would have written, and
    what an undo has taken back is not written again.
    """
    found = [f"intent {one.number} on {one.object} {one.record} is still open" for one in unsettled(store)]
    rows = store.rows("SELECT object, record_id, score, grade, tier, stage, status, reason FROM desired")
    held = set(store.run("SELECT object, record_id, field, coalesce(value, '') FROM held"))
    for row in rows:
        record = truth.get(row["object"], {}).get(row["record_id"])
        if record is None or record.get("IsDeleted") or record.get("IsConverted"):
            continue
        for name, entry in fields.salesforce[row["object"]].write.items():
            if entry.value == "scored_at" or entry.value not in row:
                continue
            if _is_held(entry, row[entry.value], (row["object"], row["record_id"], name), held):
                continue
            history = histories.get((row["object"], row["record_id"], name), ())
            line = _missing(entry, row[entry.value], record[name], history, ours)
            if line:
                found.append(f"{row['object']} {row['record_id']} {name} {line}")
    return found


def lost_tasks(planned: Iterable[TaskCreation], known: Collection[str]) -> list[str]:
    """Tasks that were due in a quiet cycle and are nowhere."""
    return [f"task {task.key} was due and was never made" for task in planned if task.key not in known]


def forgotten(store: Store, known: Collection[str]) -> list[str]:
    """Tasks that count as made, and of which the world has never heard."""
    made = store.run("SELECT DISTINCT record FROM journal WHERE kind = 'task' AND outcome = 'done'")
    return [f"task {key} counts as made and was never there" for (key,) in made if key not in known]


def _missing(entry: WriteField, decided: Any, there: Any, history: Sequence[Change], ours: str) -> str | None:
    """What is wrong with a cell; None where it is as it must be."""
    wanted = entry.values.get(str(decided)) if entry.values is not None else decided
    if wanted is None or entry.policy == "never" or _same(wanted, there):
        return None
    last, _ = last_by(history, ours)
    by_somebody = last is not None and last.by != ours
    if entry.policy == "if_blank" and there not in {None, ""}:
        return None
    if entry.policy == "if_unchanged" and by_somebody:
        return None
    if entry.order and not _leads_on(entry, str(decided), wanted, there, last, ours):
        return None
    return f"is {there!r} and should be {wanted!r} ({entry.policy})"


def _is_held(entry: WriteField, decided: Any, cell: Cell, held: Collection[tuple[str, ...]]) -> bool:
    """Whether an undo has taken back just this value of ours."""
    wanted = entry.values.get(str(decided)) if entry.values is not None else decided
    return any(one[:3] == cell and _same(str(wanted), one[3]) for one in held)


def _leads_on(entry: WriteField, decided: str, wanted: Any, there: Any, last: Change | None, ours: str) -> bool:
    """Whether an ordered value may be written: forward, and the way back only from a `hot` of ours."""
    order = list(entry.order or ())
    from_ours = last is not None and last.by == ours and _same(last.after, there)
    if decided == "cold":
        return from_ours and entry.values is not None and there == entry.values.get("hot")
    place = order.index(there) if there in order else (-1 if there is None else len(order))
    return order.index(wanted) > place


def _same(ours: Any, theirs: Any) -> bool:
    if isinstance(ours, str) and isinstance(theirs, str):
        return ours.rstrip() == theirs.rstrip()
    if isinstance(ours, int | float) and isinstance(theirs, int | float):
        return float(ours) == float(theirs)
    return bool(ours == theirs)
