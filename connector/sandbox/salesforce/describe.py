"""What the org's objects and fields are: global describe, and describe of one object."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from connector.sandbox.catalogue.model import ObjectDef
from connector.sandbox.catalogue.salesforce import cascades, undeletable
from connector.sandbox.context import Sandbox
from connector.sandbox.routing import route
from connector.sandbox.salesforce.describe_field import describe_field
from connector.sandbox.salesforce.payload import answer, answered, definition_of, resource, user_of
from connector.sandbox.salesforce.preconditions import http_date, moment_of
from connector.sandbox.salesforce.reading import environment
from connector.sandbox.salesforce.refused import RefusedError
from connector.sandbox.salesforce.setup import CHANGED_AT
from connector.sandbox.soql import execute
from connector.sandbox.wire import Request, Response

_PEOPLE_AND_DEALS = frozenset({"Account", "Contact", "Lead", "Opportunity", "Campaign"})
_ACTIVITIES = frozenset({"Task", "Event"})
_MERGEABLE = frozenset({"Account", "Contact", "Lead"})
_SETTINGS = frozenset({"Organization", "LeadStatus", "OpportunityStage"})
_SCOPES = (("everything", "All {plural}"), ("mine", "My {plural}"), ("team", "My team's {plural}"))
_MASTER_RECORD_TYPE = "012000000000000AAA"
_RECENT = 10


def describe_global(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:
    """GET sobjects: every object in short."""
    return _unless_known(
        request,
        sandbox,
        groups,
        lambda: {
            "encoding": "UTF-8",
            "maxBatchSize": 200,
            "sobjects": [summary(entry, groups) for entry in sorted(sandbox.salesforce, key=lambda entry: entry.name)],
        },
    )


def basic_information(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:
    """GET sobjects/X: the object in short, and its most recent records."""
    definition = definition_of(sandbox, groups["object"])
    where = environment(sandbox, user_of(request, sandbox), groups["version"])
    name = "Name, " if definition.field("Name") else ""
    recent = execute(
        f"SELECT {name}Id FROM {definition.name} ORDER BY SystemModstamp DESC, Id LIMIT {_RECENT}",
        where,
    )
    body = {"objectDescribe": summary(definition, groups), "recentItems": recent.page(0, _RECENT)}
    return answer(request, 200, body)


def describe_object(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:
    """GET sobjects/X/describe: the object with its fields and child relationships."""
    definition = definition_of(sandbox, groups["object"])
    return _unless_known(request, sandbox, groups, lambda: describe(sandbox, definition, groups))


def summary(definition: ObjectDef, groups: Mapping[str, str]) -> dict[str, Any]:
    """The 28 keys that global describe has of an object."""
    name = definition.name
    is_plain = name in _PEOPLE_AND_DEALS
    return {
        "activateable": False,
        "associateEntityType": None,
        "associateParentEntity": None,
        "createable": definition.createable,
        "custom": False,
        "customSetting": False,
        "deepCloneable": name in {"Opportunity", "Campaign"},
        "deletable": definition.deletable,
        "deprecatedAndHidden": False,
        "feedEnabled": name in {"Account", "Contact", "Lead", "Opportunity", "User"},
        "hasSubtypes": False,
        "isInterface": False,
        "isSubtype": False,
        "keyPrefix": definition.prefix,
        "label": definition.label,
        "labelPlural": definition.label_plural or definition.label,
        "layoutable": name not in _SETTINGS | {"OpportunityHistory", "Group"},
        "mergeable": name in _MERGEABLE,
        "mruEnabled": is_plain or name in _ACTIVITIES | {"User"},
        "name": name,
        "queryable": definition.queryable,
        "replicateable": definition.replicateable,
        "retrieveable": True,
        "searchable": is_plain or name in _ACTIVITIES | {"User"},
        "triggerable": name not in _SETTINGS | {"OpportunityHistory", "Group"},
        "undeletable": name in undeletable(),
        "updateable": definition.updateable,
        "urls": {
            "rowTemplate": resource(groups, "sobjects", name, "{ID}"),
            "describe": resource(groups, "sobjects", name, "describe"),
            "sobject": resource(groups, "sobjects", name),
        },
    }


def describe(sandbox: Sandbox, definition: ObjectDef, groups: Mapping[str, str]) -> dict[str, Any]:
    """The 45 keys of a full describe, in the order of the recorded ones."""
    more = {
        "actionOverrides": [],
        "childRelationships": child_relationships(sandbox, definition),
        "compactLayoutable": True,
        "defaultImplementation": None,
        "extendedBy": None,
        "extendsInterfaces": None,
        "fields": [describe_field(definition, field) for field in definition.fields],
        "implementedBy": None,
        "implementsInterfaces": None,
        "listviewable": None,
        "lookupLayoutable": None,
        "namedLayoutInfos": [],
        "networkScopeFieldName": None,
        "recordTypeInfos": [_master_record_type(definition, groups)],
        "searchLayoutable": definition.name in _PEOPLE_AND_DEALS | _ACTIVITIES | {"User"},
        "sobjectDescribeOption": "FULL",
        "supportedScopes": _scopes(definition),
    }
    return dict(sorted({**summary(definition, groups), **more}.items()))


def child_relationships(sandbox: Sandbox, definition: ObjectDef) -> list[dict[str, Any]]:
    """Every lookup that points to the object, by child and field; with a name where SOQL can go down by it."""
    names = {(child, field): name for name, child, field in definition.children}
    pointing = sorted(
        (child.name, field.name)
        for child in sandbox.salesforce
        for field in child.fields
        if definition.name in field.references
    )
    return [
        {
            "cascadeDelete": (child, field) in cascades(),
            "childSObject": child,
            "deprecatedAndHidden": False,
            "field": field,
            "junctionIdListNames": [],
            "junctionReferenceTo": [],
            "relationshipName": names.get((child, field)),
            "restrictedDelete": False,
        }
        for child, field in pointing
    ]


def _scopes(definition: ObjectDef) -> list[dict[str, str]]:
    plural = (definition.label_plural or definition.label).lower()
    owned = definition.field("OwnerId") is not None
    return [{"label": label.format(plural=plural), "name": name} for name, label in (_SCOPES if owned else _SCOPES[:1])]


def _master_record_type(definition: ObjectDef, groups: Mapping[str, str]) -> dict[str, Any]:
    layout = resource(groups, "sobjects", definition.name, "describe", "layouts", _MASTER_RECORD_TYPE)
    return {
        "active": True,
        "available": True,
        "defaultRecordTypeMapping": True,
        "developerName": "Master",
        "master": True,
        "name": "Master",
        "recordTypeId": _MASTER_RECORD_TYPE,
        "urls": {"layout": layout},
    }


def _unless_known(request: Request, sandbox: Sandbox, groups: Mapping[str, str], body: Any) -> Response:
    """The body, or 304 when the client has the org's metadata as of its last change.

    The last change was a day before the world's start, unless somebody has changed a field since (see setup.py).
    """
    changed_at = sandbox.open_state.get(CHANGED_AT) or sandbox.config.start - timedelta(days=1)
    tag = hashlib.sha256(f"{changed_at} {sandbox.config.custom_fields} {groups['version']}".encode()).hexdigest()[:8]
    headers = {"ETag": f'"{tag}"', "Last-Modified": http_date(changed_at)}
    since = request.headers.get("if-modified-since")
    try:
        if since is not None and changed_at.replace(microsecond=0) <= moment_of("If-Modified-Since", since):
            return Response(304, headers=headers, content_type=None)
    except RefusedError:
        return answer(request, 200, body(), headers)
    return answer(request, 200, body(), headers)


_BASE = "/services/data/v{version}/sobjects"
ROUTES = (
    route("GET", _BASE, answered(describe_global), "salesforce"),
    route("GET", _BASE + "/{object}", answered(basic_information), "salesforce"),
    route("GET", _BASE + "/{object}/describe", answered(describe_object), "salesforce"),
)
