"""How pulls, applies and statuses look on a terminal, and what they are in JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from connector.applying.application import Applied
from connector.applying.roads import Road
from connector.domain.hidden import HiddenField
from connector.domain.reconciled import Reconciled
from connector.engine.enrich import EnrichReport
from connector.pulling.reading import Pulled


def table(title: str, *columns: str, right: Iterable[str] = ()) -> Table:
    """A plain table; columns named in `right` hold numbers."""
    made = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    numbers = set(right)
    for column in columns:
        made.add_column(column, justify="right" if column in numbers else "left", header_style="dim")
    return made


def show_pulled(shown: Console, pulled: Sequence[Pulled], calls: Mapping[str, int]) -> None:
    """What came in, stream by stream."""
    rows = table("Pulled", "stream", "rows", "new versions", right=("rows", "new versions"))
    for one in pulled:
        rows.add_row(one.stream, f"{one.rows:,}", f"{one.added:,}")
    shown.print(rows)
    made = ", ".join(f"{remote} {count:,}" for remote, count in sorted(calls.items()))
    shown.print(f"API calls: {made or 'none'}\n")
    for one in pulled:
        for field, count in one.unreadable.items():
            shown.print(f"[yellow]{one.stream}.{field}: {count:,} values are not of the type in fields.yaml.[/yellow]")


def show_hidden(shown: Console, hidden: Sequence[HiddenField]) -> None:
    """Fields and objects that have vanished from the remotes, each with the line to look at."""
    for one in hidden:
        shown.print(f"[yellow]{escape(one.sentence)}[/yellow]")
    if hidden:
        shown.print()


def hidden_document(hidden: Sequence[HiddenField]) -> list[dict[str, Any]]:
    """The same for machines; `field` is null where the whole object has vanished."""
    return [
        {
            "stream": one.stream,
            "unit": one.unit,
            "field": None if one.is_object else one.field,
            "since": one.since,
            "looked_at": one.looked_at,
            "place": one.place,
            "similar": one.similar,
        }
        for one in hidden
    ]


def show_reconciled(shown: Console, reconciled: Sequence[Reconciled]) -> None:
    """Whether the mirror is what the remotes have, and what was mended where it was not."""
    if not reconciled:
        return
    agree = sum(one.agrees for one in reconciled)
    shown.print(f"Compared with the remotes: {agree} of {len(reconciled)} streams agree.")
    for one in reconciled:
        if not one.agrees:
            shown.print(
                f"  {one.stream}: {one.missing} missing and {one.stale} stale rows were read again, {one.vanished} "
                f"vanished rows ended{_waits(one)}."
            )
    shown.print()


def _waits(one: Reconciled) -> str:
    if one.held_since is not None:
        return (
            f", and {one.waiting:,} rows are not shown any more, too many to be believed: when the user's rights are "
            f"as they should be, they end a day after {one.held_since:%Y-%m-%d %H:%M} UTC"
        )
    return f", and {one.waiting:,} more that differ wait for the next pull" if one.waiting else ""


def show_enriched(shown: Console, enriched: EnrichReport) -> None:
    """Who was found in the records, and what a person should look at."""
    matched = ", ".join(f"{state} {count:,}" for state, count in sorted(enriched.matches.items()))
    shown.print(
        f"{enriched.records:,} records are {enriched.people:,} people in {enriched.companies:,} companies "
        f"(match: {matched}), with {enriched.activities:,} activities."
    )
    if enriched.anonymous_page_views:
        shown.print(f"Page views of visitors whom nobody knows yet: {enriched.anonymous_page_views:,}.")
    if enriched.unknown_content:
        shown.print(f"Activities with content that is in no catalogue: {enriched.unknown_content:,} (content.yaml).")
        for kind, key, times in enriched.unknown_examples:
            shown.print(f"  {times:,} × {kind} {escape(key)}")
    shown.print()


def applied_lines(applied: Applied) -> list[str]:
    """What an apply did, in sentences with markup; the platform's own words are escaped in it."""
    lines = [f"Written: {applied.fields:,} values in {applied.records:,} records, {applied.tasks:,} tasks."]
    if applied.closed or applied.deleted:
        lines.append(f"Tasks of ours that are over: {applied.closed:,} closed, {applied.deleted:,} deleted.")
    if applied.opportunities:
        lines.append(f"Opportunities made: {applied.opportunities:,}.")
    if applied.memberships:
        lines.append(f"Lists of Account Engagement: {applied.memberships:,} prospects came onto one or left one.")
    if applied.moved:
        changed = f"{applied.moved} records or tasks that changed since the plan was made"
        lines.append(f"Skipped: {changed}; they are planned anew.")
    if applied.same_second:
        lines.append(f"Read within the second of their last change, and looked at once more: {applied.same_second:,}.")
    for reason, count in sorted(applied.forbidden.items()):
        lines.append(f"Left out at the last moment because the person {reason}: {count:,} tasks.")
    if applied.unowned:
        lines.append(f"Tasks of the connector's own user, because their owner may own none: {applied.unowned:,}.")
    for code, count in sorted(Counter(one.code or "unknown" for one in applied.failures).items()):
        example = next(one for one in applied.failures if (one.code or "unknown") == code)
        words = escape(f"{example.record}: {example.message}")
        lines.append(f"Refused by the platform: {count} × {code} (for example {words})")
    if applied.failures:
        lines.append("`connector failures` says what to do about what was refused.")
    if applied.waiting:
        lines.append(f"Not known yet: {applied.waiting:,} records of a bulk job that has not ended; the next run asks.")
    lines += [_road_line(road) for road in applied.roads if road.name in {"bulk", "import"}]
    return lines


def _road_line(road: Road) -> str:
    if road.name == "import":
        return f"By import: {road.rows:,} {road.object} in some {road.calls:,} calls instead of {road.other_calls:,}."
    return (
        f"By bulk job: {road.rows:,} {road.object} records in some {road.calls:,} calls, where calls of 200 rows had "
        f"taken {road.other_calls:,}."
    )
