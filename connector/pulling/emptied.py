"""Bins that were emptied: which soft-deleted records the remote has let go of for good (SY-10)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from connector.domain.streams import MappedStream
from connector.pulling.reading import LandedPage
from connector.store.database import Store
from connector.store.reconciling import load_remote_ids
from connector.store.tombstones import tombstones

MOST = 1_000
"""Tombstones of one object that are asked for in a day: the longest dead, which leave the bin first."""

IDS_A_QUESTION = 200

Ask = Callable[[str], Iterator[LandedPage]]
"""Pages of an answer that has deleted rows too."""


def emptied(store: Store, mapped: MappedStream, ask: Ask) -> list[str]:
    """Ids of tombstones of a Salesforce object that are not in the recycle bin any more."""
    dead = tombstones(store, mapped, "", MOST)
    gone: list[str] = []
    for start in range(0, len(dead), IDS_A_QUESTION):
        ids = dead[start : start + IDS_A_QUESTION]
        there = _still_there(store, mapped, ask, ids)
        gone += [record for record in ids if record not in there]
    return gone


def _still_there(store: Store, mapped: MappedStream, ask: Ask, ids: Sequence[str]) -> set[str]:
    wanted = ", ".join(f"'{record}'" for record in ids)
    names = ", ".join(mapped.stream.system[name][0] for name in ("id", "stamp", "is_deleted"))
    pages: list[Path] = [
        page.path for page in ask(f"SELECT {names} FROM {mapped.stream.object} WHERE Id IN ({wanted})")
    ]
    load_remote_ids(store, mapped, pages)
    return {str(row[0]) for row in store.run("SELECT id FROM remote_ids")}
