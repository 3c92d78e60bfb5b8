"""How one sandbox is found by others: a file with its addresses and invented secrets, and a lock while it runs."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from connector.sandbox.tls import write_private

_NAME = "sandbox.json"
_LOCK_NAME = "lock"


class AlreadyRunningError(Exception):
    """Another sandbox runs in the same state directory."""


@contextmanager
def exclusive_use(state: Path) -> Iterator[None]:
    """Holds the state directory for this process; the system lets go of it however the process ends.

    Raises AlreadyRunningError when another process holds it.
    """
    state.mkdir(parents=True, exist_ok=True)
    with _lock_file(state) as descriptor:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            message = f"Another sandbox runs in {state}: stop it, or give this one another --state."
            raise AlreadyRunningError(message) from None
        yield


def write_settings(state: Path, settings: dict[str, Any]) -> None:
    """Writes the settings so that only their owner can read them, all at once."""
    write_private(state / _NAME, json.dumps(settings, indent=2).encode() + b"\n")


def replace_setting(state: Path, name: str, value: str) -> None:
    """Changes one of the written settings; does nothing where none are written."""
    path = state / _NAME
    if path.exists():
        write_settings(state, {**json.loads(path.read_bytes()), name: value})


def remove_settings(state: Path) -> None:
    """Removes the settings of a sandbox that has stopped."""
    (state / _NAME).unlink(missing_ok=True)


def running_settings(state: Path) -> dict[str, Any] | None:
    """The settings of the sandbox that runs in a state directory; None when none does.

    A file left behind by a sandbox that was killed counts as none: nobody holds the lock.
    """
    path = state / _NAME
    if not path.exists() or not _is_held(state):
        return None
    settings: dict[str, Any] = json.loads(path.read_bytes())
    return settings


def _is_held(state: Path) -> bool:
    with _lock_file(state) as descriptor:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


@contextmanager
def _lock_file(state: Path) -> Iterator[int]:
    descriptor = os.open(state / _LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
