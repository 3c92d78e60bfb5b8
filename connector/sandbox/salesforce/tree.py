"""Composite tree: up to 200 new records of one kind with their children, all or none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from connector.sandbox.catalogue.model import ObjectDef
from connector.sandbox.context import Sandbox
from connector.sandbox.routing import route
from connector.sandbox.salesforce import changes
from connector.sandbox.salesforce.payload import answer, answered, auto_assigns, definition_of, json_object, user_of
from connector.sandbox.salesforce.refused import RefusedError
from connector.sandbox.salesforce.writer import Writer, writing
from connector.sandbox.wire import Request, Response

_MOST_RECORDS = 200
_DEEPEST = 5


@dataclass(frozen=True)
class _Node:
    """One record of a tree: under which lookup of its parent it stands, and which records stand under it."""

    definition: ObjectDef
    reference: str
    fields: dict[str, Any]
    parent_field: str | None
    children: tuple[_Node, ...]

    def count(self) -> int:
        return 1 + sum(child.count() for child in self.children)


class _FailedError(Exception):
    """Undoes a tree of which some records were refused."""

    def __init__(self, refused: dict[str, RefusedError]) -> None:
        super().__init__("a record of the tree was refused")
        self.refused = refused


def create(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:
    """POST `{"records": [{"attributes": {"type", "referenceId"}, …}]}`: 201 with ids, or 400 and nothing created."""
    definition = definition_of(sandbox, groups["object"])
    roots = [_node(sandbox, entry, None, definition) for entry in _records(json_object(request))]
    if sum(root.count() for root in roots) > _MOST_RECORDS:
        message = f"record limit reached. cannot submit more than {_MOST_RECORDS} records"
        raise RefusedError("EXCEEDED_ID_LIMIT", message)
    try:
        with writing(sandbox, user_of(request, sandbox), auto_assign=auto_assigns(request)) as writer, writer.attempt():
            ids = _planted(writer, roots)
    except _FailedError as failed:
        results = [
            {"referenceId": name, "errors": [refusal.as_row_error()]} for name, refusal in failed.refused.items()
        ]
        return answer(request, 400, {"hasErrors": True, "results": results})
    results = [{"referenceId": name, "id": record} for name, record in ids.items()]
    return answer(request, 201, {"hasErrors": False, "results": results})


def _planted(writer: Writer, roots: list[_Node]) -> dict[str, str]:
    ids: dict[str, str] = {}
    refused: dict[str, RefusedError] = {}
    for node, parent in _walk(roots, None):
        above = {node.parent_field: ids[parent]} if node.parent_field and parent in ids else {}
        if parent in refused:
            continue
        try:
            ids[node.reference] = changes.insert(writer, node.definition, {**node.fields, **above}).id
        except RefusedError as refusal:
            refused[node.reference] = refusal
    if refused:
        raise _FailedError(refused)
    return ids


def _walk(nodes: list[_Node] | tuple[_Node, ...], parent: str | None) -> Iterator[tuple[_Node, str | None]]:
    """Every node after its parent, with the parent's reference."""
    for node in nodes:
        yield node, parent
        yield from _walk(node.children, node.reference)


def _records(body: Any) -> list[Any]:
    records = body.get("records") if isinstance(body, dict) else None
    if not isinstance(records, list) or not records:
        raise RefusedError("REQUIRED_FIELD_MISSING", "At least 1 record is required")
    return records


def _node(sandbox: Sandbox, entry: Any, parent: ObjectDef | None, definition: ObjectDef, depth: int = 1) -> _Node:
    attributes = entry.get("attributes") if isinstance(entry, dict) else None
    if not isinstance(attributes, dict) or not isinstance(attributes.get("referenceId"), str):
        raise RefusedError("INVALID_INPUT", "Include a reference ID and a type in the attributes of every record")
    if depth > _DEEPEST:
        raise RefusedError("INVALID_INPUT", f"A tree may not be deeper than {_DEEPEST} records")
    fields: dict[str, Any] = {}
    children: list[_Node] = []
    downwards = {name.lower(): child for name, child, _ in definition.children}
    for name, value in entry.items():
        child = downwards.get(name.lower())
        if child is not None and isinstance(value, dict) and "records" in value:
            below = definition_of(sandbox, child)
            children.extend(_node(sandbox, one, definition, below, depth + 1) for one in _records(value))
        elif name != "attributes":
            fields[name] = value
    field = next((link for _, child, link in parent.children if child == definition.name), None) if parent else None
    return _Node(definition, attributes["referenceId"], fields, field, tuple(children))


ROUTES = (route("POST", "/services/data/v{version}/composite/tree/{object}", answered(create), "salesforce"),)
