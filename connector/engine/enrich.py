"""Enrich: records → persons, raw activity → one vocabulary, people → companies.

Reads the views `seen_<stream>` and the ledger `known_persons`, and leaves the relations that scoring and deciding
read: person_records, people, activities, companies, opportunities, hearing, list_follow_ups, and the catalogue's
content_stages, content_actions and content_offers; fiscal_calendar; and what a person should look at:
company_matches, unknown_content.
"""

from __future__ import annotations

from dataclasses import dataclass

from connector.domain.running import Load, Run
from connector.engine.catalogue import load_catalogue
from connector.engine.composing import compose
from connector.engine.enrich_activities import enrich_activities
from connector.engine.enrich_companies import enrich_companies
from connector.engine.enrich_identity import enrich_identity
from connector.engine.enrich_lists import list_activities, list_profiles
from connector.engine.enrich_people import EnrichMapping, choose_attributes, enrich_people
from connector.firmographics.register import Register
from connector.rules.content import Content

__all__ = ["EnrichMapping", "EnrichReport", "enrich"]


@dataclass(frozen=True)
class EnrichReport:
    """What was made, in counts. `anonymous_page_views` have nobody yet; `matches` counts people by match state.

    `unknown_content` counts activities with content that no catalogue knows; `unknown_examples` are the most frequent,
    as (kind, key, times).
    """

    records: int
    people: int
    companies: int
    activities: int
    opportunities: int
    anonymous_page_views: int
    unknown_content: int
    unknown_examples: tuple[tuple[str, str, int], ...]
    matches: dict[str, int]


def enrich(
    run: Run, load: Load, mapping: EnrichMapping, catalogue: Content, register: Register | None = None
) -> EnrichReport:
    """Makes the temporary tables that docs/content.md lists, from what was seen of both systems.

    The same input gives the same tables. The org's time zone comes from seen_salesforce_organization (UTC without it).
    """
    enrich_identity(run, load)
    list_profiles(run)
    choose_attributes(run, mapping)
    enrich_companies(run, load, register, mapping.extra.get("salesforce.Account", {}))
    enrich_people(run, load, mapping)
    run(compose("enrich_people", "fiscal_calendar"), {})
    enrich_activities(run, load, catalogue, _zone(run))
    list_activities(run, load, catalogue)
    load_catalogue(catalogue, load)
    return _report(run)


def _zone(run: Run) -> str:
    zones = run("SELECT time_zone FROM seen_salesforce_organization WHERE time_zone IS NOT NULL ORDER BY id", {})
    return str(zones[0][0]) if zones else "UTC"


def _report(run: Run) -> EnrichReport:
    tables = ("person_records", "people", "companies", "activities", "opportunities")
    counts = [int(run(f"SELECT count(*) FROM {table}", {})[0][0]) for table in tables]
    records, people, companies, activities, opportunities = counts
    return EnrichReport(
        records=records,
        people=people,
        companies=companies,
        activities=activities,
        opportunities=opportunities,
        anonymous_page_views=int(run(compose("enrich_activities", "anonymous_page_views"), {})[0][0]),
        unknown_content=int(run("SELECT coalesce(sum(times), 0) FROM unknown_content", {})[0][0]),
        unknown_examples=tuple(
            (str(kind), str(key), int(times))
            for kind, key, times in run(
                "SELECT kind, key, times FROM unknown_content ORDER BY times DESC, key LIMIT 5", {}
            )
        ),
        matches={str(state): int(count) for state, count in run(
            "SELECT coalesce(match_status, 'none'), count(*) FROM people GROUP BY 1 ORDER BY 1", {}
        )},
    )  # fmt: skip
