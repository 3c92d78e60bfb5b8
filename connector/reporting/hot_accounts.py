"""Which accounts are hot now, by the rule of scoring.yaml, and who of them is active (SC-9)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connector.domain.running import Run


@dataclass(frozen=True)
class HotAccount:
    """A hot account. `record` is the id of its account in the CRM, None for a company that has none; `roles`: id and
    how many active people play it."""

    company_id: str
    record: str | None
    name: str | None
    score: int
    people: int
    active_people: int
    departments: tuple[str, ...]
    titles: tuple[str, ...]
    roles: tuple[Mapping[str, Any], ...]


def hot_accounts(run: Run, limit: int) -> tuple[tuple[HotAccount, ...], int]:
    """The hot accounts with the highest scores, at most `limit`, and how many there are in all.

    Reads account_scored and companies.
    """
    found = tuple(_account(row) for row in run(_HOT, {"n": limit}))
    ((count,),) = run("SELECT count(*) FROM account_scored WHERE hot", {})
    return found, int(count)


def _account(row: tuple[Any, ...]) -> HotAccount:
    plain: list[Any] = [tuple(cell) if isinstance(cell, list) else cell for cell in row]
    return HotAccount(*plain)


_HOT = """
SELECT account.company_id, company.account_ids[1], company.name, account.score, account.people, account.active_people,
    account.departments, account.titles, account.roles
FROM account_scored AS account
LEFT JOIN companies AS company USING (company_id)
WHERE account.hot
ORDER BY account.score DESC, account.company_id
LIMIT $n
"""
