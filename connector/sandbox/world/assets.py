"""What stands before anybody comes: the org, its users and statuses, campaigns, forms, files, lists."""

from __future__ import annotations

import sqlite3
from typing import Any

from connector.sandbox.config import SandboxConfig
from connector.sandbox.context import ORG_ID
from connector.sandbox.ids import record_id
from connector.sandbox.world.ledger import Ledger
from connector.sandbox.world.moments import text
from connector.sandbox.world.words_content import FILES, FORMS, SITE, VIDEOS
from connector.sandbox.world.words_staff import (
    LEAD_STATUSES,
    LISTS,
    QUEUES,
    STAFF,
    STAGES,
    Colleague,
)

COMPANY = "ミルモリ株式会社"


def create(connection: sqlite3.Connection) -> None:
    """Makes the table that remembers which record is which asset."""
    connection.execute("CREATE TABLE IF NOT EXISTS world_assets (name TEXT PRIMARY KEY, id)")


class Assets:
    """Record ids by the world's own names for them, such as `form:inquiry` or `user:integration`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._ids: dict[str, Any] = {row[0]: row[1] for row in connection.execute("SELECT name, id FROM world_assets")}

        self._names: dict[str, list[str]] = {}

    def __getitem__(self, name: str) -> Any:
        return self._ids[name]

    def get(self, name: str) -> Any | None:
        """The record id of an asset, or None when there is no such asset (yet)."""
        return self._ids.get(name)

    def __contains__(self, name: str) -> bool:
        return name in self._ids

    def keep(self, name: str, record: Any) -> Any:
        """Remembers an asset's record id and answers it."""
        self._ids[name] = record
        if not name.startswith("account:"):
            self._names.clear()
        self._connection.execute("INSERT INTO world_assets VALUES (?, ?)", (name, record))
        return record

    def names(self, start: str) -> list[str]:
        """The names that begin with `start`, in order."""
        found = self._names.get(start)
        if found is None:
            found = self._names[start] = sorted(name for name in self._ids if name.startswith(start))
        return found


def stamps(assets: Assets, moment: int, user: str = "user:integration") -> dict[str, Any]:
    """The six stamps of a Salesforce record that a user makes at a moment."""
    when, by = text(moment), assets[user]
    return {
        "CreatedDate": when,
        "CreatedById": by,
        "LastModifiedDate": when,
        "LastModifiedById": by,
        "SystemModstamp": when,
    }


def found(config: SandboxConfig, ledger: Ledger, assets: Assets, moment: int) -> None:
    """Founds the vendor's org: all of it bears the stamp of one moment before history begins."""
    _users(config, ledger, assets, moment)
    _organization(config, ledger, assets, moment)


def _users(config: SandboxConfig, ledger: Ledger, assets: Assets, moment: int) -> None:
    connector = Colleague("Integration", "", config.username, "integration", "Integration User")
    people = [(connector, "user:integration")]
    people += [(one._replace(login=f"{one.login}@vendor.example"), f"user:{one.team}:{one.login}") for one in STAFF]
    for _, key in people:
        assets.keep(key, ledger.id("User"))
    for colleague, key in people:
        ledger.add("User", _user(config, colleague, assets[key]) | stamps(assets, moment))
        number = assets.keep(f"ae_user:{assets[key]}", ledger.number("users"))
        mirror = {
            "id": number,
            "email": colleague.login,
            "username": colleague.login,
            "firstName": colleague.given,
            "lastName": colleague.family,
            "jobTitle": colleague.title,
            "role": 2,
            "roleName": "Marketing",
            "salesforceId": assets[key],
        }
        ledger.add("users", {**mirror, **moments_of(moment)})


def _user(config: SandboxConfig, colleague: Colleague, record: str) -> dict[str, Any]:
    """The columns of a User but for its stamps; `login` is the whole user name here."""
    name = colleague.login.split("@")[0]
    return {
        "Id": record,
        "Username": colleague.login,
        "LastName": colleague.family,
        "FirstName": colleague.given or None,
        "Email": colleague.login,
        "Title": colleague.title,
        "Alias": name.split(".")[0][:8],
        "CommunityNickname": name[:40],
        "Department": colleague.team,
        "CompanyName": COMPANY,
        "IsActive": 1,
        "TimeZoneSidKey": config.org_time_zone,
        "LocaleSidKey": "en_US",
        "LanguageLocaleKey": "ja",
        "EmailEncodingKey": "UTF-8",
        "UserType": "Standard",
        "ProfileId": record_id("00e", 1),
    }


def _organization(config: SandboxConfig, ledger: Ledger, assets: Assets, moment: int) -> None:
    ledger.add(
        "Organization",
        {
            "Id": ORG_ID,
            "Name": COMPANY,
            "State": "東京都",
            "City": "品川区",
            "Street": "大崎5-5-5",
            "PostalCode": "141-0032",
            "Country": "日本",
            "DefaultLocaleSidKey": "en_US",
            "LanguageLocaleKey": "ja",
            "TimeZoneSidKey": config.org_time_zone,
            "FiscalYearStartMonth": 4,
            "OrganizationType": "Enterprise Edition",
            "InstanceName": "JPN99",
            **stamps(assets, moment),
        },
    )
    for name, developer_name in QUEUES:
        record = assets.keep(f"queue:{developer_name}", ledger.id("Group"))
        row = {"Id": record, "Name": name, "DeveloperName": developer_name, "Type": "Queue"}
        ledger.add("Group", {**row, "OwnerId": ORG_ID, **stamps(assets, moment)})
    for order, status in enumerate(LEAD_STATUSES, start=1):
        row = {"Id": ledger.id("LeadStatus"), "MasterLabel": status, "ApiName": status, "SortOrder": order}
        flags = {"IsDefault": int(order == 1), "IsConverted": int(status == "Closed - Converted")}
        ledger.add("LeadStatus", {**row, **flags, **stamps(assets, moment)})
    for order, (stage, probability, forecast) in enumerate(STAGES, start=1):
        row = {"Id": ledger.id("OpportunityStage"), "MasterLabel": stage, "ApiName": stage, "SortOrder": order}
        flags = {"IsActive": 1, "IsClosed": int(stage.startswith("Closed")), "IsWon": int(stage == "Closed Won")}
        figures = {
            "DefaultProbability": probability,
            "ForecastCategory": forecast,
            "ForecastCategoryName": forecast,
        }
        ledger.add("OpportunityStage", {**row, **flags, **figures, **stamps(assets, moment)})


def publish(ledger: Ledger, assets: Assets, moment: int) -> None:
    """Puts forms, landing pages, files, links, lists and the e-mail template in place, under the site's campaign."""
    campaign = {"campaignId": assets["ae_campaign:Web"], **moments_of(moment)}
    for kind, name, path in FORMS:
        record = assets.keep(f"form:{kind}", ledger.number("forms"))
        ledger.add("forms", {"id": record, "name": name, "url": SITE + path, **campaign})
        number = assets.keep(f"landing_page:{kind}", ledger.number("landing_pages"))
        row = {"id": number, "name": f"LP {name}", "title": name, "formId": record, "url": SITE + path}
        ledger.add("landing_pages", {**row, **campaign})
    for name in ("外部媒体 資料請求", "展示会 アンケート"):
        record = assets.keep(f"form_handler:{name}", ledger.number("form_handlers"))
        ledger.add("form_handlers", {"id": record, "name": name, **campaign})
    for _, name, path in FILES:
        record = assets.keep(f"file:{name}", ledger.number("files"))
        url = f"https://go.vendor.example{path}"
        ledger.add("files", {"id": record, "name": name, "url": url, "isTracked": 1, **campaign})
    for name, title in (("facebook", "SNS投稿"), ("partner", "パートナーサイト バナー"), *VIDEOS):
        record = assets.keep(f"redirect:{name}", ledger.number("custom_redirects"))
        row = {"id": record, "name": title, "url": f"https://go.vendor.example/r/{name}", "destinationUrl": SITE}
        ledger.add("custom_redirects", {**row, **campaign})
    for name, title in LISTS:
        record = assets.keep(f"list:{name}", ledger.number("lists"))
        row = {"id": record, "name": title, "title": title, "isPublic": 0, "isDynamic": 0}
        ledger.add("lists", {**row, **campaign})
    record = assets.keep("email_template:newsletter", ledger.number("email_templates"))
    row = {"id": record, "name": "ミルモリ通信", "subject": "ミルモリ通信", "isListEmail": 1, "type": "htmlAndText"}
    ledger.add("email_templates", {**row, **campaign})


def moments_of(moment: int) -> dict[str, Any]:
    """The two stamps of a record that Account Engagement makes at a moment."""
    return {"createdAt": text(moment), "updatedAt": text(moment)}
