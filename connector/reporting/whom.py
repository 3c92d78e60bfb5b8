"""Whom a name means when somebody is to be forgotten: everybody whom we ever knew by it, the deleted included."""

from __future__ import annotations

from dataclasses import dataclass

from connector.domain.running import Run
from connector.domain.streams import BY_NAME

_LISTS = "list"
_STREAMS = ("salesforce.Lead", "salesforce.Contact", "account_engagement.prospects")


@dataclass(frozen=True)
class Known:
    """One human: the person's id, and the records by (stream, business unit, id)."""

    person_id: str
    records: tuple[tuple[str, str, str], ...]


def everybody_called(run: Run, wanted: str) -> list[Known]:
    """All people whom an e-mail address (of any version), a record id or a person id means, by person id.

    Reads the mirror with its past versions, `person_records` and the ledger; people without a living record too.
    """
    run(f"CREATE OR REPLACE TEMP TABLE called_addresses AS {_addresses(run)}", {})
    run(_EVERYBODY, {})
    rows = run(_CALLED, {"wanted": wanted.strip()})
    found: dict[str, list[tuple[str, str, str]]] = {}
    for person_id, record_key in rows:
        found.setdefault(person_id, []).append(record_of(record_key))
    return [Known(person_id, tuple(sorted(records))) for person_id, records in sorted(found.items())]


def record_of(record_key: str) -> tuple[str, str, str]:
    """salesforce.Lead:00Q… → (salesforce.Lead, '', 00Q…); account_engagement.prospects:0Uv…:7 → (…, 0Uv…, 7)."""
    stream, *unit, id_ = record_key.split(":")
    return stream, unit[0] if unit else "", id_


def _addresses(run: Run) -> str:
    """Every address that a record ever had, of those streams of which the mapping reads it."""
    there = set(run("SELECT table_name FROM duckdb_columns() WHERE column_name = 'email'", {}))
    parts = ["SELECT 'list:' || member_id AS record_key, email FROM list_member"]
    for name in _STREAMS:
        table = f"mirror_{BY_NAME[name].table}"
        unit = "_unit || ':' || " if BY_NAME[name].remote == "account_engagement" else ""
        if (table,) in there:
            parts.append(f"SELECT '{name}:' || {unit}id, email FROM \"{table}\" WHERE email IS NOT NULL")
    return " UNION ".join(parts)


_EVERYBODY = """
CREATE OR REPLACE TEMP TABLE called_everybody AS
WITH known AS (
    SELECT record_key, person_id FROM person_records
    UNION
    SELECT record_key, person_id FROM known_persons WHERE record_key NOT IN (SELECT record_key FROM person_records)
)
SELECT record_key, person_id FROM known
UNION
SELECT record_key, record_key FROM called_addresses WHERE record_key NOT IN (SELECT record_key FROM known)
"""

_CALLED = """
WITH called AS (
    SELECT person_id FROM called_everybody
    WHERE record_key = $wanted OR person_id = $wanted OR string_split(record_key, ':')[-1] = $wanted
        OR (length($wanted) = 15 AND left(string_split(record_key, ':')[-1], 15) = $wanted)
        OR record_key IN (SELECT record_key FROM called_addresses WHERE lower(trim(email)) = lower($wanted))
)
SELECT person_id, record_key FROM called_everybody SEMI JOIN called USING (person_id) ORDER BY ALL
"""
