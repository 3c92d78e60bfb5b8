"""The work of an ingest job: its rows changed in chunks, what became of each written down as CSV."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from connector.sandbox.bulk.allowance import ROWS_IN_A_BATCH, count_batch
from connector.sandbox.bulk.dialect import Dialect, Lines
from connector.sandbox.bulk.job_info import jobs_path
from connector.sandbox.bulk.jobs import Job, JobError, Terms
from connector.sandbox.bulk.upload import Fill, Row, Upload, fills, read_upload, record
from connector.sandbox.catalogue.model import FieldDef, ObjectDef
from connector.sandbox.context import Sandbox
from connector.sandbox.faults.jobs import striking_job_rows
from connector.sandbox.gate import gate_of
from connector.sandbox.salesforce import changes, lifecycle
from connector.sandbox.salesforce.changes import Saved
from connector.sandbox.salesforce.refused import RefusedError
from connector.sandbox.salesforce.values import stored
from connector.sandbox.salesforce.writer import Writer, each, writing

UPLOAD = "upload.csv"
SUCCESSFUL, FAILED, UNPROCESSED = "successful.csv", "failed.csv", "unprocessed.csv"
_CHUNK = 200
_ID_ONLY = frozenset({"delete", "hardDelete"})

Step = Callable[[Writer], Saved]
Outcome = Saved | RefusedError


@dataclass
class _Ledger:
    """What became of the rows so far."""

    saved: list[tuple[str, ...]] = field(default_factory=list)
    refused: list[tuple[str, ...]] = field(default_factory=list)

    def add(self, row: Row, outcome: Outcome) -> None:
        if isinstance(outcome, Saved):
            self.saved.append((outcome.id, "true" if outcome.created else "false", *row.cells))
        else:
            self.refused.append(("", sf_error(outcome), *row.cells))

    @property
    def processed(self) -> int:
        return len(self.saved) + len(self.refused)


def load(sandbox: Sandbox, job: Job) -> None:
    """Does an ingest job. Raises JobError when it fails as a whole; what was done until then stays done."""
    upload, ledger = Upload("", (), ()), _Ledger()
    try:
        upload = read_upload(_uploaded(job), job.terms.dialect)
        definition = sandbox.salesforce.object(job.terms.object)
        if definition is None:
            raise JobError(f"InvalidJob : Unable to find object: {job.terms.object}")
        filled = fills(sandbox.salesforce, definition, upload.names)
        _check_columns(job, upload)
        _load_rows(sandbox, job, upload, partial(_step, job, definition, filled), ledger)
    finally:
        write_results(job.folder, job.terms.dialect, upload, ledger.saved, ledger.refused)


def sf_error(refusal: RefusedError) -> str:
    """A row's error as `CODE:message:FIELDS --`; without fields `CODE:message:--`, as on record."""
    return f"{refusal.code}:{refusal.message}:{''.join(f'{name} ' for name in refusal.fields or ())}--"


def write_results(
    folder: Path, dialect: Dialect, upload: Upload, saved: Sequence[Sequence[str]], refused: Sequence[Sequence[str]]
) -> None:
    """Writes the three files of results; rows that stand in neither list are unprocessed."""
    own_header = [upload.header] if upload.header else []
    lines = Lines(dialect)
    done = len(saved) + len(refused)
    unprocessed = [row.cells for row in upload.rows[done:]]
    results: tuple[tuple[str, list[str], Sequence[Sequence[str]]], ...] = (
        (SUCCESSFUL, ['"sf__Id"', '"sf__Created"'], saved),
        (FAILED, ['"sf__Id"', '"sf__Error"'], refused),
        (UNPROCESSED, [], unprocessed),
    )
    for name, columns, rows in results:
        header = dialect.delimiter.join([*columns, *own_header]) + dialect.line_end
        (folder / name).write_bytes(b"".join([header.encode(), *lines.encode(rows)]))


def _uploaded(job: Job) -> bytes:
    path = job.folder / UPLOAD
    return path.read_bytes() if path.exists() else b""


def _check_columns(job: Job, upload: Upload) -> None:
    names = {name.lower() for name in upload.names}
    if job.terms.operation in _ID_ONLY and names != {"id"}:
        raise JobError(f"InvalidBatch : A {job.terms.operation} job takes the column Id and no other")
    key = job.terms.external_id_field
    if job.terms.operation == "upsert" and key is not None and key.lower() not in names:
        raise JobError(f"InvalidBatch : External ID field not found in the header : {key}")


def _load_rows(
    sandbox: Sandbox, job: Job, upload: Upload, step: Callable[[Row, Counter[str]], Step], ledger: _Ledger
) -> None:
    position = _key_position(job, upload)
    for number, chunk in enumerate(_chunks(upload.rows)):
        if number * _CHUNK % ROWS_IN_A_BATCH == 0 and not count_batch(sandbox):
            raise JobError("ExceededQuota : The batches of ingest jobs are used up for today")
        wanted = Counter(row.cells[position].lower() for row in chunk) if position is not None else Counter[str]()
        with gate_of(sandbox).together():
            if job.stopped:
                return
            # Unlike the row API, a job runs assignment rules only when it names one.
            rule = job.terms.assignment_rule_id is not None
            struck = striking_job_rows(sandbox, f"/{jobs_path(job)}")
            with struck, writing(sandbox, job.terms.user_id, auto_assign=rule) as writer:
                outcomes = each(writer, [partial(step(row, wanted), writer) for row in chunk], all_or_none=False)
        for row, outcome in zip(chunk, outcomes, strict=True):
            ledger.add(row, outcome)
        job.progressed(ledger.processed, len(ledger.refused))


def _chunks(rows: Sequence[Row]) -> Iterator[list[Row]]:
    left = iter(rows)
    while chunk := list(islice(left, _CHUNK)):
        yield chunk


def _key_position(job: Job, upload: Upload) -> int | None:
    """Which column names the record of an upsert."""
    if job.terms.operation != "upsert":
        return None
    return [name.lower() for name in upload.names].index(str(job.terms.external_id_field).lower())


def _step(job: Job, definition: ObjectDef, filled: Sequence[Fill], row: Row, wanted: Counter[str]) -> Step:
    def take(writer: Writer) -> Saved:
        if row.fault is not None:
            raise RefusedError("INVALID_CSV_ROW", row.fault)
        values = record(filled, row)
        try:
            return change(writer, job.terms, definition, values, wanted)
        except RefusedError as refusal:
            raise in_csv_words(definition, values, refusal) from None

    return take


def change(writer: Writer, terms: Terms, definition: ObjectDef, values: dict[str, Any], wanted: Counter[str]) -> Saved:
    """Does to one row what a job's terms say. `wanted`: how often each key of an upsert stands in its chunk.

    Raises RefusedError.
    """
    operation = terms.operation
    if operation == "insert":
        return changes.insert(writer, definition, values)
    if operation == "upsert":
        return _upsert(writer, definition, _key(terms, definition), values, wanted)
    identifier = values.pop("Id", None)
    if identifier is None:
        raise RefusedError("MISSING_ARGUMENT", f"Id not specified in {_called(operation)} call")
    if operation == "update":
        return changes.update(writer, definition, identifier, values)
    if operation == "delete":
        return changes.delete(writer, definition, identifier)
    return _hard_delete(writer, definition, identifier)


def _called(operation: str) -> str:
    return "an update" if operation == "update" else "a delete"


def _key(terms: Terms, definition: ObjectDef) -> FieldDef:
    return definition.by_name[str(terms.external_id_field).lower()]


def _upsert(
    writer: Writer, definition: ObjectDef, key: FieldDef, values: dict[str, Any], wanted: Counter[str]
) -> Saved:
    value = values.pop(key.name, None)
    if value is not None and wanted[str(value).lower()] > 1:
        raise RefusedError("DUPLICATE_VALUE", f"Duplicate external id specified: {value}", (key.name,))
    if value is None and key.type == "id":
        return changes.insert(writer, definition, values)
    try:
        return changes.upsert(writer, definition, key, value, values)
    except changes.MoreThanOneError as several:
        message = f"{key.label}: more than one record found for external id field: [{', '.join(several.ids)}]"
        raise RefusedError("DUPLICATE_EXTERNAL_ID", message) from None


def _hard_delete(writer: Writer, definition: ObjectDef, identifier: str) -> Saved:
    if not definition.deletable:
        raise RefusedError("INSUFFICIENT_ACCESS_OR_READONLY", f"entity type cannot be deleted: {definition.label}")
    found = str(changes.existing(writer, definition, identifier)["Id"])
    lifecycle.hard_delete(writer, definition, found)
    return Saved(found)


def in_csv_words(definition: ObjectDef, values: dict[str, Any], refusal: RefusedError) -> RefusedError:
    """The refusal of a value as a CSV's row has it, where the row API would speak of JSON."""
    if refusal.code == "INVALID_FIELD" and refusal.message.startswith("The Id field"):
        return RefusedError("INVALID_FIELD_FOR_INSERT_UPDATE", "cannot specify Id in an insert call", ("Id",))
    if refusal.code != "JSON_PARSER_ERROR":
        return refusal
    for name, value in values.items():
        entry = definition.field(name)
        if entry is not None and _is_unreadable(entry, value):
            message = f"{entry.label or entry.name}: value not of required type: {value}"
            return RefusedError("INVALID_TYPE_ON_FIELD_IN_RECORD", message, (entry.name,))
    return refusal


def _is_unreadable(entry: FieldDef, value: Any) -> bool:
    try:
        stored(entry, value)
    except RefusedError as refusal:
        return refusal.code == "JSON_PARSER_ERROR"
    return False
