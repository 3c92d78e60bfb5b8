"""What waits because the API calls of the day are used up: told, and when it goes on."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console

from connector.cli.shared import console, echo_json
from connector.domain.calls import Wait
from connector.errors import BudgetSpentError
from connector.river import River, here

MOST_NAMED = 3


def show_waits(shown: Console, waits: Sequence[Wait]) -> None:
    """Each reason once, with the streams that it holds up."""
    for sentence in dict.fromkeys(wait.sentence for wait in waits):
        streams = list(dict.fromkeys(wait.stream for wait in waits if wait.sentence == sentence))
        more = f" and {len(streams) - MOST_NAMED} more" if len(streams) > MOST_NAMED else ""
        shown.print(f"[yellow]Finished early ({', '.join(streams[:MOST_NAMED])}{more}): {sentence}[/yellow]")


def waits_document(waits: Sequence[Wait]) -> list[dict[str, object]]:
    """The same for machines: one entry a stream and purpose."""
    return [
        {"stream": wait.stream, "account": wait.account, "for": wait.purpose, "resumes_at": wait.resumes_at}
        for wait in waits
    ]


def finished_early(error: BudgetSpentError, *, as_json: bool) -> int:
    """Tells that nothing could be read at all; exit code 0, since it goes on by itself."""
    if as_json:
        echo_json({"finished_early": str(error), "resumes_at": error.resumes_at})
    else:
        console().print(f"[yellow]Finished early: {error}[/yellow]")
    return 0


def enough_read(river: River, unread: Sequence[str]) -> None:
    """Ends a cycle in order where the day's calls ended before every stream was read once to its end.

    Deciding from streams that are late is allowed, deciding without some of them is not. `unread`: their names.
    """
    waits = here(river).budget.waits
    if waits and unread:
        last = max(waits, key=lambda wait: wait.resumes_at)
        seconds = (last.resumes_at - here(river).budget.now).total_seconds()
        named = ", ".join(unread[:MOST_NAMED]) + (" …" if len(unread) > MOST_NAMED else "")
        sentence = f"{waits[0].sentence} Nothing is decided before {named} has been read to its end."
        raise BudgetSpentError(sentence, max(seconds, 0.0), last.resumes_at, account=last.account)
