"""Rows of an import: each is matched with a prospect or makes one, by the same checks as every other write."""

from __future__ import annotations

import csv
import io
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from connector.sandbox.account_engagement import prospects, records
from connector.sandbox.account_engagement.bodies import checked_email
from connector.sandbox.account_engagement.refusals import RefusalError
from connector.sandbox.catalogue.model import FieldDef, ObjectDef
from connector.sandbox.context import Sandbox

MATCHES: Mapping[str, str] = {"matchId": "id", "matchSalesforceId": "salesforceId", "matchEmail": "email"}
LISTS = ("addToList", "removeFromList")
MOST_LISTS = 20
_FLAGS = {"true": True, "1": True, "false": False, "0": False}


@dataclass(frozen=True)
class Column:
    """How the cells of a column are written: over a value that is there, and whether a blank one erases it."""

    overwrite: bool = True
    null_overwrite: bool = True


@dataclass(frozen=True)
class ImportTerms:
    """What an import was created with."""

    create_on_no_match: bool = False
    restore_deleted: bool = False
    columns: Mapping[str, Column] = field(default_factory=dict)


@dataclass(frozen=True)
class Failed:
    """A row that was not taken, as it came in, and why."""

    row: Mapping[str, str]
    why: str


def rows_of(content: bytes, definition: ObjectDef) -> tuple[tuple[str, ...], list[dict[str, str]]]:
    """The header and the rows of a CSV file. 159 for what is none, 156 without rows, 130 for a wrong column."""
    try:
        found = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))
    except (csv.Error, UnicodeDecodeError):
        raise RefusalError(159) from None
    found = [row for row in found if row]
    if len(found) < 2:
        raise RefusalError(156)
    header = tuple(found[0])
    _check_header(header, definition)
    if any(len(row) != len(header) for row in found[1:]):
        raise RefusalError(159)
    return header, [dict(zip(header, row, strict=True)) for row in found[1:]]


def import_row(writing: records.Writing, terms: ImportTerms, row: Mapping[str, str]) -> bool:
    """Does what a row says; True when it made a prospect. RefusalError when it cannot be done."""
    match = next(name for name in MATCHES if name in row)
    number = _matched(writing, match, row[match])
    created = number is None
    if number is None:
        if row[match] and not terms.create_on_no_match:
            raise RefusalError(109)
        number = prospects.create_record(writing, _new(writing.definition, match, row))
    else:
        known = records.find(writing.connection, writing.definition, number)
        binned = records.is_binned(writing.definition, known)
        if binned and not terms.restore_deleted:
            raise RefusalError(219)
        values = _values(writing.definition, row, terms, known)
        prospects.update_record(writing, number, values, restore=binned)
    _join_lists(writing, number, row)
    return created


def _check_header(header: Sequence[str], definition: ObjectDef) -> None:
    if len(set(header)) != len(header) or sum(name in MATCHES for name in header) != 1:
        raise RefusalError(226)
    for name in header:
        found = definition.field(name)
        writable = found is not None and found.name == name and found.updateable
        if name not in MATCHES and name not in LISTS and not writable:
            raise RefusalError(130, name)


def _matched(writing: records.Writing, match: str, value: str) -> int | None:
    """The prospect that a match column names; None for a blank cell and for nobody."""
    if not value:
        return None
    if match == "matchEmail":
        return prospects.latest(writing.connection, checked_email(value), deleted=True)
    found = writing.connection.execute(
        f'SELECT "id" FROM "prospects" WHERE "{MATCHES[match]}" = ? '
        'ORDER BY "isDeleted" IS 1, "updatedAt" DESC LIMIT 1',
        (value,),
    ).fetchone()
    return None if found is None else int(found[0])


def _new(definition: ObjectDef, match: str, row: Mapping[str, str]) -> dict[str, Any]:
    own = {"email": row[match]} if match == "matchEmail" and row[match] else {}
    given = {name: _typed(definition, name, cell) for name, cell in row.items() if cell and _is_field(name)}
    return {**own, **given}


def _values(definition: ObjectDef, row: Mapping[str, str], terms: ImportTerms, known: sqlite3.Row) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, cell in row.items():
        if not _is_field(name):
            continue
        column = terms.columns.get(name, Column())
        if not column.overwrite and known[name] is not None:
            continue
        if cell or column.null_overwrite:
            values[name] = _typed(definition, name, cell) if cell else None
    return values


def _is_field(name: str) -> bool:
    return name not in MATCHES and name not in LISTS


def _typed(definition: ObjectDef, name: str, cell: str) -> Any:
    found = definition.field(name) or FieldDef(name)
    if found.type == "boolean":
        return _FLAGS.get(cell.lower(), cell)
    return cell


def _join_lists(writing: records.Writing, number: int, row: Mapping[str, str]) -> None:
    """Adds the prospect to lists and takes it off others. UNVERIFIED: several ids in a cell stand between `;`."""
    definition = writing.sandbox.account_engagement.object("list_memberships")
    if definition is None:
        return
    members = records.Writing(writing.connection, writing.sandbox, definition, writing.user)
    named = [(column, item.strip()) for column in LISTS for item in row.get(column, "").split(";") if item.strip()]
    if len(named) > MOST_LISTS:
        raise RefusalError(51, f"There are more than {MOST_LISTS} lists.")
    for column, item in named:
        _join(members, number, item, leave=column == "removeFromList")


def _join(members: records.Writing, prospect: int, list_id: str, *, leave: bool) -> None:
    connection = members.connection
    if not list_id.isdigit() or not records.exists(connection, "lists", int(list_id)):
        raise RefusalError(55)
    found = connection.execute(
        'SELECT "id", "isDeleted" FROM "list_memberships" WHERE "listId" = ? AND "prospectId" = ?',
        (int(list_id), prospect),
    ).fetchone()
    if found is None and not leave:
        members.insert({"listId": int(list_id), "prospectId": prospect})
    elif found is not None and bool(found[1]) is not leave:
        members.update(int(found[0]), {"isDeleted": int(leave)})


def failures_as_csv(header: Sequence[str], failed: Sequence[Failed]) -> bytes:
    """The rows that were not taken, with the reason in a last column. UNVERIFIED: the shape of this file."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*header, "error"])
    writer.writerows([*(one.row[name] for name in header), one.why] for one in failed)
    return text.getvalue().encode()


def write_row(sandbox: Sandbox, user: int, definition: ObjectDef, terms: ImportTerms, row: Mapping[str, str]) -> bool:
    """Does one row in a transaction of its own; True when it made a prospect."""
    with sandbox.database.write() as connection:
        return import_row(records.Writing(connection, sandbox, definition, user), terms, row)
