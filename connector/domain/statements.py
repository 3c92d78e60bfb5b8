"""Named SQL statements out of a .sql file: each begins with `-- name: word`, comments below it describe it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


@cache
def statements(package: str, file: str) -> Mapping[str, str]:
    """The statements of a file that ships in a package, by name, without comments and closing semicolons."""
    text = resources.files(package).joinpath(file).read_text("utf-8")
    parts = _NAME.split(text)
    return MappingProxyType({name: _bare(body) for name, body in zip(parts[1::2], parts[2::2], strict=True)})


def quoted(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def _bare(body: str) -> str:
    lines = (line for line in body.splitlines() if not line.lstrip().startswith("--"))
    return "\n".join(lines).strip().rstrip(";")
