"""Advice about lines, conversions and accounts of scoring.yaml (AD-6, SC-4, SC-9, SC-11)."""

from __future__ import annotations

from collections.abc import Iterator

from connector.rules.lines import Line
from connector.rules.logic import can_be_true, implies
from connector.rules.scoring import Scoring
from connector.rules.source import KeyPath
from connector.rules.written import Finding, Written

FILE = "scoring.yaml"
_PAGES = "activity.\"type\" = 'page_view'"


def about_apart(rules: Written) -> Iterator[Finding]:
    yield from _lines_without_points(rules)
    yield from _same_conversions(rules)
    yield from _accounts(rules)


def _lines_without_points(rules: Written) -> Iterator[Finding]:
    """Lines of which no activity gives points."""
    scoring = rules.rules.scoring
    for place, line in enumerate(scoring.lines):
        if can_be_true(line.of.sql) and not _gives_points(scoring, line):
            path: KeyPath = ("lines", place)
            sentence = f"No rule gives points for the line `{line.id}`: its score is never above 0."
            yield rules.finding(
                "out_of_reach", FILE, path, sentence, "Name other `rules`, or other activities in `of`."
            )


def _gives_points(scoring: Scoring, line: Line) -> bool:
    def counts(rule_id: str, points: int) -> bool:
        return points > 0 and (not line.rules or rule_id in line.rules)

    by_activity = (one.when.sql for one in scoring.behaviour if counts(one.id, one.points))
    if any(can_be_true(line.of.sql, when) for when in by_activity):
        return True
    by_visit = [(one.id, one.points) for one in scoring.visits] + [(one.id, one.points) for one in scoring.weeks]
    return any(counts(*one) for one in by_visit) and can_be_true(line.of.sql, _PAGES)


def _same_conversions(rules: Written) -> Iterator[Finding]:
    each = rules.rules.scoring.conversions
    for place, one in enumerate(each):
        twin = next((other for other in each[:place] if _same(other.when.sql, one.when.sql)), None)
        if twin is not None:
            sentence = f"`{one.id}` holds exactly when `{twin.id}` does."
            path: KeyPath = ("conversions", place, "when")
            yield rules.finding("overlapping", FILE, path, sentence, "Take one out: both count the same.")


def _same(one: str, other: str) -> bool:
    return implies(one, other) and implies(other, one)


def _accounts(rules: Written) -> Iterator[Finding]:
    """Accounts that one person makes hot, or nobody."""
    accounts = rules.rules.scoring.accounts
    hot, cap = accounts.hot, accounts.cap_per_person
    path: KeyPath = ("accounts", "hot")
    if hot.people_at_least == 1 and cap >= hot.at_least:
        sentence = f"One person alone makes an account hot: {cap} points are the most that one brings."
        yield rules.finding("account_of_one", FILE, path, sentence, "Ask for two people, or for more points.")
    if accounts.most_people is not None and accounts.most_people * cap < hot.at_least:
        sentence = f"No account ever has {hot.at_least} points: {accounts.most_people} people bring {cap} each at most."
        yield rules.finding("out_of_reach", FILE, path, sentence, "Lower `at_least`, or let more people count.")
    for place, role in enumerate(accounts.roles):
        wider = next((one for one in accounts.roles[:place] if implies(role.when.sql, one.when.sql)), None)
        if wider is not None:
            sentence = f"`{role.id}` is never reached: `{wider.id}` above it fits whomever it fits."
            at: KeyPath = ("accounts", "roles", place)
            yield rules.finding("unreachable", FILE, at, sentence, f"Move it above `{wider.id}`.")
