"""The work of a batch: its rows changed, or its query answered, and what came of it put on disk."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any

from connector.sandbox.bulk.dialect import Dialect
from connector.sandbox.bulk.jobs import Job, JobError
from connector.sandbox.bulk.loading import change, in_csv_words
from connector.sandbox.bulk.result_pages import PAGE_ROWS, page_file, prepare
from connector.sandbox.bulk.statement import bulk_statement
from connector.sandbox.bulk_v1.content import Given, read_rows
from connector.sandbox.bulk_v1.jobs import QUERIES, V1Job
from connector.sandbox.bulk_v1.outcomes import NOTHING_FOUND, Outcome, columns_of, results_of, write_records
from connector.sandbox.catalogue.model import ObjectDef
from connector.sandbox.context import Sandbox
from connector.sandbox.faults.jobs import striking_job_rows
from connector.sandbox.gate import gate_of
from connector.sandbox.salesforce.changes import Saved
from connector.sandbox.salesforce.reading import environment
from connector.sandbox.salesforce.refused import RefusedError
from connector.sandbox.salesforce.writer import Writer, each, writing

REQUEST, RESULT = "request", "result"
ROWS_IN_A_BATCH = 10_000
_CHUNK = 200


def work(sandbox: Sandbox, job: V1Job, batch: Job) -> None:
    """Does a batch. Raises JobError when it fails as a whole."""
    if job.serial:
        with job.turn:
            _work(sandbox, job, batch)
    else:
        _work(sandbox, job, batch)


def result_count(batch: Job) -> int:
    """How many files of results a query's batch has: one for each 50,000 rows, one when there are none."""
    return max(1, -(-batch.status().processed // PAGE_ROWS))


def query_result(sandbox: Sandbox, job: V1Job, batch: Job, number: int) -> Path:
    """A file of a query's results in the form of its job, made when it is asked for first."""
    rows = batch.status().processed
    page = page_file(batch.folder, rows, number * PAGE_ROWS, PAGE_ROWS)
    if job.content_type == "CSV" and rows:
        return page
    target = batch.folder / f"result-{number}.{job.content_type.lower()}"
    if not target.exists():
        _write_again(sandbox, job, page, target, rows)
    return target


def _write_again(sandbox: Sandbox, job: V1Job, page: Path, target: Path, rows: int) -> None:
    definition = _definition(sandbox, job)
    with page.open(encoding="utf-8", newline="") as stream:
        header = next(csv.reader(stream))
    making = target.with_suffix(".making")
    if job.content_type == "CSV" and not rows:
        making.write_bytes(NOTHING_FOUND)
    else:
        write_records(page, job.content_type, columns_of(sandbox.salesforce, definition, header), making)
    making.replace(target)


def _work(sandbox: Sandbox, job: V1Job, batch: Job) -> None:
    raw = (batch.folder / REQUEST).read_bytes()
    if job.terms.operation in QUERIES:
        _answer_query(sandbox, batch, raw)
    else:
        _change_rows(sandbox, job, batch, raw)


def _answer_query(sandbox: Sandbox, batch: Job, raw: bytes) -> None:
    terms = batch.terms
    where = environment(sandbox, terms.user_id, terms.version, include_deleted=terms.operation == "queryAll")
    try:
        statement = bulk_statement(raw.decode().strip(), Dialect(), where)
    except (RefusedError, UnicodeDecodeError) as refused:
        raise JobError(f"InvalidBatch : Failed to process query: {refused}") from None
    if statement.entity != terms.object:
        raise JobError(f"InvalidBatch : The query is for {statement.entity}, the job for {terms.object}")
    with gate_of(sandbox).together():
        rows = statement.run(sandbox.database.reader())
        # The first row begins the read: from here on whatever happens to the world does not show.
        first = rows.fetchmany(1)
    try:
        found = chain(first, rows)
        batch.progressed(prepare(batch.folder, statement.header, found, lambda _count: not batch.stopped).rows, 0)
    finally:
        rows.close()


def _change_rows(sandbox: Sandbox, job: V1Job, batch: Job, raw: bytes) -> None:
    definition = _definition(sandbox, job)
    rows = read_rows(job.content_type, raw, sandbox.salesforce, definition)
    if len(rows) > ROWS_IN_A_BATCH:
        raise JobError(f"InvalidBatch : A batch may have {ROWS_IN_A_BATCH} records: this one has {len(rows)}")
    outcomes: list[Outcome] = []
    for chunk in _chunks(rows):
        with gate_of(sandbox).together():
            if batch.stopped:
                return
            outcomes += _change_chunk(sandbox, job, batch, definition, chunk)
        failed = sum(isinstance(outcome, RefusedError) for outcome in outcomes)
        batch.progressed(len(outcomes), failed)
    (batch.folder / RESULT).write_bytes(results_of(job.content_type, outcomes))


def _change_chunk(
    sandbox: Sandbox, job: V1Job, batch: Job, definition: ObjectDef, chunk: Sequence[Given]
) -> list[Outcome]:
    terms = job.terms
    key = (terms.external_id_field or "").lower()
    wanted = Counter(
        str(value).lower() for row in chunk for name, value in row.values.items() if key and name.lower() == key
    )
    path = f"/services/async/{terms.version}/job/{job.id}/batch/{batch.id}"
    rule = terms.assignment_rule_id is not None
    with striking_job_rows(sandbox, path), writing(sandbox, terms.user_id, auto_assign=rule) as writer:
        steps = [partial(_step(job, definition, row, wanted), writer) for row in chunk]
        return list(each(writer, steps, all_or_none=False))


def _step(job: V1Job, definition: ObjectDef, row: Given, wanted: Counter[str]) -> Callable[[Writer], Saved]:
    def take(writer: Writer) -> Saved:
        if row.fault is not None:
            raise RefusedError("INVALID_CSV_ROW", row.fault)
        values = {_own_name(definition, name): value for name, value in row.values.items() if name != "attributes"}
        try:
            return change(writer, job.terms, definition, values, wanted)
        except RefusedError as refusal:
            raise in_csv_words(definition, values, refusal) from None

    return take


def _own_name(definition: ObjectDef, name: str) -> Any:
    field = definition.field(name)
    return field.name if field else name


def _definition(sandbox: Sandbox, job: V1Job) -> ObjectDef:
    found = sandbox.salesforce.object(job.terms.object)
    if found is None:
        raise JobError(f"InvalidJob : Unable to find object: {job.terms.object}")
    return found


def _chunks(rows: Sequence[Given]) -> Iterator[list[Given]]:
    left = iter(rows)
    while chunk := list(islice(left, _CHUNK)):
        yield chunk
