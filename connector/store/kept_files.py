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
    """The files of a kind that are still there; those that are not are struck off."""
    paths = [
        Path(row[0]) for row in store.run("SELECT path FROM kept_file WHERE kind = $kind ORDER BY 1", {"kind": kind})
    ]
    for path in paths:
        if not path.exists():
            store.run("DELETE FROM kept_file WHERE path = $path", {"path": str(path)})
    return [path for path in paths if path.exists()]


def copies_beside(path: Path) -> list[Path]:
    """The copies of a store beside it: from before a change of its schema, and those that a restore moved aside."""
    found = {
        *path.parent.glob(f"{path.stem}.before-*{path.suffix}"),
        *path.parent.glob(f"{path.stem}.replaced-*{path.suffix}"),
    }
    return sorted(found)
