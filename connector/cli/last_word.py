"""What the process says of an error that nobody expected: one sentence and a number, by which the log has the place."""

from __future__ import annotations

import sys
import traceback
import uuid
from types import TracebackType

import click
import structlog

from connector.log import configure

FRAMES = 12
log = structlog.get_logger()


def have_the_last_word() -> None:
    """From now on an uncaught exception of this process is told so; the exit code stays 1."""
    sys.excepthook = say


def say(kind: type[BaseException], _error: BaseException, trace: TracebackType | None) -> None:
    """The words of the exception are told nowhere: the engine's quote values, and values are people."""
    number = uuid.uuid4().hex[:8]
    if not structlog.is_configured():
        configure("auto", "warning")
    log.error("connector.broke", number=number, kind=f"{kind.__module__}.{kind.__qualname__}", at=places(trace))
    click.echo(
        f"Something unexpected happened (number {number}). What was finished is kept, and the next run goes on from "
        "there. If it happens again, report it with the bundle of `connector support FILE` and the log's line of this "
        "number.",
        err=True,
    )


def places(trace: TracebackType | None) -> list[str]:
    """The innermost places of a traceback: file, line and function, without any values."""
    frames = traceback.extract_tb(trace)[-FRAMES:]
    return [f"{'/'.join(frame.filename.rsplit('/', 3)[-3:])}:{frame.lineno} {frame.name}" for frame in frames]
