"""Files that hold people and that the connector has written: saved plans, backups, copies from before a change."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Literal

from connector.store.cursors import naive
from connector.store.database import Store

Kind = Literal["plan", "backup"]


def remember_file(store: Store, path: Path, kind: Kind, now: datetime) -> None:
    """Keeps where a file was written, so that it is found again when somebody is to be forgotten."""
    store.run(
        "INSERT OR REPLACE INTO kept_file VALUES ($path, $kind, $now)",
        {"path": str(path.absolute()), "kind": kind, "now": naive(now)},
    )


def kept_files(store: Store, kind: Kind) -> list[Path]:
    """The files of a kind that are still there, half-made ones included; those that are not are struck off."""
    paths = [
        Path(row[0]) for row in store.run("SELECT path FROM kept_file WHERE kind = $kind ORDER BY 1", {"kind": kind})
    ]
    there = {path: [one for one in (path, *_half_made(path, kind)) if one.exists()] for path in paths}
    for path, files in there.items():
        if not files:
            store.run("DELETE FROM kept_file WHERE path = $path", {"path": str(path)})
    return [file for files in there.values() for file in files]


def half_made_backup(target: Path) -> tuple[Path, Path]:
    """Where a backup is made before it stands in its place: the copy of the store, and the archive with it."""
    return target.with_name(f".{target.name}.copy"), target.with_name(f".{target.name}.draft")


def _half_made(path: Path, kind: Kind) -> tuple[Path, ...]:
    """What a process that was killed may have left beside a file."""
    return half_made_backup(path) if kind == "backup" else (path.with_name(f"{path.name}.draft"),)


def copies_beside(path: Path) -> list[Path]:
    """The copies of a store beside it: from before a change of its schema, and those that a restore moved aside.

    And what a process that was killed in the middle of a restore, or of a search, has left unpacked.
    """
    found = {
        *path.parent.glob(f"{path.stem}.restoring{path.suffix}"),
        *path.parent.glob(f"{path.stem}.searched{path.suffix}"),
        *path.parent.glob(f"{path.stem}.before-*{path.suffix}"),
        *path.parent.glob(f"{path.stem}.replaced-*{path.suffix}"),
    }
    return sorted(found)
