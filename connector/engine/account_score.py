"""account score: the people of a company → how many are active, in which roles, and what they add up to (SC-9)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from connector.domain.running import Run
from connector.engine.composing import compose
from connector.engine.moments import as_column


@dataclass(frozen=True)
class AccountScoring:
    """How people make an account: who counts as active, how much one person can bring, and when an account is hot.

    The cap is the threshold at which a person is hot. One person alone never makes an account hot: it takes two who
    are active, and more points than one of them can bring.
    """

    active_days: int = 30
    cap_per_person: int = 65
    hot_people: int = 2
    hot_score: int = 100


def account_scores(as_of: datetime, run: Run, scoring: AccountScoring = AccountScoring()) -> None:
    """Makes the temporary table `account_scored`, one row a company of which somebody is known.

    `account_scored(company_id, people, active_people, departments, titles, score, hot)`: departments and titles are
    those of the active people, sorted. `score` adds up the deciding scores, none below 0 and none above the cap.
    Reads people and scored, so `score` goes before.
    """
    statement = compose(
        "account_score",
        "accounts",
        cap=scoring.cap_per_person,
        active_days=scoring.active_days,
        hot_people=scoring.hot_people,
        hot_score=scoring.hot_score,
    )
    run(statement, {"as_of": as_column(as_of)})
