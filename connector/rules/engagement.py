"""What may be written to Account Engagement, and the criteria that drive its native grade (GR-3, WB-1)."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from connector.domain.streams import Stream
from connector.rules.kinds import Strict, problem

UnitId = Annotated[str, Field(pattern=r"^0Uv[0-9A-Za-z]{15}$")]

NATIVE = {
    "grade": "No call can write the native grade.",
    "score": "Account Engagement goes on adding its own points to the native score.",
}
MEMBERSHIP_FIELD = "listId"


class NativeGrade(Strict):
    """The four criteria of the profile that drives the native grade, by their ids.

    In the order of their weights, which are 3/3, 3/3, 3/3 and 1/3 in the profile.
    """

    criteria: Annotated[tuple[Annotated[int, Field(ge=1, strict=True)], ...], Field(min_length=4, max_length=4)]

    @model_validator(mode="after")
    def _four_different(self) -> Self:
        if len(set(self.criteria)) < len(self.criteria):
            raise problem("The same criterion stands twice.", "Give the ids of four criteria of the profile.")
        return self

    @property
    def four(self) -> tuple[int, int, int, int]:
        """The criteria, the weightiest first."""
        first, second, third, last = self.criteria
        return first, second, third, last


def check_engagement_write(stream: Stream, field: str, policy: str, *, plain: bool) -> None:
    """Refuses what is not written there, with a sentence. `plain`: without words of the org and without an order."""
    place = f"{stream.name}.write.{field}"
    if field.lower().startswith("pi__"):
        raise problem(f"{place}: fields that begin with pi__ belong to Account Engagement's sync.", "Use one of yours.")
    if stream.name == "account_engagement.prospects":
        if field in NATIVE:
            raise problem(f"{place}: {NATIVE[field]}", "Write a custom field; for the grade see `native_grade`.")
        if not field.endswith("__c"):
            raise problem(f"{place}: only custom fields of prospects are written.", "Their names end in __c.")
    if stream.name == "account_engagement.list_memberships" and (
        field != MEMBERSHIP_FIELD or policy not in {"never", "if_unchanged"} or not plain
    ):
        raise problem(
            f"{place}: memberships are written as `{MEMBERSHIP_FIELD}: {{value: track}}`, with the policy if_unchanged "
            "or never.",
            "What a track stands for is said in nurture.yaml.",
        )
