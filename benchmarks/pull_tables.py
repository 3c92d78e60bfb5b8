"""The figures of `pull.py` as tables for people. Takes its JSON document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cycle_tables import table

GOALS: Mapping[str, float] = {"wall": 1.3, "calls": 1.1}
GOAL_PEAK_MB = 1024
_HEAD = ("step", "seconds", "own cpu", "sandbox cpu", "MB read", "calls", "peak MB", "rows", "new versions")


def show(document: Mapping[str, Any]) -> None:
    """Prints what was measured, and what it means in proportion."""
    print(" · ".join(f"{name} {value}" for name, value in document["machine"].items()))
    print(
        f"\n{document['people']:,} people, {document['activities']:,} activities (load average before: "
        f"{document['load_before']:.1f}). World built in {document['world_seconds']:.0f} s; the store has "
        f"{document['store_mb']:,.0f} MB afterwards.\n"
    )
    plain = _line("plain download", document["plain"])
    reads = [("first pull", "first"), ("pull of what changed", "changed"), ("pull of nothing", "still")]
    lines = [(*_line(name, document[key]["spent"]), *_brought(document[key])) for name, key in reads]
    table(_HEAD, [lines[0], (*plain, "", ""), *lines[1:]])
    print("\nFirst pull, streams with 1,000 rows or more")
    streams = [one for one in document["first"]["streams"] if one["rows"] >= 1_000]
    rows = [(one["stream"], f"{one['rows']:,}", one["road"], f"{one['calls']:,}") for one in streams]
    table(("stream", "rows", "road", "calls"), rows)
    print("\nIn proportion (ours / the least)")
    ratios = [
        (name, f"{ratio:.2f}", f"{GOALS[name]}" if name in GOALS else "") for name, ratio in document["ratios"].items()
    ]
    peak = document["first"]["spent"]["peak_mb"]
    table(("of", "ratio", "goal"), [*ratios, ("peak memory, MB", f"{peak:,.0f}", f"{GOAL_PEAK_MB}")])
    print(f"\nThe least calls possible: {document['least_calls']:,}.")


def _line(name: str, spent: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        name,
        *(f"{spent[key]:,.2f}" for key in ("seconds", "own_cpu", "sandbox_cpu")),
        f"{spent['megabytes']:,.1f}",
        f"{spent['calls']:,}",
        f"{spent['peak_mb']:,.0f}",
    )


def _brought(read: Mapping[str, Any]) -> tuple[str, str]:
    return f"{read['rows']:,}", f"{read['added']:,}"
