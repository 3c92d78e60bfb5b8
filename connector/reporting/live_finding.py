"""One thing that a check of a mapping against its org found, with its place and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Level = Literal["error", "advice", "note"]
"""error: something would fail. advice: it works, but hardly as it is meant to. note: good to know, nothing to do."""
_RANK = {"error": 0, "advice": 1, "note": 2}


@dataclass(frozen=True)
class LiveFinding:
    """`object` and `field` are the org's; `field` is empty where the whole object is meant.

    Lines and columns count from 1; 0 where no line of the file is meant.
    """

    level: Level
    kind: str
    object: str
    field: str
    file: str
    line: int
    column: int
    sentence: str
    suggestion: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{place}: {self.sentence} {self.suggestion}".rstrip()


def sorted_findings(found: Iterable[LiveFinding]) -> list[LiveFinding]:
    """Each once: what would fail first, then by place."""
    return sorted(
        dict.fromkeys(found),
        key=lambda one: (_RANK[one.level], one.file, one.line, one.column, one.object, one.field, one.sentence),
    )
