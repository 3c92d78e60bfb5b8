"""Writing the store's file anew: the engine leaves deleted rows in free blocks until it needs the room (SY-10)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from connector.store.cursors import naive
from connector.store.database import Store

FRESH = "fresh"


def rewriting_path(path: Path) -> Path:
    """state/default.duckdb → state/default.rewriting.duckdb, which a crash may leave behind."""
    return path.with_name(f"{path.stem}.rewriting{path.suffix}")


def needs_rewriting(store: Store) -> bool:
    """Whether something was forgotten whose bytes may still be in the file."""
    return bool(store.run("SELECT 1 FROM forgetting WHERE rewritten_at IS NULL LIMIT 1"))


def rewrite(store: Store, now: datetime) -> None:
    """Writes all rows to a new file and puts it into the place of the old one, at once and safely against a crash.

    Temporary tables are lost. Needs as much free room on the disk as the store has. StopError when there is none;
    then the old file stays as it was.
    """
    if store.path is None:
        return
    fresh = rewriting_path(store.path)
    remove_store(fresh)
    with copying_to(store, fresh):
        store.run(f"COPY FROM DATABASE {_quoted(database_of(store))} TO {FRESH}")
        store.run(f"UPDATE {FRESH}.forgetting SET rewritten_at = $now WHERE rewritten_at IS NULL", {"now": naive(now)})
    store.replace_file(fresh)


@contextmanager
def copying_to(store: Store, target: Path) -> Iterator[None]:
    """Attaches a new file as `fresh` while the block lasts, rows in their order, and puts it on the disk whole.

    Where the block fails, the new file is removed.
    """
    literal = target.as_posix().replace("'", "''")
    store.run("SET preserve_insertion_order = true")
    try:
        store.run(f"ATTACH '{literal}' AS {FRESH} (STORAGE_VERSION 'v1.5.0')")
        try:
            yield
            store.run(f"CHECKPOINT {FRESH}")
        finally:
            store.run(f"DETACH {FRESH}")
    except BaseException:
        remove_store(target)
        raise
    finally:
        store.run("SET preserve_insertion_order = false")


def remove_store(path: Path) -> bool:
    """Removes a store's file and its log. Whether there was one."""
    there = path.exists()
    path.unlink(missing_ok=True)
    path.with_name(f"{path.name}.wal").unlink(missing_ok=True)
    return there


def database_of(store: Store) -> str:
    """The name by which the engine knows the store's file."""
    return str(store.value("SELECT current_database()"))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
