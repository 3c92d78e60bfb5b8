"""The world's history and its going on: the same steps, event by event in order of time.

What happens follows from the seed, the moment and the state of the records alone, so that one step over a
week leaves the same rows as seven steps over a day.
"""

from __future__ import annotations

import gc
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from connector.sandbox.context import Sandbox
from connector.sandbox.world import (
    agenda,
    arrivals,
    assets,
    campaigns,
    deals,
    desk,
    mail,
    sales,
    standing,
    visits,
    webinars,
)
from connector.sandbox.world.agenda import Agenda, Due
from connector.sandbox.world.ledger import Ledger
from connector.sandbox.world.moments import DAY, MINUTE, at, day_in_japan, text
from connector.sandbox.world.scene import HISTORY, Scene
from connector.sandbox.world.words_staff import SOURCE_CAMPAIGNS

_HANDLERS: dict[str, Callable[[Scene, Due], None]] = {
    "birth": arrivals.birth,
    "renew": visits.renew,
    "visit": visits.visit,
    "passers_by": visits.passers_by,
    "resume": visits.resume,
    "form": visits.form,
    "download": visits.download,
    "register": webinars.register,
    "attend": webinars.attend,
    "visit_booth": webinars.visit_booth,
    "mailing": mail.mailing,
    "sent": mail.sent,
    "open": mail.opened,
    "sent_again": mail.sent_again,
    "click": mail.click,
    "unsubscribe": mail.unsubscribe,
    "bounce": mail.bounce,
    "call": sales.call,
    "ring": sales.ring,
    "write": sales.write,
    "reply": sales.reply,
    "finish": sales.finish,
    "meet": sales.meet,
    "close": sales.close,
    "convert": deals.convert,
    "deal": deals.deal,
    "day": desk.day,
    "edit": desk.edit,
    "delete": desk.delete,
    "undelete": desk.undelete,
    "twin": desk.twin,
    "merge": desk.merge,
}

_LONGEST_STEP, _PERSON_DAYS = 30 * DAY, 6_000_000
"""A step holds its new rows in memory: a month of 200,000 people, less of more people."""
_LARGE_TABLES = frozenset(
    {
        *("Lead", "prospects", "list_memberships", "visitors"),
        *("visits", "visitor_page_views", "visitor_activities"),
    }
)
_MASS_UPDATE = 33 * DAY
"""How long before the start an administrator touched every bought Lead at once."""


def build(sandbox: Sandbox) -> None:
    """Fills the database with the world as it is at `config.start`, after 18 months of history."""
    start = int(sandbox.config.start.timestamp())
    begin = start - HISTORY - arrivals.FORESIGHT - DAY
    with sandbox.database.write() as connection:
        for part in (agenda, assets, standing):
            part.create(connection)
        ledger = Ledger(sandbox, connection)
        kept = assets.Assets(connection)
        assets.found(sandbox.config, ledger, kept, begin)
        for source, name, kind in SOURCE_CAMPAIGNS:
            campaigns.add_campaign(ledger, kept, campaigns.Launch(source, name, kind), begin)
        assets.publish(ledger, kept, begin)
        ledger.write()
        first = [
            Due(mail.first_mailing(begin), -1, "mailing"),
            Due(desk.first_day(begin), -1, "day"),
            Due(at(day_in_japan(begin) + 1, 0), -1, "passers_by"),
        ]
        connection.executemany("INSERT INTO world_agenda VALUES (?, ?, ?, ?)", first)
    if sandbox.config.people < 1:
        return
    with _without_indexes(sandbox), _without_collector():
        _live(sandbox, begin, start - _MASS_UPDATE)
        _touch_bought_leads(sandbox, start - _MASS_UPDATE)
        _live(sandbox, start - _MASS_UPDATE, start)


def advance(sandbox: Sandbox, since: datetime, until: datetime) -> None:
    """Lets happen what happens in (since, until]; nothing in a world that was loaded from files."""
    with sandbox.database.write() as connection:
        known = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'world_agenda'").fetchone()
    if known is not None and sandbox.config.people > 0:
        _live(sandbox, int(since.timestamp()), int(until.timestamp()))


@contextmanager
def _without_indexes(sandbox: Sandbox) -> Iterator[None]:
    """Takes the indexes of the large tables away meanwhile: sorting once is far cheaper than inserting in order."""
    with sandbox.database.write() as connection:
        found = connection.execute("SELECT tbl_name, name, sql FROM sqlite_master WHERE type = 'index'").fetchall()
        indexes = [(name, sql) for table, name, sql in found if table in _LARGE_TABLES and sql]
        for name, _ in indexes:
            connection.execute(f'DROP INDEX "{name}"')
    yield
    with sandbox.database.write() as connection:
        for _, sql in indexes:
            connection.execute(sql)


@contextmanager
def _without_collector() -> Iterator[None]:
    """Keeps Python's cycle collector away meanwhile: it would walk millions of rows again and again for nothing."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _live(sandbox: Sandbox, since: int, until: int) -> None:
    length = min(_LONGEST_STEP, max(1, _PERSON_DAYS // sandbox.config.people) * DAY)
    while since < until:
        following = min(until, since + length)
        with sandbox.database.write() as connection:
            _step(sandbox, connection, since, following)
        since = following


def _step(sandbox: Sandbox, connection: sqlite3.Connection, since: int, until: int) -> None:
    standings = standing.Standings(connection)
    standings.preload(until)
    scene = Scene(
        seed=sandbox.config.seed,
        people=sandbox.config.people,
        start=int(sandbox.config.start.timestamp()),
        until=until,
        ledger=Ledger(sandbox, connection),
        agenda=Agenda(connection, until),
        assets=assets.Assets(connection),
        standings=standings,
    )
    for moment, index in arrivals.conceived(scene, since):
        arrivals.conceive(scene, moment, index)
    while (due := scene.agenda.pop()) is not None:
        _HANDLERS[due.what](scene, due)
    scene.ledger.write()
    _write_gains(scene, connection)
    campaigns.count_members(connection)
    standings.write()
    scene.agenda.write()


def _write_gains(scene: Scene, connection: sqlite3.Connection) -> None:
    """Account Engagement adds to the score that stands there, whoever wrote it."""
    connection.executemany(
        "UPDATE prospects SET score = coalesce(score, 0) + ?, firstActivityAt = coalesce(firstActivityAt, ?), "
        "lastActivityAt = ?, updatedAt = max(updatedAt, ?), recentInteraction = ? WHERE id = ?",
        (
            (gain.points, text(gain.first), text(gain.last), text(gain.last), gain.what, prospect)
            for prospect, gain in scene.standings.gains()
        ),
    )


def _touch_bought_leads(sandbox: Sandbox, moment: int) -> None:
    """A change by the system on thousands of rows within one second: `SystemModstamp` moves alone."""
    with sandbox.database.write() as connection:
        connection.execute(
            "UPDATE Lead SET SystemModstamp = ? WHERE LeadSource = 'Purchased List' AND SystemModstamp < ?",
            (text(moment + MINUTE), text(moment)),
        )
