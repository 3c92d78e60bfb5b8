"""What later plans overtook in what a waiting plan has for Account Engagement."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from connector.applying.units import MEMBER, MEMBERSHIPS, PROSPECTS, membership_key, prospect_key
from connector.domain.plan import MembershipChange, Plan, ProspectChange
from connector.store.journal import as_text

Record = tuple[str, str]
Written = Mapping[tuple[str, str, str], str | None]

_NOTHING = object()


def without_overtaken_units(since: Written, under_way: Collection[Record], plan: Plan) -> tuple[Plan, int]:
    """The plan less the prospects and memberships that were written since, and how many were written otherwise.

    `since`: what we wrote since the plan was made; `under_way`: of what nobody knows yet what stands there.
    """
    if not since and not under_way:
        return plan, 0
    skipped = {place for one in plan.prospects if (place := _place(one)) in under_way}
    skipped |= {place for one in plan.memberships if (place := _place(one)) in under_way}
    skipped |= {_place(one) for one in plan.prospects if _newer(since, one)}
    skipped |= {_place(one) for one in plan.memberships if _known(since, one) not in {_NOTHING, as_text(one.wanted)}}
    prospects = (_left(since, one) for one in plan.prospects if _place(one) not in skipped)
    members = (one for one in plan.memberships if _place(one) not in skipped)
    left = replace(
        plan,
        prospects=tuple(one for one in prospects if one.changes),
        memberships=tuple(one for one in members if _known(since, one) is _NOTHING),
    )
    return left, len(skipped)


def _place(one: ProspectChange | MembershipChange) -> Record:
    if isinstance(one, ProspectChange):
        return PROSPECTS, prospect_key(one.unit, one.record_id)
    return MEMBERSHIPS, membership_key(one.unit, one.prospect_id, one.list_id)


def _newer(since: Written, one: ProspectChange) -> bool:
    """Whether we have written another value since into one of the fields."""
    place = _place(one)
    return any(since.get((*place, each.field), ours := as_text(each.after)) != ours for each in one.changes)


def _left(since: Written, one: ProspectChange) -> ProspectChange:
    place = _place(one)
    return replace(one, changes=tuple(each for each in one.changes if (*place, each.field) not in since))


def _known(since: Written, one: MembershipChange) -> object:
    return since.get((*_place(one), MEMBER), _NOTHING)
