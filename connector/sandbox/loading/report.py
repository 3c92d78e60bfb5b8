"""What became of every file, row and cell that was to be loaded."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

SHOWN = 20
"""How many refused rows the summary names; the report has them all."""


class LoadError(Exception):
    """A folder that cannot be loaded at all; the message says what to do."""


@dataclass(frozen=True)
class Refused:
    """One row or cell that was not taken: where it stands, and why. Never its content."""

    file: str
    line: int
    reason: str


@dataclass
class FileReport:
    """One file that was read. `ids_made` counts rows that came without a well-formed id and got one."""

    file: str
    object: str
    encoding: str
    rows: int = 0
    loaded: int = 0
    refused: int = 0
    ids_made: int = 0
    custom_fields: list[str] = field(default_factory=list)
    columns_left_out: dict[str, str] = field(default_factory=dict)


@dataclass
class LoadReport:
    """The whole load. `clock` is the world's time after it, in ISO 8601."""

    folder: str
    files: list[FileReport] = field(default_factory=list)
    files_left_out: dict[str, str] = field(default_factory=dict)
    refused_rows: list[Refused] = field(default_factory=list)
    emptied_cells: list[Refused] = field(default_factory=list)
    clock: str = ""

    @property
    def document(self) -> dict[str, Any]:
        """The report as JSON-ready values."""
        return {"schema": 1, **asdict(self)}

    @property
    def summary(self) -> str:
        """The report for people, in a few lines."""
        lines = [f"Loaded {self.folder}; the world's clock stands at {self.clock}."]
        for entry in self.files:
            refused = f", {entry.refused} refused" if entry.refused else ""
            read_as = "" if entry.encoding == "utf-8-sig" else f" (read as {entry.encoding})"
            lines.append(f"  {entry.file}{read_as}: {entry.loaded} of {entry.rows} rows into {entry.object}{refused}")
            lines += [f"    column {name}: {why}" for name, why in entry.columns_left_out.items()]
        lines += [f"  {name}: left out, {why}" for name, why in self.files_left_out.items()]
        for row in self.refused_rows[:SHOWN]:
            lines.append(f"  {row.file}, line {row.line}: {row.reason}")
        more = len(self.refused_rows) - SHOWN
        if more > 0:
            lines.append(f"  … and {more} more refused rows")
        if self.emptied_cells:
            lines.append(f"  {len(self.emptied_cells)} cells were left empty")
        return "\n".join(lines)

    def write(self, path: Path) -> None:
        """Writes the report as JSON."""
        path.write_text(json.dumps(self.document, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
