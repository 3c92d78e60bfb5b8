"""Texts that no engine takes: half a character in a landed page, which must not keep a whole stream from being read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from connector.errors import SpoiltPageError

Found = TypeVar("Found")

REPLACED = "\N{REPLACEMENT CHARACTER}"

_HALF = re.compile(
    r"(?<!\\)((?:\\\\)*)(?:(\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)
"""An escaped half of a surrogate pair; whole pairs are matched first, so that they stay."""


def mend_texts(pages: Iterable[Path]) -> bool:
    """Puts U+FFFD in the place of half characters, on disk; whether there were any.

    Remotes cut texts at a length in bytes or in UTF-16 units, in the middle of a character. Nothing else is changed,
    so that a page that was cut off stays one.
    """
    found = False
    for page in pages:
        before = page.read_bytes()
        text = before.decode("utf-8", "replace")
        if page.suffix == ".json":
            text = _HALF.sub(lambda match: match[1] + (match[2] or REPLACED), text)
        after = text.encode()
        if after != before:
            page.write_bytes(after)
            found = True
    return found


def with_whole_texts(pages: Iterable[Path], read: Callable[[], Found]) -> Found:
    """What `read` makes of the pages; it is called once more where they are spoilt by half characters alone.

    A failed statement ends its transaction, so that `read` takes its own. Raises SpoiltPageError.
    """
    try:
        return read()
    except SpoiltPageError:
        if not mend_texts(pages):
            raise
    return read()
