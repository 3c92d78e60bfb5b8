"""What the store that is replaced knows better than its backup: whom it forgot (SY-10), which calls it made (WB-8)."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from connector.errors import StopError
from connector.store.belonging import OWNERS, PERSONS, tables_of
from connector.store.database import Store
from connector.store.erasing import Record, begin_forgetting, erase, load_seeds
from connector.store.forgotten import digest
from connector.store.rewriting import rewrite

OTHER = "replaced"


def carry_over(store: Store, replaced: Path, now: datetime) -> int | None:
    """Erases from a restored store whom the replaced one had forgotten, and keeps their digests.

    What the replaced one knew of the day's calls, and of plans and backups that hold people, is taken over as well.
    Answers how many people were forgotten; None where the replaced store cannot be read, or was salted otherwise.
    """
    literal = replaced.as_posix().replace("'", "''")
    try:
        store.run(f"ATTACH '{literal}' AS {OTHER} (READ_ONLY)")
    except StopError:
        return None
    try:
        with store.transaction():
            people = _take_over(store, now)
            _take_over_files(store)
            _take_over_calls(store)
    finally:
        store.run(f"DETACH {OTHER}")
    if people:
        rewrite(store, now)
    return people


def _take_over_files(store: Store) -> None:
    """Plans and backups that the replaced store knows hold people, whichever store is asked to forget them."""
    if _has(store, "kept_file"):
        store.run(f"INSERT OR IGNORE INTO kept_file SELECT * FROM {OTHER}.kept_file")


def _take_over_calls(store: Store) -> None:
    """The calls of the day were made, whatever the backup knows of it: the budget goes on from them (WB-8)."""
    if _has(store, "api_call"):
        store.run(
            f"INSERT INTO api_call SELECT * FROM {OTHER}.api_call ON CONFLICT (hour, account, stream, purpose) "
            "DO UPDATE SET calls = greatest(calls, excluded.calls)"
        )
        store.run(
            f"INSERT OR REPLACE INTO api_allowance SELECT theirs.* FROM {OTHER}.api_allowance AS theirs LEFT JOIN "
            "api_allowance AS ours USING (account) WHERE ours.heard_at IS NULL OR theirs.heard_at > ours.heard_at"
        )


def _has(store: Store, table: str) -> bool:
    return bool(
        store.run(
            "SELECT 1 FROM duckdb_tables() WHERE database_name = $name AND table_name = $table",
            {"name": OTHER, "table": table},
        )
    )


def _take_over(store: Store, now: datetime) -> int | None:
    salt = store.value(f"SELECT salt FROM {OTHER}.forgotten_salt") if _has(store, "forgotten_salt") else None
    if salt is None:
        return 0
    ours = store.value("SELECT salt FROM forgotten_salt")
    if ours is None:
        store.run("INSERT INTO forgotten_salt VALUES ($salt)", {"salt": salt})
    elif ours != salt:
        return None
    later = f"SELECT * FROM {OTHER}.forgotten WHERE digest NOT IN (SELECT digest FROM forgotten)"
    people = int(store.value(f"SELECT count(DISTINCT number) FROM ({later})"))
    if not people:
        return 0
    number = begin_forgetting(store, "restored", now)
    store.run(f"INSERT INTO forgotten SELECT * REPLACE ($number AS number) FROM ({later})", {"number": number})
    load_seeds(store, _seeds(store, {"salt": salt, "number": number}))
    erase(store, number)
    return people


def _seeds(store: Store, params: dict[str, object]) -> list[Record]:
    """Records of the mirror, and of the ledger where the mirror does not have them, that were forgotten there."""
    places = [(table.stream, f'SELECT _unit AS unit, id FROM "{table.name}"') for table in tables_of(store, OWNERS)]
    places += [
        (
            stream,
            f"""SELECT CASE WHEN len(parts) = 3 THEN parts[2] ELSE '' END AS unit, parts[-1] AS id
            FROM (SELECT string_split(record_key, ':') AS parts FROM known_persons) WHERE parts[1] = '{stream}'""",
        )
        for stream in PERSONS
    ]
    return [
        (stream, unit, id_)
        for stream, rows in places
        for unit, id_ in store.run(
            f"SELECT DISTINCT unit, id::VARCHAR FROM ({rows}) "
            f"WHERE {digest(stream, 'unit', 'id')} IN (SELECT digest FROM forgotten WHERE number = $number)",
            params,
        )
    ]
