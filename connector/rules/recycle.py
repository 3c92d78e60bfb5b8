"""lifecycle.yaml, `recycle` and `not_before`: when somebody who was lost or closed is turned to again (RC-1..3)."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from connector.rules.kinds import Id, Strict, problem
from connector.rules.names import Name, unique

Term = Literal["fiscal_year", "fiscal_half", "fiscal_quarter"]
Action = Literal["nurture", "call", "none", "never"]
"""What follows when the time is over: nurturing, a call by the owner, nothing of its own; or it never is."""
Closing = Literal["deals", "leads"]
TERM_MONTHS: dict[Term, int] = {"fiscal_year": 12, "fiscal_half": 6, "fiscal_quarter": 3}
APRIL = 4
"""Where neither the rules nor the org say it: most companies in Japan begin their year in April."""

Wait = Annotated[int, Field(ge=0, le=3_650, strict=True)]


class Clock(Strict):
    """How long to wait after a closing. Exactly one of the first four keys says it:

    days                  so many times 24 hours
    next                  until the first day of the next fiscal term
    before_renewal_days   until so many days before the contract with the competitor is renewed
    heard_date            until the date that was heard: the first of these items that names one after the closing
    """

    days: Wait | None = None
    next: Term | None = None
    before_renewal_days: Wait | None = None
    heard_date: Annotated[tuple[Id, ...], Field(min_length=1)] | None = None
    contract_months: Annotated[int, Field(ge=1, le=240, strict=True)] = 12
    """How long a contract runs, where the deal has no `renewal_on`."""
    otherwise_days: Wait | None = None
    """How long to wait where no date was heard; `after_days` where it is left out."""

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        said = [name for name in _CLOCKS if getattr(self, name) is not None]
        if len(said) != 1:
            raise problem(
                "`after` says one thing." if said else "`after` has to say something.",
                f"Give one of {', '.join(_CLOCKS)}.",
            )
        for key, owner in (("contract_months", "before_renewal_days"), ("otherwise_days", "heard_date")):
            if key in self.model_fields_set and said[0] != owner:
                raise problem(f"`{key}` belongs to `{owner}`.", "Take it out.")
        return self


_CLOCKS = ("days", "next", "before_renewal_days", "heard_date")


class Return(Strict):
    """What follows a closing, and when; `of` says whether deals that were lost, leads that were closed, or both."""

    action: Action = "nurture"
    after: Clock | None = None
    of: Annotated[tuple[Closing, ...], Field(min_length=1)] = ("deals",)

    @model_validator(mode="after")
    def _never_has_no_time(self) -> Self:
        if self.action == "never" and self.after is not None:
            raise problem("What never happens has no `after`.", "Take one of both out.")
        return self


class LossReason(Return):
    """A reason for losing or closing, by the words that the CRM has for it."""

    id: Id
    name: Name
    words: Annotated[tuple[str, ...], Field(min_length=1)]


class WithoutReason(Return):
    """Closed without a reason: its owner is asked for one, so many days long (RC-2)."""

    ask_days: Wait = 30


class Recycle(Strict):
    """When a lost person goes back to nurturing: by reason, else so many days after the deal was lost (RC-1, RC-3)."""

    after_days: Wait
    fiscal_year_starts: Annotated[int, Field(ge=1, le=12, strict=True)] | None = None
    """The month in which the buyers' fiscal year begins."""
    reasons: tuple[LossReason, ...] = ()
    other: Return = Return()
    without_reason: WithoutReason = WithoutReason()

    @model_validator(mode="after")
    def _each_word_leads_to_one_reason(self) -> Self:
        unique([*(reason.id for reason in self.reasons), "other", "without_reason"])
        seen: dict[str, str] = {}
        for reason in self.reasons:
            for word in dict.fromkeys(normal(one) for one in reason.words):
                if word in seen:
                    raise problem(f"`{word}` is a word of `{seen[word]}` and of `{reason.id}`.", "Leave it to one.")
                seen[word] = reason.id
        return self

    @property
    def heard(self) -> tuple[str, ...]:
        """The hearing items from which a date is taken."""
        clocks = [one.after for one in (*self.reasons, self.other, self.without_reason) if one.after]
        return tuple(dict.fromkeys(item for clock in clocks for item in clock.heard_date or ()))


class NotBefore(Strict):
    """Which hearing item holds the date before which the person does not want to be turned to (RC-2)."""

    heard: Annotated[tuple[Id, ...], Field(min_length=1)]


def normal(word: str) -> str:
    """A word of the CRM as words are compared: without regard to case and to spaces around it."""
    return word.strip().lower()
