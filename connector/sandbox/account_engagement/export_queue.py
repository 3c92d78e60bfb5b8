"""Exports that were asked for: one after the other, the oldest first, kept for seven days."""

from __future__ import annotations

import shutil
import sys
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from connector.sandbox.account_engagement.export_files import Rows, prepare
from connector.sandbox.account_engagement.export_terms import Terms
from connector.sandbox.context import Sandbox
from connector.sandbox.faults.jobs import is_stuck
from connector.sandbox.gate import gate_of

State = Literal["Waiting", "Processing", "Complete", "Failed"]

KEPT = timedelta(days=7)
_LOCK = threading.Lock()


@dataclass
class Export:
    """One export. `files` lie in `folder` as 1.csv, 2.csv, … once it is Complete."""

    number: int
    terms: Terms
    folder: Path
    user: int
    created_at: datetime
    updated_at: datetime
    state: State = "Waiting"
    files: int = 0
    begun: bool = False
    polls: int = 0
    since: float = field(default_factory=time.monotonic)

    def expired(self, now: datetime) -> bool:
        """Whether its files are gone."""
        return now - self.created_at > KEPT


class ExportQueue:
    """All exports of one sandbox since it began or was reset. Threads may use it together."""

    def __init__(self, folder: Path) -> None:
        # With --load results are pieces of a real export: their owner's alone.
        folder.mkdir(mode=0o700, parents=True)
        self._folder = folder
        self._lock = threading.RLock()
        self._exports: dict[int, Export] = {}
        self._stopped = threading.Event()
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="exports")

    def add(self, sandbox: Sandbox, terms: Terms, user: int) -> Export:
        """A new export at the end of the queue."""
        number = sandbox.database.next_ids("Export")
        folder = self._folder / str(number)
        folder.mkdir()
        now = sandbox.clock.now()
        export = Export(number, terms, folder, user, now, now)
        with self._lock:
            self._exports[number] = export
        self._step(sandbox)
        return export

    def find(self, number: int) -> Export | None:
        with self._lock:
            return self._exports.get(number)

    def all(self) -> list[Export]:
        """Every export, oldest first."""
        with self._lock:
            return list(self._exports.values())

    def poll(self, sandbox: Sandbox, export: Export) -> State:
        """The state of an export for a question after it, which moves those on that wait for questions."""
        with self._lock:
            export.polls += 1
            self._step(sandbox)
            return export.state

    def close(self, *, wait: bool) -> None:
        """Makes all work cease."""
        self._stopped.set()
        self._worker.shutdown(wait=wait, cancel_futures=True)

    def _step(self, sandbox: Sandbox) -> None:
        """Lets the oldest export that has not ended go on, if its time has come."""
        with self._lock:
            first = next((one for one in self._exports.values() if one.state in {"Waiting", "Processing"}), None)
            if first is None or first.begun or not _over(first, sandbox):
                return
            if first.state == "Waiting":
                self._set(sandbox, first, "Processing")
                first.polls, first.since = 0, time.monotonic()
            if _over(first, sandbox) and not is_stuck(sandbox, f"export{first.number}", "export"):
                first.begun = True
                self._worker.submit(self._work, sandbox, first)

    def _work(self, sandbox: Sandbox, export: Export) -> None:
        state: State = "Failed"
        files = 0
        try:
            with gate_of(sandbox).together():
                # The first row begins the read: from here on whatever happens to the world does not show.
                rows = Rows(sandbox.database.reader(), export.terms)
            files = prepare(rows, export.terms, export.folder, lambda: not self._stopped.is_set())
            state = "Complete"
        except Exception:  # noqa: BLE001 - a thread's last line of defence: the export must end, and never with a trace
            sys.stderr.write(f"Export {export.number}\n{traceback.format_exc()}")
        with self._lock:
            export.files = files
            self._set(sandbox, export, state)
            if not self._stopped.is_set():
                self._step(sandbox)

    def _set(self, sandbox: Sandbox, export: Export, state: State) -> None:
        export.state, export.updated_at = state, sandbox.clock.now()


def export_queue(sandbox: Sandbox) -> ExportQueue:
    """The sandbox's exports."""
    with _LOCK:
        queue: ExportQueue | None = sandbox.open_state.get("exports")
        if queue is None:
            number = sandbox.open_state.get("export_queues", 0) + 1
            sandbox.open_state["export_queues"] = number
            folder = sandbox.config.state / "exports"
            if number == 1:
                shutil.rmtree(folder, ignore_errors=True)
            queue = sandbox.open_state["exports"] = ExportQueue(folder / str(number))
        return queue


def stop_exports(sandbox: Sandbox, *, wait: bool) -> None:
    """Makes the work on exports cease and forgets them."""
    with _LOCK:
        queue: ExportQueue | None = sandbox.open_state.pop("exports", None)
    if queue is not None:
        queue.close(wait=wait)


def _over(export: Export, sandbox: Sandbox) -> bool:
    """Whether an export has been long enough in its state: asked for so often, and for so many real seconds."""
    polls = sandbox.config.bulk_polls
    asked_enough = polls == 0 or export.polls > polls
    return asked_enough and time.monotonic() - export.since >= sandbox.config.bulk_seconds
