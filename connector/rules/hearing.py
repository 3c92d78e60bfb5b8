"""What is to be heard of people: where, by when, and of whom (LC-3, LC-11)."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import model_validator

from connector.rules.kinds import DealCondition, FitCondition, HearingCondition, Id, Strict, problem
from connector.rules.names import Name

Asking = Literal["registered", "cold", "hot", "opportunity", "won"]
"""The stages by which something has to be heard, in their order."""


class RequiredFor(Strict):
    """Of whom an item has to be heard: all that is said here has to hold.

    deal        the person has such a deal that was not lost, for example of a product
    attributes  who the person and the company are
    customers   `new`: the company has bought nothing yet; `existing`: it has
    """

    deal: DealCondition | None = None
    attributes: FitCondition | None = None
    customers: Literal["new", "existing"] | None = None

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if self.deal is None and self.attributes is None and self.customers is None:
            raise problem("`required_for` says nothing.", "Give deal, attributes or customers, or leave it out.")
        return self


class HearingItem(Strict):
    """Something to be heard (LC-11). An answer counts when it is there and `acceptable`; soft ones never do (LC-3)."""

    id: Id
    name: Name
    acceptable: HearingCondition | None = None
    soft: tuple[str, ...] = ()
    ask: Name | None = None
    collected_by: tuple[Id, ...] = ()
    """Where it is asked: form, survey, diagnosis, call, or a word of the team's own."""
    by_stage: Asking | None = None
    """The stage in which it has to be known: from then on it is asked for as long as it is missing."""
    required_for: RequiredFor | None = None

    @model_validator(mode="after")
    def _required_at_some_time(self) -> Self:
        if self.required_for is not None and self.by_stage is None:
            raise problem(f"`{self.id}` is required for some, but never asked for.", "Give `by_stage`.")
        return self
