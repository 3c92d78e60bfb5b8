"""Files of people and what they did → the tables that the engine evaluates, as the mirror would make them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from difflib import get_close_matches

from connector.domain.running import Load, Run
from connector.engine.catalogue import load_catalogue
from connector.engine.composing import compose, quoted
from connector.engine.moments import as_column
from connector.rules.content import Content
from connector.rules.load import RuleSet
from connector.rules.recycle import normal
from connector.rules.relations import COUNTED_TYPES, SENT_TYPES

_FILE = "inputs"


def complete(rules: RuleSet, catalogue: Content | None, as_of: datetime, run: Run, load: Load) -> None:
    """Makes people, activities, companies, opportunities, cadence_runs and our_tasks ready for `score`.

    The tables of domain.inputs have to be there, all of them. `catalogue` gives content, theme and product to
    activities that say nothing of them; None leaves them without. Everything after `as_of` counts as not yet happened.
    """
    moment = {"as_of": as_column(as_of)}
    if catalogue is not None:
        _name_content(catalogue, run, load)
    load_catalogue(catalogue, load)
    run(compose(_FILE, "no_lists"), {})
    run(compose(_FILE, "no_fiscal_calendar"), {})
    run(compose(_FILE, "companies"), {})
    run(compose(_FILE, "opportunities"), moment)
    run(compose(_FILE, "no_deal_past"), {})
    run(compose(_FILE, "crm_words"), moment)
    run(compose(_FILE, "people"), moment)
    load("input_steps", ("step", "cadence", "place", "is_first"), list(_steps(rules)))
    run(compose(_FILE, "tasks"), moment)
    run(compose(_FILE, "runs"), {})
    run(compose(_FILE, "our_tasks"), {})


def _steps(rules: RuleSet) -> Iterator[tuple[object, ...]]:
    """The steps of all cadences; a task that names no cadence belongs to the first that has its step."""
    seen: set[str] = set()
    for cadence in rules.cadence.cadences:
        for place, step in enumerate(cadence.steps):
            yield step.id, cadence.id, place, "no" if step.id in seen else "yes"
            seen.add(step.id)


def oddities(rules: RuleSet, run: Run) -> list[str]:
    """What of the files counts for nothing, in sentences: rows about nobody, and words that nothing knows."""
    found = []
    for table in ("activities", "opportunities", "tasks", "hearing"):
        ((count,),) = run(compose(_FILE, "strangers", table=table), {})
        if count:
            found.append(f"{table}: {count:,} rows are about people who are not in the people file.")
    found += [
        f"opportunities: {count:,} rows have the status {_short(word)!r}, which says nothing of people. "
        "Write open, won or lost."
        for word, count in run(compose(_FILE, "unknown_statuses"), {})
    ]
    found += _unknown_reasons(rules, run)
    known = sorted({*COUNTED_TYPES, *SENT_TYPES, *rules.scoring.activity_types})
    types = ", ".join(quoted(word) for word in known)
    for word, count in run(compose(_FILE, "unknown_types", types=types), {}):
        close = get_close_matches(_short(word), known, n=1, cutoff=0.6)
        advice = f" Did you mean {close[0]!r}?" if close else ""
        found.append(f"activities: {count:,} rows have the type {_short(word)!r}, which counts as nothing.{advice}")
    return found


def _unknown_reasons(rules: RuleSet, run: Run) -> list[str]:
    """Reasons for losing that no rule lists, where the rules list some."""
    recycle = rules.lifecycle.recycle
    if recycle is None or not recycle.reasons:
        return []
    known = sorted({normal(word) for reason in recycle.reasons for word in reason.words})
    rows = run(compose(_FILE, "unknown_reasons", known=", ".join(quoted(word) for word in known)), {})
    after = f"they wait {recycle.after_days} days" if recycle.other.after is None else "they go by `other`"
    told = "rows were lost for"
    return [
        f"opportunities: {count:,} {told} {_short(word)!r}, which no reason lists: {after}." for word, count in rows
    ]


def _short(word: object) -> str:
    return str(word) if len(str(word)) <= 40 else f"{str(word)[:37]}…"


def _name_content(catalogue: Content, run: Run, load: Load) -> None:
    items = [(item.id, item.theme, item.product) for item in catalogue.content]
    load("input_items", ("content", "theme", "product"), items)
    pages = [(url, catalogue.page(url)) for (url,) in run(compose(_FILE, "pages"), {})]
    load(
        "input_pages",
        ("url", "content", "theme", "product"),
        [(url, item.id, item.theme, item.product) for url, item in pages if item is not None],
    )
    run(compose(_FILE, "named"), {})
