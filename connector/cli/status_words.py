"""Where the org's statuses and the dictionary differ, for people and for machines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape

from connector.reporting.statuses import StatusWord

MOST_SHOWN = 10


def show_status_words(shown: Console, words: Sequence[StatusWord]) -> None:
    """One sentence each, with what to do."""
    for one in words[:MOST_SHOWN]:
        shown.print(f"[yellow]{escape(one.sentence)}[/yellow]")
    if len(words) > MOST_SHOWN:
        shown.print(f"[yellow]… and {len(words) - MOST_SHOWN} more words of the kind.[/yellow]")


def status_words_document(words: Sequence[StatusWord]) -> list[dict[str, Any]]:
    """The same for machines, all of them."""
    return [{"kind": one.kind, "object": one.object, "word": one.word, "records": one.records} for one in words]
