"""`connector evaluate`: rules on files of people and what they did, without any org."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from connector.cli.render import table
from connector.cli.shared import console, working
from connector.domain.inputs import INPUTS
from connector.engine.decide import decide
from connector.engine.explain import reasons
from connector.engine.grade import grade
from connector.engine.inputs import complete, oddities
from connector.engine.next_action import next_actions
from connector.engine.personas import FIELD
from connector.engine.score import score
from connector.engine.standing import standing
from connector.engine.tier import tier
from connector.errors import ConfigurationError, Problem, in_order
from connector.reporting.evaluation import evaluations
from connector.rules.content import Content, load_content
from connector.rules.load import DEFAULT, SHIPPED, RuleSet, load_rules
from connector.rules.named import named_columns
from connector.rules.relations import RelationName
from connector.rules.scoring import Scoring
from connector.rules.source import read
from connector.store.binding import open_binding
from connector.store.database import Store, memory_store
from connector.store.files import empty_table, keep_columns, load_file

CONTENT_FILE = "content.yaml"
MOST_SHOWN = 25
_WORKED_OUT = frozenset({"account", "kind", "later", "lost_at"})
"""Names that the engine gives to what it works out of people."""
_FIRST_YEAR, _LAST_YEAR = 1900, 2199
"""Waiting times and windows have to have room on both sides."""
F = TypeVar("F", bound=Callable[..., Any])


def _file_option(name: str, *, required: bool = False) -> Callable[[F], F]:
    return click.option(
        f"--{name}",
        type=click.Path(dir_okay=False, path_type=Path),
        required=required,
        help=f"CSV or Parquet: {', '.join(INPUTS[name].required)}, … (docs/evaluate.md).",
    )


@click.command()
@_file_option("people", required=True)
@_file_option("activities", required=True)
@_file_option("companies")
@_file_option("opportunities")
@_file_option("tasks")
@_file_option("hearing")
@click.option("--rules", default=DEFAULT, show_default=True, help="A folder of rules, or the name of a shipped set.")
@click.option("--as-of", "as_of", required=True, help="The time asked about (ISO 8601).")
@click.option("--encoding", default="utf-8", show_default=True, help="Of CSV files, such as cp932.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line and person.")
def evaluate(rules: str, as_of: str, encoding: str, as_json: bool, **files: Path | None) -> int:
    """Evaluate rules on CSV or Parquet files, without any org: score, grade, stage and next action of everybody."""
    folder = _folder(rules)
    zone = _zone(folder)
    store = memory_store()
    with working(as_json) as say:
        say("read")
        extra = _load_files(store, files, zone, encoding)
        book, catalogue = _rules(folder, extra)
        keep_columns(store, extra, _named(book, extra["people"]))
        moment = _parsed(as_of, book.scoring.time_zone)
        complete(book, catalogue, moment, store.run, store.load)
        for sentence in oddities(book, store.run):
            click.echo(sentence, err=True)
        say("evaluate")
        _evaluate(book, moment, store)
    if as_json:
        _write_lines(evaluations(store.run), rules)
    else:
        console().print(f"Rules: {rules}")
        _show(evaluations(store.run))
    return 0


def _evaluate(rules: RuleSet, moment: datetime, store: Store) -> None:
    today = moment.astimezone(ZoneInfo(rules.scoring.time_zone)).date()
    tier(rules, store.run)
    grade(rules, store.run)
    score(rules, moment, store.run)
    decide(rules, moment, today, store.run, times=False)
    standing(rules, moment, store.run)
    next_actions(rules, moment, today, store.run, store.load)
    reasons(rules, moment, store.run)


def _folder(rules: str) -> Path:
    """The folder of a rule set: a shipped one by its name, else a path."""
    if (SHIPPED / Path(rules).name).is_dir() and Path(rules).name == rules:
        return SHIPPED / rules
    folder = Path(rules)
    if not folder.is_dir():
        shipped = ", ".join(sorted(one.name for one in SHIPPED.iterdir() if one.is_dir() and one.name[0] != "_"))
        raise ConfigurationError(f"There is no folder {rules} and no rule set of that name. Shipped: {shipped}.")
    return folder


def _load_files(
    store: Store, files: Mapping[str, Path | None], zone: str, encoding: str
) -> dict[str, Mapping[str, str]]:
    """Loads every file that was given; the columns beyond the known ones, by table. All that is wrong comes at once."""
    extra: dict[str, Mapping[str, str]] = {}
    problems: list[Problem] = []
    sentences: list[str] = []
    for name, input_table in INPUTS.items():
        path = files[name]
        if path is None:
            empty_table(store, input_table)
            continue
        try:
            extra[name] = load_file(store, path, input_table, zone, encoding).extra
        except ConfigurationError as error:
            problems += error.problems or [Problem(path.name, 0, 0, "")]
            sentences += [] if error.problems or str(error) in sentences else [str(error)]
    if sentences:
        raise ConfigurationError(" ".join(sentences), [one for one in problems if one.sentence])
    if problems:
        raise ConfigurationError("Files cannot be used; nothing was evaluated.", in_order(problems))
    return extra


def _zone(folder: Path) -> str:
    """The zone of the rules, for times without an offset, before the rules themselves can be checked."""
    data = read(folder / "scoring.yaml").data
    written = data.get("time_zone") if isinstance(data, dict) else None
    default = str(Scoring.model_fields["time_zone"].default)
    try:
        return ZoneInfo(str(written)).key if written else default
    except (ZoneInfoNotFoundError, ValueError):
        return default  # The rules are refused for it in a moment, with its place.


def _rules(folder: Path, extra: Mapping[str, Mapping[str, str]]) -> tuple[RuleSet, Content | None]:
    """The rules and the catalogue of a folder; rules may name the further columns of the files."""
    columns: dict[RelationName, Mapping[str, str]] = {
        "activity": extra.get("activities", {}),
        "company": extra.get("companies", {}),
        "deal": extra.get("opportunities", {}),
        "hearing": extra.get("hearing", {}),
    }
    book = load_rules(folder, open_binding(), extra.get("people"), columns)
    catalogue = folder / CONTENT_FILE
    return book, load_content(catalogue) if catalogue.is_file() else None


def _named(rules: RuleSet, of_people: Mapping[str, str]) -> frozenset[str]:
    """The columns that conditions name, and the one that tells a persona. `of_people`: those beyond the known ones."""
    parts = (rules.scoring, rules.tiers, rules.lifecycle, rules.cadence, rules.nurture)
    named = named_columns(*parts) | {FIELD}
    taken = sorted(_WORKED_OUT & named & of_people.keys())
    if taken:
        raise ConfigurationError(
            f"Rules name the column `{taken[0]}` of the people file, which is worked out here. Give it another name."
        )
    return named


def _parsed(text: str, zone: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigurationError(f"--as-of: {text!r} is not a time such as 2026-10-01T09:00+09:00.") from error
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise ConfigurationError(f"--as-of: {text!r} is not between {_FIRST_YEAR} and {_LAST_YEAR}.")
    return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))


def _write_lines(found: Iterator[Mapping[str, Any]], rules: str) -> None:
    for document in found:
        sys.stdout.write(json.dumps({**document, "rules": rules}, ensure_ascii=False) + "\n")


def _show(found: Iterator[Mapping[str, Any]]) -> None:
    """The stages with their counts, and the people with the highest deciding scores."""
    everybody = list(found)
    shown = console()
    stages = Counter(str(document["stage"]) for document in everybody)
    counted = ", ".join(f"{stage} {count:,}" for stage, count in stages.most_common())
    mqls = sum(bool(document["is_mql"]) for document in everybody)
    sqls = sum(bool(document["is_sql"]) for document in everybody)
    shown.print(f"{len(everybody):,} people: {counted or 'none'}. MQL {mqls:,}, SQL {sqls:,}.\n")
    first = sorted(everybody, key=lambda one: (-one["score_deciding"], one["person_id"]))[:MOST_SHOWN]
    rows = table(
        "Highest scores", "person", "score", "= source", "+ behaviour", "+ inactivity", "grade", "tier", "stage",
        "next action", right=("score", "= source", "+ behaviour", "+ inactivity"),
    )  # fmt: skip
    for one in first:
        action = one["next_action"]
        step = f"{action['channel']} by {action['due']}: {action['why']}" if action else "–"
        sums = [f"{one[name]:,}" for name in ("score", "score_source", "score_behaviour", "score_inactivity")]
        rows.add_row(one["person_id"], *sums, one["grade"] or "–", one["tier"] or "–", one["stage"], step)
    shown.print(rows)
