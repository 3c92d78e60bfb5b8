"""What an admin reads of accounts beyond the known fields may stand in a condition about a company."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from connector.bootstrap import load_rulebook
from connector.errors import ConfigurationError
from connector.rules.load import SHIPPED

pytestmark = pytest.mark.requirement("EN-3", "AD-1")


def test_a_tier_may_look_at_signals_that_fields_yaml_reads_of_accounts(tmp_path: Path) -> None:
    folder = tmp_path / "rules"
    shutil.copytree(SHIPPED / "classic", folder)
    tiers = folder / "tiers.yaml"
    text = tiers.read_text("utf-8")
    asking = text.replace('when: "employees >= 50 OR', "when: \"contains(signals, 'MES') OR robots >= 3 OR")
    assert asking != text
    tiers.write_text(asking, "utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load_rulebook(folder)
    (problem,) = caught.value.problems
    assert "There is no `signals` in a condition about a company." in str(problem)
    fields = folder / "fields.yaml"
    before, after = fields.read_text("utf-8").split("  Account:\n    read:\n")
    more = "      signals: Signals__c\n      robots: {field: Robots__c, type: integer}\n"
    fields.write_text(f"{before}  Account:\n    read:\n{more}{after}", "utf-8")
    (rule,) = [one for one in load_rulebook(folder).rules.tiers.tiers if one.id == "tier3"]
    assert {"signals", "robots"} <= rule.when.columns
