"""`connector movers`: who rises, who is awake again, who does more than usual."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.markup import escape

from connector.cli.asking import evaluated
from connector.cli.render import table
from connector.cli.shared import Options, console, echo_json, json_option, place_options, river_of
from connector.engine.explain import rule_names
from connector.engine.momentum import By, Periods, Window, last_complete, momentum
from connector.errors import ConfigurationError
from connector.planning.desired import Language
from connector.reporting.hot_accounts import HotAccount, hot_accounts
from connector.reporting.movers import Asked, Mover, Movers, movers_of
from connector.rules.lines import METRICS
from connector.rules.load import RuleSet

MAIN_REASONS = 3
_CHANGING = ("visits", "downloads", "conversions")


@click.command()
@click.option("--by", type=click.Choice(["person", "account"]), default="person", show_default=True, help="Who moves.")
@click.option(
    "--window", type=click.Choice(["week", "day", "month"]), default="week", show_default=True,
    help="The last complete one is compared with the one before.",
)  # fmt: skip
@click.option("--metric", default="score", show_default=True, help="By what they rise: see docs/commands.md.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="Of each list.")
@click.option("--as-of", "as_of", help="All that is known now and had happened by then (ISO 8601).")
@place_options
@json_option
@click.pass_obj
def movers(options: Options, /, by: By, window: Window, as_of: str | None, as_json: bool, **more: Any) -> int:
    """Show who rises most, who is awake again, and who does more than usual."""
    with river_of(options.settings(), quiet=as_json, remote=False) as river:
        asked = _asked(river.rules, by, **more)
        moment = evaluated(river, as_of)
        rules, run = river.rules, river.store.run
        periods = last_complete(window, moment, rules.scoring.time_zone)
        momentum(rules, periods, moment, by, run)
        found = movers_of(run, rules, moment, periods, asked)
        hot, count = hot_accounts(run, asked.limit) if by == "account" else ((), 0)
        if as_json:
            question = {"as_of": moment.isoformat(), "by": by, "window": window, "metric": asked.metric}
            echo_json({**question, **document(found, by, periods), **hot_document(hot, count)})
        else:
            zone = ZoneInfo(rules.scoring.time_zone)
            console().print(f"As of {moment.astimezone(zone):%Y-%m-%d %H:%M}, by what the store knows.\n")
            words = Words(rules, river.mapping.fields.language, window, periods)
            words.show(console(), found, asked.metric)
            if by == "account":
                words.show_hot(console(), hot, count)
    return 0


def _asked(rules: RuleSet, by: By, limit: int, metric: str) -> Asked:
    known = [*METRICS, *(one.id for one in rules.scoring.conversions)]
    if metric not in known:
        raise ConfigurationError(f"--metric: there is no metric {metric!r}. There are {', '.join(known)}.")
    return Asked(by, limit, metric)


class Words:
    """How movers look on a terminal; times in the zone of the rules, the rules' names in the CRM's language."""

    def __init__(self, rules: RuleSet, language: Language, window: Window, periods: Periods) -> None:
        self._names = {
            rule: name.ja if language == "ja" else name.en for rule, name in rule_names(rules.scoring).items()
        }
        self._roles = {
            role.id: role.name.ja if language == "ja" else role.name.en for role in rules.scoring.accounts.roles
        }
        self._zone = ZoneInfo(rules.scoring.time_zone)
        self._window = window
        self._periods = periods

    def show(self, shown: Console, found: Movers, metric: str) -> None:
        last = self._periods.ends - timedelta(days=1)
        span = f"{self._periods.begins:%Y-%m-%d}" + ("" if self._window == "day" else f" to {last:%Y-%m-%d}")
        rising = "Rising" if metric == "score" else f"Rising by {metric}"
        self._list(shown, f"{rising}: {span} against the {self._window} before", found.risers, found.counts["risers"])
        self._list(shown, "Awake again", found.awake, found.counts["awake"], self._awake)
        self._list(shown, "More than usual in the last 7 days", found.unusual, found.counts["unusual"], _unusual)

    def show_hot(self, shown: Console, hot: Sequence[HotAccount], count: int) -> None:
        if not hot:
            shown.print("[bold]Hot accounts[/bold]: none.\n")
            return
        rows = table(
            f"Hot accounts ({len(hot):,} of {count:,})", "account", "record", "score", "active", "roles", "departments",
            right=("score", "active"),
        )  # fmt: skip
        for one in hot:
            roles = ", ".join(f"{self._roles.get(role['id'], role['id'])} {role['people']}" for role in one.roles)
            active = f"{one.active_people} of {one.people}"
            name = escape(one.name or one.company_id)
            told = (escape(roles), escape(", ".join(one.departments)))
            rows.add_row(name, one.record or one.company_id, f"{one.score:,}", active, *told)
        shown.print(rows)
        shown.print()

    def _list(
        self,
        shown: Console,
        title: str,
        movers: tuple[Mover, ...],
        count: int,
        more: Callable[[Mover], str] = lambda _one: "",
    ) -> None:
        if not movers:
            shown.print(f"[bold]{title}[/bold]: nobody.\n")
            return
        rows = table(
            f"{title} ({len(movers):,} of {count:,})", "who", "record", "stage", "score", "points", "before", "change",
            "what changed", "why", right=("score", "points", "before", "change"),
        )  # fmt: skip
        for one in movers:
            figures = (f"{one.points:,}", f"{one.points_before:,}", f"{one.change:+,}")
            why = "; ".join(part for part in (more(one), self._why(one)) if part)
            standing = ("hot" if one.account["hot"] else "–") if one.account else one.stage or "–"
            rows.add_row(
                escape(_who(one)),
                one.record or one.id,
                standing,
                f"{one.score:,}",
                *figures,
                _changes(one),
                escape(why),
            )
        shown.print(rows)
        shown.print()

    def _why(self, one: Mover) -> str:
        main = one.reasons[:MAIN_REASONS]
        return ", ".join(f"{self._names.get(r.rule, r.rule)} ×{r.times} {r.points:+d}" for r in main)

    def _awake(self, one: Mover) -> str:
        when = f"{one.awake_at.astimezone(self._zone):%Y-%m-%d %H:%M}" if one.awake_at else ""
        return f"{when} after {one.silent_days} days: {one.awake_by}"


def _unusual(one: Mover) -> str:
    return f"{one.activities_7d} in 7 days, usually {one.usual_7d:.1f}"


def _who(one: Mover) -> str:
    if one.account:
        return f"{one.name or one.id} ({one.account['active_people']} of {one.account['people']} people active)"
    return " · ".join(word for word in (one.name, one.company) if word) or one.id


def _changes(one: Mover) -> str:
    moved = {name: one.metrics[name] for name in _CHANGING if any(one.metrics[name])}
    moved |= {each["id"]: (each["now"], each["before"]) for each in one.by_conversion}
    return ", ".join(f"{name} {before}→{now}" for name, (now, before) in moved.items())


def document(found: Movers, by: By, periods: Periods) -> dict[str, Any]:
    """Movers for machines: spans in the zone of the rules, other times in UTC."""
    return {
        "from": periods.begins.isoformat(),
        "until": periods.ends.isoformat(),
        "before_from": periods.before.isoformat(),
        "counts": dict(found.counts),
        "risers": [_mover_document(one, by) for one in found.risers],
        "awake": [_mover_document(one, by) for one in found.awake],
        "unusual": [_mover_document(one, by) for one in found.unusual],
    }


def hot_document(hot: Sequence[HotAccount], count: int) -> dict[str, Any]:
    """The hot accounts for machines; none by person."""
    return {"hot_accounts": [asdict(one) for one in hot], "hot_accounts_in_all": count}


def _mover_document(one: Mover, by: By) -> dict[str, Any]:
    values = asdict(one)
    id_, account, metrics = values.pop("id"), values.pop("account"), values.pop("metrics")
    awake_at = values.pop("awake_at")
    return {
        "person_id" if by == "person" else "company_id": id_,
        **values,
        **{name: {"now": now, "before": before} for name, (now, before) in metrics.items()},
        "awake_at": awake_at.isoformat() if awake_at else None,
        **({"account": account} if account else {}),
    }
