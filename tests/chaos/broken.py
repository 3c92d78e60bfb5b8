"""Mechanisms broken on purpose, one at a time, so that the counts can be seen to count."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from connector.applying import apply, keyed_tasks, records, tasks
from connector.domain.outcome import RowResult
from connector.planning import compare
from connector.salesforce.write import SalesforceWriter

Patch = tuple[object, str, Any]


def _created_without_key(writer: SalesforceWriter, object_name: str, key: str, rows: Sequence[Any]) -> Any:
    return writer.create(object_name, [{name: value for name, value in row.items() if name != key} for row in rows])


def _not_arrived(_application: object, intents: Sequence[Any]) -> Any:
    """What is unknown counts as never sent, without looking."""
    result = RowResult(None, False, error_code="NOT_WRITTEN", message="nobody looked")
    return [(intent, result) for intent in intents]


BROKEN: dict[str, tuple[Patch, ...]] = {
    "no external id": (
        (SalesforceWriter, "upsert", _created_without_key),
        (keyed_tasks, "key_is_unique", lambda _describer: True),
    ),
    "no three-way comparison": ((compare, "_free", lambda _name: "TRUE"),),
    "no journal": (
        (apply, "intend", lambda _store, _run_id, intents, _now: list(range(1, len(intents) + 1))),
        (apply, "settle", lambda _store, _outcomes, _now: None),
        (apply, "remember_written", lambda _store, _written, _now: None),
    ),
    "no reading back": ((apply, "_read_back", _not_arrived),),
    "no condition": ((records, "send_unmodified", records.send_update),),
    "no question": ((tasks, "forbidden", lambda _query, _asked, _tasks: {}),),
}
"""Each mechanism's absence, by its name: what stands in the place of what."""


@contextmanager
def broken(mechanism: str | None) -> Iterator[None]:
    """Within the block the mechanism is missing; None breaks nothing."""
    with ExitStack() as patches:
        for place, name, other in BROKEN[mechanism] if mechanism is not None else ():
            patches.enter_context(patch.object(place, name, other))
        yield
