"""Who moved: the biggest risers, those awake again, and those who do more than usual, with figures and reasons."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from connector.domain.running import Run
from connector.engine.composing import quoted
from connector.engine.explain import ledgers
from connector.engine.moments import as_column
from connector.engine.momentum import METRICS, By, Periods
from connector.rules.load import RuleSet


@dataclass(frozen=True)
class Reason:
    """What a rule gave within the period, and how often. The points of all reasons add up to those of the mover."""

    rule: str
    points: int
    times: int


@dataclass(frozen=True)
class Mover:
    """A person or a company that moved. `metrics`: (within the period, in the one before). Times are UTC.

    `record` is the id to open: of the contact, lead or prospect, or of the account. `account` is None for a person.
    """

    id: str
    record: str | None
    name: str | None
    company: str | None
    stage: str | None
    score: int | None
    points: int
    points_before: int
    change: int
    metrics: Mapping[str, tuple[int, int]]
    by_conversion: Sequence[Mapping[str, Any]]
    awake_at: datetime | None
    silent_days: int | None
    awake_by: str | None
    activities_7d: int
    usual_7d: float | None
    account: Mapping[str, Any] | None = None
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True)
class Asked:
    """Who moves, how many of each list are shown, and by what they rise: a metric, or a conversion's id."""

    by: By = "person"
    limit: int = 20
    metric: str = "score"


@dataclass(frozen=True)
class Movers:
    """The first of each list, and how many there are in all."""

    risers: tuple[Mover, ...] = ()
    awake: tuple[Mover, ...] = ()
    unusual: tuple[Mover, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)


LISTS: Mapping[str, tuple[str, str]] = {
    "risers": ("{now} > {before}", "{now} - {before} DESC, {now} DESC"),
    "awake": ("awake", "awake_at DESC, points DESC"),
    "unusual": ("unusual", "activities_7d - usual_7d DESC"),
}
"""The lists, each with who is in it and in which order; risers by the metric that was asked for."""

_ACCOUNT = ("people", "active_people", "departments", "titles", "roles", "hot", "hot_lacks")
_FIGURES = ("id", "record", "name", "company", "stage", "score", "points", "points_before", "change")
_COLUMNS = (
    *_FIGURES, "awake_at", "silent_since", "activities_7d", "usual_7d", "by_conversion",
    *METRICS, *(f"{name}_before" for name in METRICS), *(f"account_{name}" for name in _ACCOUNT),
)  # fmt: skip
_MOVED = {
    "person": f"""
        CREATE OR REPLACE TEMP TABLE movers AS
        SELECT moved.*, person_id AS id, person.name, person.company, decided.stage, scored.score_deciding AS score,
            coalesce(person.contact_ids[1], person.lead_ids[1], split_part(person.prospect_ids[1], ':', 2)) AS record,
            {", ".join(f"NULL AS account_{name}" for name in _ACCOUNT)}
        FROM person_momentum AS moved
        JOIN people AS person USING (person_id)
        JOIN decided USING (person_id)
        JOIN scored USING (person_id)
    """,
    "account": f"""
        CREATE OR REPLACE TEMP TABLE movers AS
        SELECT moved.*, company_id AS id, company.name, company.name AS company, NULL AS stage, account.score,
            company.account_ids[1] AS record, {", ".join(f"account.{name} AS account_{name}" for name in _ACCOUNT)}
        FROM account_momentum AS moved
        JOIN companies AS company USING (company_id)
        JOIN account_scored AS account USING (company_id)
    """,
}
_SHOWN = {
    "person": "SELECT person_id, person_id AS id FROM people WHERE person_id IN (SELECT unnest($ids::VARCHAR[]))",
    "account": "SELECT person_id, company_id AS id FROM people WHERE company_id IN (SELECT unnest($ids::VARCHAR[]))",
}
_REASONS = """
SELECT shown.id, ledger.rule, sum(ledger.points)::BIGINT, count(*)
FROM ledger JOIN movers_shown AS shown USING (person_id)
WHERE ledger.moment >= $begins AND ledger.moment < $ends AND ledger.points <> 0 AND ledger.rule NOT IN ({others})
GROUP BY ALL
ORDER BY shown.id, abs(sum(ledger.points)) DESC, ledger.rule
"""
_AWOKEN_BY = """
SELECT shown.id, arg_min(concat_ws(' ', activity.type, activity.content), activity.activity_id)
FROM activities AS activity
JOIN movers_shown AS shown USING (person_id)
JOIN movers ON movers.id = shown.id AND movers.awake_at = activity.occurred_at
WHERE activity.type IN ({types})
GROUP BY shown.id
"""


def movers_of(run: Run, rules: RuleSet, as_of: datetime, periods: Periods, asked: Asked) -> Movers:
    """The movers of a period; reads what `momentum` (and `account_scores`) made before.

    Reads decided and scored for people, companies and account_scored for accounts.
    """
    by = asked.by
    run(_MOVED[by], {})
    now, before = _figures_of(asked.metric)
    lists = {name: [word.format(now=now, before=before) for word in words] for name, words in LISTS.items()}
    chosen = {name: _chosen(run, where, order, asked.limit) for name, (where, order) in lists.items()}
    ids = sorted({row["id"] for rows in chosen.values() for row in rows})
    run(f"CREATE OR REPLACE TEMP TABLE movers_shown AS {_SHOWN[by]}", {"ids": ids})
    reasons = _reasons(run, rules, as_of, periods) if ids else {}
    types = ", ".join(quoted(word) for word in rules.scoring.activity_types)
    awoken: dict[str, str] = dict(run(_AWOKEN_BY.format(types=types), {})) if ids else {}
    counts = {name: _count(run, where) for name, (where, _) in lists.items()}
    told = {name: tuple(_mover(row, by, reasons, awoken) for row in rows) for name, rows in chosen.items()}
    return Movers(**told, counts=counts)


def _figures_of(metric: str) -> tuple[str, str]:
    """SQL for how much of a metric there was within the period, and in the one before."""
    if metric == "score":
        return "points", "points_before"
    if metric in METRICS:
        return metric, f"{metric}_before"
    of_it = f"list_filter(by_conversion, lambda one: one.id = {quoted(metric)})[1]"
    return f"coalesce({of_it}.now, 0)", f"coalesce({of_it}.before, 0)"


def _chosen(run: Run, where: str, order: str, limit: int) -> list[dict[str, Any]]:
    statement = f"SELECT {', '.join(_COLUMNS)} FROM movers WHERE {where} ORDER BY {order}, id LIMIT $limit"
    return [dict(zip(_COLUMNS, row, strict=True)) for row in run(statement, {"limit": limit})]


def _count(run: Run, where: str) -> int:
    return int(run(f"SELECT count(*) FROM movers WHERE {where}", {})[0][0])


def _reasons(run: Run, rules: RuleSet, as_of: datetime, periods: Periods) -> dict[str, list[Reason]]:
    """What the shown did within the period, by rule; how they came in and their silence are no movement."""
    ledgers(rules, as_of, run, "movers_shown")
    scoring = rules.scoring
    silent = [one.id for one in (scoring.inactivity, scoring.floor) if one]
    others = ", ".join(quoted(one) for one in (*(rule.id for rule in scoring.source), *silent)) or "''"
    span = {"begins": as_column(periods.begins), "ends": as_column(periods.ends)}
    found: dict[str, list[Reason]] = defaultdict(list)
    for id_, rule, points, times in run(_REASONS.format(others=others), span):
        found[id_].append(Reason(rule, points, times))
    return found


def _mover(row: Mapping[str, Any], by: By, reasons: Mapping[str, Iterable[Reason]], awoken: Mapping[str, str]) -> Mover:
    awake_at, since = _utc(row["awake_at"]), _utc(row["silent_since"])
    facts = {name: _plain(row[f"account_{name}"]) for name in _ACCOUNT}
    return Mover(
        **{name: row[name] for name in _FIGURES},
        metrics={name: (row[name], row[f"{name}_before"]) for name in METRICS},
        by_conversion=row["by_conversion"],
        awake_at=awake_at,
        silent_days=(awake_at - since).days if awake_at and since else None,
        awake_by=awoken.get(row["id"]),
        activities_7d=row["activities_7d"],
        usual_7d=row["usual_7d"],
        account=facts if by == "account" else None,
        reasons=tuple(reasons.get(row["id"], ())),
    )


def _plain(value: object) -> object:
    return list(value) if isinstance(value, Sequence) and not isinstance(value, str) else value


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=UTC)
