"""Rows of files as rows of tables: checked, stamped, with an id each."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from connector.sandbox.catalogue.model import FieldDef, ObjectDef
from connector.sandbox.context import Sandbox
from connector.sandbox.ids import record_id
from connector.sandbox.loading.cells import CellError, DanglingError, Parse, own_id, own_number, parser
from connector.sandbox.loading.files import Record, records
from connector.sandbox.loading.report import FileReport, LoadReport, Refused
from connector.sandbox.loading.scan import FileScan
from connector.sandbox.loading.sequences import raise_sequence

_BATCH = 5_000
_BY_THE_USER = ("CreatedById", "LastModifiedById", "OwnerId")
_STAMPS: Mapping[str, tuple[str, ...]] = {
    "CreatedDate": ("LastModifiedDate", "SystemModstamp"),
    "LastModifiedDate": ("SystemModstamp", "CreatedDate"),
    "SystemModstamp": ("LastModifiedDate", "CreatedDate"),
    "createdAt": ("updatedAt", "sentAt"),
    "updatedAt": ("createdAt",),
}
"""Where a stamp that a file lacks comes from, in this order."""


@dataclass(frozen=True)
class _Cell:
    index: int
    position: int
    field: FieldDef
    parse: Parse


class TableRows:
    """Takes the rows of one object's files. It must live within one write transaction.

    `newest` is the latest stamp among the rows taken, or None.
    """

    def __init__(
        self, sandbox: Sandbox, connection: sqlite3.Connection, definition: ObjectDef, user: str | None
    ) -> None:
        self.newest: str | None = None
        self._sandbox = sandbox
        self._connection = connection
        self._definition = definition
        self._engagement = definition.key == "id"
        self._fields = [entry for entry in definition.fields if entry.stored and entry.derived is None]
        self._positions = {entry.name: position for position, entry in enumerate(self._fields)}
        self._blank = [self._default(entry, user) for entry in self._fields]
        self._seen: set[Any] = set()
        self._without_id: list[tuple[list[Any], FileReport]] = []
        self._stamps = [
            (self._positions[name], [self._positions[other] for other in others if other in self._positions])
            for name, others in _STAMPS.items()
            if name in self._positions
        ]

    def take(self, found: FileScan, report: LoadReport, entry: FileReport) -> None:
        """Loads one file: every row of it is in the table, in the report, or waits for `finish`."""
        cells = self._cells(found)
        key_index = next((i for i, name in found.fields.items() if name == self._definition.key), None)
        batch: list[list[Any]] = []
        for record in records(found.file):
            entry.rows += 1
            try:
                row, key = self._row(record, cells, key_index, report, entry.file)
            except CellError as error:
                entry.refused += 1
                report.refused_rows.append(Refused(entry.file, record.line, str(error)))
                continue
            if key is None:
                self._without_id.append((row, entry))
            else:
                entry.loaded += 1
                batch.append(row)
            if len(batch) >= _BATCH:
                self._insert(batch)
                batch.clear()
        self._insert(batch)

    def finish(self) -> None:
        """Gives ids to the rows that came without one, above all that came with one, and loads them."""
        raise_sequence(self._sandbox.database, self._connection, self._definition)
        waiting, self._without_id = self._without_id, []
        if not waiting:
            return
        position = self._positions[self._definition.key]
        first = self._sandbox.database.next_ids(self._definition.name, len(waiting))
        for number, (row, entry) in enumerate(waiting, start=first):
            row[position] = number if self._engagement else record_id(self._definition.prefix or "000", number)
            entry.loaded += 1
            entry.ids_made += 1
        self._insert([row for row, _ in waiting])

    def _cells(self, found: FileScan) -> list[_Cell]:
        config = self._sandbox.config
        zone = ZoneInfo(config.account_engagement_time_zone if self._engagement else config.org_time_zone)
        cells = []
        for index, name in found.fields.items():
            field = self._definition.field(name)
            if field is not None and field.name != self._definition.key:
                parse = parser(field, zone, engagement=self._engagement)
                cells.append(_Cell(index, self._positions[field.name], field, parse))
        return cells

    def _row(
        self,
        record: Record,
        cells: Sequence[_Cell],
        key_index: int | None,
        report: LoadReport,
        file: str,
    ) -> tuple[list[Any], Any]:
        if record.problem is not None:
            raise CellError(record.problem)
        row = list(self._blank)
        for cell in cells:
            text = record.cells[cell.index]
            if not text.strip():
                continue
            try:
                row[cell.position] = cell.parse(text)
            except DanglingError as error:
                report.emptied_cells.append(Refused(file, record.line, f"{cell.field.name}: {error}"))
            except CellError as error:
                raise CellError(f"{cell.field.name}: {error}") from None
        key = self._key(record.cells[key_index].strip()) if key_index is not None else None
        self._stamp(row)
        row[self._positions[self._definition.key]] = key
        return row, key

    def _key(self, text: str) -> Any:
        key = own_number(text) if self._engagement else own_id(text)
        if key in self._seen:
            raise CellError(f"{self._definition.key}: another row has the same")
        if key is not None:
            self._seen.add(key)
        return key

    def _stamp(self, row: list[Any]) -> None:
        for position, others in self._stamps:
            if row[position] is None:
                row[position] = next((row[other] for other in others if row[other] is not None), None)
        for position, _ in self._stamps:
            if row[position] is not None and (self.newest is None or row[position] > self.newest):
                self.newest = row[position]

    def _default(self, entry: FieldDef, user: str | None) -> Any:
        if entry.type == "boolean":
            return int(bool(entry.default))
        if entry.name in _BY_THE_USER and not self._engagement:
            return user
        return entry.default

    def _insert(self, rows: Sequence[Sequence[Any]]) -> None:
        self._sandbox.database.insert(self._definition.name, tuple(self._positions), rows)


def fill_stamps(connection: sqlite3.Connection, definitions: Iterable[ObjectDef], now: str) -> None:
    """Gives rows whose files said nothing of any time the instant `now` (a database stamp)."""
    for definition in definitions:
        for name in _STAMPS:
            found = definition.field(name)
            if found is not None and found.name == name:
                connection.execute(f'UPDATE "{definition.name}" SET "{name}" = ? WHERE "{name}" IS NULL', (now,))


def link_prospects(connection: sqlite3.Connection) -> None:
    """Fills a prospect's general Salesforce id and its lead or contact id from one another."""
    for name, prefix in (("salesforceLeadId", "00Q"), ("salesforceContactId", "003")):
        connection.execute(
            f'UPDATE "prospects" SET "{name}" = "salesforceId" '
            f'WHERE "{name}" IS NULL AND substr("salesforceId", 1, 3) = ?',
            (prefix,),
        )
    connection.execute(
        'UPDATE "prospects" SET "salesforceId" = coalesce("salesforceContactId", "salesforceLeadId") '
        'WHERE "salesforceId" IS NULL'
    )
