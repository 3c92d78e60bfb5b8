"""Which object a file holds, by its name and its columns; which field a column is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from connector.sandbox.catalogue.model import Catalogue, FieldDef, ObjectDef

_AROUND = re.compile(r"(?:pardot|salesforce|sfdc)?(.*?)(?:data|export|extract)?")

_ENGAGEMENT_ALIASES: Mapping[str, str] = MappingProxyType(
    {
        "fivetrandeleted": "isDeleted",
        "crmleadfid": "salesforceLeadId",
        "crmcontactfid": "salesforceContactId",
        "crmaccountfid": "salesforceAccountId",
        "crmownerfid": "salesforceOwnerId",
        "crmfid": "salesforceId",
        "crmurl": "salesforceUrl",
        "crmlastsync": "salesforceLastSync",
        "createddate": "createdAt",
        "createdon": "createdAt",
        "updateddate": "updatedAt",
        "updatedon": "updatedAt",
        "lastactivity": "lastActivityAt",
        "lastactivitydate": "lastActivityAt",
        "emailaddress": "email",
        "address1": "addressOne",
        "address2": "addressTwo",
        "zipcode": "zip",
        "postalcode": "zip",
        "donotemail": "isDoNotEmail",
        "donotcall": "isDoNotCall",
        "unsubscribed": "optedOut",
        "prospectgrade": "grade",
        "prospectscore": "score",
    }
)
"""Names of v3/v4, of exports from the screen, and of extraction tools, without case and signs."""

_SALESFORCE_ALIASES: Mapping[str, str] = MappingProxyType({"fivetrandeleted": "IsDeleted"})


def bare(name: str) -> str:
    """A name without case and signs: `Created At`, `created_at` and `createdAt` are one."""
    return re.sub(r"[\W_]", "", name.lower())


def find_object(stem: str, header: Sequence[str], salesforce: Catalogue, engagement: Catalogue) -> ObjectDef | None:
    """The object that a file holds: `Lead`, `Leads`, `prospects`, `pardot_visitor_activity_data`.

    Where both systems have one of that name, the one of which the header names more fields; in a tie, the
    plural is Account Engagement's.
    """
    found = [*_named(stem, salesforce), *_named(stem, engagement)]
    if not found:
        return None
    plural = bare(stem).endswith("s") or bare(stem).startswith("pardot")

    def fitness(definition: ObjectDef) -> tuple[int, bool]:
        known = sum(find_field(definition, name) is not None for name in header)
        return known, (definition.key == "id") == plural

    return max(found, key=fitness)


def _named(stem: str, catalogue: Catalogue) -> list[ObjectDef]:
    match = _AROUND.fullmatch(bare(stem).rstrip("0123456789"))
    sought = {bare(stem), match[1] if match else ""}
    return [entry for entry in catalogue if sought & set(_spellings(entry))]


def _spellings(definition: ObjectDef) -> Iterable[str]:
    name = bare(definition.name)
    yield name
    if definition.key == "id":
        yield name[:-3] + "y" if name.endswith("ies") else name.removesuffix("s")
    else:
        yield name[:-1] + "ies" if name.endswith("y") else name + "s"


def find_field(definition: ObjectDef, column: str) -> FieldDef | None:
    """The field that a column holds, by API name in any case, else without signs, an alias, or its label."""
    exact = definition.field(column)
    if exact is not None:
        return exact
    sought = bare(column)
    engagement = definition.key == "id"
    alias = (_ENGAGEMENT_ALIASES if engagement else _SALESFORCE_ALIASES).get(sought)
    if alias is not None:
        return definition.field(alias)
    if sought == bare(definition.label) + "id":
        return definition.field(definition.key)
    by_name = next((entry for entry in definition.fields if bare(entry.name) == sought), None)
    if by_name is not None:
        return by_name
    labels = (entry for entry in definition.fields if entry.label and bare(entry.label) == sought)
    return next(labels, None)


def custom_name(column: str, position: int) -> str:
    """The API name of the custom field that an unknown column becomes; `position` counts columns from 1."""
    plain = column[:-3] if column.lower().endswith("__c") else column
    words = re.sub(r"_+", "_", re.sub(r"[^0-9A-Za-z]", "_", plain)).strip("_")
    if not words:
        return f"Column_{position}__c"
    return f"{words if words[0].isalpha() else 'X' + words}__c"


def left_out(definition: ObjectDef, column: str, found: FieldDef | None) -> str | None:
    """Why a column is not loaded, or None when it is: as a known field, or as a new custom one."""
    if found is not None:
        if found.derived is not None:
            return "computed from other fields"
        return None if found.stored else "a compound of other fields"
    if column.startswith("_"):
        return "bookkeeping of the tool that made the file"
    if "." in column:
        return "a field of another record"
    if definition.key == "id" and definition.name != "prospects":
        return f"unknown, and {definition.name} cannot have custom fields"
    if definition.key == "Id" and not definition.createable:
        return f"unknown, and {definition.name} cannot have custom fields"
    return None
