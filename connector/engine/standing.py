"""standing: everybody's life → since when they have stood where they stand, exactly (LC-4, LC-5)."""

from __future__ import annotations

from datetime import datetime

from connector.domain.running import Run
from connector.engine.life import lives
from connector.engine.rises import rises
from connector.engine.stages import stage_times
from connector.rules.load import RuleSet


def standing(rules: RuleSet, as_of: datetime, run: Run) -> None:
    """Makes `life` and `mqls` (see life), and by them anew what `decide` could only make by what stands now:
    `stage_times`, `lead_timed` and `risen`."""
    lives(rules, as_of, run)
    stage_times(rules.lifecycle, as_of, run, lived=True)
    rises(rules.lifecycle, as_of, run)
