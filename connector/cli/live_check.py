"""How `check --live` shows what it found, and how the files of missing fields are written."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console

from connector.errors import ConfigurationError
from connector.reporting.live_check import LiveCheck
from connector.reporting.live_finding import Level

_HEADS: tuple[tuple[Level, str], ...] = (
    ("error", "What would fail ({}):"),
    ("advice", "Advice about the org ({}); it stops nothing:"),
    ("note", "Good to know ({}):"),
)


def live_document(found: LiveCheck) -> dict[str, Any]:
    """The same for machines."""
    return {
        "findings": [asdict(one) for one in found.findings],
        "drift": [asdict(one) for one in found.drifts],
        "patch": found.patch,
    }


def show_live(shown: Console, found: LiveCheck) -> None:
    """Findings one a line, as editors and terminals understand places; then what has changed, and the patch for it."""
    counts = Counter(one.level for one in found.findings)
    for level, head in _HEADS:
        if counts[level]:
            shown.print(f"\n{head.format(counts[level])}")
        for one in found.findings:
            if one.level == level:
                shown.print(f"  {one}", markup=False, soft_wrap=True)
    if not counts["error"] and not counts["advice"]:
        shown.print("\nThe mapping fits the org.")
    if found.drifts:
        shown.print(f"\nChanged in the org since the last check ({len(found.drifts)}):")
        for drift in found.drifts:
            shown.print(f"  {drift.sentence}", markup=False, soft_wrap=True)
    if found.patch:
        shown.print("\nA patch for the mapping (save it, look at it, then `patch -p1 < FILE` in its folder):")
        shown.print(found.patch, markup=False, soft_wrap=True)


def write_files(folder: Path, files: dict[str, str]) -> list[Path]:
    """Writes files into a new or empty folder. ConfigurationError where something is there already."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigurationError(
            f"{folder} is there already and not empty: name a new folder, so that nothing is lost."
        )
    written = []
    try:
        for name, text in sorted(files.items()):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            written.append(path)
    except OSError as error:
        raise ConfigurationError(f"{folder} cannot be written: {error.strerror}.") from None
    return written
