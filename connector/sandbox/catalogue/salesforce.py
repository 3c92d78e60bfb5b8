"""Salesforce's objects as one org has them, read from the tables in `objects/`.

`objects/<Object>.csv` has one field a row, in the order of a describe. Its columns:

- `size`: the length of text; `precision.scale` of double, currency and percent; the digits of int.
- `flags`: N nillable, C createable, U updateable, D defaulted on create, F filterable, X external id,
  Q unique, L usable as an id in look-ups, R restricted picklist, I has an index in the database.
- `references`: objects that a reference may point to, parted by spaces.
- `derived`: an SQLite expression over the same row.

Source: recorded describes (v59) of Account, Contact, Event, Lead, Opportunity and OpportunityContactRole; Salesforce's
object reference for the rest.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from importlib import resources

from connector.sandbox.catalogue.model import Catalogue, FieldDef, ObjectDef, PicklistValue, with_fields
from connector.sandbox.config import SandboxConfig

TASK_KEY = "Connector_Key__c"


def catalogue(config: SandboxConfig) -> Catalogue:
    """All objects of the org that `config` describes, with the custom fields that it has."""
    owners = {"org", "connector"} if config.custom_fields else {"org"}
    key = {"unique": config.unique_task_key and config.external_task_key, "external_id": config.external_task_key}
    return Catalogue(tuple(_object(row, owners, key) for row in _rows("objects")))


@cache
def cascades() -> frozenset[tuple[str, str]]:
    """(object, its reference field) of the records that are deleted and undeleted along with their parent."""
    return frozenset((row["child"], row["field"]) for row in _rows("children") if row["cascade"])


@cache
def undeletable() -> frozenset[str]:
    """Objects whose deleted records can be taken back out of the recycle bin."""
    return frozenset(row["name"] for row in _rows("objects") if "undelete" in row["allows"].split())


def _object(row: dict[str, str], owners: set[str], task_key: Mapping[str, bool]) -> ObjectDef:
    allows = set(row["allows"].split())
    stock = ObjectDef(
        name=row["name"],
        label=row["label"],
        fields=tuple(_field(entry) for entry in _rows(row["name"])),
        prefix=row["prefix"],
        label_plural=row["label_plural"],
        createable="create" in allows,
        updateable="update" in allows,
        deletable="delete" in allows,
        replicateable="replicate" in allows,
        children=tuple(
            (entry["relationship"], entry["child"], entry["field"])
            for entry in _rows("children")
            if entry["parent"] == row["name"]
        ),
    )
    return with_fields(stock, _custom_fields(row["name"], owners, task_key))


def _custom_fields(object_name: str, owners: set[str], task_key: Mapping[str, bool]) -> Iterator[FieldDef]:
    for row in _rows("custom_fields"):
        if row["object"] == object_name and row["owner"] in owners:
            entry = replace(_field(row), custom=True)
            if entry.name == TASK_KEY:
                entry = replace(entry, unique=task_key["unique"], external_id=task_key["external_id"])
            yield entry


def _field(row: dict[str, str]) -> FieldDef:
    whole, _, fraction = row["size"].partition(".")
    is_number = row["type"] in {"int", "double", "currency", "percent"}
    is_id = row["type"] in {"id", "reference"}
    flags = row["flags"]
    return FieldDef(
        name=row["name"],
        type=row["type"],
        label=row["label"],
        length=18 if is_id else 0 if is_number else int(whole or 0),
        precision=int(whole or 0) if is_number else 0,
        scale=int(fraction or 0),
        nillable="N" in flags,
        createable="C" in flags,
        updateable="U" in flags,
        defaulted="D" in flags,
        default=_default(row["type"], row.get("default", "")),
        filterable="F" in flags,
        external_id="X" in flags,
        unique="Q" in flags,
        id_lookup="L" in flags,
        restricted="R" in flags,
        values=_picklists().get(row["picklist"], ()),
        references=tuple(row.get("references", "").split()),
        relationship=row.get("relationship") or None,
        compound=row.get("compound") or None,
        derived=row.get("derived") or None,
        indexed="I" in flags,
    )


def _default(kind: str, text: str) -> str | int | None:
    if kind == "boolean":
        return int(text == "true")
    if kind in {"int", "currency"} and text:
        return int(text)
    return text or None


@cache
def _picklists() -> dict[str, tuple[PicklistValue, ...]]:
    found: dict[str, tuple[PicklistValue, ...]] = {}
    for row in _rows("picklists"):
        value = PicklistValue(row["value"], row["label"] or None, default=row["default"] == "yes")
        found[row["picklist"]] = (*found.get(row["picklist"], ()), value)
    return found


@cache
def _rows(table: str) -> tuple[dict[str, str], ...]:
    path = resources.files("connector.sandbox.catalogue") / "objects" / f"{table}.csv"
    return tuple(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
