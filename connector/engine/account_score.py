"""account score: the people of a company → how many are active, in which roles, and what they add up to (SC-9)."""

from __future__ import annotations

from datetime import datetime

from connector.domain.running import Run
from connector.engine.composing import compose, quoted
from connector.engine.moments import as_column
from connector.rules.accounts import Accounts
from connector.rules.load import RuleSet


def account_scores(rules: RuleSet, as_of: datetime, run: Run) -> None:
    """Makes the temporary table `account_scored`, one row a company of which somebody is known.

    `account_scored(company_id, people, active_people, departments, titles, roles, score, hot, hot_lacks,
    next_change_at)`: departments and titles are those of the active people, sorted; `roles` a list of {id, people},
    how many active people play each. `hot_lacks` names what is not there: score, people, or role: with its id.
    Disqualified and screened people count as people only. `next_change_at` (UTC) is when somebody stops being active,
    or the next change of somebody's score. Reads people, screened and scored of everybody, so `score` and `screen` go
    before, and not `among` some.
    """
    model = rules.scoring.accounts
    statement = compose(
        "account_score",
        "accounts",
        role=_by_role(model, quoted_ids=True),
        percent=_by_role(model, quoted_ids=False),
        cap=model.cap_per_person,
        active_days=model.active_days,
        counts=f"active AND place <= {model.most_people}" if model.most_people else "TRUE",
        hot_score=model.hot.at_least,
        hot_people=model.hot.people_at_least,
        lacking_roles=", ".join(
            f"CASE WHEN NOT list_contains(coalesce(played.ids, []), {quoted(one)}) THEN {quoted(f'role:{one}')} END"
            for one in model.hot.roles
        )
        or "NULL",
    )
    run(statement, {"as_of": as_column(as_of)})


def _by_role(model: Accounts, *, quoted_ids: bool) -> str:
    """SQL for the id of a person's role, or for the weight that it has in percent."""
    otherwise = "NULL::VARCHAR" if quoted_ids else "100"
    cases = " ".join(
        f"WHEN {role.when.sql} THEN {quoted(role.id) if quoted_ids else role.percent}" for role in model.roles
    )
    return f"CASE {cases} ELSE {otherwise} END" if cases else otherwise


def account_is(condition: str) -> str:
    """SQL for whether the account of the person of `grade_fit AS fit` is so; false without any."""
    return (
        f"EXISTS (SELECT 1 FROM account_scored AS account WHERE account.company_id = fit.company_id AND ({condition}))"
    )
