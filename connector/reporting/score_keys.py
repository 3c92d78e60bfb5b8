"""What a floor adds to a score (SC-3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.reporting.further import Further

_ROWS = "SELECT person_id, score_floor FROM scored"


def _keys(row: Mapping[str, Any]) -> dict[str, Any]:
    """`score_floor`, points; 0 where the score stands at the floor or above it, and where there is none."""
    return {"score_floor": int(row["score_floor"])}


SCORE = Further(_ROWS, _keys)
"""The keys of an evaluation that tell more of the score."""
