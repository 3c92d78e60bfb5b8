"""Which people an evaluation has to look at: whom something has touched since the last one, and whose time has come.

The mirror notes each record that it changes, in the same transaction. From there the way leads to people: what a record
belongs to, who is linked with whom, who shares an address. The evaluation of those few is the river itself over views
that show their records alone; so whoever could be the same person has to be among them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from connector.domain.statements import statements
from connector.domain.streams import MappedStream
from connector.store.belonging import CONTACT, LEAD, LIST, OWNERS, PROSPECT, VISIT, VISITOR, tables_of
from connector.store.cursors import naive
from connector.store.database import Store

MEMBER, ROLE = "salesforce.CampaignMember", "salesforce.OpportunityContactRole"
DEAL, ACCOUNT, CAMPAIGN = "salesforce.Opportunity", "salesforce.Account", "salesforce.Campaign"

_NAMED = MappingProxyType(
    {**OWNERS, DEAL: (("contact_id", CONTACT),), "salesforce.OpportunityHistory": (("opportunity_id", DEAL),)}
)
"""Stream → its columns that name a record which is touched with it."""

_NAMING: Mapping[str, tuple[str, str]] = MappingProxyType(
    {DEAL: (ROLE, "opportunity_id"), CAMPAIGN: (MEMBER, "campaign_id"), ACCOUNT: (CONTACT, "account_id")}
)
"""Stream → a stream and its column: rows that name one of its records are touched with it."""

_ORDER = ("salesforce.OpportunityHistory", *_NAMING, *(name for name in OWNERS if name not in {VISIT, VISITOR}))
"""From what belongs to what owns it; visits, then visitors, come last."""

_OF_NOBODY = frozenset(
    {"account_engagement.lists", "account_engagement.custom_fields", "account_engagement.list_memberships"}
)
"""Streams on which no answer about anybody rests."""

_MATCHED_BY = ("name", "website", "corporate_number", "prefecture", "is_deleted")
"""What of an account decides which people's company it is: where that changes, anybody's may."""

DAY = timedelta(days=1)
MOST = 0.2
"""Share of the people from which on looking at all of them is cheaper."""


@dataclass(frozen=True)
class Whom:
    """Whom an evaluation looks at: everybody when `whole`, else `touched` known people and whoever is new.

    `comparable`: it is known who was touched, so that of all others nothing may differ from what was kept.
    """

    whole: bool
    comparable: bool
    touched: int = 0


@dataclass(frozen=True)
class Kept:
    """What an evaluation left: how many people it looked at, and how many are known.

    `differences`: of how many people a look at everybody found something else than was kept; `examples` in words.
    """

    looked_at: int
    people: int
    differences: int = 0
    examples: str = ""


def touch(store: Store, stream: str, unit: str, table: str) -> None:
    """Notes the records whose ids stand in a table. The caller holds the transaction."""
    store.run(
        f"INSERT INTO touched SELECT $stream, $unit, id::VARCHAR FROM {table} WHERE NOT EXISTS "
        "(SELECT 1 FROM touched WHERE stream = $stream AND id IS NULL)",
        {"stream": stream, "unit": unit},
    )


def touch_all(store: Store, stream: str | None = None) -> None:
    """Notes that any record may have changed: of a stream, or at all."""
    store.run("INSERT INTO touched VALUES ($stream, NULL, NULL)", {"stream": stream})


def forget_answers(store: Store) -> None:
    """Forgets what was evaluated: the next evaluation looks at everybody. The caller holds the transaction."""
    for table in ("touched", "evaluated", "evaluated_account", "evaluation"):
        store.run(f"DELETE FROM {table}")


def find_touched(
    store: Store,
    streams: Sequence[MappedStream],
    basis: str,
    as_of: datetime,
    fold: Callable[[str], str],
    all_below: int = 0,
) -> Whom:
    """Makes `touched_now` and `touched_persons` of the people to look at.

    It is everybody when nothing was evaluated before, by another `basis` (rules, mapping, version) or later than
    `as_of`; when what was touched can be anybody's; once a day; when there are fewer than `all_below`; and when looking
    at all is cheaper. Reads the views of the whole mirror. `fold` brings an unusual address into the form in which
    addresses are compared.
    """
    store.run("CREATE OR REPLACE TEMP TABLE touched_persons (person_id VARCHAR)")
    last, last_whole, last_basis = store.run(
        "SELECT max(as_of), max(as_of) FILTER (whole), arg_max(basis, as_of) FROM evaluation"
    )[0]
    now = naive(as_of)
    if last_whole is None or last_basis != basis or last > now or _anybody(store, streams):
        return Whom(whole=True, comparable=False)
    _load_ids(store, [mapped.stream.name for mapped in streams])
    _close_over(store, as_of, fold)
    count = int(store.value("SELECT count(*) FROM touched_persons"))
    people = int(store.value("SELECT count(*) FROM evaluated"))
    whole = last_whole + DAY <= now or people < all_below or count > people * MOST
    return Whom(whole, comparable=True, touched=count)


def _anybody(store: Store, streams: Sequence[MappedStream]) -> bool:
    """Whether what was touched can be anybody's."""
    followed = {*OWNERS, *_NAMED, *_NAMING, *_OF_NOBODY}
    for stream, whole in store.run("SELECT stream, bool_or(id IS NULL) FROM touched GROUP BY stream"):
        if stream is None or stream == LIST:
            return True
        if stream in _OF_NOBODY:
            continue
        if whole or stream not in followed:
            return True
    return any(mapped.stream.name == ACCOUNT for mapped in streams) and _accounts_match_anew(store)


def _accounts_match_anew(store: Store) -> bool:
    (table,) = tables_of(store, {ACCOUNT: None}) or (None,)
    if table is None:
        return False
    matched = ", ".join(f'"{name}"' for name in _MATCHED_BY if name in table.columns)
    changed = store.value(
        f'SELECT 1 FROM "{table.name}" WHERE id IN (SELECT id FROM touched WHERE stream = $stream) GROUP BY id '
        f"HAVING count(*) = 1 OR count(DISTINCT ({matched})) > 1 LIMIT 1",
        {"stream": ACCOUNT},
    )
    return changed is not None


def _load_ids(store: Store, known: Collection[str]) -> None:
    """`touched_ids`: what was touched, what that belongs to, and what names it, in every version of it."""
    store.run("CREATE OR REPLACE TEMP TABLE touched_ids AS SELECT DISTINCT stream, unit, id FROM touched")
    tables = {table.stream: table for table in tables_of(store, dict.fromkeys(known))}
    for stream in (*_ORDER, VISIT, VISITOR):
        if stream in _NAMING:
            naming, column = _NAMING[stream]
            if naming in tables and column in tables[naming].columns:
                store.run(
                    f'INSERT INTO touched_ids SELECT DISTINCT $naming, _unit, id FROM "{tables[naming].name}" '
                    f'WHERE "{column}" IN (SELECT id FROM touched_ids WHERE stream = $stream)',
                    {"naming": naming, "stream": stream},
                )
        for column, other in _NAMED.get(stream, ()):
            if stream in tables and column in tables[stream].columns:
                unit = "_unit" if other.startswith("account_engagement") else "''"
                store.run(
                    f'INSERT INTO touched_ids SELECT DISTINCT $other, {unit}, "{column}"::VARCHAR '
                    f'FROM "{tables[stream].name}" WHERE "{column}" IS NOT NULL '
                    "AND (_unit, id::VARCHAR) IN (SELECT (unit, id) FROM touched_ids WHERE stream = $stream)",
                    {"other": other, "stream": stream},
                )


def _close_over(store: Store, as_of: datetime, fold: Callable[[str], str]) -> None:
    store.run(_statement("nodes"))
    unusual = [str(row[0]) for row in store.run(_statement("unusual"))]
    store.load("touched_folded", ("email", "folded"), [(email, fold(email)) for email in unusual])
    store.run(_statement("addressed"))
    store.run(_statement("links"))
    names = {"lead": LEAD, "contact": CONTACT, "prospect": PROSPECT, "account": ACCOUNT}
    store.run(_statement("begun"), names)
    store.run(_statement("due"), {**names, "as_of": naive(as_of)})
    store.run(_statement("due_records"))
    while int(store.run(_statement("spread"))[0][0]):
        pass
    store.run(_statement("persons"))


def narrow_views(store: Store, streams: Sequence[MappedStream]) -> None:
    """Lets the views `seen_…` of people and of what belongs to them show those of `touched_now` alone."""
    for name in ("leads", "prospects", "visitors", "visits"):
        store.run(_statement(name))
    for mapped in streams:
        condition = _NARROWED.get(mapped.stream.name)
        if condition is None:
            continue
        table = mapped.stream.table
        store.run(f'CREATE OR REPLACE TEMP TABLE "touched_{table}" AS SELECT * FROM "whole_{table}" WHERE {condition}')
        store.run(f'CREATE OR REPLACE TEMP VIEW "seen_{table}" AS SELECT * FROM "touched_{table}"')
    store.run(_statement("list_members"))
    store.run("CREATE OR REPLACE TEMP VIEW seen_list_member AS SELECT * FROM touched_list_member")


_MINE = "left({}, 15) IN (SELECT id FROM touched_leads)"
_BY_VISITOR = "(_unit, visitor_id) IN (SELECT (_unit, id) FROM touched_visitors)"
_BY_PROSPECT = "(_unit, prospect_id) IN (SELECT (_unit, id) FROM touched_prospects)"
_NARROWED: Mapping[str, str] = MappingProxyType(
    {
        LEAD: _MINE.format("id"),
        CONTACT: _MINE.format("id"),
        PROSPECT: "(_unit, id) IN (SELECT (_unit, id) FROM touched_prospects)",
        MEMBER: f"{_MINE.format('lead_id')} OR {_MINE.format('contact_id')}",
        # A task of ours that a rep has moved to somebody else is found by its key all the same.
        "salesforce.Task": f"key IS NOT NULL OR {_MINE.format('who_id')}",
        "salesforce.Event": _MINE.format("who_id"),
        VISITOR: "(_unit, id) IN (SELECT (_unit, id) FROM touched_visitors)",
        VISIT: f"{_BY_PROSPECT} OR {_BY_VISITOR}",
        "account_engagement.visitor_activities": f"{_BY_PROSPECT} OR {_BY_VISITOR}",
        "account_engagement.visitor_page_views": (
            f"(_unit, visit_id) IN (SELECT (_unit, id) FROM touched_visits) OR {_BY_VISITOR}"
        ),
    }
)


def keep_answers(store: Store, basis: str, as_of: datetime, pending: Collection[str], whom: Whom) -> Kept:
    """Keeps what stands in `answers`, and that what was touched has been looked at; in one transaction.

    `answers` is what engine.answers makes; `pending`: people of whom something is still to be
    written. A whole evaluation is held against what was kept of people whom nothing has touched and whose time has not
    come: nothing of them may differ.
    """
    store.load("answers_pending", ("person_id",), [(person,) for person in sorted(pending)])
    differences, examples = 0, ""
    with store.transaction():
        if whom.whole:
            if whom.comparable:
                differences, examples = store.run(_statement("kept_differ"), {"as_of": naive(as_of)})[0]
            for table in ("evaluation", "evaluated", "evaluated_account"):
                store.run(f"DELETE FROM {table}")
            store.run(_statement("keep_accounts"))
        else:
            store.run(_statement("forget_touched"))
        store.run(_statement("keep"))
        store.run("DELETE FROM touched")
        people = int(store.value("SELECT count(*) FROM evaluated"))
        looked_at = int(store.value("SELECT count(*) FROM answers"))
        told = {"people": looked_at, "differences": int(differences), "examples": examples or ""}
        store.run(
            "INSERT INTO evaluation VALUES ($as_of, $whole, $basis, $people, $differences, $examples)",
            {"as_of": naive(as_of), "whole": whom.whole, "basis": basis, **told},
        )
    return Kept(looked_at, people, int(differences), examples or "")


def _statement(name: str) -> str:
    return statements("connector.store", "touched.sql")[name]
