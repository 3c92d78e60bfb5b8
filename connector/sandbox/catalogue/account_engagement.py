"""The objects of Account Engagement's API v5, as its documentation and recorded answers name their fields.

A table is named as its collection, with underscores (`visitor_activities` for `visitor-activities`), and
keyed by the whole number `id`. Only fields marked filterable may be filtered by; datetimes are stamps in UTC
and are shown in the API user's own offset. `assignedToId` is generated from `userId`: never insert it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from connector.sandbox.catalogue.model import Catalogue, FieldDef, ObjectDef
from connector.sandbox.config import SandboxConfig

_TYPES = {
    "": "string",
    "#": "int",
    "%": "double",
    "?": "boolean",
    "@": "datetime",
}
_RELATIONS = {
    "prospectId": ("prospects", "prospect"),
    "visitorId": ("visitors", "visitor"),
    "visitId": ("visits", "visit"),
    "visitorPageViewId": ("visitor_page_views", "visitorPageView"),
    "campaignId": ("campaigns", "campaign"),
    "parentCampaignId": ("campaigns", "parentCampaign"),
    "customRedirectId": ("custom_redirects", "customRedirect"),
    "emailId": ("emails", "email"),
    "emailTemplateId": ("email_templates", "emailTemplate"),
    "fileId": ("files", "file"),
    "folderId": ("folders", "folder"),
    "formId": ("forms", "form"),
    "formHandlerId": ("form_handlers", "formHandler"),
    "landingPageId": ("landing_pages", "landingPage"),
    "listId": ("lists", "list"),
    "listEmailId": ("list_emails", "listEmail"),
    "opportunityId": ("opportunities", "opportunity"),
    "prospectAccountId": ("prospect_accounts", "prospectAccount"),
    "createdById": ("users", "createdBy"),
    "updatedById": ("users", "updatedBy"),
    "assignedToId": ("users", "assignedTo"),
}
_BY = "createdById# updatedById#"
_BOTH = "createdAt@ updatedAt@"
_PARAMETERS = "campaignParameter contentParameter mediumParameter sourceParameter termParameter"

TEXT_LENGTH = 255
LONG_TEXT = {"comments", "notes", "description", "details", "embedCode", "url", "recentInteraction"}

_PROSPECT_WRITABLE = (
    "email firstName lastName salutation company jobTitle department industry website phone fax "
    "addressOne addressTwo city state zip country territory employees annualRevenue yearsInBusiness "
    "source comments notes score# profileId# campaignId# userId# salesforceOwnerId isDoNotEmail? "
    "isDoNotCall? optedOut? isReviewed? isStarred? prospectAccountId# salesforceId"
)
_PROSPECT_READ_ONLY = (
    "grade salesforceLeadId salesforceContactId salesforceAccountId salesforceCampaignId salesforceUrl "
    f"salesforceLastSync@ {_BOTH} {_BY} isDeleted? firstActivityAt@ lastActivityAt@ firstAssignedAt@ "
    "convertedAt@ convertedFromObjectName convertedFromObjectType emailBouncedAt@ emailBouncedReason "
    "isEmailHardBounced? recentInteraction doNotSell? lifecycleStageId# assignedToId# password "
    f"{_PARAMETERS} firstReferrerQuery firstReferrerType firstReferrerUrl"
)
_ACTIVITY = (
    "type# typeName details prospectId# visitorId# visitId# visitorPageViewId# campaignId# "
    "customRedirectId# emailId# emailTemplateId# fileId# formId# formHandlerId# landingPageId# "
    f"listEmailId# multivariateTestVariationId# opportunityId# paidSearchAdId# siteSearchQueryId# {_BOTH}"
)


def _is_salesforce_id(name: str) -> bool:
    return name.startswith("salesforce") and name.endswith("Id")


def _field(word: str, *, writable: bool, filterable: frozenset[str], indexed: frozenset[str]) -> FieldDef:
    name = word.rstrip("#%?@")
    kind = "reference" if _is_salesforce_id(name) else _TYPES[word[len(name) :]]
    references, relationship = _RELATIONS.get(name, (None, None))
    return FieldDef(
        name,
        kind,
        length=0 if kind != "string" else 65535 if name in LONG_TEXT else TEXT_LENGTH,
        createable=writable,
        updateable=writable,
        filterable=name in filterable,
        default=0 if kind == "boolean" else None,
        references=(references,) if references else (),
        relationship=relationship,
        derived='"userId"' if name == "assignedToId" else None,
        indexed=name in indexed,
    )


def _collection(
    name: str,
    label: str,
    read_only: str,
    *,
    writable: str = "",
    filters: str = "id createdAt updatedAt",
    indexes: str = "",
) -> ObjectDef:
    """One collection from words: `#` whole number, `%` number, `?` boolean, `@` datetime, else text.

    Every index on a datetime or a reference also carries the id, which makes keyset paging cheap.
    """
    allowed, kept = frozenset(filters.split()), frozenset(indexes.split())
    words = [("id#", False), *((w, True) for w in writable.split()), *((w, False) for w in read_only.split())]
    fields = tuple(_field(word, writable=write, filterable=allowed, indexed=kept) for word, write in words)
    can_write = bool(writable)
    return ObjectDef(
        name,
        label,
        tuple(replace(entry, nillable=entry.name != "id") for entry in fields),
        key="id",
        createable=can_write,
        updateable=can_write,
        deletable=can_write,
    )


def _people_and_behaviour() -> Iterable[ObjectDef]:
    yield _collection(
        "prospects",
        "Prospect",
        _PROSPECT_READ_ONLY,
        writable=_PROSPECT_WRITABLE,
        filters="id createdAt updatedAt email",
        indexes="email createdAt updatedAt",
    )
    yield _collection(
        "visitor_activities",
        "VisitorActivity",
        _ACTIVITY,
        filters="id createdAt updatedAt prospectId visitorId type",
        indexes="createdAt updatedAt prospectId",
    )
    yield _collection(
        "visits",
        "Visit",
        f"visitorId# prospectId# visitorPageViewCount# firstVisitorPageViewAt@ lastVisitorPageViewAt@ "
        f"durationInSeconds# {_PARAMETERS} {_BOTH}",
        filters="id createdAt updatedAt visitorId prospectId",
        indexes="updatedAt visitorId",
    )
    yield _collection(
        "visitors",
        "Visitor",
        f"prospectId# pageViewCount# ipAddress hostname isIdentified? doNotSell? campaignId# {_PARAMETERS} {_BOTH}",
        filters="id createdAt updatedAt prospectId isIdentified",
        indexes="updatedAt prospectId",
    )
    yield _collection(
        "visitor_page_views",
        "VisitorPageView",
        "url title visitorId# campaignId# visitId# durationInSeconds# salesforceId createdAt@",
        filters="id createdAt visitorId visitId",
        indexes="createdAt visitId",
    )


def _lists_and_campaigns() -> Iterable[ObjectDef]:
    yield _collection(
        "lists",
        "List",
        f"isDynamic? isDeleted? {_BOTH} {_BY}",
        writable="name title description isPublic? folderId# campaignId#",
        indexes="updatedAt",
    )
    yield _collection(
        "list_memberships",
        "ListMembership",
        f"isDeleted? {_BOTH} {_BY}",
        writable="listId# prospectId# optedOut?",
        filters="id createdAt updatedAt listId prospectId",
        indexes="updatedAt listId prospectId",
    )
    yield _collection(
        "campaigns",
        "Campaign",
        f"name cost% folderId# parentCampaignId# salesforceId isDeleted? {_BOTH} {_BY}",
        indexes="updatedAt",
    )


def _settings_and_deals() -> Iterable[ObjectDef]:
    yield _collection(
        "custom_fields",
        "CustomField",
        "name fieldId type isRecordMultipleResponses? isUseValues? isRequired? isAnalyticsSynced? "
        f"salesforceId valuesPrefill {_BOTH} {_BY}",
    )
    yield _collection(
        "users",
        "User",
        "email firstName lastName username jobTitle role# roleName salesforceId isDeleted? "
        f"tagReplacementLanguage {_BOTH} {_BY}",
    )
    yield _collection("tags", "Tag", f"name objectCount# {_BOTH} {_BY}")
    yield _collection("folders", "Folder", f"name path parentFolderId# {_BOTH} {_BY}", filters="id")
    yield _collection(
        "opportunities",
        "Opportunity",
        f"name campaignId# value% probability# type stage status closedAt@ salesforceId isDeleted? {_BOTH} {_BY}",
        indexes="updatedAt",
    )
    yield _collection(
        "prospect_accounts",
        "ProspectAccount",
        "name salesforceId isDeleted? annualRevenue employees industry phone website type assignedToId# "
        f"userId# {_BOTH}",
        filters="id",
    )
    yield replace(
        _collection("opportunity_prospects", "OpportunityProspect", "opportunityId# prospectId# updatedAt@"),
        queryable=False,
    )


_OF_ASSETS = f"name campaignId# folderId# salesforceId isDeleted? {_BOTH} {_BY}"


def _emails() -> Iterable[ObjectDef]:
    yield _collection(
        "emails",
        "Email",
        "name subject campaignId# prospectId# listId# listEmailId# emailTemplateId# clientType type "
        f"sentAt@ salesforceCmsId createdById# {_BOTH}",
        filters="id sentAt",
        indexes="sentAt",
    )
    yield _collection(
        "list_emails",
        "ListEmail",
        f"subject clientType emailTemplateId# isPaused? isSent? isOperational? sentAt@ scheduledTime@ {_OF_ASSETS}",
    )
    yield _collection(
        "email_templates",
        "EmailTemplate",
        f"subject type isOneToOneEmail? isAutoResponderEmail? isDripEmail? isListEmail? {_OF_ASSETS}",
    )


def _pages_and_files() -> Iterable[ObjectDef]:
    yield _collection(
        "forms",
        "Form",
        "layoutTemplateId# trackerDomainId# submitButtonText redirectLocation isUseRedirectLocation? "
        "isAlwaysDisplay? isCaptchaEnabled? isCookieless? showNotProspect? salesforceCmsId url embedCode "
        f"{_OF_ASSETS}",
        filters="id",
    )
    yield _collection(
        "form_handlers",
        "FormHandler",
        f"trackerDomainId# isDataForwarded? isCookieless? embedCode {_OF_ASSETS}",
        filters="id createdAt",
    )
    yield _collection(
        "landing_pages",
        "LandingPage",
        f"formId# layoutTemplateId# title description isDoNotIndex? vanityUrlPath redirectLocation "
        f"trackerDomainId# archiveDate@ layoutType url {_OF_ASSETS}",
    )
    yield _collection("files", "File", f"size# url vanityUrl isTracked? trackerDomainId# {_OF_ASSETS}", filters="id")
    yield _collection(
        "custom_redirects",
        "CustomRedirect",
        f"url destinationUrl vanityUrl trackerDomainId# {_OF_ASSETS}",
        filters="id",
    )


ACCOUNT = _collection(
    "account",
    "Account",
    "company level website vanityDomain pluginCampaignId# trackingCodeTemplate addressOne addressTwo "
    f"city state territory zip country phone fax maximumDailyApiCalls# apiCallsUsed# {_BOTH} {_BY}",
    filters="",
)
"""The one account. It is computed, never stored: a table of that name would be Salesforce's `Account`."""

WRITE_ONLY = frozenset({("custom_fields", "valuesPrefill"), ("list_emails", "scheduledTime")})
"""(collection, field) that may be sent but never asked for."""

CUSTOM_TEXT_TYPES = ("text", "textarea", "radio button", "dropdown", "hidden", "crm user", "number", "date")
CUSTOM_LIST_TYPES = ("multi-select", "checkbox")
"""Custom field types with several values: only a single read returns them."""


def custom_field(name: str, kind: str = "string") -> FieldDef:
    """A prospect's custom field under its API name (`…__c`).

    `kind` is string, double, or multi for a field of several values, which holds JSON text.
    """
    multi = kind == "multi"
    return FieldDef(
        name,
        "multipicklist" if multi else kind,
        label=name.removesuffix("__c").replace("_", " "),
        length=65535 if kind != "double" else 0,
        filterable=False,
        custom=True,
    )


def catalogue(config: SandboxConfig) -> Catalogue:
    """All collections that the database has a table for, with the connector's own prospect fields if "
    "deployed."""
    objects = (
        *_people_and_behaviour(),
        *_lists_and_campaigns(),
        *_settings_and_deals(),
        *_emails(),
        *_pages_and_files(),
    )
    if not config.custom_fields:
        return Catalogue(objects)
    own = (
        custom_field("Connector_Score__c", "double"),
        custom_field("Connector_Grade__c"),
        custom_field("Connector_Tier__c"),
        custom_field("Connector_Stage__c"),
    )
    prospects = replace(objects[0], fields=(*objects[0].fields, *own))
    return Catalogue((prospects, *objects[1:]))
