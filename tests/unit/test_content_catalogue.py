"""content.yaml: what matches what, and what is said about a wrong one."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.errors import ConfigurationError
from connector.firmographics.register import COMPANY_COLUMNS, TARGET_COLUMNS
from connector.rules.content import Content, ContentItem, Match, load_content, plain_url
from connector.sandbox.world.words_content import FILES, FORMS, PAGES, SEARCH_TERMS, SITE, VIDEOS, WEBINARS

pytestmark = pytest.mark.requirement("SY-5")

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "connector" / "rulesets" / "classic" / "content.yaml"
DOCS = (ROOT / "docs" / "content.md").read_text("utf-8")
HEAD = "version: 1\ncontent:\n"
ITEM = "  - id: pricing\n    name: {ja: 料金, en: Pricing}\n    match: {url: [/pricing*]}\n"


@pytest.fixture(scope="module")
def shipped() -> Content:
    return load_content(SHIPPED)


def _load(folder: Path, text: str) -> Content:
    path = folder / "content.yaml"
    path.write_text(text, encoding="utf-8")
    return load_content(path)


def _matched(tmp_path: Path, url: str, pattern: str) -> bool:
    text = f"{HEAD}  - id: x\n    name: {{ja: x, en: x}}\n    match: {{url: '{pattern}'}}\n"
    return _load(tmp_path, text).page(url) is not None


@pytest.mark.parametrize(
    ("pattern", "url", "matches"),
    [
        ("/pricing", "https://www.vendor.example/pricing", True),
        ("/pricing", "https://www.vendor.example/pricing/", True),
        ("/pricing", "https://www.vendor.example/Pricing/?plan=1#top", True),
        ("/pricing", "https://www.vendor.example/pricing/estimate/", False),
        ("/pricing*", "https://www.vendor.example/pricing/estimate/", True),
        ("/pricing", "https://www.vendor.example/blog/pricing", False),
        ("*/pricing", "https://www.vendor.example/blog/pricing", True),
        ("/", "https://www.vendor.example", True),
        ("/", "https://www.vendor.example/?utm_source=mail", True),
        ("/", "https://www.vendor.example/x/", False),
        ("lp.vendor.example/*", "https://lp.vendor.example/autumn", True),
        ("lp.vendor.example/*", "https://www.vendor.example/autumn", False),
    ],
)
def test_addresses_match_without_scheme_query_and_closing_slash(
    tmp_path: Path, pattern: str, url: str, matches: bool
) -> None:
    assert _matched(tmp_path, url, pattern) is matches


def test_the_first_item_that_matches_is_it(tmp_path: Path) -> None:
    text = HEAD + ITEM.replace("pricing\n", "estimate\n", 1).replace("/pricing*", "/pricing/estimate") + ITEM
    content = _load(tmp_path, text)
    found = [content.page(f"x.example/pricing{path}") for path in ("/estimate", "/plans")]
    assert [item.id for item in found if item] == ["estimate", "pricing"]


def test_assets_match_by_name_id_or_their_own_address(tmp_path: Path) -> None:
    text = HEAD + ITEM.replace("{url: [/pricing*]}", "{asset: ['file:*料金*', 'form:12'], url: '*/l/price*'}")
    content = _load(tmp_path, text)
    assert content.asset("file", "1", "料金表 2026") is not None
    assert content.asset("file", "1", "表", "https://go.vendor.example/l/price-list.pdf") is not None
    assert content.asset("form", "12", None) is not None
    assert content.asset("form", "13", "料金") is None
    assert content.asset("landing_page", "12", "料金") is None


def test_titles_and_search_terms(tmp_path: Path) -> None:
    content = _load(tmp_path, HEAD + ITEM.replace("{url: [/pricing*]}", "{title: '料金*', search: [料金, price]}"))
    assert content.page("https://x.example/p?id=3", "料金プラン | ミルモリ") is not None
    assert content.page("https://x.example/p?id=3", "会社の料金") is None
    assert content.term("ミルモリ　料金") is not None
    assert content.term("PRICE list") is not None
    assert content.term("採用") is None


@pytest.mark.requirement("AD-1")
@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        (HEAD + ITEM.replace("url:", "uri:"), "content.yaml:5:13", "There is no key `uri` here. Did you mean `url`?"),
        (HEAD + ITEM + "    kind: pages\n", "content.yaml:6:11", "`kind` is wrong"),
        (HEAD + ITEM + "    stage: late\n", "content.yaml:6:12", "`stage` is wrong"),
        (HEAD + ITEM.replace("{url: [/pricing*]}", "{asset: ['forms:12']}"), "content.yaml:5:20", "kinds are form"),
        (HEAD + ITEM.replace("{url: [/pricing*]}", "{}"), "content.yaml:5:12", "matches nothing"),
        (HEAD + ITEM + ITEM, "content.yaml:3:3", "`pricing` is given to more than one item"),
        (HEAD + "  - id: pricing\n    name: {ja: 料金, en: Pricing}\n", "content.yaml:3:5", "`match` is missing"),
        ("version: 1\ncontent: [\n", "content.yaml:3:1", "not YAML"),
        ("", "content.yaml:1:1", "The file is empty"),
    ],
)
def test_each_fault_has_its_place_and_a_sentence(tmp_path: Path, text: str, place: str, words: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        _load(tmp_path, text)
    said = [str(problem) for problem in caught.value.problems]
    assert len(said) == 1
    assert said[0].startswith(place)
    assert words in said[0]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"content\.yaml"):
        load_content(tmp_path / "content.yaml")


def test_the_catalogue_in_use_is_the_shipped_one() -> None:
    assert SHIPPED.read_bytes() == (ROOT / "mappings" / "content.yaml").read_bytes()


_THEMES = {
    "pricing": "pricing", "case": "case_study", "comparison": "comparison", "know_how": "know_how",
    "product": "product", "brand": "brand", "careers": "careers",
}  # fmt: skip


def test_the_shipped_catalogue_knows_the_demo_vendors_whole_site(shipped: Content) -> None:
    for page in PAGES:
        item = shipped.page(SITE + page.path, page.title)
        assert item is not None, page.path
        assert item.theme == _THEMES.get(page.kind, item.theme), page.path
    for theme, name, path in FILES:
        item = shipped.asset("file", "1", name, SITE + path)
        assert item is not None
        assert (item.theme, item.activity) == (theme, "content_download")
    for name in WEBINARS:
        assert shipped.asset("webinar", name, name) is not None
        assert shipped.asset("campaign", "701", f"2026-10-01 {name}") is not None
    for term, sort in SEARCH_TERMS:
        item = shipped.term(term)
        assert item is not None
        assert (item.theme == "brand") == (sort == "brand")


def test_the_shipped_catalogue_tells_the_demo_vendors_forms_apart(shipped: Content) -> None:
    found = {kind: shipped.asset("form", "1", name) for kind, name, _ in FORMS}
    assert {kind: item.activity for kind, item in found.items() if item} == {
        "inquiry": "inquiry", "quote": "quote_request", "demo": "inquiry", "whitepaper": "form_submit",
        "webinar": "form_submit", "survey": "survey_answer",
    }  # fmt: skip
    assert [shipped.asset("video", name, name).activity for _, name in VIDEOS] == ["demo_view", "video_view"]  # type: ignore[union-attr] # found


def test_plain_url() -> None:
    assert plain_url("HTTPS://www.Vendor.example/A/?x#y") == "www.vendor.example/a"
    assert plain_url("vendor.example") == "vendor.example/"


def test_every_key_and_column_is_documented() -> None:
    keys = {*Content.model_fields, *ContentItem.model_fields, *Match.model_fields, *COMPANY_COLUMNS, *TARGET_COLUMNS}
    missing = [key for key in sorted(keys) if f"`{key}`" not in DOCS]
    assert missing == []
