"""Who is no lead at all, and why (EN-4): the block `screened` of tiers.yaml."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self, get_args

from pydantic import AfterValidator, BeforeValidator, model_validator

from connector.rules.kinds import FitCondition, Id, Strict, problem
from connector.rules.names import Name

Reason = Literal["competitor", "own_staff", "student", "freelancer", "school", "not_company"]
REASONS: tuple[str, ...] = get_args(Reason)
_DOMAIN = re.compile(r"[\w-]+(\.[\w-]+)*")
_NUMBER = re.compile(r"[0-9]{13}")


def _domain(text: str) -> str:
    bare = text.strip().lower().removeprefix("@").removeprefix("www.")
    if _DOMAIN.fullmatch(bare) is None:
        raise problem(f"`{text}` is no domain.", "Write what stands behind the @, such as rival.co.jp or ac.jp.")
    return bare


def _number(value: object) -> str:
    digits = str(value).replace("-", "")
    if isinstance(value, bool) or _NUMBER.fullmatch(digits) is None:
        raise problem(f"`{value}` is no corporate number.", "It has 13 digits.")
    return digits


Domain = Annotated[str, AfterValidator(_domain)]
CorporateNumber = Annotated[str, BeforeValidator(_number, json_schema_input_type=str | int)]


class Screen(Strict):
    """People who are no leads, recognised by any one of what is given.

    domains            behind the @ of the e-mail, or the company's own: the domain itself and all below it
    corporate_numbers  of the company
    when               a condition about the person and the company
    """

    id: Id
    name: Name
    reason: Reason | None = None
    domains: tuple[Domain, ...] = ()
    corporate_numbers: tuple[CorporateNumber, ...] = ()
    when: FitCondition | None = None

    @model_validator(mode="after")
    def _has_a_reason_and_a_sign(self) -> Self:
        if self.reason is None and self.id not in REASONS:
            raise problem(f"`{self.id}` gives no reason.", f"Give `reason`, one of {', '.join(REASONS)}.")
        if not self.model_fields_set & {"domains", "corporate_numbers", "when"}:
            raise problem(f"`{self.id}` does not say whom it means.", "Give `domains`, `corporate_numbers` or `when`.")
        return self

    @property
    def why(self) -> str:
        """The reason: one of REASONS."""
        return self.reason or self.id
