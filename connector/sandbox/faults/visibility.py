"""Fields that the user may not see: the sandbox as its calls find it, with narrower objects over the same data."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

from connector.sandbox.catalogue.model import Catalogue, FieldDef, ObjectDef
from connector.sandbox.context import Sandbox
from connector.sandbox.faults.document import DocumentError
from connector.sandbox.faults.model import Fault, Plan

_ALWAYS_SEEN = frozenset({"isDeleted", "createdAt", "updatedAt"})
"""Of Account Engagement's objects, which say of no field that it must have a value."""

Hidden = dict[str, set[str]]
"""Names of hidden fields by the object's name, both in API case."""


def hidden_fields(sandbox: Sandbox, fault: Fault) -> tuple[ObjectDef, tuple[FieldDef, ...]]:
    """The object and the fields that a fault hides. Raises DocumentError for what is not there or must be seen."""
    where = f"Fault {fault.number + 1} ({fault.kind})"
    definition = object_of(sandbox, fault.parameters["object"], where)
    found = []
    for name in fault.parameters["fields"]:
        field = definition.field(name)
        if field is None:
            raise DocumentError(f"{where}: {definition.name} has no field {name}.")
        if not _can_be_hidden(field):
            raise DocumentError(f"{where}: {definition.name}.{field.name} is always visible: name another field.")
        found.append(field)
    return definition, tuple(found)


def object_of(sandbox: Sandbox, name: str, where: str) -> ObjectDef:
    """An object of either system by its name in any case. Raises DocumentError when there is none."""
    found = sandbox.salesforce.object(name) or sandbox.account_engagement.object(name)
    if found is None:
        raise DocumentError(f"{where}: there is no object {name}: GET /_sandbox/truth lists them.")
    return found


def narrowed(sandbox: Sandbox, plan: Plan) -> tuple[Catalogue, Catalogue]:
    """Salesforce's and Account Engagement's objects without the fields that the plan hides."""
    hidden: Hidden = defaultdict(set)
    for fault in plan.of_kind("hidden_fields"):
        definition, fields = hidden_fields(sandbox, fault)
        hidden[definition.name] |= {field.name for field in fields}
    return _without(sandbox.salesforce, hidden), _without(sandbox.account_engagement, hidden)


def as_the_user_sees_it(sandbox: Sandbox, catalogues: tuple[Catalogue, Catalogue] | None) -> Sandbox:
    """The same sandbox, time, data and state, with these objects."""
    if catalogues is None:
        return sandbox
    salesforce, account_engagement = catalogues
    return replace(sandbox, salesforce=salesforce, account_engagement=account_engagement)


def _without(catalogue: Catalogue, hidden: Hidden) -> Catalogue:
    return Catalogue(tuple(_narrow(entry, hidden.get(entry.name, set())) for entry in catalogue))


def _narrow(definition: ObjectDef, names: set[str]) -> ObjectDef:
    if not names:
        return definition
    seen = tuple(field for field in definition.fields if field.name not in names)
    unseen = tuple(field for field in definition.fields if field.name in names)
    return replace(definition, fields=seen, unseen=unseen)


def _can_be_hidden(field: FieldDef) -> bool:
    """Salesforce lets an administrator hide what a record can do without: no ids, stamps, or required fields."""
    if field.name in _ALWAYS_SEEN:
        return False
    return field.nillable or (field.type == "boolean" and field.createable)
