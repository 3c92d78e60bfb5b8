"""asks: what was heard → what is still to be asked, of whom and by which stage (LC-3, LC-11)."""

from __future__ import annotations

from typing import get_args

from connector.domain.running import Run
from connector.engine.composing import compose, quoted
from connector.rules.hearing import Asking, HearingItem
from connector.rules.lifecycle import Lifecycle

_ORDER: tuple[str, ...] = get_args(Asking)


def hearing_asks(life: Lifecycle, run: Run) -> None:
    """Makes the temporary table `hearing_asks(person_id, ask)`: ids of items, what an SQL needs first.

    Reads decided, qualified, grade_fit, people and opportunities. It changes with them, never by time alone.
    """
    needs = life.sql.needs if life.sql else ()
    items = {item.id: item for item in life.hearing}
    wanted = dict.fromkeys((*needs, *(item.id for item in life.hearing if item.by_stage)))
    deals = {name: f"d{place}" for place, name in enumerate(wanted) if _deal(items[name])}
    holes = {
        "deals": "".join(f", bool_or({_deal(items[name])}) AS {column}" for name, column in deals.items()),
        "items": ", ".join(_missing(items[name], deals.get(name)) for name in wanted),
    }
    run(compose("asks", "asks", **holes), {})


def _deal(item: HearingItem) -> str | None:
    required = item.required_for
    return required.deal.sql if required and required.deal else None


def _missing(item: HearingItem, deal: str | None) -> str:
    """SQL for the id of an item that is wanted of a person and not there, else null."""
    tests = [f"NOT list_contains(qualified.acceptable, {quoted(item.id)})"]
    if item.by_stage:
        stages = ", ".join(quoted(stage) for stage in _ORDER[_ORDER.index(item.by_stage) :])
        tests.append(f"decided.stage IN ({stages})")
    if deal:
        tests.append(f"deals.{deal}")
    required = item.required_for
    if required and required.attributes:
        tests.append(f"({required.attributes.sql})")
    if required and required.customers:
        tests.append(f"customer.person_id IS {'NOT NULL' if required.customers == 'existing' else 'NULL'}")
    return f"CASE WHEN {' AND '.join(tests)} THEN {quoted(item.id)} END"
