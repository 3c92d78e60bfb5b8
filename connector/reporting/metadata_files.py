"""The custom fields that an org lacks, and the rights that the connector needs, as files that can be deployed.

Source format of Salesforce DX (developer.salesforce.com, Metadata API: CustomField, PermissionSet): a file a field, one
permission set, one project file. Custom fields of tasks are fields of Activity.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from xml.sax.saxutils import escape

from connector.reporting.live_names import KEY_LENGTH, TASK_KEY
from connector.rules.fields import Fields, WriteField
from connector.salesforce.org_shown import OrgShown

API_VERSION = "62.0"
PERMISSION_SET = "Connector"
_ROOT = "force-app/main/default"
_NAMESPACE = "http://soap.sforce.com/2006/04/metadata"


@dataclass(frozen=True)
class Shape:
    """What a new field is: the type of the Metadata API, its size, and what it is called in both languages."""

    type: str
    label: tuple[str, str]
    about: tuple[str, str]
    length: int | None = None
    precision: int | None = None
    external_id: bool = False


SHAPES: Mapping[str, Shape] = MappingProxyType(
    {
        "score": Shape("Number", ("スコア", "Connector Score"), ("現在のスコア", "The score"), precision=6),
        "grade": Shape(
            "Text", ("グレード", "Connector Grade"), ("属性の評価（F〜A+）", "How well they fit, F to A+"), 2
        ),
        "tier": Shape("Text", ("ティア", "Connector Tier"), ("企業のティアのID", "The id of the company's tier"), 20),
        "stage": Shape("Text", ("ステージ", "Connector Stage"), ("ステージのID", "The id of the stage"), 40),
        "status": Shape(
            "Text", ("ステータス", "Connector Status"), ("ステージの呼び名", "The stage in your words"), 255
        ),
        "reason": Shape("Text", ("判定理由", "Connector Reason"), ("判定の根拠", "What the decision rests on"), 255),
        "scored_at": Shape(
            "DateTime", ("判定日時", "Connector Scored At"), ("最後に判定した日時", "When it was decided")
        ),
    }
)
"""What each of our values needs (docs/fields.md has the same table)."""
TASK_KEY_SHAPE = Shape(
    "Text", ("連携キー", "Connector Key"), ("ToDoの重複を防ぐキー", "Keeps tasks from being made twice"), KEY_LENGTH,
    external_id=True,
)  # fmt: skip


OPPORTUNITY_KEY_SHAPE = replace(
    TASK_KEY_SHAPE, about=("商談の重複を防ぐキー", "Keeps opportunities from being made twice")
)


@dataclass(frozen=True)
class MissingField:
    """A field to be made; `object` as describe names it."""

    object: str
    name: str
    shape: Shape


def with_shipped(mapping: Fields, shipped: Fields) -> Fields:
    """The mapping, with the shipped fields for those of our values that it does not write: a first mapping leaves them
    out until the fields are there."""
    whole = mapping.model_dump()
    for name, entry in shipped.salesforce.items():
        if name in mapping.salesforce:
            values = {write.value for write in mapping.salesforce[name].write.values()}
            more = {field: write.model_dump() for field, write in entry.write.items() if write.value not in values}
            whole["salesforce"][name]["write"] |= {field: one for field, one in more.items() if field.endswith("__c")}
    return Fields.model_validate(whole)


def missing_fields(mapping: Fields, org: OrgShown) -> list[MissingField]:
    """The custom fields that the mapping writes, and the key of tasks, as far as the org does not show them.

    Fields that are only read are not among them: a missing one is more likely a wrong name.
    """
    found = []
    for name, entry in mapping.salesforce.items():
        shown = org.descriptions.get(name)
        for field, write in entry.write.items():
            shape = SHAPES.get(write.value)
            if shape is not None and field.endswith("__c") and (shown is None or shown.field(field) is None):
                found.append(MissingField(name, field, _sized(shape, write)))
    task = org.descriptions.get("Task")
    if "Task" in mapping.salesforce and (task is None or task.field(TASK_KEY) is None):
        found.append(MissingField("Task", TASK_KEY, TASK_KEY_SHAPE))
    rule, deal = mapping.deals_made, org.descriptions.get("Opportunity")
    if rule is not None and (deal is None or deal.field(rule.key_field) is None):
        found.append(MissingField("Opportunity", rule.key_field, OPPORTUNITY_KEY_SHAPE))
    return found


def _sized(shape: Shape, write: WriteField) -> Shape:
    """The same for words of the org's own, which may be longer than ours."""
    if not write.values:
        return shape
    longest = max(len(word) for word in write.values.values())
    return Shape("Text", shape.label, shape.about, max(longest, shape.length or 0))


def metadata_files(mapping: Fields, org: OrgShown) -> dict[str, str]:
    """Every file by its path in the folder: missing fields, the permission set, the project, and how to deploy."""
    files = {_field_path(one): _field_file(one) for one in missing_fields(mapping, org)}
    files[f"{_ROOT}/permissionsets/{PERMISSION_SET}.permissionset-meta.xml"] = permission_set(mapping, org)
    files["sfdx-project.json"] = _project()
    files["README.md"] = _README
    return files


def _field_path(one: MissingField) -> str:
    folder = "Activity" if one.object == "Task" else one.object
    return f"{_ROOT}/objects/{folder}/fields/{one.name}.field-meta.xml"


def _field_file(one: MissingField) -> str:
    shape = one.shape
    parts: list[tuple[str, str]] = [
        ("fullName", one.name),
        ("description", " / ".join(shape.about)),
        ("externalId", _yes(shape.external_id)),
        ("label", " ".join(shape.label)),
    ]
    if shape.length is not None:
        parts.append(("length", str(shape.length)))
    if shape.precision is not None:
        parts += [("precision", str(shape.precision)), ("scale", "0")]
    parts += [("required", "false"), ("type", shape.type)]
    if shape.type == "Text":
        parts.append(("unique", _yes(shape.external_id)))
        parts += [("caseSensitive", "true")] if shape.external_id else []
    return _document("CustomField", [_element(name, text, 1) for name, text in sorted(parts)])


@dataclass(frozen=True)
class Rights:
    """What the connector may do with an object, and which of its fields it reads only or edits."""

    object: str
    create: bool
    edit: bool
    fields: Mapping[str, bool]
    """Custom fields, and standard ones that can be hidden → whether they are edited."""


def rights(mapping: Fields, org: OrgShown) -> list[Rights]:
    """The least rights that the mapping takes, by object. Read on all; edit where something is written."""
    found = []
    for mapped in mapping.streams:
        name = mapped.stream.object
        if mapped.stream.remote != "salesforce" or name in _WITHOUT_RIGHTS:
            continue
        written = {field for field, write in mapping.salesforce[name].write.items() if write.policy != "never"}
        edited = written | (_edited_of_tasks(mapping) if name == "Task" else set())
        is_made = name == "Task" or (name == "Opportunity" and mapping.deals_made is not None)
        edited |= _edited_of_deals(mapping) if name == "Opportunity" else set()
        fields = {
            field: field in edited for field in (*mapped.fields, *sorted(edited)) if _can_be_given(org, name, field)
        }
        found.append(Rights(name, is_made, bool(edited), MappingProxyType(fields)))
    return found


def _edited_of_tasks(mapping: Fields) -> set[str]:
    """The fields of tasks that are set when one is made or closed, and that can be hidden."""
    note = {mapping.tasks.note_field} if mapping.tasks.note_field is not None else set()
    return {TASK_KEY, "Description", "Type", "WhoId", "WhatId", *note}


def _edited_of_deals(mapping: Fields) -> set[str]:
    """The fields of opportunities that are set when one is made, and that can be hidden."""
    rule = mapping.deals_made
    if rule is None:
        return set()
    return {rule.key_field, "AccountId", "ContactId", *(["Amount"] if rule.amount is not None else [])}


_WITHOUT_RIGHTS = frozenset(
    {"User", "Group", "LeadStatus", "OpportunityStage", "Organization", "OpportunityContactRole", "OpportunityHistory"}
    | {"CampaignMember"}
)
"""Objects that every user of the API may read, or that come with their parent."""
_ACTIVITIES = frozenset({"Task", "Event"})
"""Objects whose rights are no object permissions of their own: they come with Edit Tasks and with reading people."""


def _can_be_given(org: OrgShown, name: str, field: str) -> bool:
    """Whether a permission set may name a field: a deployment with one that cannot be hidden fails."""
    if "." in field:
        return False
    shown = org.descriptions.get(name)
    known = None if shown is None else shown.field(field)
    return field.endswith("__c") if known is None else known.permissionable


def permission_set(mapping: Fields, org: OrgShown) -> str:
    """The permission set: exactly what the mapping reads and writes, no delete, no Modify All."""
    given = rights(mapping, org)
    blocks = [
        _element("description", "連携ユーザーの最小権限 / The least rights of the integration user", 1),
        *_field_rights(given),
        _element("hasActivationRequired", "false", 1),
        _element("label", "Connector", 1),
        *_object_rights(given),
        *(_block("userPermissions", (("enabled", "true"), ("name", name))) for name in user_permissions(mapping)),
    ]
    return _document("PermissionSet", blocks)


USER_PERMISSIONS = ("ApiEnabled", "EditTask")
"""What every mapping takes."""
_TRANSFERS = MappingProxyType({"Lead": "TransferAnyLead", "Contact": "TransferAnyEntity"})
"""What giving the records of others to somebody takes besides."""


def user_permissions(mapping: Fields) -> tuple[str, ...]:
    """The rights that belong to no object, by the names of the Metadata API."""
    given = [
        right
        for name, right in _TRANSFERS.items()
        if name in mapping.salesforce
        and any(one.value == "owner" and one.policy != "never" for one in mapping.salesforce[name].write.values())
    ]
    return tuple(sorted((*USER_PERMISSIONS, *given)))


def _field_rights(given: Sequence[Rights]) -> Iterator[str]:
    for one in sorted(given, key=lambda entry: entry.object):
        for field, edited in sorted(one.fields.items()):
            parts = (("editable", _yes(edited)), ("field", f"{one.object}.{field}"), ("readable", "true"))
            yield _block("fieldPermissions", parts)


def _object_rights(given: Iterable[Rights]) -> Iterator[str]:
    for one in sorted(given, key=lambda entry: entry.object):
        if one.object in _ACTIVITIES:
            continue
        parts = (
            ("allowCreate", _yes(one.create)),
            ("allowDelete", "false"),
            ("allowEdit", _yes(one.edit)),
            ("allowRead", "true"),
            ("modifyAllRecords", "false"),
            ("object", one.object),
            ("viewAllRecords", "true"),
        )
        yield _block("objectPermissions", parts)


def _project() -> str:
    project = {"packageDirectories": [{"path": "force-app", "default": True}], "sourceApiVersion": API_VERSION}
    return json.dumps(project, indent=2) + "\n"


_README = f"""\
Look at the files, then deploy them: `sf project deploy start --source-dir force-app --target-org YOUR_ORG`
Then give the integration user its rights: `sf org assign permset --name {PERMISSION_SET} --on-behalf-of USERNAME`
"""


def _document(kind: str, blocks: Iterable[str]) -> str:
    inside = "".join(blocks)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{kind} xmlns="{_NAMESPACE}">\n{inside}</{kind}>\n'


def _block(name: str, parts: Iterable[tuple[str, str]]) -> str:
    inside = "".join(_element(part, text, 2) for part, text in parts)
    return f"    <{name}>\n{inside}    </{name}>\n"


def _element(name: str, text: str, depth: int) -> str:
    return f"{'    ' * depth}<{name}>{escape(text)}</{name}>\n"


def _yes(said: bool) -> str:
    return "true" if said else "false"
