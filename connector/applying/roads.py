"""Which calls carry rows of fields that are ours alone, by what each way would take. Pure.

Collections take 200 rows a call. A bulk job takes any number of rows for a handful of calls: create, upload, start,
some questions after it, and the rows that failed (Salesforce, Bulk API 2.0: every request counts, questions too).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal, TypeVar

from connector.store.ingest_jobs import PastJob

Name = Literal["collections", "bulk", "single", "import"]
"""The last two are those of Account Engagement: see `account_engagement.imports`."""

T = TypeVar("T")

ROWS_A_CALL = 200
LARGEST_UPLOAD = 90_000_000
"""Bytes of one job: an org takes 100 million, which is 150 MB in base64; the commas of empty cells are not counted."""

HANDING_OVER = 3
"""Create, upload, start."""
QUESTIONS_AT_FIRST = 3
"""Questions after a job where none of before tells: its state twice, and which rows failed. Where none did, nobody asks
for them: the state counts them."""

SECONDS_AT_FIRST, ROWS_A_SECOND, MOST_SECONDS_AT_FIRST = 10.0, 2_000.0, 60.0
"""Even a small job takes an org some ten seconds."""
LEAST_SECONDS, MOST_SECONDS = 2.0, 600.0


@dataclass(frozen=True)
class Road:
    """How rows of an object go. `calls`: what is expected; `other_calls`: what the other way would have taken, None
    where there was none."""

    object: str
    name: Name
    rows: int
    calls: int
    other_calls: int | None


def choose(object_name: str, sizes: Sequence[int], past: Sequence[PastJob], *, bulk: bool) -> Road:
    """The way that takes fewer calls for rows of so many bytes each; collections where both take as many, for they
    tell at once. `bulk`: whether jobs may be made at all."""
    rows = len(sizes)
    by_collections = calls_by_collections(rows)
    if not bulk:
        return Road(object_name, "collections", rows, by_collections, None)
    parts = sum(1 for _ in within(sizes, sizes))
    by_bulk = parts * calls_of_a_job(past)
    if by_bulk < by_collections:
        return Road(object_name, "bulk", rows, by_bulk, by_collections)
    return Road(object_name, "collections", rows, by_collections, by_bulk)


def calls_by_collections(rows: int) -> int:
    """The calls of so many rows without a job."""
    return -(-rows // ROWS_A_CALL)


def calls_of_a_job(past: Sequence[PastJob]) -> int:
    """The calls that one more job is expected to take."""
    return HANDING_OVER + (round(median(job.questions for job in past)) if past else QUESTIONS_AT_FIRST)


def expected_seconds(rows: int, past: Sequence[PastJob]) -> float:
    """How long a job of so many rows should take: the first question comes after it."""
    if not past:
        return min(SECONDS_AT_FIRST + rows / ROWS_A_SECOND, MOST_SECONDS_AT_FIRST)
    in_proportion = median(job.seconds * rows / job.rows for job in past)
    # Some seconds go by whatever the rows: as many as the quickest took, or what is usual.
    quickest = min(SECONDS_AT_FIRST, *(job.seconds for job in past))
    return min(max(in_proportion, quickest, LEAST_SECONDS), MOST_SECONDS)


def within(items: Sequence[T], sizes: Sequence[int], largest: int = LARGEST_UPLOAD) -> Iterator[Sequence[T]]:
    """The items in order, in parts of which none is larger than a job may be."""
    start = held = 0
    for place, size in enumerate(sizes):
        if held + size > largest and place > start:
            yield items[start:place]
            start, held = place, 0
        held += size
    if start < len(items):
        yield items[start:]
