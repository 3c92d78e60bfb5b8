"""The mapping against both remotes as they are now, what changed since the last check, and the daemon's daily look."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from connector.account_engagement.unit_shown import UnitShown, ask_unit
from connector.errors import ConnectorError, StoppedError
from connector.pulling.streams import asking
from connector.pulling.unknown_fields import Shown
from connector.reporting.drift import Drift, as_text, drift, from_text
from connector.reporting.live_check import LiveCheck, live_check
from connector.reporting.live_names import named_owners
from connector.river import River, Unit, here, sources
from connector.rules.mapping import FIELDS_FILE
from connector.rules.written import Written
from connector.salesforce.description import Description
from connector.salesforce.org_shown import OrgShown, ask_org, describe_if_shown
from connector.store.described import keep_described, last_looked, note_looked, read_described

EVERY = timedelta(days=1)
"""How often the daemon compares what the org shows with what it showed when the mapping was last checked."""

log = structlog.get_logger()


def check(river: River, written: Written, folder: Path) -> tuple[LiveCheck, OrgShown]:
    """All findings, and what the org shows; that is kept, so that the next check can tell what has changed.

    Of an object of which a mapped field has vanished, what it showed before stays kept until the mapping is mended.
    `folder`: where the rules lie. A call an object of the mapping and a few more; changes nothing. Raises what the
    calls raise.
    """
    remotes = here(river)
    names = [one.name for one in named_owners(written)]
    org = ask_org(remotes.reader, _objects(river), names)
    with_lists = any(track.list or track.list_ids for track in river.rules.nurture.tracks)
    units = [_shown_of(river, unit, lists=with_lists) for unit in remotes.engagement]
    before = {name: from_text(kept.fields) for name, kept in read_described(river.store).items()}
    text = (folder / FIELDS_FILE).read_text(encoding="utf-8-sig")
    found = live_check(river.mapping, written, org, units, before, text)
    # Without what a vanished field was like, the next check could not tell its new name.
    open_still = {one.object for one in found.drifts if one.kind in {"vanished", "renamed"}}
    seen = {name: shown for name, shown in org.descriptions.items() if name not in open_still}
    _keep(river, seen, remotes.reader.server_time())
    return found, org


def drift_once_a_day(river: River, now: datetime) -> list[Drift]:
    """What has changed since the last check, if nobody has looked for a day; told in the log once a day until a check.

    Asked are the objects that can drift unseen: those that are written, and those of which custom fields are read, a
    call each; standard fields keep their names and types, and a pull itself sees when one is hidden. The first look of
    all only keeps what there is. What cannot be asked today is asked tomorrow.
    """
    looked = last_looked(river.store)
    if looked is not None and now - looked < EVERY:
        return []
    kept = read_described(river.store)
    try:
        org = OrgShown(_described(river))
    except StoppedError:
        raise
    except ConnectorError as error:
        log.info("drift.not_asked", why=type(error).__name__)
        note_looked(river.store, kept, now)
        return []
    _keep(river, {name: shown for name, shown in org.descriptions.items() if name not in kept}, now)
    note_looked(river.store, kept, now)
    found = drift(river.mapping.fields, {name: from_text(one.fields) for name, one in kept.items()}, org)
    for one in found:
        tell = log.warning if one.matters else log.info
        tell("drift.found", kind=one.kind, object=one.object, field=one.field, what=one.sentence)
    return found


def _objects(river: River) -> list[str]:
    return [one.stream.object for one in river.mapping.fields.streams if one.stream.remote == "salesforce"]


def _described(river: River) -> dict[str, Description]:
    reader, entries = here(river).reader, river.mapping.fields.salesforce
    asked = [
        name
        for name in _objects(river)
        if entries[name].write or any(entry.field.endswith("__c") for entry in entries[name].read.values())
    ]
    found = {name: describe_if_shown(reader, name) for name in asked}
    return {name: shown for name, shown in found.items() if shown is not None}


def _keep(river: River, described: Mapping[str, Description], now: datetime) -> None:
    keep_described(river.store, {name: as_text(shown) for name, shown in described.items()}, now)


def _shown_of(river: River, unit: Unit, *, lists: bool) -> UnitShown:
    found = sources(river)

    def look() -> tuple[Mapping[str, frozenset[str]], frozenset[str]]:
        shown: dict[str, Shown] = {}
        for mapped in river.mapping.fields.streams:
            if mapped.stream.remote == "account_engagement":
                shown[mapped.stream.object] = asking(found, mapped, unit, river.landing).look(mapped)
        absent = frozenset(name for name, one in shown.items() if not one.is_there)
        return {name: one.missing for name, one in shown.items()}, absent

    return ask_unit(unit, look, river.landing, lists=lists)
