"""Faults of single rows in a write: the one hook that every write of a row to Salesforce's objects calls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType

from connector.sandbox.faults.model import Fault, chance
from connector.sandbox.faults.register import FaultRegister
from connector.sandbox.salesforce.refused import RefusedError

_LOCKED = "UNABLE_TO_LOCK_ROW"
_MESSAGES: Mapping[str, str] = MappingProxyType(
    {
        _LOCKED: "unable to obtain exclusive access to this record",
        "FIELD_CUSTOM_VALIDATION_EXCEPTION": "A validation rule of this org forbids it.",
        "DUPLICATES_DETECTED": "Use one of these records?",
        "INSUFFICIENT_ACCESS_OR_READONLY": "insufficient access rights on object id",
    }
)


class RowFaults:
    """The row faults of one call. Each is decided when the call's first row is written, and holds for all its rows."""

    def __init__(self, register: FaultRegister, faults: tuple[Fault, ...]) -> None:
        self._register = register
        self._faults = faults
        self._striking: tuple[Fault, ...] | None = None
        self._position = 0

    def check(self, record: str | None) -> None:
        """Raises RefusedError for a row that is struck; `record` is its id, None for a new one."""
        self._position += 1
        if record is not None and self._register.is_locked(record):
            raise _locked(record)
        if self._striking is None:
            self._striking = tuple(fault for fault in self._faults if self._register.fires(fault))
        for fault in self._striking:
            self._strike(fault, record)

    def _strike(self, fault: Fault, record: str | None) -> None:
        if fault.kind == "half_batch":
            if self._position % fault.parameters["step"] == 0:
                code = fault.parameters["code"]
                raise RefusedError(code, fault.parameters["message"] or _MESSAGES.get(code, "refused on purpose"))
        elif self._is_chosen(fault, record):
            raise _locked(record)

    def _is_chosen(self, fault: Fault, record: str | None) -> bool:
        ids = fault.parameters["ids"]
        if ids is not None and (record is None or not any(record[:15] == entry[:15] for entry in ids)):
            return False
        # By the call as well, so that a second try may get through.
        subject = f"{self._register.matched(fault)}:{record or self._position}"
        return chance(self._register.plan.seed, fault, subject) < float(fault.parameters["share"])


_IN_FORCE: ContextVar[RowFaults | None] = ContextVar("row_faults", default=None)


@contextmanager
def striking_rows(register: FaultRegister, faults: tuple[Fault, ...]) -> Iterator[None]:
    """Within it, rows written by this thread meet these faults, and the locks of changes that are not committed."""
    token = _IN_FORCE.set(RowFaults(register, faults))
    try:
        yield
    finally:
        _IN_FORCE.reset(token)


def refuse_struck_row(record: str | None) -> None:
    """Raises RefusedError when a fault strikes the row that is about to be written; None stands for a new row."""
    faults = _IN_FORCE.get()
    if faults is not None:
        faults.check(record)


def _locked(record: str | None) -> RefusedError:
    named = f" or 1 records: {record}" if record else ""
    return RefusedError(_LOCKED, f"{_MESSAGES[_LOCKED]}{named}")
