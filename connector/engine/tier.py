"""tier: a company's firmographics → how much we want it (EN-3)."""

from __future__ import annotations

from connector.domain.running import Run
from connector.engine.composing import compose, quoted
from connector.rules.load import RuleSet

NOT_FEEDING = "coalesce(company.match_status, 'none') NOT IN ('matched', 'none')"
"""A doubtful match, a closed company or a screened one feeds neither tier nor grade (EN-4)."""

TARGET_LIST = "target_list"
"""What stands as the rule of a tier that the target list gave."""


def tier(rules: RuleSet, run: Run) -> None:
    """Makes the temporary table `tiered(company_id, tier, tier_rule)` from `companies`.

    `tier` is the id of a tier or null; `tier_rule` is the tier's own id, or `target_list`.
    """
    tiers = rules.tiers
    targets = f"WHEN company.target THEN {_given(tiers.targets, TARGET_LIST)}" if tiers.targets else ""
    lines = "\n".join(f"WHEN {rule.when.sql} THEN {_given(rule.id, rule.id)}" for rule in tiers.tiers)
    run(compose("tier", "tiered", not_feeding=NOT_FEEDING, targets=targets, tiers=lines), {})


def _given(tier_id: str, rule: str) -> str:
    return f"{{'tier': {quoted(tier_id)}, 'rule': {quoted(rule)}}}"
