"""scoring.yaml, `accounts`: how the people of a company make a score of the company, and when it is hot (SC-9)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from connector.rules.kinds import Id, PersonCondition, Positive, Strict, problem
from connector.rules.names import Name, unique

Percent = Annotated[int, Field(ge=0, le=1_000, strict=True)]
Days = Annotated[int, Field(ge=1, le=3_650, strict=True)]


class AccountRole(Strict):
    """A part that people play in a purchase, and how much their points weigh. The first that fits a person is it."""

    id: Id
    name: Name
    when: PersonCondition
    percent: Percent = 100


class HotAccount(Strict):
    """When an account is hot: so many points, so many active people, and an active person in each of the roles."""

    at_least: Positive = 100
    people_at_least: Positive = 2
    roles: tuple[Id, ...] = ()


class Accounts(Strict):
    """How people make an account.

    Each brings the deciding score, weighted by role, none below 0 and none above `cap_per_person`; with `most_people`
    only the best of the active people count, else everybody does. The cap is where a person is hot: by default one
    person alone never makes an account hot.
    """

    active_days: Days = 30
    cap_per_person: Positive = 65
    most_people: Positive | None = None
    roles: tuple[AccountRole, ...] = ()
    hot: HotAccount = HotAccount()

    @model_validator(mode="after")
    def _roles_are_there(self) -> Accounts:
        ids = [role.id for role in self.roles]
        unique(ids)
        stranger = next((one for one in self.hot.roles if one not in ids), None)
        if stranger is not None:
            raise problem(f"There is no role `{stranger}`.", f"Roles here: {', '.join(ids) or 'none'}.")
        return self
