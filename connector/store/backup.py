"""Backup and restore of a store: one file with a manifest, compact and consistent (OP-8).

The file is a ZIP archive, not compressed: `manifest.json`, then `store.duckdb`. The engine writes the copy in one
transaction of its own, so nothing half-done gets into it.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import uuid
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from connector.errors import ConfigurationError, RefusedError, StopError
from connector.store.carrying import carry_over
from connector.store.database import MIGRATIONS, Store, at_the_door, open_store, refuse_in_use, replace_durably
from connector.store.decisions import begin_run, finish_run
from connector.store.kept_files import copies_beside, half_made_backup, remember_file
from connector.store.rewriting import FRESH, copying_to, database_of, remove_store
from connector.store.traces import Traces, in_copy

FORMAT = 1
KIND = "connector backup"
MANIFEST, STORE = "manifest.json", "store.duckdb"
CHUNK = 1 << 20
OF_THE_MIRROR = ("cursor", "reconciliation", "touched", "evaluated", "evaluated_account", "evaluation")
"""Tables, besides those of the mirror itself, that say how far it has been read and evaluated."""


@dataclass(frozen=True)
class Manifest:
    """What a backup says of itself. `schema`: the number of the last migration. `mirror`: whether it has one."""

    format: int
    kind: str
    org: str | None
    name: str | None
    schema: int
    made_at: str
    mirror: bool
    rows: dict[str, int]
    sha256: str
    bytes: int


def back_up(store: Store, target: Path, now: datetime, *, mirror: bool) -> Manifest:
    """Writes the open store to `target` (mode 0600), whole or not at all.

    Without `mirror` only what cannot be pulled again is in it; after such a restore the next pull reads all anew.
    ConfigurationError where the place is not writable, StopError when there is no room.
    """
    if not os.access(target.parent, os.W_OK):
        raise ConfigurationError(
            f"The backup cannot be written as {target}: there is no such folder, or no right to it."
        )
    copy, draft = half_made_backup(target)
    # Remembered first: what a killed process leaves of it holds people as well.
    remember_file(store, target, "backup", now)
    try:
        remove_store(copy)
        with copying_to(store, copy):
            _copy(store, mirror)
            rows = _rows(store)
        manifest = _describe(store, copy, now, mirror, rows)
        descriptor = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w+b") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr(MANIFEST, json.dumps(asdict(manifest), ensure_ascii=False, indent=1))
            archive.write(copy, STORE)
        replace_durably(draft, target)
    except OSError as error:
        raise ConfigurationError(f"The backup cannot be written as {target}: {error.strerror}.") from None
    finally:
        remove_store(copy)
        draft.unlink(missing_ok=True)
    return manifest


def _describe(store: Store, copy: Path, now: datetime, mirror: bool, rows: dict[str, int]) -> Manifest:
    known = store.run("SELECT org_id, name FROM org LIMIT 1")
    org, name = known[0] if known else (None, None)
    return Manifest(
        format=FORMAT,
        kind=KIND,
        org=org,
        name=name,
        schema=int(store.value("SELECT max(number) FROM migration")),
        made_at=now.astimezone(UTC).isoformat(),
        mirror=mirror,
        rows=rows,
        sha256=_sha256(copy),
        bytes=copy.stat().st_size,
    )


def _copy(store: Store, mirror: bool) -> None:
    source = database_of(store)
    if mirror:
        store.run(f'COPY FROM DATABASE "{source}" TO {FRESH}')
        return
    store.run(f'COPY FROM DATABASE "{source}" TO {FRESH} (SCHEMA)')
    for table in _tables(store, source):
        if table.startswith("mirror_"):
            store.run(f'DROP TABLE {FRESH}."{table}"')
        elif table not in OF_THE_MIRROR:
            store.run(f'INSERT INTO {FRESH}."{table}" SELECT * FROM "{source}"."{table}" ORDER BY rowid')


def _tables(store: Store, database: str) -> list[str]:
    rows = store.run(
        "SELECT table_name FROM duckdb_tables() WHERE database_name = $database AND NOT temporary ORDER BY 1",
        {"database": database},
    )
    return [str(row[0]) for row in rows]


def _rows(store: Store) -> dict[str, int]:
    return {table: int(store.value(f'SELECT count(*) FROM {FRESH}."{table}"')) for table in _tables(store, FRESH)}


def read_manifest(backup: Path) -> Manifest:
    """The manifest of a backup, checked against its content.

    Raises ConfigurationError when it is no backup, StopError when it is damaged or of a newer version.
    """
    found = _manifest(backup)
    if found.format != FORMAT or found.schema > _newest():
        raise StopError(
            f"{backup} was made by a newer version of the connector (format {found.format}, schema {found.schema}; "
            f"this one knows {FORMAT} and {_newest()}). Install that version, then restore."
        )
    try:
        with zipfile.ZipFile(backup) as archive, archive.open(STORE) as file:
            digest = hashlib.sha256()
            while piece := file.read(CHUNK):
                digest.update(piece)
    except (zipfile.BadZipFile, KeyError, OSError) as error:
        raise StopError(
            f"{backup} is damaged ({type(error).__name__}): use another backup. Nothing was changed."
        ) from None
    if digest.hexdigest() != found.sha256:
        raise StopError(
            f"{backup} is damaged: its content does not fit its checksum. Use another. Nothing was changed."
        )
    return found


def _manifest(backup: Path) -> Manifest:
    try:
        with zipfile.ZipFile(backup) as archive:
            words: dict[str, Any] = json.loads(archive.read(MANIFEST))
    except FileNotFoundError:
        raise ConfigurationError(f"There is no backup {backup}.") from None
    except (zipfile.BadZipFile, KeyError, ValueError):
        raise ConfigurationError(f"{backup} is not a whole backup: `connector backup FILE` makes one.") from None
    except OSError as error:
        raise ConfigurationError(f"The backup {backup} cannot be read: {error.strerror}.") from None
    if words.get("kind") != KIND or words.keys() != Manifest.__dataclass_fields__.keys():
        newer = words.get("kind") == KIND and words.get("format") != FORMAT
        if newer:
            raise StopError(
                f"{backup} has the format {words.get('format')!r} of a newer version. Install that version."
            )
        raise ConfigurationError(f"{backup} is not a backup of the connector. `connector backup FILE` makes one.")
    return Manifest(**words)


def _newest() -> int:
    return max(int(entry.name[:4]) for entry in MIGRATIONS.iterdir() if entry.name.endswith(".sql"))


@contextmanager
def unpacked(backup: Path, place: Path) -> Iterator[Path]:
    """The store of a backup as a file (mode 0600) at `place` while the block lasts, unless the block has moved it."""
    try:
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file, zipfile.ZipFile(backup) as archive, archive.open(STORE) as packed:
            shutil.copyfileobj(packed, file, CHUNK)
        yield place
    except OSError as error:
        raise StopError(f"{place} cannot be written ({error.strerror}): make room or mend the rights.") from None
    finally:
        remove_store(place)


@dataclass(frozen=True)
class Restored:
    """What a restore did. `aside`: where the old store is now. `forgotten`: people whom the old store had forgotten
    since, and who were erased from the restored one too; None where that could not be told."""

    manifest: Manifest
    aside: Path | None
    forgotten: int | None


def restore(backup: Path, path: Path, now: datetime, *, replace: bool) -> Restored:
    """Puts the store of a backup to `path`, brought forward if the backup is older; the old one is moved aside.

    Whom the old store had forgotten is erased from the restored one before it takes the place. Raises RefusedError
    when there is a store already, without `replace`, or when it is another org's; ConfigurationError and StopError as
    `read_manifest` does. Until the last step nothing is changed.
    """
    manifest = read_manifest(backup)
    if path.exists() and not replace:
        raise RefusedError(
            f"There is a store {path} already. --replace moves it aside and puts the backup in its place."
        )
    with unpacked(backup, path.with_name(f"{path.stem}.restoring{path.suffix}")) as fresh:
        if path.exists():
            _same_org(path, manifest)
        with open_store(fresh) as store:
            forgotten = carry_over(store, path, now) if path.exists() else None
            # The store in it was copied before the file was there to be remembered.
            remember_file(store, backup, "backup", now)
            _note_restored(store, now)
        for copy in copies_beside(fresh):
            copy.unlink()
        aside = _put(fresh, path, now)
    return Restored(manifest, aside, forgotten)


RESTORE = "restore"


def _note_restored(store: Store, now: datetime) -> None:
    """Notes the restoring as a run: plans that were made before it rest on what this store does not know."""
    run_id = f"{now.astimezone(UTC):%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:8]}"
    begin_run(store, run_id, RESTORE, now)
    finish_run(store, run_id, "done", {}, now)


def last_restored(store: Store) -> str | None:
    """The run in which the store was restored last; None where it never was."""
    run_id = store.value("SELECT run_id FROM run WHERE command = $command ORDER BY rowid DESC", {"command": RESTORE})
    return None if run_id is None else str(run_id)


def _put(fresh: Path, path: Path, now: datetime) -> Path | None:
    with at_the_door(path):
        aside = None
        if path.exists():
            # Whoever has it open would go on writing into the one that was moved aside.
            refuse_in_use(path)
            aside = path.with_name(f"{path.stem}.replaced-{now.astimezone(UTC):%Y%m%dT%H%M%S}{path.suffix}")
            path.replace(aside)
            log = path.with_name(f"{path.name}.wal")
            if log.exists():
                log.replace(aside.with_name(f"{aside.name}.wal"))
        replace_durably(fresh, path)
    return aside


def _same_org(path: Path, manifest: Manifest) -> None:
    """Refuses to put one org's backup into the place of another's store. A store that cannot be opened says nothing."""
    try:
        with open_store(path, wait_seconds=5) as old:
            known = old.value("SELECT org_id FROM org LIMIT 1")
    except StopError:
        return
    if known is not None and known != manifest.org:
        raise RefusedError(
            f"The store {path} belongs to org {known}, the backup to org {manifest.org}. "
            "Use another --profile or --state."
        )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def backup_holds(store: Store, traces: Traces, backup: Path) -> bool:
    """Whether a backup holds somebody. One that cannot be read, and one that was never finished, count as holding."""
    if store.path is None:
        return False
    if backup.name.startswith(".") and backup.suffix in {".copy", ".draft"}:
        return True
    try:
        _manifest(backup)
        with unpacked(backup, store.path.with_name(f"{store.path.stem}.searched{store.path.suffix}")) as copy:
            return in_copy(store, traces, copy)
    except (ConfigurationError, StopError, zipfile.BadZipFile):
        return True
