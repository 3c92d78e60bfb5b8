"""What should change in Account Engagement: fields of prospects, the native grade, who is on which list (NU-2, GR-3).

Prospects are compared three ways as records of Salesforce are, business unit by business unit. Who enters a track comes
onto its list; who leaves it goes only if it was we who put them there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from connector.domain.native_grade import GRADE, LADDER
from connector.domain.plan import Kept, MembershipChange, ProspectChange, RecordChange, Withheld
from connector.domain.running import Run
from connector.domain.statements import statements
from connector.domain.streams import MappedStream
from connector.engine.offers import offers
from connector.engine.tracks import tracks
from connector.errors import ConfigurationError
from connector.planning.book import Book
from connector.planning.compare import SHARED_POLICIES, compare
from connector.rules.engagement import MEMBERSHIP_FIELD
from connector.rules.fields import Fields, ObjectFields, WriteField
from connector.store.cursors import naive

PROSPECTS, MEMBERSHIPS, MEMBER = "prospects", "list-memberships", "member"
NATIVE_GRADE = WriteField(value="grade", policy="if_unchanged", values={grade: grade for grade in LADDER})
"""What drives the native grade: no grade of ours leaves it alone, and so does a change that somebody else made."""


@dataclass(frozen=True)
class Engaged:
    """What should change. `records` are prospects whose ids are `unit:number`; `filled`: how many have a value now."""

    records: tuple[RecordChange, ...] = ()
    memberships: tuple[MembershipChange, ...] = ()
    kept: tuple[Kept, ...] = ()
    withheld: tuple[Withheld, ...] = ()
    filled: Mapping[tuple[str, str], int] = field(default_factory=dict)


def engage(run: Run, book: Book, as_of: datetime, today: date) -> Engaged:
    """What should change in Account Engagement; nothing where the mapping writes nothing there.

    Reads what `desire` and `decide` made, and the mirror. Raises ConfigurationError where a track stands for a list
    that cannot be written.
    """
    fields, streams = book.fields, {mapped.stream.object: mapped for mapped in book.fields.streams}
    with_lists = _writes_lists(fields) and {MEMBERSHIPS, "lists", PROSPECTS} <= streams.keys()
    write = fields.account_engagement.get(PROSPECTS, ObjectFields()).write
    if with_lists or any(entry.value == "track" for entry in write.values()):
        offers(book.rules, as_of, run)
        tracks(book.rules, today, run)
    else:
        run("CREATE OR REPLACE TEMP TABLE tracked (person_id VARCHAR, track VARCHAR)", {})
    engaged = Engaged()
    if PROSPECTS in streams and (write or fields.native_grade):
        engaged = _prospects(run, fields, streams[PROSPECTS], as_of)
    if with_lists:
        joined = _memberships(run, book, as_of)
        engaged = replace(
            engaged,
            memberships=joined.memberships,
            kept=(*engaged.kept, *joined.kept),
            withheld=joined.withheld,
        )
    return engaged


def prospect_changes(records: Iterable[RecordChange], fields: Fields) -> tuple[ProspectChange, ...]:
    """Changes of prospects as the plan has them, by unit and number: the native grade apart, it has its own road."""
    write = fields.account_engagement.get(PROSPECTS, ObjectFields()).write
    found = []
    for record in records:
        unit, _, number = record.record_id.partition(":")
        for mine in (False, True):
            part = tuple(change for change in record.changes if (change.field == GRADE) is mine)
            shared = any(change.field not in write or write[change.field].policy in SHARED_POLICIES for change in part)
            if part:
                found.append(ProspectChange(unit, number, record.person_id, part, record.why, shared))
    return tuple(sorted(found, key=lambda one: (one.unit, int(one.record_id), one.changes[0].field)))


def _writes_lists(fields: Fields) -> bool:
    entry = fields.account_engagement.get(MEMBERSHIPS, ObjectFields()).write.get(MEMBERSHIP_FIELD)
    return entry is not None and entry.policy != "never"


def _prospects(run: Run, fields: Fields, mapped: MappedStream, as_of: datetime) -> Engaged:
    run("ALTER TABLE desired ADD COLUMN track VARCHAR", {})
    run(_statement("targets"), {})
    units = [str(unit) for (unit,) in run(_statement("units"), {})]
    records, kept = [], []
    for unit in units:
        write = dict(fields.account_engagement[PROSPECTS].write)
        if unit in fields.native_grade:
            write[GRADE] = NATIVE_GRADE
        run(_statement("of_unit").replace("<<unit>>", unit), {})
        changes, stays = compare(run, mapped, ObjectFields(write=write), as_of, unit=unit, seen="prospects_of_unit")
        records += changes
        kept += stays
    return Engaged(tuple(records), (), tuple(kept), (), _filled(run, fields, mapped))


def _filled(run: Run, fields: Fields, mapped: MappedStream) -> dict[tuple[str, str], int]:
    """How many live prospects have a value now in each field that may be overwritten."""
    names = [*fields.account_engagement[PROSPECTS].write, *([GRADE] if fields.native_grade else [])]
    counts = ", ".join(f'count("{mapped.column_of(name)}")' for name in names)
    row = run(f'SELECT {counts} FROM "whole_{mapped.stream.table}" WHERE NOT coalesce(is_deleted, FALSE)', {})[0]
    return {(PROSPECTS, name): int(count) for name, count in zip(names, row, strict=True)}


def _memberships(run: Run, book: Book, as_of: datetime) -> Engaged:
    known = book.rules.nurture.tracks
    meant = {"tracks": [track.id for track in known], "names": [track.list for track in known]}
    by_id = [f"{track.id}:{unit}:{one}" for track in known for unit, one in track.list_ids.items()]
    run(_statement("track_lists"), {**meant, "by_id": by_id})
    for track, unit, name in run(_statement("dynamic_lists"), {}):
        raise ConfigurationError(
            f"nurture.yaml: the list `{name}` of the track `{track}` is dynamic in business unit {unit}: Account "
            "Engagement alone says who is on it. Name a static list."
        )
    for name in ("living", "wanted", "ours", "states"):
        run(_statement(name), {})
    run(_statement("left_alone"), {"as_of": naive(as_of)})
    changes = [
        MembershipChange(unit, str(list_id), name or "", str(prospect), person, wanted, why)
        for unit, list_id, name, prospect, person, wanted, why in run(_statement("changes"), {})
    ]
    stays = [
        Kept(MEMBERSHIPS, f"{unit}:{prospect}:{list_id}", MEMBER, ours=True, theirs=False)
        for unit, prospect, list_id in run(_statement("stays"), {})
    ]
    lacking = [
        Withheld(person, f"track {track}", f"the business unit {unit} has no list for it ({people} people)")
        for person, track, unit, people in run(_statement("lacking"), meant)
    ]
    return Engaged((), tuple(changes), tuple(stays), tuple(lacking))


def _statement(name: str) -> str:
    return statements("connector.planning.sql", "engagement.sql")[name]
