"""Erasing records with everything that belongs to them: mirror, ledger, journal (SY-10).

`erasing(stream, unit, id)` is the temporary table of the records that go. The caller holds the transaction; the
file still has the old bytes in its free blocks until it is rewritten (`rewriting.py`).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from connector.store.belonging import (
    BECAME,
    LIST,
    MENTIONS,
    OWNERS,
    PEOPLE,
    PERSONS,
    PROSPECT,
    Table,
    same_id,
    tables_of,
    unit_of,
)
from connector.store.cursors import naive
from connector.store.database import Store
from connector.store.forgotten import digest, salt_of
from connector.store.touched import forget_answers, touch_all

Record = tuple[str, str, str]
"""Stream, business unit ('' in Salesforce), id."""


def load_seeds(store: Store, records: Iterable[Record]) -> None:
    """Begins an erasure with these records."""
    store.load("erasing", ("stream", "unit", "id"), sorted(set(records)))


def gather(store: Store) -> None:
    """Adds to `erasing` what belongs to its records."""
    _close_over(store, tables_of(store, OWNERS))


def erase(store: Store, number: int, persons: Iterable[str] = ()) -> dict[str, int]:
    """Erases `erasing` and all that belongs to it, keeps its digests under the forgetting `number`.

    `persons` are ids whose decisions go too. Answers how many rows of each table were erased.
    """
    tables = tables_of(store, OWNERS)
    _close_over(store, tables)
    _keep_digests(store, tables, number)
    forget_answers(store)
    counts = _ledger(store, persons)
    for table in tables:
        counts[table.name] = _delete_rows(store, table)
    counts["list_member"] = len(
        store.run(
            "DELETE FROM list_member WHERE member_id IN (SELECT id FROM erasing WHERE stream = $list) RETURNING 1",
            {"list": LIST},
        )
    )
    counts["mentions"] = _drop_mentions(store)
    return {name: count for name, count in counts.items() if count}


def erase_vanished(store: Store, before: datetime) -> dict[str, int]:
    """Erases every version of records of people that the remote has not shown since `before` (UTC or aware).

    They were hard-deleted, their bin was emptied, or they were hidden: in the last case they are read again when they
    are shown again, and must not be followed up a second time. So the ledger keeps what it knows by ids: who is who,
    transitions, follow-ups, the keys of tasks. What belongs to these records vanishes by itself, record by record.
    Leaves their ids in `erasing`.
    """
    store.load("erasing", ("stream", "unit", "id"), ())
    tables = tables_of(store, OWNERS)
    for table in tables:
        store.run(
            f"INSERT INTO erasing SELECT '{table.stream}', _unit, id::VARCHAR FROM \"{table.name}\" "
            "GROUP BY _unit, id HAVING bool_and(_until IS NOT NULL) AND max(_until) <= $before",
            {"before": naive(before)},
        )
    if not store.run("SELECT 1 FROM erasing LIMIT 1"):
        return {}
    _load_ids(store)
    touch_all(store)
    counts = {
        "written": len(store.run(_WRITTEN)),
        "held": len(store.run(_HELD)),
        "lock": len(store.run(_LOCKS)),
        "failure": len(store.run(_FAILURES)),
        "journal": len(store.run(_JOURNAL_VALUES)),
    }
    for table in tables:
        counts[table.name] = _delete_rows(store, table)
    return {name: count for name, count in counts.items() if count}


def begin_forgetting(store: Store, reason: str, now: datetime) -> int:
    """A number for a forgetting that begins."""
    number = int(store.value("SELECT coalesce(max(number), 0) + 1 FROM forgetting"))
    store.run(
        "INSERT INTO forgetting VALUES ($number, $now, $reason, '{}', NULL)",
        {"number": number, "now": naive(now), "reason": reason},
    )
    return number


def _close_over(store: Store, tables: list[Table]) -> None:
    """Adds what belongs to the records in `erasing`, and what belongs to that, until nothing is added."""
    known = -1
    while known != (known := int(store.value("SELECT count(*) FROM erasing"))):
        for table in tables:
            for column, other in table.links():
                _add_owned(store, table, column, other)
            became = BECAME.get(table.stream)
            if became and became[0] in table.columns:
                store.run(
                    f"INSERT INTO erasing SELECT DISTINCT '{became[1]}', '', one.\"{became[0]}\" FROM "
                    f'"{table.name}" AS one JOIN erasing ON {_is(table, "erasing")} '
                    f'WHERE one."{became[0]}" IS NOT NULL AND NOT EXISTS (SELECT 1 FROM erasing AS there WHERE '
                    f"there.stream = '{became[1]}' AND left(there.id, 15) = left(one.\"{became[0]}\", 15))"
                )


def _add_owned(store: Store, table: Table, column: str, other: str) -> None:
    named = f'one."{column}"'
    owner = (
        f"owner.stream = '{other}' AND owner.unit = {unit_of(other, 'one._unit')} "
        f"AND {same_id(other, 'owner.id')} = {same_id(other, named)}"
    )
    store.run(
        f"INSERT INTO erasing SELECT DISTINCT '{table.stream}', one._unit, one.id::VARCHAR "
        f'FROM "{table.name}" AS one JOIN erasing AS owner ON {owner} '
        f"WHERE NOT EXISTS (SELECT 1 FROM erasing AS there WHERE {_is(table, 'there')})"
    )


def _is(table: Table, alias: str) -> str:
    """SQL: whether a row of a table is a record of `erasing`."""
    return (
        f"{alias}.stream = '{table.stream}' AND {alias}.unit = one._unit "
        f"AND {same_id(table.stream, f'{alias}.id')} = {same_id(table.stream, 'one.id')}"
    )


def _keep_digests(store: Store, tables: list[Table], number: int) -> None:
    """The digests of all records that go, with the stamp under which the remote shows them."""
    params: dict[str, object] = {"salt": salt_of(store), "number": number}
    for stream in PERSONS:
        store.run(
            f"INSERT INTO forgotten SELECT {digest(stream, 'unit', 'id')}, stream, unit, NULL, FALSE, $number "
            f"FROM erasing WHERE stream = '{stream}' ON CONFLICT DO NOTHING",
            params,
        )
    for table in tables:
        stamp = "one.stamp" if "stamp" in table.columns else "NULL::TIMESTAMP"
        deleted = "coalesce(one.is_deleted, FALSE)" if "is_deleted" in table.columns else "FALSE"
        store.run(
            f"INSERT INTO forgotten SELECT {digest(table.stream, 'one._unit', 'one.id')}, '{table.stream}', one._unit, "
            f'any_value({stamp}), bool_or({deleted}), $number FROM "{table.name}" AS one '
            f"JOIN erasing ON {_is(table, 'erasing')} WHERE one._until IS NULL GROUP BY one._unit, one.id "
            "ON CONFLICT (digest) DO UPDATE SET stamp = excluded.stamp, is_deleted = excluded.is_deleted",
            params,
        )


def _delete_rows(store: Store, table: Table) -> int:
    return len(
        store.run(
            f'DELETE FROM "{table.name}" AS one USING erasing WHERE {_is(table, "erasing")} RETURNING 1',
        )
    )


def _drop_mentions(store: Store) -> int:
    count = 0
    for table in tables_of(store, MENTIONS):
        for column, other in table.links(MENTIONS):
            count += len(
                store.run(
                    f'UPDATE "{table.name}" SET "{column}" = NULL FROM erasing WHERE erasing.stream = \'{other}\' '
                    f"AND {same_id(other, 'erasing.id')} = {same_id(other, f'{table.name}.{column}')} RETURNING 1"
                )
            )
    return count


def _ledger(store: Store, persons: Iterable[str]) -> dict[str, int]:
    """Decisions, written values and the journal of the records that go, and of people none of whose records stays."""
    keys = " UNION ALL ".join(
        f"SELECT {_record_key(stream)} AS record_key FROM erasing WHERE stream = '{stream}'" for stream in PEOPLE
    )
    store.load("erasing_persons", ("person_id",), [(person,) for person in sorted(set(persons))])
    store.run(f"CREATE OR REPLACE TEMP TABLE erasing_keys AS {keys}")
    store.run(
        "INSERT INTO erasing_persons SELECT person_id FROM known_persons GROUP BY person_id "
        "HAVING bool_and(record_key IN (SELECT record_key FROM erasing_keys))"
    )
    _load_ids(store)
    theirs = "person_id IN (SELECT person_id FROM erasing_persons)"
    counts = {
        "known_persons": f"record_key IN (SELECT record_key FROM erasing_keys) OR {theirs}",
        "transitions": theirs,
        "known_life": theirs,
        "intakes": theirs,
        "approvals": f"{theirs} OR left(split_part(subject, ':', 2), 15) IN (SELECT id FROM erasing_ids)",
        "waiting_before_backfill": theirs,
        "lock": f"{theirs} OR {_IS_THEIRS.format('record_id')}",
        "cadence_runs": f"{theirs} OR left(key_record, 15) IN (SELECT id FROM erasing_ids)",
        "alerts": "left(record_id, 15) IN (SELECT id FROM erasing_ids) OR key IN (SELECT person_id FROM "
        "erasing_persons) OR left(split_part(key, ':', 2), 15) IN (SELECT id FROM erasing_ids)",
    }
    erased = {
        table: len(store.run(f"DELETE FROM {table} WHERE {condition} RETURNING 1"))
        for table, condition in counts.items()
    }
    erased["written"] = len(store.run(_WRITTEN))
    erased["held"] = len(store.run(_HELD))
    erased["journal"] = len(store.run(_JOURNAL))
    erased["failure"] = len(store.run(f"DELETE FROM failure WHERE {_THEIR_FAILURES} OR {theirs} RETURNING 1"))
    return erased


def _load_ids(store: Store) -> None:
    store.run(
        "CREATE OR REPLACE TEMP TABLE erasing_ids AS SELECT DISTINCT left(id, 15) AS id FROM erasing "
        "WHERE starts_with(stream, 'salesforce.') "
        f"UNION SELECT unit || ':' || id FROM erasing WHERE stream = '{PROSPECT}'"
    )


def _record_key(stream: str) -> str:
    if stream == PROSPECT:
        return f"'{stream}:' || unit || ':' || id"
    return f"'{stream}:' || id"


_IS_THEIRS = (
    "(left({0}, 15) IN (SELECT id FROM erasing_ids) "
    "OR split_part({0}, ':', 1) || ':' || split_part({0}, ':', 2) IN (SELECT id FROM erasing_ids))"
)
"""SQL: whether a record of the ledger is one of `erasing_ids`. Prospects' begin with business unit and number."""

_WRITTEN = f"DELETE FROM written WHERE {_IS_THEIRS.format('record_id')} RETURNING 1"
_HELD = f"DELETE FROM held WHERE {_IS_THEIRS.format('record_id')} RETURNING 1"

_LOCKS = f"DELETE FROM lock WHERE {_IS_THEIRS.format('record_id')} RETURNING 1"

_THEIR_ENTRIES = f"""(
    {_IS_THEIRS.format("record")}
    OR (kind IN ('task', 'opportunity') AND (left(split_part(record, ':', 2), 15) IN (SELECT id FROM erasing_ids)
        OR left(json_extract_string(values_after, '$.WhoId'), 15) IN (SELECT id FROM erasing_ids)
        OR left(json_extract_string(values_after, '$.ContactId'), 15) IN (SELECT id FROM erasing_ids)))
)"""

_THEIR_FAILURES = f"""(
    {_IS_THEIRS.format("record")}
    OR left(split_part(record, ':', 2), 15) IN (SELECT id FROM erasing_ids)
    OR left(json_extract_string(wanted, '$.WhoId'), 15) IN (SELECT id FROM erasing_ids)
    OR left(json_extract_string(wanted, '$.ContactId'), 15) IN (SELECT id FROM erasing_ids)
)"""

# The entries stay as counts: which run, which kind, which outcome. What was asked for and never answered is closed.
_JOURNAL = f"""
UPDATE journal SET record = '', values_before = NULL, values_after = '{{}}', why = NULL, message = NULL,
    error_code = CASE WHEN outcome IS NULL THEN 'FORGOTTEN' ELSE error_code END, outcome = coalesce(outcome, 'failed')
WHERE record <> '' AND {_THEIR_ENTRIES}
RETURNING 1
"""

_FAILURES = f"DELETE FROM failure WHERE {_THEIR_FAILURES} RETURNING 1"

_JOURNAL_VALUES = f"""
UPDATE journal SET values_before = NULL, values_after = '{{}}', why = NULL, message = NULL
WHERE outcome IS NOT NULL AND values_after <> '{{}}' AND {_THEIR_ENTRIES}
RETURNING 1
"""
