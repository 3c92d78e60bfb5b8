"""The one place where faults act on calls: before the work, in its place, on its rows, and on its answer."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

from connector.sandbox.context import Sandbox
from connector.sandbox.faults.aftermath import befallen, can_befall
from connector.sandbox.faults.answers import can_strike, instead_of_work, page_asked_for, page_ended
from connector.sandbox.faults.kinds import WRITES
from connector.sandbox.faults.mass_update import update_many
from connector.sandbox.faults.model import Fault, Moment
from connector.sandbox.faults.others import commit_due, others_writing, reads_are_stale
from connector.sandbox.faults.register import FaultRegister, fault_register
from connector.sandbox.faults.rows import striking_rows
from connector.sandbox.faults.visibility import as_the_user_sees_it
from connector.sandbox.request_log import system_of
from connector.sandbox.sessions import request_session
from connector.sandbox.wire import Request, Response

_IN_OTHERS_NAMES = frozenset(
    {
        ("PUT", "/_sandbox/clock"),
        *(("POST", f"/_sandbox/{deed}") for deed in ("convert", "merge", "edit", "delete", "undelete", "hard-delete")),
    }
)

Work = Callable[[Request, Sandbox], Response]


def answer(request: Request, sandbox: Sandbox, work: Work) -> Response:
    """The answer of `work` as the faults in force leave it. Without faults, and of the control plane, just that."""
    register = fault_register(sandbox)
    if register is None:
        return work(request, sandbox)
    commit_due(sandbox, register)
    if system_of(request.path) in {"sandbox", "other"}:
        return _control(request, sandbox, register, work)
    response = _worked(request, sandbox, register, work)
    for fault in _matching(register, request, sandbox, "after"):
        if can_befall(fault, response) and register.fires(fault):
            response = befallen(fault, response)
    return response


def _control(request: Request, sandbox: Sandbox, register: FaultRegister, work: Work) -> Response:
    """The control plane never fails; but what it does in others' names may be kept back."""
    if (request.method, request.path.rstrip("/").lower()) not in _IN_OTHERS_NAMES:
        return work(request, sandbox)
    with others_writing(sandbox, register):
        return work(request, sandbox)


def _worked(request: Request, sandbox: Sandbox, register: FaultRegister, work: Work) -> Response:
    page = page_asked_for(request)
    if page is not None and register.is_ended(page) and request_session(request, sandbox) is not None:
        return page_ended(request)
    # A call gets one answer: the first fault that strikes gives it, and the others do not count that call.
    struck = next(
        (fault for fault in _matching(register, request, sandbox, "instead") if register.fires(fault)),
        None,
    )
    if struck is None:
        return _undisturbed(request, sandbox, register, work)
    if struck.parameters.get("after_work"):
        _undisturbed(request, sandbox, register, work)
    refused = instead_of_work(struck, request, sandbox, register)
    return refused or _undisturbed(request, sandbox, register, work)


def _undisturbed(request: Request, sandbox: Sandbox, register: FaultRegister, work: Work) -> Response:
    for fault in _matching(register, request, sandbox, "before"):
        if register.fires(fault):
            update_many(fault, sandbox, register)
    seen = as_the_user_sees_it(sandbox, register.catalogues)
    with ExitStack() as within:
        within.enter_context(striking_rows(register, tuple(_matching(register, request, sandbox, "rows"))))
        if _writes_behind_a_cache(request, register):
            within.enter_context(others_writing(sandbox, register))
        return work(request, seen)


def _writes_behind_a_cache(request: Request, register: FaultRegister) -> bool:
    cached = system_of(request.path) == "account_engagement" and reads_are_stale(register)
    return cached and request.method in WRITES


def _matching(register: FaultRegister, request: Request, sandbox: Sandbox, moment: Moment) -> list[Fault]:
    """The faults of a moment that may strike this call."""
    system = system_of(request.path)
    return [
        fault
        for fault in register.plan.of(moment)
        if system in fault.systems
        and (not fault.methods or request.method in fault.methods)
        and (fault.path is None or fault.path.match(request.path))
        and can_strike(fault, request, sandbox)
    ]
