"""A mass update by somebody else: many records of one object changed in one second."""

from __future__ import annotations

from connector.sandbox.clock import stamp
from connector.sandbox.context import Sandbox
from connector.sandbox.faults.held import stamp_column
from connector.sandbox.faults.model import Fault
from connector.sandbox.faults.others import definition_of, others_writing
from connector.sandbox.faults.register import FaultRegister


def update_many(fault: Fault, sandbox: Sandbox, register: FaultRegister) -> None:
    """Sets the columns of `values` and the stamps of the live records that were left alone for the longest time."""
    definition = definition_of(sandbox, fault.parameters["object"])
    now = stamp(sandbox.clock.now())
    column = stamp_column(definition)
    stamps = {name: now for name in (column, "LastModifiedDate") if name and definition.field(name)}
    values = {**stamps, **fault.parameters["values"]}
    deleted = next((name for name in ("IsDeleted", "isDeleted") if definition.field(name)), None)
    live = f'WHERE "{deleted}" IS NOT 1' if deleted else ""
    changes = ", ".join(f'"{name}" = ?' for name in values)
    chosen = (
        f'SELECT "{definition.key}" FROM "{definition.name}" {live} ORDER BY "{column}", "{definition.key}" LIMIT ?'
    )
    with others_writing(sandbox, register), sandbox.database.write() as connection:
        connection.execute(
            f'UPDATE "{definition.name}" SET {changes} WHERE "{definition.key}" IN ({chosen})',
            (*values.values(), fault.parameters["rows"]),
        )
