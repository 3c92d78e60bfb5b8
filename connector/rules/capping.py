"""What limits the points of rules: caps by period, groups of which one rule pays, and the floor (SC-2a, SC-3, SC-6)."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from connector.rules.kinds import Id, Positive, Strict, problem
from connector.rules.names import Name

Period = Literal["day", "week", "month", "ever"]


class Cap(Strict):
    """So many points at most in each calendar period of the rule set's zone; points taken are limited alike."""

    points: Positive
    per: Period


class Group(Strict):
    """Rules that share a cap, or of which one alone pays for an activity (SC-2a: "the most specific one wins").

    `exclusive: most_points`: of the rules that an activity fits, the one with the most points; `first`: the first in
    `rules`. A cap of a group limits what is gained by all of its rules together, and apart from that what is taken.
    """

    id: Id
    name: Name
    rules: Annotated[tuple[Id, ...], Field(min_length=1)]
    exclusive: Literal["most_points", "first"] | None = None
    cap: Cap | None = None

    @model_validator(mode="after")
    def _does_something(self) -> Self:
        if self.exclusive is None and self.cap is None:
            raise problem(f"The group `{self.id}` does nothing.", "Give it a `cap`, or say `exclusive`.")
        return self


class Floor(Strict):
    """The lowest score that is shown and decides (SC-3). What happens below it goes on being counted."""

    id: Id = "floor"
    name: Name
    at_least: Annotated[int, Field(ge=-1_000_000, le=0, strict=True)]


def check_groups(groups: tuple[Group, ...], by_activity: list[str], by_visit: list[str]) -> None:
    """Raises a problem where a group names what there is not, or what cannot be in it.

    `by_activity` are the ids of rules about one activity, `by_visit` of those about visits and weeks.
    """
    owners: dict[str, str] = {}
    for group in groups:
        for rule in group.rules:
            if rule not in by_activity and rule not in by_visit:
                known = ", ".join([*by_activity, *by_visit]) or "none"
                sentence = f"The group `{group.id}` names `{rule}`: no rule of behaviour, visits or weeks."
                raise problem(sentence, f"Rules here: {known}.")
            if group.exclusive and rule in by_visit:
                sentence = f"`{rule}` is about a visit, and the group `{group.id}` chooses for one activity."
                raise problem(sentence, "Take it out, or give the group a `cap` alone.")
            if rule in owners:
                sentence = f"`{rule}` is named twice in groups: in `{owners[rule]}` and in `{group.id}`."
                raise problem(sentence, "A rule belongs to one group at most.")
            owners[rule] = group.id
