"""One log: to stderr, key=value for people on a terminal, a JSON object a line otherwise.

Event names begin with the step that speaks: `pull.page`, `retry.scheduled`, `apply.row_refused`. What libraries
log goes the same way and through the same gate (`redaction`), so that no token or address gets out by a side door.
"""

from __future__ import annotations

import logging
import sys
from typing import Any, Literal, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from connector.redaction import redact_event

ROOT = "connector"


def _redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    # Names that begin with an underscore are structlog's own and never rendered.
    own = {key: value for key, value in event.items() if key.startswith("_")}
    shown = {key: value for key, value in event.items() if not key.startswith("_")}
    return {**redact_event(shown), **own}


_EACH_EVENT: tuple[Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
    structlog.processors.format_exc_info,
    _redact,
)


def configure(
    form: Literal["auto", "text", "json"],
    level: Literal["debug", "info", "warning", "error"],
    stream: TextIO | None = None,
) -> None:
    """Sends every log line of the process to `stream` (stderr by default); called again, it replaces the last call.

    Modules log by `structlog.get_logger()`. Libraries are heard from WARNING on, and with level debug in full.
    """
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_EACH_EVENT,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        # Loggers are made at import, before this call, and must hear of it.
        cache_logger_on_first_use=False,
    )
    out = stream or sys.stderr
    handler = logging.StreamHandler(out)
    handler.setFormatter(_formatter(form == "text" or (form == "auto" and out.isatty()), colors=out.isatty()))
    handler.set_name(ROOT)
    root = logging.getLogger()
    for old in [each for each in root.handlers if each.get_name() == ROOT]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(logging.DEBUG if level == "debug" else logging.WARNING)
    logging.getLogger(ROOT).setLevel(level.upper())


def _formatter(text: bool, *, colors: bool) -> logging.Formatter:
    renderer: Any = (
        structlog.dev.ConsoleRenderer(colors=colors, pad_event_to=0)
        if text
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=list(_EACH_EVENT),
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
    )
