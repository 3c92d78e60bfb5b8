"""People and what they did, as imported lists tell it: records, attributes, activities, segments (SY-12)."""

from __future__ import annotations

from connector.domain.running import Load, Run
from connector.engine.composing import compose
from connector.rules.content import AssetKind, Content, ContentItem

_FILE = "enrich_lists"
_ASSETS: dict[str, AssetKind] = {"webinar": "webinar", "event": "event"}


def list_records(run: Run) -> None:
    """Adds everybody on a list (seen_list_member) to enrich_records, before addresses join them."""
    run(compose(_FILE, "records"), {})


def list_profiles(run: Run) -> None:
    """Makes enrich_listed: what lists say of each address, the latest word of each attribute."""
    run(compose(_FILE, "profiles"), {})


def list_activities(run: Run, load: Load, catalogue: Content) -> None:
    """Adds the deeds that lists tell to activities, and what no catalogue knows to unknown_content.

    Makes list_follow_ups(person_id, name, kind, segment, segment_ja, segment_en, follow_up_until, attended, answers,
    review_score, happened_at, moments). Needs enrich_living.
    """
    named = [(str(name), _meaning(catalogue, str(name), str(kind))) for name, kind in run(compose(_FILE, "names"), {})]
    load("enrich_list_names", ("name", "content", "theme", "product"), [
        (name, item.id if item else None, item.theme if item else None, item.product if item else None)
        for name, item in named
    ])  # fmt: skip
    run(compose(_FILE, "acts"), {})
    run(compose(_FILE, "add_acts"), {})
    run(compose(_FILE, "unknown"), {})
    run(compose(_FILE, "follow_ups"), {})


def _meaning(catalogue: Content, name: str, kind: str) -> ContentItem | None:
    """The item that the catalogue matches by the list's name, as an asset of its kind or as a campaign."""
    own = _ASSETS.get(kind)
    return (catalogue.asset(own, None, name) if own else None) or catalogue.asset("campaign", None, name)
