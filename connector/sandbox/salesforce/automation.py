"""What Salesforce itself does to records when they change: object by object, before and after the write.

A rule before gets the row as it is (None for a new one) and the values about to be written, which it may refuse or
add to. A rule after gets the row as it was and the values as they now are.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from datetime import UTC, timedelta
from types import MappingProxyType

from connector.sandbox.catalogue.model import ObjectDef
from connector.sandbox.clock import instant, stamp
from connector.sandbox.salesforce.deals import before_opportunity, record_history
from connector.sandbox.salesforce.refused import RefusedError
from connector.sandbox.salesforce.values import Stored
from connector.sandbox.salesforce.writer import Writer

Before = Callable[[Writer, sqlite3.Row | None, dict[str, Stored]], None]
After = Callable[[Writer, sqlite3.Row | None, Mapping[str, Stored]], None]

_MIRRORED = (
    "Salutation",
    "FirstName",
    "LastName",
    "Name",
    "Title",
    "Email",
    "Phone",
    "Fax",
    "MobilePhone",
    "Description",
    "DoNotCall",
    "HasOptedOutOfEmail",
    "LeadSource",
)
_DAY = 24 * 60
_PLACES = ("Street", "City", "State", "PostalCode", "Country")


def before(writer: Writer, definition: ObjectDef, row: sqlite3.Row | None, values: dict[str, Stored]) -> None:
    """Runs the object's rules before a write. Raises RefusedError."""
    rule = _BEFORE.get(definition.name)
    if rule is not None:
        rule(writer, row, values)


def after(writer: Writer, definition: ObjectDef, row: sqlite3.Row | None, values: Mapping[str, Stored]) -> None:
    """Runs the object's rules after a write."""
    rule = _AFTER.get(definition.name)
    if rule is not None:
        rule(writer, row, values)


def is_converted_status(writer: Writer, status: Stored) -> bool:
    """Whether a lead's status is one that only a conversion can set."""
    found = writer.connection.execute(
        'SELECT 1 FROM "LeadStatus" WHERE "ApiName" = ? AND "IsConverted" = 1', (status,)
    ).fetchone()
    return found is not None


def _before_lead(writer: Writer, row: sqlite3.Row | None, values: dict[str, Stored]) -> None:
    if row is not None and row["IsConverted"]:
        raise RefusedError("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")
    if "Status" in values and not values.get("IsConverted") and is_converted_status(writer, values["Status"]):
        raise RefusedError("INVALID_STATUS", f"invalid status: {values['Status']}", ("Status",))
    if writer.auto_assign and writer.sandbox.config.lead_assignment_rule:
        queue = writer.connection.execute(
            'SELECT "Id" FROM "Group" WHERE "Type" = \'Queue\' ORDER BY "Id" LIMIT 1'
        ).fetchone()
        if queue is not None:
            values["OwnerId"] = queue[0]


def _before_task(writer: Writer, row: sqlite3.Row | None, values: dict[str, Stored]) -> None:
    _check_related(row, values)
    if "WhoId" in values or "WhatId" in values:
        values["AccountId"] = _account(writer, _now(row, values, "WhoId"), _now(row, values, "WhatId"))


def _before_event(writer: Writer, row: sqlite3.Row | None, values: dict[str, Stored]) -> None:
    _check_related(row, values)
    if "WhoId" in values or "WhatId" in values:
        values["AccountId"] = _account(writer, _now(row, values, "WhoId"), _now(row, values, "WhatId"))
    if row is None or values.keys() & {"StartDateTime", "EndDateTime", "ActivityDateTime", "DurationInMinutes"}:
        values |= _times(row, values)


def _times(row: sqlite3.Row | None, values: Mapping[str, Stored]) -> dict[str, Stored]:
    """An event's four times from those that are given: its start, and its end or its length."""
    start = values.get("StartDateTime") or values.get("ActivityDateTime") or _all_day(values)
    start = start or _now(row, values, "StartDateTime")
    end, minutes = values.get("EndDateTime"), values.get("DurationInMinutes")
    if end is None and minutes is None and row is not None:
        minutes = row["DurationInMinutes"]
    if end is None and minutes is None and values.get("IsAllDayEvent"):
        minutes = _DAY
    if start is None or (end is None and minutes is None):
        missing = ["ActivityDateTime"] * (start is None) + ["DurationInMinutes"] * (end is None and minutes is None)
        message = f"Required fields are missing: [{', '.join(missing)}]"
        raise RefusedError("REQUIRED_FIELD_MISSING", message, tuple(missing))
    begun = instant(str(start))
    ended = begun + timedelta(minutes=int(minutes or 0)) if end is None else instant(str(end))
    if ended < begun:
        raise RefusedError("FIELD_INTEGRITY_EXCEPTION", "End Date Time is before the start", ("EndDateTime",))
    return {
        "StartDateTime": stamp(begun),
        "ActivityDateTime": stamp(begun),
        "ActivityDate": begun.astimezone(UTC).date().isoformat(),
        "EndDateTime": stamp(ended),
        "DurationInMinutes": int((ended - begun).total_seconds() // 60),
    }


def _all_day(values: Mapping[str, Stored]) -> str | None:
    day = values.get("ActivityDate")
    return f"{day}T00:00:00.000Z" if day is not None else None


def _check_related(row: sqlite3.Row | None, values: Mapping[str, Stored]) -> None:
    """An activity of a lead cannot be related to anything else besides."""
    who = _now(row, values, "WhoId")
    if who is not None and str(who).startswith("00Q") and _now(row, values, "WhatId") is not None:
        message = "Related To ID: must be empty when Name ID is a lead"
        raise RefusedError("FIELD_INTEGRITY_EXCEPTION", message, ("WhatId",))


def _account(writer: Writer, who: Stored, what: Stored) -> Stored:
    """The account of an activity: of what it is about, else of the contact whom it is with."""
    if what is not None and str(what).startswith("001"):
        return what
    for reference, object_name in ((what, "Opportunity"), (who, "Contact")):
        definition = writer.object(object_name)
        if reference is not None and str(reference).startswith(definition.prefix or "-"):
            row = writer.row(definition, str(reference))
            if row is not None:
                account: Stored = row["AccountId"]
                return account
    return None


def _after_task(writer: Writer, row: sqlite3.Row | None, values: Mapping[str, Stored]) -> None:
    """Stamps the completion of a task; its due date becomes the last activity of whom and what it concerns."""
    definition = writer.object("Task")
    now = writer.row(definition, str(values["Id"]))
    is_closed = bool(now and now["IsClosed"])
    if is_closed != bool(row and row["IsClosed"]):
        writer.update(definition, str(values["Id"]), {"CompletedDateTime": writer.now if is_closed else None})
    if is_closed and values.get("ActivityDate") is not None:
        _touch_activity(writer, values)


def _after_event(writer: Writer, row: sqlite3.Row | None, values: Mapping[str, Stored]) -> None:  # noqa: ARG001 - a rule's shape
    day = values.get("ActivityDate")
    if day is not None and str(day) <= writer.now[:10]:
        _touch_activity(writer, values)


def _touch_activity(writer: Writer, values: Mapping[str, Stored]) -> None:
    day = str(values["ActivityDate"])
    for reference in {values.get(name) for name in ("WhoId", "WhatId", "AccountId")} - {None}:
        target = writer.sandbox.salesforce.by_prefix(str(reference)[:3])
        if target is None or target.field("LastActivityDate") is None:
            continue
        parent = writer.row(target, str(reference))
        if parent is not None and (parent["LastActivityDate"] or "") < day:
            changes = {"LastActivityDate": day, **writer.touched(target, by_user=False)}
            writer.update(target, str(reference), changes)


def _before_campaign_member(writer: Writer, row: sqlite3.Row | None, values: dict[str, Stored]) -> None:
    if row is None:
        _join(writer, values)


def _join(writer: Writer, values: dict[str, Stored]) -> None:
    """Checks that a person joins a campaign once, and copies what a member shows of the person."""
    person, kind, key = values.get("ContactId"), "Contact", "ContactId"
    if person is None:
        person, kind, key = values.get("LeadId"), "Lead", "LeadId"
    if person is None:
        raise RefusedError("REQUIRED_FIELD_MISSING", "Required fields are missing: [LeadId]", ("LeadId",))
    already = writer.connection.execute(
        f'SELECT 1 FROM "CampaignMember" WHERE "{key}" = ? AND "CampaignId" = ? AND "IsDeleted" = 0',
        (person, values.get("CampaignId")),
    ).fetchone()
    if already is not None:
        raise RefusedError("DUPLICATE_VALUE", "Already a campaign member.")
    row = writer.row(writer.object(kind), str(person))
    if row is None:
        return
    prefix = "Mailing" if kind == "Contact" else ""
    values |= {name: row[name] for name in _MIRRORED} | {name: row[prefix + name] for name in _PLACES}
    values |= {"LeadOrContactOwnerId": row["OwnerId"]}
    values["CompanyOrAccount"] = row["Company"] if kind == "Lead" else _account_name(writer, row["AccountId"])


def _account_name(writer: Writer, account: str | None) -> Stored:
    row = writer.row(writer.object("Account"), account) if account else None
    name: Stored = row["Name"] if row else None
    return name


def _after_campaign_member(writer: Writer, row: sqlite3.Row | None, values: Mapping[str, Stored]) -> None:  # noqa: ARG001 - a rule's shape
    """Keeps the day of a member's first response."""
    definition = writer.object("CampaignMember")
    now = writer.row(definition, str(values["Id"]))
    if now is not None and now["HasResponded"] and now["FirstRespondedDate"] is None:
        writer.update(definition, now["Id"], {"FirstRespondedDate": writer.now[:10]})


def _now(row: sqlite3.Row | None, values: Mapping[str, Stored], name: str) -> Stored:
    """A field's value after the write."""
    if name in values or row is None:
        return values.get(name)
    value: Stored = row[name]
    return value


_BEFORE: Mapping[str, Before] = MappingProxyType(
    {
        "Lead": _before_lead,
        "Opportunity": before_opportunity,
        "Task": _before_task,
        "Event": _before_event,
        "CampaignMember": _before_campaign_member,
    }
)
_AFTER: Mapping[str, After] = MappingProxyType(
    {
        "Opportunity": record_history,
        "Task": _after_task,
        "Event": _after_event,
        "CampaignMember": _after_campaign_member,
    }
)
