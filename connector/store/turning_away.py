"""What was forgotten stays forgotten: its records are turned away for as long as the remote shows them (SY-10)."""

from __future__ import annotations

from connector.domain.streams import MappedStream
from connector.store.belonging import BECAME, MENTIONS, OWNERS, is_salesforce
from connector.store.database import Store
from connector.store.erasing import Record, erase, load_seeds
from connector.store.forgotten import digest, salt_of


def turn_away(store: Store, mapped: MappedStream, unit: str) -> int:
    """Takes out of `incoming` what belongs to somebody who was forgotten; the caller holds the transaction.

    A record that we did not know, and that says now that it is such a person's (a visitor who got a name, what a lead
    became), is forgotten as well, with all that belongs to it in the mirror. Answers how many rows were turned away.
    """
    name = mapped.stream.name
    if name not in OWNERS and name not in MENTIONS:
        return 0
    if not store.run("SELECT 1 FROM forgotten LIMIT 1"):
        return 0
    params: dict[str, object] = {"salt": salt_of(store), "unit": unit, "stream": name}
    columns = {column.name for column in mapped.columns}
    for column, other in MENTIONS.get(name, ()):
        if column in columns:
            known = f"{digest(other, '$unit', column)} IN (SELECT digest FROM forgotten)"
            store.run(f'UPDATE incoming SET "{column}" = NULL WHERE "{column}" IS NOT NULL AND {known}', params)
    if name not in OWNERS:
        return 0
    asked = [digest(name, "$unit", "id")]
    asked += [digest(other, "$unit", f'"{column}"') for column, other in OWNERS[name] if column in columns]
    store.run(
        f"CREATE OR REPLACE TEMP TABLE turned_away AS SELECT id, min(number) AS number FROM "
        f"(SELECT id, unnest([{', '.join(asked)}]) AS digest FROM incoming) JOIN forgotten USING (digest) GROUP BY id",
        params,
    )
    count = int(store.value("SELECT count(*) FROM turned_away"))
    if count:
        _remember(store, mapped, columns, params)
        store.run("DELETE FROM incoming WHERE id IN (SELECT id FROM turned_away)")
    return count


def _remember(store: Store, mapped: MappedStream, columns: set[str], params: dict[str, object]) -> None:
    """Keeps the digests of rows that are turned away, and erases what was already here of those that are new."""
    name = mapped.stream.name
    stamp = "incoming.stamp" if "stamp" in columns else "NULL"
    deleted = "coalesce(incoming.is_deleted, FALSE)" if "is_deleted" in columns else "FALSE"
    store.run(
        f"CREATE OR REPLACE TEMP TABLE newly_turned_away AS SELECT id::VARCHAR AS id, number FROM turned_away "
        f"WHERE {digest(name, '$unit', 'id')} NOT IN (SELECT digest FROM forgotten)",
        params,
    )
    became = BECAME.get(name)
    unit = "" if is_salesforce(name) else str(params["unit"])
    seeds: list[Record] = [(name, unit, row[0]) for row in store.run("SELECT id FROM newly_turned_away")]
    if became and became[0] in columns:
        seeds += [
            (became[1], "", row[0])
            for row in store.run(
                f'SELECT "{became[0]}" FROM incoming JOIN turned_away USING (id) WHERE "{became[0]}" IS NOT NULL '
                f"AND {digest(became[1], '$unit', became[0])} NOT IN (SELECT digest FROM forgotten)",
                params,
            )
        ]
    if seeds:
        number = int(store.value("SELECT min(number) FROM turned_away"))
        load_seeds(store, seeds)
        if erase(store, number):
            # What was here stands in the file's free blocks until the next tidying.
            store.run("UPDATE forgetting SET rewritten_at = NULL WHERE number = $number", {"number": number})
    store.run(
        f"INSERT INTO forgotten SELECT {digest(name, '$unit', 'id')}, $stream, $unit, {stamp}, {deleted}, number "
        "FROM incoming JOIN turned_away USING (id) "
        "ON CONFLICT (digest) DO UPDATE SET stamp = excluded.stamp, is_deleted = excluded.is_deleted",
        params,
    )
