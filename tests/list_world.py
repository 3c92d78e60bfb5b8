"""Lists of people as files, imported into a small world."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from connector.domain.lists import Kept, ListHead, ListKind
from connector.pulling.list_file import read_list
from connector.pulling.lists import import_list
from connector.rules.lists import Lists, load_lists
from connector.rules.load import SHIPPED
from connector.store.database import Store
from connector.store.lists import freeze_lists
from tests.engine_world import bind

ZONE = "Asia/Tokyo"
NOW = datetime(2026, 6, 1, tzinfo=UTC)
HELD = datetime(2026, 5, 10, 5, tzinfo=UTC)
"""Two in the afternoon in Tokyo."""


@cache
def shipped_lists() -> Lists:
    return load_lists(SHIPPED / "classic", bind)


def lists_of(folder: Path, text: str) -> Lists:
    """The lists.yaml that a test is about."""
    (folder / "lists.yaml").write_text(text, encoding="utf-8")
    return load_lists(folder, bind)


def import_rows(
    store: Store,
    rows: str | bytes | Iterable[str],
    *,
    name: str = "春のウェビナー",
    kind: ListKind = "webinar",
    held_at: datetime | None = HELD,
    until: date | None = None,
    lists: Lists | None = None,
    encoding: str | None = None,
    segment: str | None = None,
    now: datetime = NOW,
) -> Kept:
    """Imports the text of a file (or its lines) and makes its members seen."""
    text = rows if isinstance(rows, str | bytes) else "\n".join(rows)
    known = lists or shipped_lists()
    with TemporaryDirectory() as folder:
        file = Path(folder) / "list.csv"
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        sheet = read_list(file, known, encoding, segment)
    kept = import_list(store, ListHead(name, kind, held_at, until), sheet, known, ZONE, now)
    freeze_lists(store)
    return kept
