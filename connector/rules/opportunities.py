"""Where opportunities are made at a hand-over, and how (TU-4)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Literal

from pydantic import Field, field_validator

from connector.rules.kinds import Strict, problem

COMPANY = "{company}"
NAME_LENGTH = 120
KEY_LENGTH = 120


class OpportunityRule(Strict):
    """`Opportunity.create` in fields.yaml. Without it no opportunity is ever made.

    `key_field`: a text field of Opportunity, external id and unique, by which what we made is found again. `name`: a
    text in which `{company}` stands for the company. `owner`: whom `assign_to` of the hand-over names, as far as it is
    a user, or the owner of the contact.
    """

    at: Literal["toss_up"] = "toss_up"
    key_field: Annotated[str, Field(pattern="^[A-Za-z][A-Za-z0-9_]*__c$")] = "Connector_Key__c"
    name: Annotated[str, Field(min_length=1, max_length=NAME_LENGTH)]
    stage: Annotated[str, Field(min_length=1, max_length=255)]
    close_in_days: Annotated[int, Field(ge=1, le=1100, strict=True)]
    amount: Annotated[float, Field(ge=0)] | None = None
    owner: Literal["assign_to", "record"] = "assign_to"

    @field_validator("name")
    @classmethod
    def _only_the_company_is_filled_in(cls, name: str) -> str:
        if set("{}") & set(name.replace(COMPANY, "")):
            raise problem(f"`name` fills in {COMPANY} alone.", "Take out other braces.")
        return name

    def name_for(self, company: str) -> str:
        """What an opportunity of a company is called."""
        return self.name.replace(COMPANY, company)[:NAME_LENGTH]

    def closes_on(self, day: date) -> date:
        """The close date of what is made on a day."""
        return day + timedelta(days=self.close_in_days)
