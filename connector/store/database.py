"""The local store: one DuckDB file an org, one process at a time. Nothing else imports duckdb."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import duckdb

from connector.errors import RetryError, StopError

_CONFIG = {
    # An older DuckDB can still read the file, so that a downgrade stays possible.
    "storage_compatibility_version": "v1.5.0",
    # Only what is built into the wheel is used: a missing extension fails at once, without the network.
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "preserve_insertion_order": "false",
}
MIGRATIONS = resources.files("connector.store.migrations")
MEMORY_MB = 768
"""What the engine may hold in memory: with what Python needs beside it, the process stays below a gibibyte."""
_LOCKED = "Could not set lock"
_HOLDER = re.compile(r"\(PID (\d+)\)")
_NO_ROOM = (duckdb.IOException, duckdb.FatalException, duckdb.OutOfMemoryException)
_FULL = ("Could not write", "No space left on device")
_DAMAGED = ("Corrupt database file", "Could not read enough bytes", "Could not read from file")


class Store:
    """An open store. All times in it are UTC."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, path: Path | None, memory_mb: int = MEMORY_MB) -> None:
        self._connection = connection
        self.path = path
        self.memory_mb = memory_mb
        self._depth = 0

    def run(self, sql: str, params: Mapping[str, object] | None = None) -> list[tuple[Any, ...]]:
        """Runs a statement, or several without parameters; named ones that it does not use are ignored."""
        used = {name: value for name, value in (params or {}).items() if re.search(rf"\${name}\b", sql)}
        with self._telling():
            return self._connection.execute(sql, used or None).fetchall()

    def value(self, sql: str, params: Mapping[str, object] | None = None) -> Any:
        """The first column of the first row, or None."""
        rows = self.run(sql, params)
        return rows[0][0] if rows else None

    def rows(self, sql: str, params: Mapping[str, object] | None = None) -> list[dict[str, Any]]:
        """The rows as dictionaries, for what is shown or sent, not for the data plane."""
        used = {name: value for name, value in (params or {}).items() if re.search(rf"\${name}\b", sql)}
        with self._telling():
            cursor = self._connection.execute(sql, used or None)
            names = [column[0] for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def load(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Makes a temporary table of text columns from rows held in memory (distinct names, small lists)."""
        names = ", ".join(f'"{name}"' for name in columns)
        lists = {
            f"c{place}": [None if row[place] is None else str(row[place]) for row in rows]
            for place in range(len(columns))
        }
        picked = ", ".join(f'unnest(${key}::VARCHAR[]) AS "{name}"' for key, name in zip(lists, columns, strict=True))
        self.run(f'CREATE OR REPLACE TEMP TABLE "{table}" ({", ".join(f"{n} VARCHAR" for n in names.split(", "))})')
        if rows:
            self.run(f'INSERT INTO "{table}" SELECT {picked}', lists)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing. A transaction within one joins it."""
        if self._depth:
            yield
            return
        self._connection.begin()
        self._depth = 1
        try:
            yield
        except BaseException:
            # Where the disk is full, the engine may have let go of the file already: then there is nothing to undo.
            with suppress(duckdb.Error):
                self._connection.rollback()
            raise
        else:
            with self._telling():
                self._connection.commit()
        finally:
            self._depth = 0

    def close(self) -> None:
        self._connection.close()

    def replace_file(self, fresh: Path) -> None:
        """Puts another store's file into the place of this one's, and goes on with that; nobody gets in between.

        Temporary tables are lost. StopError when the old file is not whole without its log; then nothing is replaced.
        """
        path = self.path
        if path is None:
            raise ValueError("a store in memory has no file")
        with at_the_door(path):
            self._connection.close()
            if _log_of(path).exists():
                raise StopError(f"{_log_of(path)} is still needed: the store {path} was left as it is. Run again.")
            replace_durably(fresh, path)
            self._connection = duckdb.connect(str(path), config=dict(_CONFIG))
        _settle(self, path)

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """Says in a sentence of ours that the file is damaged, or the disk full: the engine's own may quote people."""
        try:
            yield
        except duckdb.Error as error:
            if self.path is not None and any(word in str(error) for word in _DAMAGED):
                raise StopError(_damaged(self.path, "some of it is not what was written")) from None
            if isinstance(error, _NO_ROOM) or any(word in str(error) for word in _FULL):
                raise StopError(_no_room(self.path, error)) from None
            raise


@contextmanager
def open_store(
    path: Path,
    *,
    wait_seconds: float = 60.0,
    sleep: Callable[[float], None] = time.sleep,
    announce: Callable[[str], None] = lambda _sentence: None,
    migrations: Traversable = MIGRATIONS,
    memory_mb: int = MEMORY_MB,
) -> Iterator[Store]:
    """Opens the store of an org, waiting for another process of ours to let go of it; migrates it forward.

    While it is open, every file that this process makes is for its owner only: the engine makes files of its own
    (its log, what does not fit into memory), and they hold the same people. `migrations`: a folder of .sql files.
    `memory_mb`: what the engine may hold in memory; more goes into its spill folder.

    Raises RetryError when another process keeps it, StopError when it is damaged or of a newer version.
    """
    umask = os.umask(0o077)
    try:
        _make_folder(path)
        store = Store(_connect(path, wait_seconds, sleep, announce), path, memory_mb)
        try:
            path.chmod(0o600)
            _settle(store, path)
            _migrate(store, path, migrations)
            yield store
        finally:
            store.close()
    finally:
        os.umask(umask)


def _make_folder(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StopError(
            f"The folder {path.parent} cannot be made ({error.strerror}): mend the rights, or set another --state."
        ) from None
    may_be_written = os.access(path if path.exists() else path.parent, os.W_OK)
    if not path.parent.is_dir() or not may_be_written:
        raise StopError(f"The store {path} cannot be written: mend the rights of the file and of its folder.")


@contextmanager
def at_the_door(path: Path) -> Iterator[None]:
    """While it lasts, no process of ours begins to open a store of this folder: its file may be changed for another.

    The lock is on the folder itself, so that no file has to be made for it.
    """
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def refuse_in_use(path: Path) -> None:
    """RetryError when a process has the store open; asked at the door, so that none begins to. Damage says nothing."""
    try:
        duckdb.connect(str(path), config=dict(_CONFIG)).close()
    except duckdb.Error as error:
        if _LOCKED in str(error):
            holder = _HOLDER.search(str(error))
            who = f"process {holder.group(1)}" if holder else "another process"
            raise RetryError(f"The store {path} is in use by {who}: stop it first, or try again later.") from None


def replace_durably(fresh: Path, path: Path) -> None:
    """Renames `fresh` to `path` so that after a crash, of the machine too, one of the two stands there whole."""
    for place in (fresh, fresh.parent):
        descriptor = os.open(place, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    fresh.replace(path)
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _log_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.wal")


def _settle(store: Store, path: Path) -> None:
    store.run("SET TimeZone = 'UTC'")
    spill = spill_of(path).as_posix().replace("'", "''")
    store.run(f"SET temp_directory = '{spill}'")
    store.run(f"SET memory_limit = '{store.memory_mb} MB'")


def spill_of(path: Path) -> Path:
    """state/default.duckdb → state/default.spill, where the engine puts what does not fit into memory."""
    return path.with_suffix(".spill")


def memory_store() -> Store:
    """An empty store in memory, for evaluating files without any org."""
    store = Store(duckdb.connect(":memory:", config=dict(_CONFIG)), None)
    store.run("SET TimeZone = 'UTC'")
    _migrate(store, None, MIGRATIONS)
    return store


def _connect(
    path: Path, wait_seconds: float, sleep: Callable[[float], None], announce: Callable[[str], None]
) -> duckdb.DuckDBPyConnection:
    waited = 0.0
    while True:
        try:
            with at_the_door(path):
                return duckdb.connect(str(path), config=dict(_CONFIG))
        except duckdb.IOException as error:
            if _LOCKED not in str(error):
                raise StopError(_damaged(path, str(error))) from error
            holder = _HOLDER.search(str(error))
            who = f"process {holder.group(1)}" if holder else "another process"
            if waited >= wait_seconds:
                raise RetryError(f"The store {path} is in use by {who}; try again when it has finished.") from error
            if not waited:
                announce(f"Waiting for {who}, which has the store {path} open …")
            sleep(0.2)
            waited += 0.2
        except duckdb.Error as error:
            raise StopError(_damaged(path, str(error))) from error


def _no_room(path: Path | None, error: Exception) -> str:
    if isinstance(error, duckdb.OutOfMemoryException):
        return (
            "The engine ran out of memory or of room for its spill folder: raise CONNECTOR_MEMORY_MB or make room on "
            "the disk of the state folder, then run again; what was finished is kept."
        )
    return (
        f"The store {path or 'in memory'} cannot be read or written (is the disk full?). Make room and run again: what "
        "was finished is kept, the rest is done anew."
    )


def _damaged(path: Path, why: str) -> str:
    first = why.strip().splitlines()[0]
    return (
        f"The store {path} cannot be opened ({first}). Put a backup in its place, or move it away and pull again; "
        "decisions and the journal of writes are only in a backup."
    )


def _migrate(store: Store, path: Path | None, migrations: Traversable) -> None:
    """Brings the schema forward, with a copy of the file first; a store of a newer version is refused."""
    fresh = not store.run("SELECT 1 FROM duckdb_tables() WHERE table_name = 'migration'")
    if fresh:
        store.run("CREATE TABLE migration (number INTEGER NOT NULL, name VARCHAR NOT NULL, applied_at TIMESTAMP)")
    done = int(store.value("SELECT coalesce(max(number), 0) FROM migration"))
    files = sorted(
        (entry for entry in migrations.iterdir() if entry.name.endswith(".sql")),
        key=lambda entry: entry.name,
    )
    newest = int(files[-1].name[:4])
    if done > newest:
        raise StopError(
            f"The store {path} was made by a newer version of the connector (schema {done}, this one knows {newest}). "
            "Install that version again, or restore the backup made before it."
        )
    pending = [entry for entry in files if int(entry.name[:4]) > done]
    if pending and path is not None and done:
        store.run("CHECKPOINT")
        _keep_copy(path, path.with_name(f"{path.stem}.before-{int(pending[0].name[:4]):04d}{path.suffix}"))
    # A new store is made at once; one that holds something goes step by step.
    for entries in [[entry] for entry in pending] if done else [pending]:
        with store.transaction():
            store.run("\n".join(entry.read_text("utf-8") for entry in entries) or "SELECT 1")
            store.run(
                "INSERT INTO migration SELECT unnest($numbers::INTEGER[]), unnest($names::VARCHAR[]), $at",
                {
                    "numbers": [int(entry.name[:4]) for entry in entries],
                    "names": [entry.name for entry in entries],
                    "at": datetime.now(UTC).replace(tzinfo=None),
                },
            )


def _keep_copy(path: Path, copy: Path) -> None:
    """Copies the store's file, whole or not at all. StopError when there is no room: then nothing is changed."""
    draft = copy.with_name(f".{copy.name}.draft")
    try:
        shutil.copy2(path, draft)
        replace_durably(draft, copy)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise StopError(
            f"The store {path} has to be changed for this version, and a copy of it cannot be kept beside it "
            f"({error.strerror}): make room, then run again. Nothing was changed."
        ) from None
