"""The figures of `cycle.py` as tables for people. Takes the JSON values of a measured size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

Size = Mapping[str, Any]

_HEAD = ("step", "seconds", "own cpu", "sandbox cpu", "waited", "calls SF", "calls AE", "peak MB")


def show_size(size: Size) -> None:
    """Prints both cycles of a size, step by step."""
    print(
        f"\n{size['people']:,} people (seed {size['seed']}, load average before: {size['load_average']:.1f})\n"
        f"World: built in {size['world_seconds']:.1f} s ({size['world_cpu']:.1f} s of processor, "
        f"{size['world_mb']:.0f} MB). Rules, store, login: {size['opening_seconds']:.1f} s. "
        f"Afterwards the store has {size['store_mb']:.0f} MB; the sandbox's peak is {size['sandbox_peak_mb']:.0f} MB."
    )
    for name in ("first", "second"):
        cycle = size[name]
        print(
            f"\n{name.capitalize()} cycle: {cycle['rows_pulled']:,} rows pulled, {cycle['versions_added']:,} versions "
            f"added, {cycle['persons']:,} persons, {cycle['fields_written']:,} fields and {cycle['tasks_created']:,} "
            f"tasks written, {cycle['failed']:,} failed"
        )
        rows = [_line(step, spent) for step, spent in cycle["steps"].items()]
        table(_HEAD, [*rows, _line("whole cycle", cycle["total"])])


def show_ratios(sizes: Sequence[Size]) -> None:
    """Prints what the figures mean in proportion: between cycles, between sizes, ours to the whole."""
    print("\nIn proportion")
    head = ("people", "cycle", "s per 1,000 people", "own cpu / wall", "sandbox cpu / wall", "waited / wall")
    rows = []
    for size in sizes:
        for name in ("first", "second"):
            total = size[name]["total"]
            shares = (total["own_cpu"], total["sandbox_cpu"], total["waited"])
            rows.append(
                (
                    f"{size['people']:,}",
                    name,
                    f"{total['seconds'] / size['people'] * 1000:.3f}",
                    *(_ratio(share, total["seconds"]) for share in shares),
                )
            )
    table(head, rows)
    print("\nSecond cycle / first")
    table(("people", "wall", "own cpu", "calls"), [_second_to_first(size) for size in sizes])
    if len(sizes) > 1:
        print("\nGrowth from one size to the next, first cycle (1.0 = in proportion to the people)")
        steps = tuple(sizes[0]["first"]["steps"])
        growth = [_growth(*pair, steps, key) for pair in pairwise(sizes) for key in ("seconds", "own_cpu")]
        table(("from → to", "of", *steps, "whole cycle"), growth)


def _second_to_first(size: Size) -> tuple[str, ...]:
    first, second = size["first"]["total"], size["second"]["total"]
    calls = _ratio(sum(second["calls"].values()), sum(first["calls"].values()))
    return (f"{size['people']:,}", *(_ratio(second[key], first[key]) for key in ("seconds", "own_cpu")), calls)


def _growth(small: Size, large: Size, steps: Sequence[str], key: str) -> tuple[str, ...]:
    more = large["people"] / small["people"]
    pairs = [(small["first"]["steps"][step], large["first"]["steps"][step]) for step in steps]
    pairs.append((small["first"]["total"], large["first"]["total"]))
    name = f"{small['people']:,} → {large['people']:,}"
    return (name, key.replace("_", " "), *(_ratio(b[key], a[key] * more) for a, b in pairs))


def _ratio(figure: float, to: float) -> str:
    return f"{figure / to:.2f}" if to else "–"


def _line(name: str, spent: Mapping[str, Any]) -> tuple[str, ...]:
    calls = spent["calls"]
    return (
        name,
        *(f"{spent[key]:.2f}" for key in ("seconds", "own_cpu", "sandbox_cpu", "waited")),
        f"{calls.get('salesforce', 0):,}",
        f"{calls.get('account_engagement', 0):,}",
        f"{spent['peak_mb']:.0f}",
    )


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    widths = [max(len(row[place]) for row in (head, *rows)) for place in range(len(head))]
    for row in (head, *rows):
        first, *others = (cell.ljust(width) if not place else cell.rjust(width)
                          for place, (cell, width) in enumerate(zip(row, widths, strict=True)))  # fmt: skip
        print("  " + "  ".join((first, *others)).rstrip())
