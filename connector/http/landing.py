"""Pages on their way from the wire to a file, without their rows ever becoming Python objects."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from connector.errors import StopError

CHUNK = 256 * 1024
HEAD = 64 * 1024
TAIL = 64

_END_OF_ROWS = re.compile(rb"\]\s*\}\s*\Z")


@dataclass(frozen=True)
class Page:
    """One page of an answer, on disk as the remote sent it.

    `number` counts from 1. `total`: rows of the whole answer, where the remote tells. `last`: nothing follows;
    `truncated`: nothing follows although there is more (ask again from the last row on). `next_url`: as the remote
    gave it, None on the last page.
    """

    path: Path
    number: int
    last: bool
    total: int | None = None
    next_url: str | None = None
    truncated: bool = False


class MalformedPageError(Exception):
    """What arrived is not the JSON object that it should be."""


def page_path(folder: Path, number: int) -> Path:
    """folder/00001.json"""
    return folder / f"{number:05d}.json"


def land(response: requests.Response, path: Path) -> None:
    """Streams the body to `path` (mode 0600), which appears only when it is whole.

    The exceptions of requests pass through; StopError when the disk does not take it.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            for chunk in response.iter_content(CHUNK):
                file.write(chunk)
        part.replace(path)
    except requests.RequestException:
        part.unlink(missing_ok=True)
        raise
    except OSError as error:
        raise StopError(f"{path} cannot be written ({error.strerror}): make room or mend the rights.") from None


def envelope(path: Path, rows: str, needed: tuple[str, ...]) -> Mapping[str, Any]:
    """The keys beside `rows` of the object in the file.

    On record they stand before the rows, which end the object: then only its ends are read. Otherwise all is parsed.
    MalformedPageError when it is no such object or is cut off.
    """
    head, tail = _ends(path)
    start = re.search(rb'"' + rows.encode() + rb'"\s*:\s*\[', head)
    if start and _END_OF_ROWS.search(tail):
        before = head[: start.start()].rstrip().removesuffix(b",") + b"}"
        found = _object(before)
        if found is not None and all(key in found for key in needed):
            return found
    whole = _object(path.read_bytes())
    if whole is None or not isinstance(whole.get(rows), list) or not all(key in whole for key in needed):
        raise MalformedPageError(f"it is no JSON object with {rows}")
    return {key: value for key, value in whole.items() if key != rows}


def _ends(path: Path) -> tuple[bytes, bytes]:
    with path.open("rb") as file:
        head = file.read(HEAD)
        file.seek(max(0, path.stat().st_size - TAIL))
        return head, file.read()


def _object(text: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
