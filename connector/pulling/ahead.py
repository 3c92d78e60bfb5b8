"""Pages asked for while earlier ones are being merged, so that wire and engine work at the same time."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from contextvars import copy_context
from typing import TypeVar

PAGES_AHEAD = 8
"""Pages that may lie on disk without being merged: as many as come while a batch of them is merged."""

Page = TypeVar("Page")


def read_ahead(pages: Iterator[Page], most: int = PAGES_AHEAD) -> Generator[Page, None, None]:
    """The same pages in the same order, of which at most `most` are fetched before they are taken; 0: none.

    They are fetched by one thread, within the caller's context. What fetching raises is raised where its page would
    come. When the caller stops taking, the page on its way is waited for, and `pages` is closed.
    """
    if most == 0:
        yield from pages
        return
    context = copy_context()
    with closing(_closable(pages)) as source, ThreadPoolExecutor(1, "pages") as reader:

        def fetch() -> Future[Page | None]:
            return reader.submit(context.run, _next, source)

        fetched: deque[Future[Page | None]] = deque()
        try:
            while True:
                while len(fetched) <= most:
                    fetched.append(fetch())
                page = fetched.popleft().result()
                if page is None:
                    return
                yield page
        finally:
            for future in fetched:
                future.cancel()


def _next(pages: Iterator[Page]) -> Page | None:
    return next(pages, None)


def _closable(pages: Iterator[Page]) -> Generator[Page, None, None]:
    """A generator over the pages, which can be closed whatever they are."""
    yield from pages
