"""One daemon a store: a lock of the operating system, which a dead process cannot keep."""

from __future__ import annotations

import fcntl
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from connector.errors import RefusedError, StopError


def lock_path(store: Path) -> Path:
    """state/default.duckdb → state/default.daemon.lock"""
    return store.with_suffix(".daemon.lock")


@contextmanager
def only_instance(store: Path, now: datetime) -> Iterator[None]:
    """Holds the lock beside a store for as long as the block lasts, and tells others who holds it and since when.

    Raises RefusedError when another daemon holds it, StopError when the file cannot be written.
    """
    path = lock_path(store)
    descriptor = _open(path)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RefusedError(
                f"Another daemon works on {store}: {_holder(descriptor)}. Stop it first, or let it work."
            ) from None
        said = {"pid": os.getpid(), "host": socket.gethostname(), "since": now.isoformat(timespec="seconds")}
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(said).encode(), 0)
        yield
        # Emptied, not removed: a file that is removed while another waits for it would let two in.
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def _open(path: Path) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StopError(f"{path} cannot be written ({error.strerror}): make room or mend the rights.") from None


def _holder(descriptor: int) -> str:
    try:
        said = json.loads(os.pread(descriptor, 4096, 0))
        return f"process {said['pid']} on {said['host']}, since {said['since']}"
    except (ValueError, KeyError, TypeError):
        return "a process that has only just begun"
