"""What people do in Account Engagement's own screens, which the control plane has no calls for."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from random import Random

from connector.sandbox.clock import stamp
from connector.sandbox.context import Sandbox
from connector.sandbox.faults.others import others_writing
from connector.sandbox.faults.register import fault_register
from connector.sandbox.gate import gate_of

SEARCHED, SEARCHES = 7, 8
"""The type of an activity that is a search on our site, and how many of them are enough."""

OUR_NAME = "ミルモリ"
"""What they search for; the shipped rules know it."""

SUBMITTED, INQUIRY_FORM = 4, "お問い合わせフォーム"
"""The type of an activity that is a form, and the form by which people ask."""

TITLES = ("課長", "代表取締役\n社長", 'says "no"', "", None)


@dataclass(frozen=True)
class EngagementPeople:
    """Who works in the collections `objects`: by the truth's names, the column that is edited, None for none."""

    sandbox: Sandbox
    dice: Random
    objects: Mapping[str, str | None]

    def disturb(self) -> str:
        """One random deed to one random record, in words."""
        name = self.dice.choice(sorted(self.objects))
        with self._writing() as connection:
            keys = [row[0] for row in connection.execute(f'SELECT "id" FROM "{name}" ORDER BY "id"')]
            if not keys:
                return f"{name}: nobody to do it to"
            return self._do(connection, name, self.dice.choice(keys))

    def become_interested(self) -> str:
        """Somebody has searched for us so often within the last hour that it is time to call."""
        found = self._somebody_does(SEARCHED, "Site Search", OUR_NAME, SEARCHES)
        return "nobody becomes interested" if found is None else f"prospect {found} searches for us {SEARCHES} times"

    def inquire(self) -> str:
        """Somebody has asked for something just now."""
        found = self._somebody_does(SUBMITTED, "Form", INQUIRY_FORM, 1)
        return "nobody asks" if found is None else f"prospect {found} asks"

    def _somebody_does(self, type_: int, type_name: str, details: str, times: int) -> int | None:
        """The prospect; None where there is nobody."""
        with self._writing() as connection:
            live = 'SELECT "id" FROM "prospects" WHERE "isDeleted" IS NOT 1 ORDER BY "id"'
            found = connection.execute(live).fetchall()
            if not found:
                return None
            prospect, now = int(self.dice.choice(found)[0]), self.sandbox.clock.now()
            named = connection.execute('SELECT min("id") FROM "forms" WHERE "name" = ?', (details,)).fetchone()
            first = self.sandbox.database.next_ids("visitor_activities", times)
            columns = ("id", "type", "typeName", "details", "prospectId", "formId", "createdAt", "updatedAt")
            rows = []
            for place in range(times):
                at = stamp(now - timedelta(minutes=5 * (times - place)))
                rows.append((first + place, type_, type_name, details, prospect, named[0], at, stamp(now)))
            self.sandbox.database.insert("visitor_activities", columns, rows)
        return prospect

    def _do(self, connection: sqlite3.Connection, name: str, key: int) -> str:
        edited = self.objects[name]
        if edited is None or self.dice.random() < 0.2:
            connection.execute(f'DELETE FROM "{name}" WHERE "id" = ?', (key,))
            return f"{name} {key} is deleted for good"
        column, value = edited, self.dice.choice(TITLES)
        if self._has_bin(name) and self.dice.random() < 0.4:
            # Into the bin, or out of it.
            column, value = "isDeleted", None
        change = '"isDeleted" = ("isDeleted" IS NOT 1)' if column == "isDeleted" else f'"{column}" = :value'
        values = {"value": value, "now": stamp(self.sandbox.clock.now()), "key": key}
        connection.execute(f'UPDATE "{name}" SET {change}, "updatedAt" = :now WHERE "id" = :key', values)
        return f"{name} {key}: {column} changes to {value!r}"

    def _has_bin(self, name: str) -> bool:
        definition = self.sandbox.account_engagement.object(name)
        return definition is not None and definition.field("isDeleted") is not None

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction in others' names, as late and as hidden as the faults in force make it."""
        register = fault_register(self.sandbox)
        with ExitStack() as within:
            within.enter_context(gate_of(self.sandbox).together())
            if register is not None:
                within.enter_context(others_writing(self.sandbox, register))
            yield within.enter_context(self.sandbox.database.write())
