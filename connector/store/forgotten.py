"""Tombstones of what was forgotten: salted digests, which tell a record that comes again and nothing else (SY-10)."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime

from connector.domain.streams import MappedStream
from connector.store.belonging import OWNERS, same_id, unit_of
from connector.store.cursors import naive
from connector.store.database import Store


def salt_of(store: Store) -> str:
    """The salt of this store's digests; made when it is first asked for."""
    known = store.value("SELECT salt FROM forgotten_salt")
    if known is None:
        known = secrets.token_hex(32)
        store.run("INSERT INTO forgotten_salt VALUES ($salt)", {"salt": known})
    return str(known)


def digest(stream: str, unit: str, record: str) -> str:
    """SQL: the digest of a record, from SQL expressions for its unit and id; needs the parameter `salt`."""
    return f"sha256($salt || ' {stream} ' || {unit_of(stream, unit)} || ' ' || {same_id(stream, record)})"


def not_forgotten(store: Store, mapped: MappedStream, unit: str, column: str = "id") -> tuple[str, dict[str, object]]:
    """SQL that is true for ids of a stream which were not forgotten, and its parameters."""
    if mapped.stream.name not in OWNERS or not store.run("SELECT 1 FROM forgotten LIMIT 1"):
        return "TRUE", {}
    asked = digest(mapped.stream.name, "$unit", column)
    return f"{asked} NOT IN (SELECT digest FROM forgotten)", {"salt": salt_of(store), "unit": unit}


def forgotten_rows(store: Store, stream: str, unit: str, upper: datetime) -> int:
    """How many live records of a stream the remote still shows that we have forgotten, as it stands at `upper`."""
    return int(
        store.value(
            "SELECT count(*) FROM forgotten WHERE stream = $stream AND unit = $unit AND NOT is_deleted "
            "AND stamp <= $upper",
            {"stream": stream, "unit": unit, "upper": naive(upper)},
        )
    )


def heed_listing(store: Store, mapped: MappedStream, unit: str, within: str, params: Mapping[str, object]) -> None:
    """Learns from `remote_ids`, which has the live rows of a span, how the remote shows what was forgotten.

    `within`: SQL that is true for stamps of the span. What is not listed counts as deleted from now on, what has moved
    counts where it stands; else the counts of that span would never agree again.
    """
    stream = mapped.stream.name
    if not store.run("SELECT 1 FROM forgotten WHERE stream = $stream LIMIT 1", {"stream": stream}):
        return
    given = {**params, "stream": stream, "unit": unit, "salt": salt_of(store)}
    store.run(
        f"CREATE OR REPLACE TEMP TABLE listed_forgotten AS SELECT remote_ids.stamp, remote_ids.is_deleted, digest "
        f"FROM remote_ids JOIN forgotten ON digest = {digest(stream, '$unit', 'id')}",
        given,
    )
    store.run(
        f"UPDATE forgotten SET is_deleted = TRUE WHERE stream = $stream AND unit = $unit AND {within} "
        "AND digest NOT IN (SELECT digest FROM listed_forgotten)",
        given,
    )
    store.run(
        "UPDATE forgotten SET stamp = listed.stamp, is_deleted = listed.is_deleted FROM listed_forgotten AS listed "
        "WHERE listed.digest = forgotten.digest"
    )


def people_forgotten(store: Store) -> int:
    """How many people were forgotten because somebody asked for it."""
    return int(store.value("SELECT count(*) FROM forgetting WHERE reason = 'asked'"))
