"""The history of tiers, kept: which tier, since when, by which version of the rules, moved by what (EN-5)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from connector.domain.running import Run
from connector.store.cursors import naive
from connector.store.database import Store

FACTS = (
    "corporate_number", "name", "domain", "industry", "employees", "revenue_jpy", "capital_jpy", "prefecture", "listed",
    "target", "match_status",
)  # fmt: skip
"""What tiers look at of a company."""

RULES = "rules"
"""Stands in `moved_by` where the facts are as they were and the rules are others."""


@dataclass(frozen=True)
class TierChange:
    """One change of a company's tier. `tier` None: none. `since`: when the connector saw it (UTC).

    `tier_rule`: the tier's id, or target_list. `moved_by`: names of the facts that were otherwise before, `rules`, or
    empty for the first. `facts`: what stood of the company then.
    """

    since: datetime
    tier: str | None
    tier_rule: str | None
    moved_by: tuple[str, ...]
    rules_hash: str
    facts: Mapping[str, Any]


def keep_tiers(store: Store, rules_hash: str, now: datetime) -> int:
    """Notes the companies of `tiered` whose tier or its rule is not the one noted last; how many.

    A company that has no tier at first is not noted. Reads tiered and companies.
    """
    facts = ", ".join(f"'{name}': company.{name}" for name in FACTS)
    moved = ", ".join(
        f"CASE WHEN last.facts ->> '$.{name}' IS DISTINCT FROM told.facts ->> '$.{name}' THEN '{name}' END"
        for name in FACTS
    )
    inserted = store.run(
        f"""
        INSERT INTO tier_history
        WITH last AS (
            SELECT company_id, arg_max((tier, tier_rule), since) AS had, arg_max(facts, since) AS facts
            FROM tier_history SEMI JOIN tiered USING (company_id) GROUP BY company_id
        ),
        told AS (
            SELECT tiered.company_id, tiered.tier, tiered.tier_rule, to_json({{{facts}}})::VARCHAR AS facts
            FROM tiered JOIN companies AS company USING (company_id)
        )
        SELECT told.company_id, told.tier, told.tier_rule, $rules, told.facts,
            CASE WHEN last.company_id IS NULL THEN []
                ELSE coalesce(nullif(list_filter([{moved}], lambda one: one IS NOT NULL), []), ['{RULES}']) END,
            $now
        FROM told LEFT JOIN last USING (company_id)
        WHERE CASE WHEN last.company_id IS NULL THEN told.tier IS NOT NULL
            ELSE last.had IS DISTINCT FROM (told.tier, told.tier_rule) END
        """,
        {"rules": rules_hash, "now": naive(now)},
    )
    return int(inserted[0][0])


def tier_history(run: Run, company_id: str | None) -> tuple[TierChange, ...]:
    """The changes of one company's tier, the oldest first."""
    rows = run(
        "SELECT since, tier, tier_rule, moved_by, rules_hash, facts FROM tier_history WHERE company_id = $company "
        "ORDER BY since",
        {"company": company_id},
    )
    return tuple(
        TierChange(since.replace(tzinfo=UTC), tier, rule, tuple(moved), rules_hash, json.loads(facts))
        for since, tier, rule, moved, rules_hash, facts in rows
    )
