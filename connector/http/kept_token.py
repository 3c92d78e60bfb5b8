"""A refresh token that the org exchanged for another: kept in the state folder, or the next run could not sign in."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

from pydantic import SecretStr

from connector.errors import StopError


class KeptToken:
    """The rotated token, bound to the configured one that it came from: a newly configured token wins."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def current(self, configured: SecretStr | None) -> SecretStr | None:
        """The token to use: the kept one if it descends from `configured`, else `configured`."""
        if configured is None:
            return None
        try:
            kept = json.loads(self._path.read_bytes())
        except (FileNotFoundError, ValueError):
            return configured
        except OSError as error:
            raise StopError(f"{self._path} cannot be read ({error.strerror}): give this user the right to.") from None
        if not isinstance(kept, dict) or kept.get("from") != _mark(configured):
            return configured
        return SecretStr(str(kept["refresh_token"]))

    def keep(self, configured: SecretStr, rotated: SecretStr) -> None:
        """Replaces the kept token in one step (mode 0600). The old one is dead by now: failing here is a StopError."""
        text = json.dumps({"from": _mark(configured), "refresh_token": rotated.get_secret_value()})
        part = self._path.with_name(f".{self._path.name}.part")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            part.unlink(missing_ok=True)
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            part.replace(self._path)
        except OSError as error:
            raise StopError(
                f"The org exchanged the refresh token, but {self._path} cannot be written ({error.strerror}): make "
                "the state folder writable, then configure a new refresh token."
            ) from None


def _mark(token: SecretStr) -> str:
    return hashlib.sha256(token.get_secret_value().encode()).hexdigest()
