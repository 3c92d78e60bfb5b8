"""The figures of `writeback.py` as tables for people. Takes its JSON document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cycle_tables import table

GOAL = 1.1


def show(document: Mapping[str, Any]) -> None:
    """Prints what was measured."""
    print(" · ".join(f"{name} {value}" for name, value in document["machine"].items()))
    print(f"\nApplying. Least: shared + other + tasks with their question. Goal: {GOAL} times the least.\n")
    head = (
        "people",
        "turn",
        "shared",
        "tasks",
        "calls",
        "least",
        "ratio",
        "road",
        "seconds",
        "own cpu",
        "rows/s",
        "peak MB",
    )
    table((*head, "right", "failed"), [_applied(one) for one in document["applied"]])
    print("\nPlanning.\n")
    head = ("people", "records", "changes", "tasks", "seconds", "own cpu", "peak MB", "file s", "file MB", "file peak")
    table(head, [_planned(one) for one in document["planned"]])


def _applied(one: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        f"{one['changed']:,}",
        str(one["turn"]),
        f"{one['shared']:,}",
        f"{one['tasks']:,}",
        f"{one['calls']:,}",
        f"{one['arithmetic']} = {one['least']:,}",
        f"{one['ratio']:.2f}",
        ", ".join(f"{road['name']} {road['rows']:,}" for road in one["roads"]),
        f"{one['seconds']:.1f}",
        f"{one['own_cpu']:.1f}",
        f"{one['rows'] / one['own_cpu']:,.0f}",
        f"{one['peak_mb']:,.0f}",
        f"{one['right']:,}",
        f"{one['failed']:,}",
    )


def _planned(one: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        *(f"{one[name]:,}" for name in ("people", "records", "changes", "tasks")),
        f"{one['seconds']:.1f}",
        f"{one['own_cpu']:.1f}",
        f"{one['peak_mb']:,.0f}",
        f"{one['file_seconds']:.1f}",
        f"{one['file_mb']:,.0f}",
        f"{one['file_peak_mb']:,.0f}",
    )
