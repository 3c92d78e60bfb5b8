"""Forgetting a person: erased from the store and from every file that we know of, then searched for (SY-10)."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from connector.errors import StopError
from connector.store.backup import backup_holds
from connector.store.database import Store, spill_of
from connector.store.erasing import Record, begin_forgetting, erase, gather, load_seeds
from connector.store.kept_files import copies_beside, kept_files
from connector.store.rewriting import remove_store, rewrite, rewriting_path
from connector.store.traces import Traces, in_copy, in_file, in_rows, keys, spellings, traces_of

_ID = r"^[A-Za-z0-9]{15}(?=$|[A-Za-z0-9]{3}$)"
"""A record's or a person's id: the first 15 characters tell which."""

SANDBOX = "sandbox"
"""The folder of the emulator's own data within a state folder: it stands for the remote, not for what we keep."""


@dataclass(frozen=True)
class Forgotten:
    """The proof: what was erased where, what was searched, and what was still found.

    `erased`: rows by table. `plans`, `copies`: files deleted. `holding`: copies and backups that still hold the person.
    `found`: rows by `table.column`, and files, in which something identifying still stands. `shared`: addresses,
    phone numbers and names that other people's records have too, and that were therefore not searched for.
    """

    records: int
    erased: Mapping[str, int]
    landed: int
    plans: tuple[Path, ...]
    copies: tuple[Path, ...]
    holding: tuple[Path, ...]
    searched: int
    files: int
    shared: int
    found: Mapping[str, int]

    @property
    def complete(self) -> bool:
        return not self.found and not self.holding


def forget(
    store: Store,
    records: Sequence[Record],
    persons: Sequence[str],
    landing: Path,
    now: datetime,
    *,
    copies: bool,
) -> Forgotten:
    """Erases the people of these records and what belongs to them, and proves it.

    `landing`: the folder of pages that wait to be merged; all of them go, the next pull asks again. `copies`: copies
    and backups that hold the person are deleted too. Files go before rows, so that what a crash cuts short can be
    asked for again. Temporary tables are lost. StopError, before anything is erased, when there is no room for the new
    file.
    """
    if store.path is None:
        raise ValueError("a store in memory has no files to forget in")
    _make_sure_of_room(store.path)
    load_seeds(store, records)
    gather(store)
    spelled, keyed = spellings(store), keys(store, persons)
    count = int(store.value("SELECT count(*) FROM erasing"))
    ids = Traces(ids=tuple(sorted(keyed)))
    plans = _remove([plan for plan in kept_files(store, "plan") if in_file(plan, ids)])
    landed = _remove_landed(landing)
    holding = _copies_that_hold(store, store.path, ids)
    removed = _remove(holding) if copies else ()
    with store.transaction():
        number = begin_forgetting(store, "asked", now)
        erased = erase(store, number, persons)
        store.run(
            "UPDATE forgetting SET counts = $counts WHERE number = $number",
            {"counts": json.dumps(erased), "number": number},
        )
    rewrite(store, now)
    shutil.rmtree(spill_of(store.path), ignore_errors=True)
    traces = traces_of(store, spelled, keyed)
    left = tuple(path for path in holding if path not in removed)
    files = [file for file in _files_of(store.path, landing) if file not in left]
    found = in_rows(store, traces) | {str(file): 1 for file in files if in_file(file, traces)}
    return Forgotten(count, erased, landed, plans, removed, left, len(traces), len(files), traces.shared, found)


def search(store: Store, word: str, landing: Path) -> Forgotten:
    """Searches for somebody who is not in the store (any more), by an e-mail address, a record's or a person's id.

    Nothing is erased or deleted: `holding` names the copies and backups in which the word stands, `found` other places.
    """
    if store.path is None:
        raise ValueError("a store in memory has no files to search")
    named = word.strip()
    traces = Traces(values=(named,)) if "@" in named[1:-1] else Traces(ids=tuple(re.findall(_ID, named)))
    holding = tuple(_copies_that_hold(store, store.path, traces)) if traces else ()
    files = [file for file in _files_of(store.path, landing) if file not in holding]
    found = in_rows(store, traces) | {str(file): 1 for file in files if in_file(file, traces)}
    return Forgotten(0, {}, 0, (), (), holding, len(traces), len(files), 0, found)


def delete_holding(found: Forgotten) -> Forgotten:
    """Deletes the copies and backups that a search has found."""
    return replace(found, copies=_remove(found.holding), holding=())


def _make_sure_of_room(path: Path) -> None:
    size, free = path.stat().st_size, shutil.disk_usage(path.parent).free
    if free < size:
        raise StopError(
            f"The store {path} has to be written anew, which needs {size >> 20:,} MiB; the disk has {free >> 20:,} MiB "
            "left. Make room and run again. Nothing was erased."
        )


def _copies_that_hold(store: Store, path: Path, ids: Traces) -> list[Path]:
    """A copy has what other people have too: whether it holds this person, only the ids tell."""
    beside = [copy for copy in copies_beside(path) if in_copy(store, ids, copy)]
    return beside + [backup for backup in kept_files(store, "backup") if backup_holds(store, ids, backup)]


def _remove(paths: Sequence[Path]) -> tuple[Path, ...]:
    for path in paths:
        remove_store(path)
    return tuple(paths)


def _remove_landed(landing: Path) -> int:
    count = sum(1 for file in landing.rglob("*") if file.is_file()) if landing.is_dir() else 0
    shutil.rmtree(landing, ignore_errors=True)
    return count


def _files_of(path: Path, landing: Path) -> list[Path]:
    """Every file of the state folder that is this store's, or nobody's: not other profiles' and not the sandbox's."""
    folder = path.parent
    others = {file.stem for file in folder.glob(f"*{path.suffix}") if "." not in file.stem} - {path.stem}
    found = []
    for file in folder.rglob("*"):
        within = file.relative_to(folder).parts
        foreign = within[0] == SANDBOX or within[0].split(".")[0] in others
        foreign = foreign or (within[0] == landing.parent.name and len(within) > 1 and within[1] in others)
        if file.is_file() and not foreign and file != rewriting_path(path):
            found.append(file)
    return sorted(found)
