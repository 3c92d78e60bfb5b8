"""Teams and the chains in which a lead goes from one to the next (CD-6), and how each team works (CD-9)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from connector.rules.kinds import FitCondition, Id, Strict
from connector.rules.names import Name

OWN_TEAMS = ("marketing", "inside_sales", "field_sales")
"""Teams that there are without anybody naming them."""
Mode = Literal["bdr", "sdr", "online"]


class Team(Strict):
    """Who a lead can belong to. `members`: users and queues by name, so that an owner's team is known.

    `mode`: bdr goes out to leads that have not asked, sdr takes those that have, online closes by itself.
    """

    id: Id
    name: Name
    mode: Mode | None = None
    members: tuple[str, ...] = ()


class Chain(Strict):
    """The teams through whose hands a lead goes, in order; the first chain that fits a person is the person's."""

    id: Id
    name: Name
    when: FitCondition | None = None
    teams: Annotated[tuple[Id, ...], Field(min_length=1, max_length=10)]
