"""Which score decides who is hot: the ledger's or a window's, with or without attributes (SC-4, SC-8, LC-1)."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from connector.rules.kinds import Strict, problem


class DecidingScore(Strict):
    """`ledger`: the score with its penalties. `window`: what behaviour earned in the last days.

    With attributes, the points for who somebody is are added for those who have done something.
    """

    score: Literal["ledger", "window"] = "ledger"
    within_days: Annotated[int, Field(ge=1, le=3_650, strict=True)] | None = None
    with_attributes: bool = False

    @model_validator(mode="after")
    def _a_window_has_days(self) -> Self:
        if self.score == "window" and self.within_days is None:
            raise problem("A window needs its length.", "Add within_days, such as within_days: 30.")
        if self.score == "ledger" and self.within_days is not None:
            raise problem("`within_days` belongs to a window.", "Say `score: window`, or take it out.")
        return self
