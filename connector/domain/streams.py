"""What is pulled: one stream an object, and the attributes by which the rest of the connector knows its fields.

The names on the left are ours; which field of the org stands behind each is said in fields.yaml, so that a
renamed field costs one line there and no history here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

Remote = Literal["salesforce", "account_engagement"]
AttributeType = Literal["text", "integer", "number", "boolean", "instant", "date"]

SALESFORCE_SYSTEM: Mapping[str, tuple[str, AttributeType]] = MappingProxyType(
    {
        "id": ("Id", "text"),
        "is_deleted": ("IsDeleted", "boolean"),
        "created_at": ("CreatedDate", "instant"),
        "modified_at": ("LastModifiedDate", "instant"),
        "stamp": ("SystemModstamp", "instant"),
    }
)


@dataclass(frozen=True)
class Stream:
    """One object of one remote.

    `cursor` is the remote field by which changes are found: rows never change without moving it, except where
    it is a creation time and rows never change. None means that the whole object is read each time (small
    objects only). `attributes` are those that the connector gives a meaning to, with their types.
    """

    remote: Remote
    object: str
    attributes: Mapping[str, AttributeType]
    system: Mapping[str, tuple[str, AttributeType]]
    cursor: str | None
    keeps_deleted: bool = True

    @property
    def name(self) -> str:
        """As people see it: salesforce.Lead, account_engagement.prospects."""
        return f"{self.remote}.{self.object.replace('-', '_')}"

    @property
    def table(self) -> str:
        """The mirror's table: salesforce_lead, account_engagement_prospects."""
        words = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in self.object)
        return f"{self.remote}_{words.replace('-', '_').lstrip('_')}"


def _salesforce(object_name: str, words: str, **changes: object) -> Stream:
    values: dict[str, object] = {"cursor": "SystemModstamp", "system": SALESFORCE_SYSTEM, **changes}
    return Stream("salesforce", object_name, _attributes(words), **values)  # type: ignore[arg-type] # checked by Stream


def _engagement(collection: str, words: str, *, cursor: str | None, deleted: bool = False) -> Stream:
    system: dict[str, tuple[str, AttributeType]] = {"id": ("id", "integer")}
    if collection != "visitor-page-views":
        system["stamp"] = ("updatedAt", "instant")
    system["created_at"] = ("createdAt", "instant")
    if deleted:
        system["is_deleted"] = ("isDeleted", "boolean")
    return Stream("account_engagement", collection, _attributes(words), MappingProxyType(system), cursor, deleted)


def _attributes(words: str) -> Mapping[str, AttributeType]:
    kinds: dict[str, AttributeType] = {
        "": "text", "#": "integer", "%": "number", "?": "boolean", "@": "instant", "=": "date",
    }  # fmt: skip
    return MappingProxyType(
        {word.rstrip("#%?@="): kinds[word[-1] if word[-1] in "#%?@=" else ""] for word in words.split()}
    )


_PERSON = (
    "email first_name last_name name title department phone owner_id source opted_out? do_not_call? not_before="
    " master_id"
)
_WRITTEN = "score% grade tier stage reason scored_at@"

STREAMS: tuple[Stream, ...] = (
    _salesforce(
        "Lead",
        f"{_PERSON} {_WRITTEN} company website industry employees# prefecture status is_converted? converted_on= "
        "converted_contact_id converted_account_id converted_opportunity_id corporate_number budget authority need "
        "timeframe close_reason modified_by_id",
    ),
    _salesforce("Contact", f"{_PERSON} {_WRITTEN} account_id modified_by_id"),
    _salesforce(
        "Account",
        "name website industry employees# revenue% prefecture owner_id corporate_number tier master_id",
    ),
    _salesforce(
        "Opportunity",
        "name account_id contact_id stage_name amount% probability% close_date= is_closed? is_won? owner_id "
        "loss_reason competitor product renewal_on= stage_changed_at@ key",
    ),
    _salesforce("OpportunityContactRole", "opportunity_id contact_id role is_primary?"),
    _salesforce(
        "OpportunityHistory",
        "opportunity_id stage_name amount% probability% close_date=",
        system={key: value for key, value in SALESFORCE_SYSTEM.items() if key != "modified_at"},
    ),
    _salesforce("Campaign", "name type status start_date="),
    _salesforce("CampaignMember", "campaign_id lead_id contact_id status has_responded? responded_on="),
    _salesforce(
        "Task",
        "subject status priority due= type subtype who_id what_id owner_id is_closed? completed_at@ disposition key "
        "created_by_id modified_by_id",
    ),
    _salesforce("Event", "subject type start_at@ end_at@ who_id what_id owner_id created_by_id"),
    _salesforce(
        "User",
        "name email is_active? time_zone",
        system={key: value for key, value in SALESFORCE_SYSTEM.items() if key != "is_deleted"},
        keeps_deleted=False,
    ),
    _salesforce(
        "Group",
        "name type developer_name",
        system={key: value for key, value in SALESFORCE_SYSTEM.items() if key != "is_deleted"},
        keeps_deleted=False,
    ),
    _salesforce(
        "LeadStatus",
        "api_name label is_converted? is_default? position#",
        system={"id": ("Id", "text"), "stamp": ("SystemModstamp", "instant")},
        cursor=None,
        keeps_deleted=False,
    ),
    _salesforce(
        "OpportunityStage",
        "api_name label is_active? is_closed? is_won? position#",
        system={"id": ("Id", "text"), "stamp": ("SystemModstamp", "instant")},
        cursor=None,
        keeps_deleted=False,
    ),
    _salesforce(
        "Organization",
        "name time_zone fiscal_month# is_sandbox?",
        system={"id": ("Id", "text"), "stamp": ("SystemModstamp", "instant")},
        cursor=None,
        keeps_deleted=False,
    ),
    _engagement(
        "prospects",
        "email first_name last_name company title department industry website phone employees source native_score# "
        "native_grade lead_id contact_id account_id opted_out? do_not_email? do_not_call? not_before= campaign_id# "
        "last_activity_at@",
        cursor="updatedAt",
        deleted=True,
    ),
    _engagement(
        "visitor-activities",
        "type# type_name details prospect_id# visitor_id# visit_id# page_view_id# campaign_id# email_id# "
        "list_email_id# email_template_id# form_id# form_handler_id# landing_page_id# file_id# custom_redirect_id#",
        cursor="updatedAt",
    ),
    _engagement("visitors", "prospect_id# page_views#", cursor="updatedAt"),
    _engagement(
        "visits",
        "visitor_id# prospect_id# page_views# first_at@ last_at@ search_term source_parameter",
        cursor="updatedAt",
    ),
    _engagement("visitor-page-views", "url title visitor_id# visit_id#", cursor="createdAt"),
    _engagement("lists", "name is_dynamic?", cursor="updatedAt", deleted=True),
    _engagement("list-memberships", "list_id# prospect_id# opted_out?", cursor="updatedAt", deleted=True),
    _engagement("campaigns", "name salesforce_id", cursor="updatedAt", deleted=True),
    _engagement("custom-fields", "name field_id type", cursor="updatedAt"),
    _engagement("forms", "name", cursor=None, deleted=True),
    _engagement("form-handlers", "name", cursor=None, deleted=True),
    _engagement("landing-pages", "name", cursor=None, deleted=True),
    _engagement("files", "name url", cursor=None),
    _engagement("custom-redirects", "name", cursor=None, deleted=True),
    _engagement("list-emails", "name subject", cursor=None, deleted=True),
    _engagement("email-templates", "name", cursor=None, deleted=True),
)

BY_NAME: Mapping[str, Stream] = MappingProxyType({stream.name: stream for stream in STREAMS})


@dataclass(frozen=True)
class Column:
    """One column of the mirror: our name, the remote field behind it (a dotted path for a parent's field)."""

    name: str
    field: str
    type: AttributeType


@dataclass(frozen=True)
class MappedStream:
    """A stream with the fields that this org's mapping reads: what is asked for, and what the mirror keeps.

    `hidden`: columns of the mirror whose fields the remote does not show just now. They are not asked for, and their
    values stay as they are.
    """

    stream: Stream
    columns: tuple[Column, ...]
    hidden: tuple[Column, ...] = ()

    @property
    def fields(self) -> tuple[str, ...]:
        """The remote fields to ask for, each once."""
        return tuple(dict.fromkeys(column.field for column in self.columns))

    def column_of(self, field: str) -> str:
        """The mirror's column in which a remote field is kept."""
        return next(column.name for column in self.columns if column.field == field)

    def without(self, fields: Collection[str]) -> MappedStream:
        """The same stream with these remote fields hidden."""
        shown = tuple(column for column in self.columns if column.field not in fields)
        hidden = tuple(column for column in self.columns if column.field in fields)
        return replace(self, columns=shown, hidden=(*self.hidden, *hidden))

    @property
    def has_stamp(self) -> bool:
        return "stamp" in self.stream.system
