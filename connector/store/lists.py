"""Imported lists: CSV text → members, in versions; one that was replaced or removed stays for questions about then."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from connector.domain.lists import ATTRIBUTES, Kept, ListHead, Refusal
from connector.domain.statements import quoted, statements
from connector.errors import ConfigurationError
from connector.store.belonging import LIST
from connector.store.cursors import naive
from connector.store.database import Store
from connector.store.touched import touch_all

_VALUES = (
    "member_id, email, person_name, first_name, last_name, company, department, title, registered_at, attended, "
    "attended_at, minutes, asked, answers, consent, review_score, segment, segment_ja, segment_en, follow_up_until"
)
_FAULTS: Mapping[str, str] = {
    "spilled": "The row has more cells than the header. Look for a stray separator, or an address in two cells.",
    "no_email": "The row has no e-mail address, so nobody is known by it.",
    "email": "The e-mail address cannot be read. Look for a missing @, or a quote that is opened and not closed.",
    "registered_at": "The time of registration cannot be read. Write 2026-05-01 10:00, or name the form under "
    "time_formats in lists.yaml.",
    "attended_at": "The time of attendance cannot be read. Write 2026-05-01 10:00, or name the form under "
    "time_formats in lists.yaml.",
    "minutes": "The minutes are not a number. Write 45 or 0:45:00.",
    "attended": "Whether the person attended cannot be read. Name the word under words: yes: or no: in lists.yaml.",
    "consent": "Whether the person consents cannot be read. Name the word under words: yes: or no: in lists.yaml.",
    "review_score": "The score is not a number.",
    "no_time": "Nothing says when it happened: no time in the row, and no --at for the whole list.",
    "future": "The time lies in the future. Correct it, or look at the time zone.",
}


@dataclass(frozen=True)
class Sheet:
    """The rows of a file as CSV text (`\\n` line ends, no header) and the column of each attribute, from 0.

    `first_line` is the line of the first row in the file; `answers` are the columns of survey questions with their
    headers; `unused` the headers that mean nothing to us.
    """

    body: str
    delimiter: str
    columns: int
    first_line: int
    places: Mapping[str, int]
    answers: Sequence[tuple[int, str]]
    unused: Sequence[str] = ()


@dataclass(frozen=True)
class Reading:
    """How the cells are to be read. `segments`: (id, Japanese, English, days, condition) in order.

    `fold` brings an unusual address into the form in which addresses are compared. `timed`: rows without a time are
    faults. `all_attended`: the list is one of attendees and has no column that says so.
    """

    zone: str
    forms: Sequence[str]
    yes: Sequence[str]
    no: Sequence[str]
    attended_from: int
    segments: Sequence[tuple[str, str, str, int | None, str]]
    by_column: bool
    timed: bool
    all_attended: bool
    fold: Callable[[str], str]


def keep_list(store: Store, head: ListHead, sheet: Sheet, reading: Reading, now: datetime) -> Kept:
    """Makes the sheet the current version of the list, unless it says what the current one says.

    All or nothing; `now` (aware) is when it becomes known. Rows with faults are left out and told. Raises
    ConfigurationError where no row is left.
    """
    with store.transaction():
        _read(store, head, sheet, reading, now)
        rows, good, people = store.run(
            "SELECT count(*), count(*) FILTER (WHERE fault IS NULL), (SELECT count(*) FROM list_new) FROM list_read"
        )[0]
        refused = tuple(
            Refusal(_FAULTS[fault], int(count), tuple(int(line) for line in lines))
            for fault, count, lines in store.run(_statement("refused"))
        )
        if not people:
            faults = " ".join(f"{one.rows} rows (first on line {one.lines[0]}): {one.sentence}" for one in refused)
            raise ConfigurationError(f"No row of the list {head.name!r} can be used; nothing was kept. {faults}")
        version, changed = _keep_version(store, head, now)
        touch_all(store, LIST)
        return Kept(version, changed, int(rows), int(people), int(good) - int(people), refused)


def remove_list(store: Store, name: str, now: datetime) -> int:
    """Ends the current version of a list; answers how many people were on it, 0 for an unknown list."""
    with store.transaction():
        people = int(store.value(
            "SELECT count(*) FROM list_member JOIN imported_list USING (name, version) "
            "WHERE name = $name AND until IS NULL", {"name": name},
        ))  # fmt: skip
        store.run("UPDATE imported_list SET until = $now WHERE name = $name AND until IS NULL", {
            "name": name, "now": naive(now),
        })  # fmt: skip
        touch_all(store, LIST)
    return people


def known_lists(store: Store) -> list[str]:
    """The names of the lists that speak now."""
    return [str(name) for (name,) in store.run("SELECT name FROM imported_list WHERE until IS NULL ORDER BY name")]


def freeze_lists(store: Store, *, known_at: datetime | None = None) -> None:
    """Makes the view `seen_list_member`: the members of each list in the version known now, or known at a time."""
    chosen = "until IS NULL"
    if known_at is not None:
        moment = f"TIMESTAMP '{naive(known_at)}'"
        chosen = f"imported_at <= {moment} AND (until IS NULL OR until > {moment})"
    store.run(
        "CREATE OR REPLACE TEMP VIEW seen_list_member AS SELECT member.*, list.kind, list.held_at, list.imported_at "
        f"FROM list_member AS member JOIN imported_list AS list USING (name, version) WHERE {chosen}"
    )


def _read(store: Store, head: ListHead, sheet: Sheet, reading: Reading, now: datetime) -> None:
    params: dict[str, object] = {
        "first_line": sheet.first_line, "questions": [question for _, question in sheet.answers], "zone": reading.zone,
        "forms": list(reading.forms), "yes": list(reading.yes), "no": list(reading.no), "kind": head.kind,
        "held_at": _plain(head.held_at), "timed": reading.timed, "latest": naive(now), "now": naive(now),
        "all_attended": reading.all_attended, "attended_from": reading.attended_from,
        "by_column": reading.by_column, "follow_up_until": head.follow_up_until,
    }  # fmt: skip
    for macro in ("trim", "plain", "moment", "amount"):
        store.run(_statement(macro))
    _load_lines(store, sheet, params)
    store.run(_statement("cells", **_cells(sheet)), params)
    unusual = [str(row[0]) for row in store.run(_statement("unusual"))]
    store.load("list_folded", ("email_text", "folded"), [(text, reading.fold(text)) for text in unusual])
    store.run(_statement("read"), params)
    store.run(_statement("members"), params)
    store.load("list_segments", ("id", "ja", "en", "days"), [segment[:4] for segment in reading.segments])
    cases = " ".join(f"WHEN {condition} THEN {quoted(id_)}" for id_, _, _, _, condition in reading.segments)
    store.run(_statement("segmented", segment=f"CASE {cases} END" if cases else "NULL::VARCHAR"), params)


def _load_lines(store: Store, sheet: Sheet, params: Mapping[str, object]) -> None:
    names = [f"c{place}" for place in range(sheet.columns)]
    raw = [f"raw_{name}" for name in names]
    with tempfile.TemporaryDirectory(prefix="connector-list-") as folder:
        file = Path(folder) / "list.csv"
        # An open folder of the system's: the file is its owner's alone, and is gone when it has been read.
        file.touch(mode=0o600)
        file.write_text(sheet.body, encoding="utf-8", newline="\n")
        # Lines are counted by the order of rows.
        store.run("SET preserve_insertion_order = true")
        try:
            store.run(_statement(
                "lines", file=quoted(file.as_posix()), delimiter=quoted(sheet.delimiter),
                types="{" + ", ".join(f"'{name}': 'VARCHAR'" for name in (*raw, "spilled")) + "}",
                joined=f"concat_ws('', {', '.join(raw)})", columns=", ".join(raw),
                cells=", ".join(f"list_trim({one}) AS {name}" for one, name in zip(raw, names, strict=True)),
            ), params)  # fmt: skip
        finally:
            store.run("SET preserve_insertion_order = false")


def _cells(sheet: Sheet) -> dict[str, str]:
    cells: dict[str, str] = {
        name: f"c{sheet.places[name]}" if name in sheet.places else "NULL::VARCHAR" for name in ATTRIBUTES
    }  # fmt: skip
    cells["answers"] = ", ".join(f"c{place}" for place, _ in sheet.answers)
    cells["all_cells"] = ", ".join(f"c{place}" for place in range(sheet.columns))
    return cells


def _keep_version(store: Store, head: ListHead, now: datetime) -> tuple[int, bool]:
    """The version that speaks from now on, and whether it is a new one."""
    values: dict[str, Any] = {
        "name": head.name, "kind": head.kind, "held_at": _plain(head.held_at), "until": head.follow_up_until,
    }  # fmt: skip
    current = store.run(
        "SELECT version, kind = $kind AND held_at IS NOT DISTINCT FROM $held_at::TIMESTAMP "
        "AND follow_up_until IS NOT DISTINCT FROM $until::DATE FROM imported_list WHERE name = $name AND until IS NULL",
        values,
    )
    if current and current[0][1]:
        version = int(current[0][0])
        if store.value(_statement("same", values=_VALUES), {"name": head.name, "version": version}):
            return version, False
    store.run("UPDATE imported_list SET until = $now WHERE name = $name AND until IS NULL", {
        "name": head.name, "now": naive(now),
    })  # fmt: skip
    version = 1 + int(store.value("SELECT coalesce(max(version), 0) FROM imported_list WHERE name = $name", values))
    store.run(
        "INSERT INTO imported_list (name, version, kind, held_at, follow_up_until, imported_at) "
        "VALUES ($name, $version, $kind, $held_at, $until, $now)",
        {**values, "version": version, "now": naive(now)},
    )
    store.run(_statement("keep"), {"name": head.name, "version": version})
    return version, True


def _statement(name: str, /, **holes: str) -> str:
    text = statements("connector.store", "lists.sql")[name]
    for hole, value in holes.items():
        text = text.replace(f"<<{hole}>>", value)
    return text


def _plain(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.astimezone(UTC).replace(tzinfo=None)
