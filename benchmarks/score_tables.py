"""The figures of `score.py` as tables for people. Takes its JSON document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cycle_tables import table

STATE, LIFE, TICK = 5.0, 15.0, 8.0
PEER_SECONDS, PEER_GOAL = 745, 2.0
PEAK_MB = 3 * 1024


def show(document: Mapping[str, Any]) -> None:
    """Prints what was measured, and what it means in proportion."""
    print(" · ".join(f"{name} {value}" for name, value in document["machine"].items()))
    print(f"\nRules {document['rules']}. Seconds of wall time (of processor time):\n")
    rows = [
        (
            f"{size['people']:,}",
            f"{size['activities']:,}",
            _seconds(size["least"]),
            _seconds(size["state"]),
            f"{size['state']['seconds'] / size['least']['seconds']:.1f}",
            f"{size['state']['peak_mb']:,.0f}",
            f"{size['hot']:,}",
            f"{size['mqls']:,}",
        )
        for size in document["sizes"]
    ]
    table(("people", "activities", "the least", "state", "ratio", "peak MB", "hot", "MQL"), rows)
    peer, whole = document["sizes"][0], document["sizes"][-1]
    least, state, life, everybody, tick = (whole[name] for name in ("least", "state", "life", "whole", "tick"))
    python = whole["python"]
    print(f"\nIn proportion, at {whole['people']:,} people")
    lines = [
        ("state / the least", f"{state['seconds'] / least['seconds']:.2f}", f"at most {STATE:.0f}"),
        ("with all transitions / the least", f"{life['seconds'] / least['seconds']:.2f}", f"at most {LIFE:.0f}"),
        ("everybody / a tick", f"{everybody['seconds'] / tick['seconds']:.1f}", f"at least {TICK:.0f}"),
        ("peak memory, MB", f"{max(one['peak_mb'] for one in (state, life, everybody)):,.0f}", f"at most {PEAK_MB:,}"),
        (
            f"{peer['activities']:,} activities, seconds",
            f"{peer['state']['seconds']:.2f}",
            f"below {PEER_GOAL:.0f} (a peer: {PEER_SECONDS})",
        ),
        ("plain Python / state", f"{python / state['seconds']:.0f}", ""),
    ]
    table(("of", "figure", "goal"), lines)
    print(f"\n{whole['transitions']:,} transitions. The tick looked at {whole['tick_people']:,} people.")
    print(f"The plain loop would take {python:,.0f} s.")


def _seconds(spent: Mapping[str, Any]) -> str:
    return f"{spent['seconds']:.2f} ({spent['cpu']:.2f})"
