"""How lines, conversions and the account of a person look on a terminal: what is told apart from the one score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.markup import escape

from connector.cli.wording import Wording, grid, heading


def show_apart(shown: Console, apart: Mapping[str, Any], words: Wording) -> None:
    """Reads the keys that reporting.apart_keys makes; a part without anything is left out."""
    if apart.get("lines"):
        _show_lines(shown, apart["lines"], words)
    if apart.get("conversions"):
        _show_conversions(shown, apart["conversions"], words)
    if apart.get("account"):
        _show_account(shown, apart["account"], words)


def _show_lines(shown: Console, lines: Sequence[Mapping[str, Any]], words: Wording) -> None:
    heading(shown, words.label("lines"))
    rows = grid(columns=5, numbers=(1, 2))
    for one in lines:
        hot = f"[bold red]{words.label('hot_now')}[/bold red]" if one["hot"] else ""
        rows.add_row(
            f"  {escape(words.apart('line', one['id']))}",
            f"[bold]{one['score']}[/bold]",
            f"[dim]{words.label('days_7')} {one['7d']:+d}[/dim]",
            f"[dim]{words.label('last')} {_time(one['last_at'], words)}[/dim]",
            hot,
        )
    shown.print(rows)


def _show_conversions(shown: Console, each: Sequence[Mapping[str, Any]], words: Wording) -> None:
    heading(shown, words.label("conversions"))
    rows = grid(columns=4, numbers=(1, 2))
    for one in each:
        name = escape(words.apart("conversion", one["id"]))
        rows.add_row(
            f"  [bold]{name}[/bold]" if one["key"] else f"  {name}",
            f"×{one['times']}",
            f"[dim]{words.label('days_30')} {one['30d']}[/dim]",
            f"[dim]{words.label('last')} {_time(one['last_at'], words)}[/dim]",
        )
    shown.print(rows)


def _show_account(shown: Console, account: Mapping[str, Any], words: Wording) -> None:
    state = f"[bold red]{words.label('hot_now')}[/bold red]" if account["hot"] else ""
    heading(shown, words.label("account"), f"{words.label('score')} [bold]{account['score']}[/bold]  {state}".rstrip())
    rows = grid(columns=2)
    active = f"{account['active_people']} / {account['people']}"
    roles = ", ".join(f"{words.apart('role', one['id'])} {one['people']}" for one in account["roles"])
    lacks = ", ".join(_lacking(one, words) for one in account["hot_lacks"])
    for label, value in (("active", active), ("roles", roles), ("lacks", lacks)):
        if value:
            rows.add_row(f"  [dim]{words.label(label)}[/dim]", escape(value))
    shown.print(rows)


def _lacking(lack: str, words: Wording) -> str:
    kind, _, role = lack.partition(":")
    return words.apart("role", role) if role else words.label({"score": "score", "people": "active"}[kind])


def _time(moment: str, words: Wording) -> str:
    return words.time(datetime.fromisoformat(moment))
