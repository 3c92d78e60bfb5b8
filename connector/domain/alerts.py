"""What somebody is told of at once: each once, as long as it stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

AlertKind = Literal["toss_up", "approval", "overdue", "failed_rows", "stalled", "refused"]
ALERT_KINDS: tuple[AlertKind, ...] = get_args(AlertKind)


@dataclass(frozen=True, order=True)
class Alert:
    """One thing to tell. `key` tells it from others of its kind for as long as it stands.

    `record` is the Salesforce id behind which the people concerned are found; `detail` is the machine's own word (a
    stream, a code, a day) and holds no personal data.
    """

    kind: AlertKind
    key: str
    record: str | None = None
    detail: str = ""
