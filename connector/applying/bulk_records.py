"""Fields that are ours alone, of many records: by a bulk job where that takes fewer calls, else by collections.

A job is noted with its entries in the journal before anything is uploaded, and again with its id. So the next run knows
after a crash which job to ask, and nothing is sent a second time while nobody knows what became of the first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import structlog

from connector.applying.application import Application, Ingest
from connector.applying.effect import ROWS_A_CALL, Call, Send, batches
from connector.applying.roads import calls_by_collections, calls_of_a_job, choose, expected_seconds, within
from connector.domain.ingest import JobState
from connector.domain.outcome import RowResult
from connector.errors import ConfigurationError, RetryError, SpoiltPageError, StopError, StoppedError
from connector.http.outcome import PASSES, RoadClosedError, UnknownOutcomeError
from connector.salesforce.csv_rows import fits_csv, most_bytes
from connector.store.ingest_jobs import IngestJob, forget_job, note_cost, note_job, past_jobs, unsettled_jobs
from connector.store.journal import Intent

STILL_RUNNING = "BULK_JOB_RUNNING"
"""The code of rows of a job that has not ended. They stay open in the journal, and are not sent again until it has."""

NOT_WRITTEN = "NOT_WRITTEN"
NOT_PROCESSED = "NOT_SENT"
"""The code of rows that a job did not come to."""

Outcomes = list[tuple[Intent, RowResult]]

log = structlog.get_logger()


def calls_by_road(
    application: Application, object_name: str, intents: Sequence[Intent], collections: Send
) -> Iterator[Call]:
    """The calls for updates of one object's records by the cheapest way. `collections` sends up to 200 of them.

    What CSV cannot say goes by collections.
    """
    ingest = application.ingest
    sendable = [intent for intent in intents if fits_csv(intent.after)]
    sizes = [most_bytes(intent.after) + len(intent.record) for intent in sendable]
    bulk = ingest is not None and ingest.allowed and len({intent.record for intent in sendable}) == len(sendable)
    road = choose(object_name, sizes, past_jobs(application.store) if bulk else (), bulk=bulk)
    if road.rows:
        application.applied.roads.append(road)
        told = {"road": road.name, "rows": road.rows, "calls": road.calls, "other": road.other_calls}
        log.info("apply.road", object=object_name, **told)
    if ingest is None or road.name == "collections":
        yield from _by_collections(intents, collections)
        return
    for part in within(sendable, sizes):
        yield list(part), _by_job(ingest, collections)
    yield from _by_collections([intent for intent in intents if not fits_csv(intent.after)], collections)


def ask_jobs(application: Application, intents: Sequence[Intent]) -> tuple[Outcomes, list[Intent]]:
    """What became of those intents that went by a job, and the others. A job that was never started is ended.

    Rows of a job that is still at work come as STILL_RUNNING.
    """
    jobs = unsettled_jobs(application.store) if application.ingest is not None else []
    known: Outcomes = []
    left = list(intents)
    for job in jobs:
        mine = [intent for intent in left if job.first <= intent.number <= job.last]
        results = _asked(application, job, mine) if mine else None
        if results is not None:
            known += list(zip(mine, results, strict=True))
            left = [intent for intent in left if not job.first <= intent.number <= job.last]
    return known, left


def _by_collections(intents: Sequence[Intent], collections: Send) -> Iterator[Call]:
    for batch in batches(intents, ROWS_A_CALL):
        yield list(batch), collections


def _by_job(ingest: Ingest, collections: Send) -> Send:
    def send(application: Application, intents: Sequence[Intent]) -> list[RowResult]:
        job = IngestJob(intents[0].number, intents[-1].number, intents[0].object, None)
        past = past_jobs(application.store)
        if calls_by_collections(len(intents)) <= calls_of_a_job(past):
            # Rows that somebody had locked, in their other round: too few for a job of their own.
            return collections(application, intents)
        left = application.calls_left()
        if left is not None and left < calls_of_a_job(past):
            # A job that nobody could ask for any more today would leave its rows in doubt: as many as fit go in calls.
            return collections(application, intents)
        try:
            job = replace(job, job_id=_handed_over(application, ingest, job, intents))
        except RoadClosedError as error:
            log.info("apply.no_bulk", object=job.object, why=str(error))
            _forget(application, job)
            return collections(application, intents)
        return _waited_for(application, ingest, job, intents, expected_seconds(job.rows, past))

    return send


def _handed_over(application: Application, ingest: Ingest, job: IngestJob, intents: Sequence[Intent]) -> str:
    """The id of a job that has its rows and was started.

    RetryError where the job has to be asked what became of it; any other error means that nothing will happen.
    """
    _note(application, job)
    job_id = ingest.begin(job.object)
    _note(application, replace(job, job_id=job_id))
    try:
        ingest.upload(job_id, [{"Id": intent.record, **intent.after} for intent in intents])
        if (off := application.writes_off()) is not None:
            raise StopError(off.sentence, "WRITES_OFF")
    except (ConfigurationError, RetryError, StopError, StoppedError):
        ingest.abort(job_id)
        raise
    try:
        ingest.start(job_id)
    except (ConfigurationError, StopError, StoppedError) as error:
        # It was not started, as far as we know. What the job itself says of its state and its rows decides.
        ingest.abort(job_id)
        raise RetryError(str(error)) from error
    log.info("apply.bulk", job=job_id, object=job.object, rows=job.rows)
    return job_id


def _waited_for(
    application: Application, ingest: Ingest, job: IngestJob, intents: Sequence[Intent], expected: float
) -> list[RowResult]:
    try:
        waited = ingest.wait(job.job_id or "", expected)
        results = _results(ingest, job, waited.job, intents)
        if waited.job.ended:
            seconds = min(waited.seconds, waited.job.seconds or waited.seconds)
            with application.store.transaction():
                note_cost(application.store, job, waited.polls + bool(waited.job.failed), seconds)
        return results
    except (ConfigurationError, StopError, StoppedError) as error:
        # The job goes on without us: whatever ends our asking, its rows are in doubt.
        raise UnknownOutcomeError(str(error)) from error


def _asked(application: Application, job: IngestJob, intents: Sequence[Intent]) -> list[RowResult] | None:
    """What became of some rows of a job; None when only the records themselves can tell."""
    ingest = application.ingest
    if ingest is None:
        return None
    if job.job_id is None:
        return [_not_written(intent) for intent in intents]
    state = ingest.state(job.job_id)
    if state is None:
        return None
    if state.state == "Open":
        ingest.abort(job.job_id)
        return [_not_written(intent) for intent in intents]
    log.info("apply.bulk_asked", job=job.job_id, state=state.state, rows=len(intents))
    try:
        return _results(ingest, job, state, intents)
    except SpoiltPageError as error:
        # Once is chance, and was asked again. What stays so would hold up every apply for as long as the org keeps it.
        log.warning("apply.bulk_unreadable", job=job.job_id, why=str(error))
        return None


def _results(ingest: Ingest, job: IngestJob, state: JobState, intents: Sequence[Intent]) -> list[RowResult]:
    """One result a row, in the order of the rows, whatever the order of the job's."""
    if not state.ended or job.job_id is None:
        running = RowResult(None, False, error_code=STILL_RUNNING, message=f"the bulk job {job.job_id} has not ended")
        return [running] * len(intents)
    failed: Mapping[str, RowResult] = ingest.failed(job.job_id) if state.failed else {}
    strangers = failed.keys() - {intent.record for intent in intents} if len(intents) == job.rows else ()
    if strangers or len(failed) != state.failed:
        # A row that is missing there, or whose id is not what we sent, would count as written.
        raise SpoiltPageError(
            f"The bulk job {job.job_id} told of {len(failed)} failed rows, not {state.failed}. {PASSES}"
        )
    if state.state == "JobComplete" and state.processed == job.rows:
        return [failed.get(intent.record) or RowResult(intent.record, True) for intent in intents]
    told = {**(ingest.successful(job.job_id) if state.processed > state.failed else {}), **failed}
    why = state.error or f"the bulk job {job.job_id} ended as {state.state} before it came to this row"
    return [
        told.get(intent.record) or RowResult(intent.record, False, error_code=NOT_PROCESSED, message=why)
        for intent in intents
    ]


def _not_written(intent: Intent) -> RowResult:
    return RowResult(intent.record, False, error_code=NOT_WRITTEN, message="the write did not arrive")


def _note(application: Application, job: IngestJob) -> None:
    with application.store.transaction():
        note_job(application.store, job, application.run_id, application.now)


def _forget(application: Application, job: IngestJob) -> None:
    with application.store.transaction():
        forget_job(application.store, job)
