"""What other people do in the org while faults stand: committed late, or to records that the user cannot see."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta

from connector.sandbox.catalogue.model import ObjectDef
from connector.sandbox.clock import instant, stamp
from connector.sandbox.context import Sandbox
from connector.sandbox.faults.held import Held, Place, Record, put_record, read_record, stamp_column
from connector.sandbox.faults.model import Fault, chance
from connector.sandbox.faults.register import FaultRegister
from connector.sandbox.faults.watch import begin_watch, end_watch


@contextmanager
def others_writing(sandbox: Sandbox, register: FaultRegister) -> Iterator[None]:
    """Within it the records are as they truly are; after it, as readers may see them. All in one transaction."""
    objects = kept_back(sandbox, register)
    if not objects:
        yield
        return
    with sandbox.database.write() as connection:
        previous = register.held.all()
        _restore(sandbox, connection, previous)
        begin_watch(connection, objects)
        yield
        changed = end_watch(connection, objects)
        _hold(sandbox, register, connection, previous, changed)


def begin_hiding(sandbox: Sandbox, register: FaultRegister) -> None:
    """Takes the records out of sight that are hidden from the start."""
    faults = register.plan.of_kind("hidden_rows")
    if not faults:
        return
    with sandbox.database.write() as connection:
        held: dict[Place, Held] = {}
        for fault in faults:
            definition = definition_of(sandbox, fault.parameters["object"])
            for key in _hidden_keys(register, fault, connection, definition):
                held[definition.name, key] = Held(None, read_record(connection, definition, key), None)
                put_record(connection, definition, key, None)
            register.add_fired(fault, sum(name == definition.name for name, _ in held))
        register.held.replace(held)


def commit_due(sandbox: Sandbox, register: FaultRegister) -> None:
    """Commits what others changed whose time has come."""
    due = register.held.next_due
    if due is None or due > stamp(sandbox.clock.now()):
        return
    with sandbox.database.write() as connection:
        now = stamp(sandbox.clock.now())
        held = register.held.all()
        ripe = {place: entry for place, entry in held.items() if entry.until is not None and entry.until <= now}
        _restore(sandbox, connection, ripe)
        register.held.replace({place: entry for place, entry in held.items() if place not in ripe})


def release(sandbox: Sandbox, register: FaultRegister) -> None:
    """Commits and shows everything that is kept back."""
    if register.held.all():
        with sandbox.database.write() as connection:
            _restore(sandbox, connection, register.held.all())
            register.held.replace({})


def kept_back(sandbox: Sandbox, register: FaultRegister) -> list[ObjectDef]:
    """The objects of which records may be kept back."""
    found: dict[str, ObjectDef] = {}
    for fault in _of_late_kinds(register):
        found |= {definition.name: definition for definition in late_objects(sandbox, fault)}
    for fault in register.plan.of_kind("hidden_rows"):
        definition = definition_of(sandbox, fault.parameters["object"])
        found[definition.name] = definition
    return list(found.values())


def late_objects(sandbox: Sandbox, fault: Fault) -> list[ObjectDef]:
    """The objects whose changes are seen late: those of a cache, the named ones, else Salesforce's with a stamp."""
    if fault.kind == "stale_reads":
        return [definition for definition in sandbox.account_engagement if _since_column(definition) is not None]
    names: list[str] | None = fault.parameters["objects"]
    if names is None:
        return [definition for definition in sandbox.salesforce if stamp_column(definition) is not None]
    return [definition_of(sandbox, name) for name in names]


def reads_are_stale(register: FaultRegister) -> bool:
    """Whether Account Engagement answers from a cache, which does not show anybody's own writes either."""
    return bool(register.plan.of_kind("stale_reads"))


def _of_late_kinds(register: FaultRegister) -> tuple[Fault, ...]:
    return (*register.plan.of_kind("late_commit"), *register.plan.of_kind("stale_reads"))


def definition_of(sandbox: Sandbox, name: str) -> ObjectDef:
    """An object of either system. Raises LookupError when there is none."""
    found = sandbox.salesforce.object(name) or sandbox.account_engagement.object(name)
    if found is None:
        raise LookupError(name)
    return found


def _restore(sandbox: Sandbox, connection: sqlite3.Connection, held: Mapping[Place, Held]) -> None:
    for (name, key), entry in held.items():
        put_record(connection, definition_of(sandbox, name), key, entry.true)


def _hold(
    sandbox: Sandbox,
    register: FaultRegister,
    connection: sqlite3.Connection,
    previous: Mapping[Place, Held],
    changed: Mapping[Place, Record | None],
) -> None:
    """Keeps back what is not committed at the world's time or not to be seen, of the records that may be either."""
    now = stamp(sandbox.clock.now())
    held: dict[Place, Held] = {}
    for place in {**previous, **changed}:
        definition = definition_of(sandbox, place[0])
        true = read_record(connection, definition, place[1])
        shown = previous[place].shown if place in previous else changed[place]
        if true is not None and _is_hidden(register, place):
            held[place] = Held(None, true, None)
        elif true != shown:
            since = previous[place].until if place in previous and place not in changed else None
            until = since or _until(register, sandbox, definition, place[1], true, now)
            if until is not None and until > now:
                held[place] = Held(shown, true, until)
        if place in held:
            put_record(connection, definition, place[1], held[place].shown)
    register.held.replace(held)


def _since_column(definition: ObjectDef) -> str | None:
    """The column that says since when a record is as it is; of those that never change, since when it is."""
    return stamp_column(definition) or ("createdAt" if definition.field("createdAt") is not None else None)


def _until(
    register: FaultRegister, sandbox: Sandbox, definition: ObjectDef, key: str | int, true: Record | None, now: str
) -> str | None:
    """When a change is committed; None when it was at once."""
    column = _since_column(definition)
    changed_at = str((true or {}).get(column or "") or now)
    for fault in _of_late_kinds(register):
        covered = any(entry.name == definition.name for entry in late_objects(sandbox, fault))
        if covered and chance(register.plan.seed, fault, str(key)) < fault.parameters["share"]:
            until = stamp(instant(changed_at) + timedelta(seconds=fault.parameters["seconds"]))
            register.add_fired(fault, int(until > now))
            return until
    return None


def _is_hidden(register: FaultRegister, place: Place) -> bool:
    return any(
        fault.parameters["object"].lower() == place[0].lower() and _hides(register, fault, place[1])
        for fault in register.plan.of_kind("hidden_rows")
    )


def _hides(register: FaultRegister, fault: Fault, key: str | int) -> bool:
    ids: list[str] | None = fault.parameters["ids"]
    if ids is not None:
        return str(key)[:15] in {entry[:15] for entry in ids}
    return chance(register.plan.seed, fault, str(key)) < float(fault.parameters["share"])


def _hidden_keys(
    register: FaultRegister, fault: Fault, connection: sqlite3.Connection, definition: ObjectDef
) -> Iterable[str | int]:
    keys = [row[0] for row in connection.execute(f'SELECT "{definition.key}" FROM "{definition.name}"')]
    return [key for key in keys if _hides(register, fault, key)]
