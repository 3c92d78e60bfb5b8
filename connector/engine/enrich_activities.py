"""What people did, from both systems, in one vocabulary and with a meaning from the content catalogue (SY-5, SY-9)."""

from __future__ import annotations

from connector.domain.running import Load, Run
from connector.engine.composing import compose
from connector.engine.our_tasks import our_closings
from connector.engine.vocabulary import CAMPAIGN_WORDS, TASK_WORDS, VERBS
from connector.rules.content import Content, ContentItem

_FILE = "enrich_activities"


def enrich_activities(run: Run, load: Load, catalogue: Content, zone: str) -> None:
    """Makes the temporary tables activities and unknown_content.

    `zone` is the org's time zone (IANA name): days without a time of day begin in it. Needs person_records and
    enrich_chosen. The catalogue is asked once for each distinct page, asset, campaign and term.
    """
    verbs = [(*verb[:4], "yes" if verb.by_content else "no") for verb in VERBS]
    load("enrich_verbs", ("type", "type_name", "meaning", "asset", "by_content"), verbs)
    for name in ("living", "prospects", "visits", "visitors", "acts"):
        run(compose(_FILE, name), {})
    _load_meanings(run, load, catalogue)
    for name in ("make_activities", "add_page_views", "add_acts", "add_visit_searches"):
        run(compose(_FILE, name), {})
    run(compose(_FILE, "members"), {"zone": zone, **CAMPAIGN_WORDS})
    run(compose(_FILE, "member_acts"), {})
    run(compose(_FILE, "add_members"), {})
    our_closings(run)
    run(compose(_FILE, "add_tasks"), {"zone": zone, **TASK_WORDS})
    run(compose(_FILE, "add_events"), {"call": TASK_WORDS["call"]})
    run(compose(_FILE, "unknown_content"), {})


def _load_meanings(run: Run, load: Load, catalogue: Content) -> None:
    pages = run(compose(_FILE, "pages"), {})
    assets = run(compose(_FILE, "assets"), {})
    campaigns = run(compose(_FILE, "campaigns"), {})
    terms = run(compose(_FILE, "terms"), {})
    load("enrich_pages", ("page", "times", "content", "theme", "product"), [
        (page, times, *_meaning(catalogue.page(page, title))[:3]) for page, title, times in pages
    ])  # fmt: skip
    load("enrich_assets", ("unit", "kind", "id", "name", "times", "content", "theme", "product", "kind_of_activity"), [
        (unit, kind, id_, name, times, *_meaning(catalogue.asset(kind, id_, name, url)))
        for unit, kind, id_, name, url, times in assets
    ])  # fmt: skip
    load("enrich_campaigns", ("id", "content", "theme", "product", "kind_of_activity"), [
        (id_, *_meaning(catalogue.asset("campaign", id_, name))) for id_, name in campaigns
    ])  # fmt: skip
    load("enrich_terms", ("term", "content", "theme", "product"), [
        (term, *_meaning(catalogue.term(term))[:3]) for term, _ in terms
    ])  # fmt: skip


def _meaning(item: ContentItem | None) -> tuple[str | None, str | None, str | None, str | None]:
    return (item.id, item.theme, item.product, item.activity) if item else (None, None, None, None)
