"""What asynchronous jobs ask of the faults: whether they get stuck, and what befalls the rows that they write."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from connector.sandbox.context import Sandbox
from connector.sandbox.faults.register import fault_register
from connector.sandbox.faults.rows import striking_rows

JobKind = Literal["query", "ingest", "export", "import"]


def is_stuck(sandbox: Sandbox, job_id: str, job: JobKind) -> bool:
    """Whether a job stays InProgress. Decided when it is asked first about a job; later answers are the same.

    When the faults are replaced or taken away, the job goes on unless the new ones strike it as well.
    """
    register = fault_register(sandbox)
    if register is None:
        return False
    settled = register.settled_job(job_id)
    if settled is not None:
        return settled
    faults = [fault for fault in register.plan.of("job") if fault.parameters["job"] in {None, job}]
    return register.settle_job(job_id, any(register.fires(fault) for fault in faults))


@contextmanager
def striking_job_rows(sandbox: Sandbox, path: str) -> Iterator[None]:
    """Within it, rows that this thread writes for a job meet the faults of rows whose `path` fits that of the job.

    Each use counts as one call: enter it once a batch.
    """
    register = fault_register(sandbox)
    if register is None:
        yield
        return
    faults = register.plan.of("rows")
    with striking_rows(register, tuple(fault for fault in faults if fault.path is None or fault.path.match(path))):
        yield
