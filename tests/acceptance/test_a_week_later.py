"""A third cycle, after the world has moved on by a week, changes only what the week explains."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from connector.store.database import Store, open_store
from tests.acceptance.connector_process import Connector

pytestmark = pytest.mark.requirement("SY-3", "SC-3", "WB-3", "AD-8")

WEEK = timedelta(days=7)


def test_a_week_later_only_what_the_week_explains_has_changed_and_explanations_add_up(
    start: Callable[..., Connector],
) -> None:
    connector = start("--people", "400", "--seed", "11", "--frozen")
    assert connector.here("sync", "--first-contact").code == 0
    assert connector.here("sync", "--json").document["planned"] == 0
    begun = scored_at(connector)
    moved = connector.sandbox.control("PUT", "clock", {"advance_seconds": WEEK.total_seconds()})
    assert moved.status_code == 200, moved.text
    third = connector.here("sync", "--json")
    assert third.code == 0, third.err
    assert third.document["planned"] == third.document["applied"] > 0
    with open_store(connector.store) as store:
        changed = changed_records(store, begun)
        assert changed, "a week brings changes"
        unexplained = changed - explained_records(store, begun)
    assert unexplained == set()
    assert connector.here("sync", "--json").document["planned"] == 0
    explanations_add_up(connector)


def explanations_add_up(connector: Connector) -> None:
    """What `explain` tells of a person is what stands in Salesforce."""
    leads = [
        row
        for row in connector.sandbox.truth("Lead")
        if row["Connector_Score__c"] is not None and not row["IsDeleted"] and not row["IsConverted"]
    ]
    leads.sort(key=lambda row: (-float(str(row["Connector_Score__c"])), str(row["Id"])))
    for lead in (*leads[:2], leads[-1]):
        told = connector.here("explain", str(lead["Id"]), "--json")
        assert told.code == 0, told.err
        document = told.document
        assert document["score"] == lead["Connector_Score__c"]
        assert sum(line["points"] for line in document["ledger"]) == document["score"]
        assert document["grade"] == lead["Connector_Grade__c"]
        assert document["tier"] == lead["Connector_Tier__c"]
        assert any(write["record"] == lead["Id"] for write in document["writes"])
        assert str(lead["Id"])[:15] in " ".join(document["records"])


def scored_at(connector: Connector) -> datetime:
    """When the cycles so far were, by the world's clock."""
    now = connector.sandbox.control("GET", "clock").json()["now"]
    return datetime.fromisoformat(now).astimezone(UTC).replace(tzinfo=None)


def changed_records(store: Store, begun: datetime) -> set[str]:
    """The records that the third cycle wrote to."""
    return {
        str(row[0])
        for row in store.run(
            "SELECT record FROM journal WHERE kind = 'update' AND outcome = 'done' AND intended_at > $begun "
            "AND object <> 'Account'",
            {"begun": begun + timedelta(minutes=1)},
        )
    }


def explained_records(store: Store, begun: datetime) -> set[str]:
    """Records of people about whom something new was seen, or a month of whose silence or rest ended that week."""
    people = store.run(
        """
        WITH prospects AS (
            SELECT id, lead_id, contact_id, created_at FROM mirror_account_engagement_prospects WHERE _until IS NULL
        ),
        activity AS (
            SELECT visit.prospect_id, page.created_at AS at_time, page._seen_at AS seen
            FROM mirror_account_engagement_visitor_page_views AS page
            JOIN mirror_account_engagement_visits AS visit ON visit.id = page.visit_id AND visit._until IS NULL
            UNION ALL
            SELECT prospect_id, created_at, _seen_at FROM mirror_account_engagement_visitor_activities
            WHERE _until IS NULL
        ),
        touched AS (
            SELECT DISTINCT prospect_id AS id FROM activity WHERE seen > $begun
            UNION SELECT id FROM mirror_account_engagement_prospects WHERE _seen_at > $begun
        ),
        keys AS (
            SELECT 'account_engagement.prospects:' || _unit || ':' || id AS key
            FROM mirror_account_engagement_prospects WHERE _until IS NULL AND id IN (SELECT id FROM touched)
            UNION SELECT 'salesforce.Lead:' || id FROM mirror_salesforce_lead WHERE _seen_at > $begun
            UNION SELECT 'salesforce.Contact:' || id FROM mirror_salesforce_contact
            WHERE _seen_at > $begun OR account_id IN (
                SELECT id FROM mirror_salesforce_account WHERE _seen_at > $begun
                UNION SELECT account_id FROM mirror_salesforce_opportunity WHERE _seen_at > $begun
            )
            UNION SELECT kind || who_id FROM (
                SELECT who_id FROM mirror_salesforce_task WHERE _seen_at > $begun
                UNION SELECT who_id FROM mirror_salesforce_event WHERE _seen_at > $begun
            ), (VALUES ('salesforce.Lead:'), ('salesforce.Contact:')) AS kinds(kind)
        ),
        persons AS (SELECT DISTINCT person_id FROM known_persons WHERE record_key IN (SELECT key FROM keys))
        SELECT split_part(record_key, ':', 2) FROM known_persons WHERE person_id IN (SELECT person_id FROM persons)
        """,
        {"begun": begun + timedelta(minutes=1)},
    )
    return {str(row[0]) for row in people} | decayed(store, begun) | recycled(store, begun)


def recycled(store: Store, begun: datetime) -> set[str]:
    """Records of people whose reason for losing or closing let them rest until a day of that week (RC-1)."""
    rows = store.run(
        "SELECT split_part(record_key, ':', 2) FROM known_persons WHERE person_id IN (SELECT person_id FROM known_life "
        "WHERE list_contains(rules, 'recycled') AND happened_at > $begun)",
        {"begun": begun},
    )
    return {str(row[0]) for row in rows}


def decayed(store: Store, begun: datetime) -> set[str]:
    """Records whose score fell by exactly one month of silence: −15 or −5, from what we wrote before."""
    rows = store.run(
        """
        WITH scores AS (
            SELECT record, number, intended_at,
                try_cast(values_before ->> '$.Connector_Score__c' AS DOUBLE) AS old,
                try_cast(values_after ->> '$.Connector_Score__c' AS DOUBLE) AS new
            FROM journal WHERE kind = 'update' AND outcome = 'done' AND intended_at > $begun
        )
        SELECT record FROM scores WHERE old - new IN (5, 15)
        """,
        {"begun": begun + timedelta(minutes=1)},
    )
    return {str(row[0]) for row in rows}
