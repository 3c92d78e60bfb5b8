"""Several stretches of ids read side by side, their pages given in the order of the ids.

A chain of pages gives one page after the other: only chains beside each other make use of the calls at once that a
business unit allows. In order they stay, so that the last row merged is a place to go on from.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from itertools import pairwise

from connector.errors import ConnectorError
from connector.http.landing import Page

FEWEST_PAGES, MOST_PAGES = 5, 20
"""Pages of a window: each ends with a page that is not full, so that short windows cost calls, and long ones time."""

AT_LEAST = 4
"""Windows that a walk should have, so that there is something to read side by side."""

Window = tuple[int, int | None]
"""Ids above the first and up to the second; None: without end."""

_Fetched = tuple[list[Page], ConnectorError | None]


def windows(first: int, last: int, pages: int) -> list[Window]:
    """The ids above `first`, of which about so many pages lie up to `last`, in stretches; none for a few pages.

    The last one has no end: rows may have been added meanwhile.
    """
    count = pages // min(max(pages // AT_LEAST, FEWEST_PAGES), MOST_PAGES)
    if count < 2:
        return []
    step = max(1, (last - first) // count)
    starts = [first + number * step for number in range(count)]
    return [*pairwise(starts), (starts[-1], None)]


def side_by_side(
    chain: Callable[[Window], Iterator[Page]], stretches: Sequence[Window], at_once: int
) -> Generator[Page, None, None]:
    """The pages of all stretches in order; `at_once` are fetched at a time, each by a thread within our context.

    Ends early after a page that the remote has truncated. What fetching raises comes after the pages before it.
    """
    stop = threading.Event()
    waiting = deque(stretches)
    running: deque[Future[_Fetched]] = deque()
    with ThreadPoolExecutor(at_once, "window") as readers:
        try:
            while waiting or running:
                while waiting and len(running) < at_once:
                    stretch = waiting.popleft()
                    running.append(readers.submit(copy_context().run, _fetch, chain, stretch, stop))
                pages, error = running.popleft().result()
                for page in pages:
                    yield page
                    if page.truncated:
                        return
                if error is not None:
                    raise error
        finally:
            stop.set()
            for future in running:
                future.cancel()


def _fetch(chain: Callable[[Window], Iterator[Page]], stretch: Window, stop: threading.Event) -> _Fetched:
    """What came of a stretch, and what ended it before its time."""
    pages: list[Page] = []
    try:
        for page in chain(stretch):
            pages.append(page)
            if stop.is_set():
                break
    except ConnectorError as error:
        return pages, error
    return pages, None
