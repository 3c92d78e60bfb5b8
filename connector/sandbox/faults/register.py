"""The faults in force: how often each could strike and did, and what they have broken for good."""

from __future__ import annotations

import threading
from typing import Any

from connector.sandbox.catalogue.model import Catalogue
from connector.sandbox.context import Sandbox
from connector.sandbox.faults.held import HeldRecords
from connector.sandbox.faults.model import Fault, Plan, chance

_KEY = "faults"


class FaultRegister:
    """Counts the calls that each fault matches, and decides by that count alone. Safe between threads."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._lock = threading.Lock()
        self._matched = [0] * len(plan.faults)
        self._fired = [0] * len(plan.faults)
        self._dead_pages: set[str] = set()
        self._jobs: dict[str, bool] = {}
        self.held = HeldRecords()
        self.catalogues: tuple[Catalogue, Catalogue] | None = None
        """Salesforce's and Account Engagement's objects as the user sees them; None stands for all of them."""

    def fires(self, fault: Fault) -> bool:
        """Counts a call that the fault matches; says whether it strikes that call."""
        with self._lock:
            self._matched[fault.number] += 1
            if fault.times is not None and self._fired[fault.number] >= fault.times:
                return False
            strikes = _chosen(fault, self._matched[fault.number], self.plan.seed)
            self._fired[fault.number] += strikes
            return strikes

    def matched(self, fault: Fault) -> int:
        """How many calls the fault has matched so far."""
        with self._lock:
            return self._matched[fault.number]

    def add_fired(self, fault: Fault, count: int) -> None:
        """Counts rows or fields that a standing fault took."""
        with self._lock:
            self._fired[fault.number] += count

    def end_page(self, locator: str) -> None:
        """Makes a locator or page token expire for good."""
        with self._lock:
            self._dead_pages.add(locator)

    def is_ended(self, locator: str) -> bool:
        with self._lock:
            return locator in self._dead_pages

    def settled_job(self, job_id: str) -> bool | None:
        """What was decided about a job; None when nobody has asked yet."""
        with self._lock:
            return self._jobs.get(job_id)

    def settle_job(self, job_id: str, stuck: bool) -> bool:
        """Decides about a job, once: the first decision stays."""
        with self._lock:
            return self._jobs.setdefault(job_id, stuck)

    def is_locked(self, record: str) -> bool:
        """Whether somebody's uncommitted change holds the record of that 18-character id."""
        return self.held.is_uncommitted(record)

    def shown(self) -> dict[str, Any]:
        """The document as it was given, each fault with `matched` and `fired`; and how many records are held back."""
        with self._lock:
            faults = [
                {**fault.given, "matched": self._matched[fault.number], "fired": self._fired[fault.number]}
                for fault in self.plan.faults
            ]
        return {"seed": self.plan.seed, "faults": faults, "held": self.held.counts()}


def fault_register(sandbox: Sandbox) -> FaultRegister | None:
    """The faults in force; None when there are none."""
    register: FaultRegister | None = sandbox.open_state.get(_KEY)
    return register


def put_in_force(sandbox: Sandbox, register: FaultRegister | None) -> None:
    """Puts a register in the place of the one before; None takes all faults away."""
    if register is None:
        sandbox.open_state.pop(_KEY, None)
    else:
        sandbox.open_state[_KEY] = register


def _chosen(fault: Fault, matched: int, seed: int) -> bool:
    if fault.nth:
        return matched in fault.nth
    if fault.every is not None:
        return matched % fault.every == 0
    if fault.probability is not None:
        return chance(seed, fault, str(matched)) < fault.probability
    return True
