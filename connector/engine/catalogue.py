"""The content catalogue as tables: what each item says about a stage of buying, an action, and what can be offered."""

from __future__ import annotations

from typing import get_args

from connector.domain.running import Load
from connector.rules.content import OFFERED, BuyingStage, Content

BUYING_STAGES: tuple[str, ...] = get_args(BuyingStage)
OFFERS = ("content", "rank", "place", "from_rank", "persona", "product")


def load_catalogue(catalogue: Content | None, load: Load) -> None:
    """Makes the tables by which content speaks: content_stages, content_actions and content_offers, in texts."""
    items = catalogue.content if catalogue else ()
    ranks = {stage: rank for rank, stage in enumerate(BUYING_STAGES, 1)}
    staged = [(item.id, item.stage, ranks[item.stage]) for item in items if item.stage]
    load("content_stages", ("content", "stage", "rank"), staged)
    ways = [(item.id, item.action.kind, item.action.channel, item.action.destination) for item in items if item.action]
    load("content_actions", ("content", "action", "channel", "destination"), ways)
    offers = [
        (item.id, ranks[item.stage], place, ranks.get(item.from_stage or "", 0), item.persona, item.product)
        for place, item in enumerate(items)
        if item.stage and item.activity in OFFERED
    ]
    load("content_offers", OFFERS, offers)
