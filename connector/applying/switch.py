"""The one switch that stops all writes (OP-8): a setting, or a file in the state folder.

It is looked at before each call. The file needs no store and no running connector, so that it can be thrown in the
middle of an apply.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from connector.errors import StopError

FILE = "writes-off"


@dataclass(frozen=True)
class Off:
    """Why nothing may be written: `since` (aware) and `reason`, where the switch was thrown by the command."""

    by: str
    since: datetime | None = None
    reason: str | None = None

    @property
    def sentence(self) -> str:
        since = f" since {self.since.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if self.since else ""
        why = f" ({self.reason})" if self.reason else ""
        return f"Writes are switched off{since}{why}, by {self.by}"


def switch_path(state: Path) -> Path:
    """state/writes-off"""
    return state / FILE


def throw_off(state: Path, reason: str, now: datetime) -> None:
    """Switches all writes off, for every profile of a state folder. StopError when the file cannot be written."""
    path = switch_path(state)
    draft = path.with_name(f".{FILE}.draft")
    words = json.dumps({"since": now.astimezone(UTC).isoformat(), "reason": reason}, ensure_ascii=False)
    try:
        state.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(words)
        draft.replace(path)
    except OSError as error:
        raise StopError(f"{path} cannot be written ({error.strerror}): writes are NOT switched off.") from None


def throw_on(state: Path) -> bool:
    """Switches writes on again. Whether they were off. StopError when the file cannot be removed."""
    try:
        switch_path(state).unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise StopError(f"{switch_path(state)} cannot be removed ({error.strerror}): writes stay off.") from None
    return True


def switched_off(state: Path, *, by_setting: bool) -> Off | None:
    """Whether writes are off now. A file that is there switches off, whatever is in it."""
    if by_setting:
        return Off("CONNECTOR_WRITES")
    path = switch_path(state)
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError):
        return Off(str(path))
    try:
        words = json.loads(text)
        return Off(str(path), datetime.fromisoformat(words["since"]), str(words["reason"]) or None)
    except (ValueError, KeyError, TypeError):
        return Off(str(path), reason=text.strip()[:200] or None)


def looking_at(state: Path, *, by_setting: bool) -> Callable[[], Off | None]:
    """The switch as applying looks at it."""
    return lambda: switched_off(state, by_setting=by_setting)
