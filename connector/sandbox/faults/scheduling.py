"""Puts a plan of faults in force, and takes one out again."""

from __future__ import annotations

from connector.sandbox.context import Sandbox
from connector.sandbox.faults.document import DocumentError
from connector.sandbox.faults.held import stamp_column
from connector.sandbox.faults.model import Fault, Plan
from connector.sandbox.faults.others import begin_hiding, release
from connector.sandbox.faults.register import FaultRegister, fault_register, put_in_force
from connector.sandbox.faults.visibility import hidden_fields, narrowed, object_of


def schedule(sandbox: Sandbox, plan: Plan) -> FaultRegister | None:
    """Puts a plan in force in the place of the one before, whose held records are committed and shown first.

    An empty plan takes all faults away. Raises DocumentError, and changes nothing, for objects, fields or columns
    that are not there.
    """
    for fault in plan.faults:
        _check_objects(sandbox, fault)
    before = fault_register(sandbox)
    if before is not None:
        release(sandbox, before)
    if not plan.faults:
        put_in_force(sandbox, None)
        return None
    register = FaultRegister(plan)
    if plan.of_kind("hidden_fields"):
        register.catalogues = narrowed(sandbox, plan)
        for fault in plan.of_kind("hidden_fields"):
            register.add_fired(fault, len(fault.parameters["fields"]))
    begin_hiding(sandbox, register)
    put_in_force(sandbox, register)
    return register


def _check_objects(sandbox: Sandbox, fault: Fault) -> None:
    where = f"Fault {fault.number + 1} ({fault.kind})"
    match fault.kind:
        case "hidden_fields":
            hidden_fields(sandbox, fault)
        case "hidden_rows":
            object_of(sandbox, fault.parameters["object"], where)
        case "late_commit":
            for name in fault.parameters["objects"] or ():
                _stamped(sandbox, name, where)
        case "many_in_one_second":
            _stamped(sandbox, fault.parameters["object"], where)
            _check_columns(sandbox, fault, where)
        case _:
            pass


def _stamped(sandbox: Sandbox, name: str, where: str) -> None:
    definition = object_of(sandbox, name, where)
    if stamp_column(definition) is None:
        raise DocumentError(f"{where}: {definition.name} keeps no stamp of its changes: name another object.")


def _check_columns(sandbox: Sandbox, fault: Fault, where: str) -> None:
    definition = object_of(sandbox, fault.parameters["object"], where)
    for name in fault.parameters["values"]:
        field = definition.field(name)
        if field is None or not field.stored or field.derived or field.name == definition.key:
            raise DocumentError(f"{where}: {definition.name} has no column {name} that can be set.")
