"""Members of lists as people: joined, told of, scored, followed up until a day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.domain.lists import ListKind
from connector.domain.streams import AttributeType
from connector.engine.decide import decide
from connector.engine.enrich import EnrichMapping
from connector.engine.grade import grade
from connector.engine.score import score
from connector.engine.tier import tier
from connector.errors import ConfigurationError
from connector.planning.book import Book
from connector.planning.brief import briefs
from connector.planning.desired import desire
from connector.reporting.explanation import find_person, lists_of_person
from connector.reporting.lists import list_states
from connector.rules.content import Content, ContentItem, Match, Names
from connector.rules.load import SHIPPED
from connector.rules.mapping import load_mapping
from tests.engine_world import rules_with, shipped
from tests.enrich_world import SeenWorld
from tests.list_world import HELD, NOW, import_rows

pytestmark = pytest.mark.requirement("SY-4", "SY-5", "SY-12")

LEAD = "salesforce.Lead:"
MAIL = "taro@example.jp"
HEADER = "メール,氏名,会社名,参加,申込日時,質問,アンケート：検討状況,同意,通話評価"
ASKED = f"{MAIL},山田 太郎,株式会社山田,○,2026-05-01,価格は？,検討中,,"
USED = (
    "seen_salesforce_lead", "seen_salesforce_campaign", "seen_salesforce_campaign_member",
    "seen_account_engagement_prospects", "seen_account_engagement_visitor_activities",
)  # fmt: skip
CATALOGUE = Content(version=1, content=(
    ContentItem(id="spring", name=Names(ja="春", en="Spring"), match=Match(asset=("webinar:春の*",)), theme="product"),
))  # fmt: skip


def naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)


def acts(world: SeenWorld) -> list[tuple[Any, ...]]:
    return world.store.run("SELECT type, content, occurred_at FROM activities ORDER BY occurred_at, type")


@pytest.fixture(scope="module")
def one_world() -> SeenWorld:
    made = SeenWorld()
    made.store.run("SET threads = 1")
    return made


@pytest.fixture
def world(one_world: SeenWorld) -> SeenWorld:
    """One world for all tests of this module, emptied: its tables take longer to make than a test to run."""
    for table in (*USED, "list_member", "imported_list", "known_persons"):
        one_world.store.run(f"DELETE FROM {table}")
    return one_world


def test_a_row_is_told_as_the_deeds_of_the_lead_with_that_address(world: SeenWorld) -> None:
    world.lead("00Q1", email=" Taro@Example.jp", title="部長", created_at=naive(NOW))
    import_rows(world.store, (HEADER, ASKED))
    world.enrich(catalogue=CATALOGUE)
    assert acts(world) == [
        ("webinar_register", "spring", naive(datetime(2026, 4, 30, 15, tzinfo=UTC))),
        ("survey_answer", "spring", naive(HELD)),
        ("webinar_attend", "spring", naive(HELD)),
    ]
    person = world.person(f"{LEAD}00Q1")
    assert person is not None
    assert (person["title"], person["company"], person["source"]) == ("部長", "株式会社山田", None)
    assert person["created_at"] == naive(NOW), "registering for a webinar is not the birth of a lead"
    assert world.store.value("SELECT count(*) FROM people") == 1


def test_somebody_known_from_a_list_only_is_a_person_without_a_record_to_write_to(world: SeenWorld) -> None:
    import_rows(world.store, (HEADER, ASKED))
    world.enrich()
    ((name, source, leads, contacts),) = world.store.run("SELECT name, source, lead_ids, contact_ids FROM people")
    assert (name, source, leads, contacts) == ("山田 太郎", "webinar", [], [])
    (state,) = list_states(world.store.run, date(2026, 5, 15))
    assert (state.people, state.in_crm, state.not_in_crm) == (1, 0, 1)
    assert world.store.run("SELECT kind, key FROM unknown_content") == [("list", "春のウェビナー")]


def test_a_lead_that_is_made_later_is_the_same_person(world: SeenWorld) -> None:
    import_rows(world.store, (HEADER, ASKED))
    world.enrich()
    ((key, person_id),) = world.persons().items()
    world.know(key, person_id)
    world.lead("00Q1", email=MAIL)
    world.enrich()
    assert world.persons() == {key: person_id, f"{LEAD}00Q1": person_id}


@pytest.mark.requirement("SY-10")
def test_whom_the_crm_deleted_no_list_raises_and_a_merge_loser_s_address_leads_to_its_master(world: SeenWorld) -> None:
    world.lead("00Q1", email=MAIL, is_deleted=True)
    world.lead("00Q2", email="old@example.jp", is_deleted=True, master_id="00Q3")
    world.lead("00Q3", email="new@example.jp")
    import_rows(world.store, (HEADER, ASKED, "old@example.jp,古い 花子,,×,2026-05-01,,,,"))
    world.enrich()
    persons = world.store.run("SELECT lead_ids FROM people")
    assert persons == [(["00Q3"],)]
    assert [kind for kind, *_ in acts(world)] == ["webinar_register"]


MEANT: tuple[tuple[ListKind, str, str, set[str]], ...] = (
    ("webinar", "メール,参加", "○", {"webinar_register", "webinar_attend"}),
    ("webinar", "メール,参加", "×", {"webinar_register"}),
    ("webinar", "メール,会社名", "x社", {"webinar_register"}),
    ("event", "メール,会社名", "x社", {"event_attend"}),
    ("event", "メール,来場", "", set()),
    ("survey", "メール,問1", "はい", {"survey_answer"}),
    ("survey", "メール,会社名", "x社", {"survey_answer"}),
    ("call_review", "メール,評価点", "80", set()),
    ("list", "メール,会社名", "x社", set()),
)


def test_what_a_row_means_is_said_by_the_kind_of_list(world: SeenWorld) -> None:
    for number, (kind, header, row, _) in enumerate(MEANT):
        import_rows(world.store, (header, f"a{number}@example.jp,{row}"), kind=kind, name=f"{number}")
    world.enrich()
    told = world.store.run("SELECT email, list(type) FROM people LEFT JOIN activities USING (person_id) GROUP BY email")
    found = {email: {one for one in types if one} for email, types in told}
    assert found == {f"a{number}@example.jp": types for number, (*_, types) in enumerate(MEANT)}


def test_what_a_campaign_of_the_same_name_told_already_counts_once(world: SeenWorld) -> None:
    world.lead("00Q1", email=MAIL)
    world.add("salesforce_campaign", id="7011", name="春のウェビナー ", type="Webinar")
    world.add("salesforce_campaign_member", id="00v1", campaign_id="7011", lead_id="00Q1", status="参加")
    import_rows(world.store, (HEADER, ASKED))
    world.enrich()
    assert sorted((type_, content) for type_, content, _ in acts(world)) == [
        ("survey_answer", "list:春のウェビナー"),
        ("webinar_attend", "campaign:7011"),
        ("webinar_register", "campaign:7011"),
    ]


@pytest.mark.requirement("SY-10")
def test_the_latest_word_on_consent_counts(world: SeenWorld) -> None:
    world.lead("00Q1", email=MAIL)
    refusing = f"{MAIL},山田 太郎,,○,2026-05-01,,,同意しない,"
    import_rows(world.store, (HEADER, refusing))
    world.enrich()
    assert world.store.run("SELECT opted_out, do_not_call FROM people") == [(True, True)]
    agreeing = refusing.replace("同意しない", "同意します")
    import_rows(world.store, (HEADER, agreeing), name="夏のウェビナー", held_at=HELD + timedelta(days=10))
    world.enrich()
    assert world.store.run("SELECT opted_out, do_not_call FROM people") == [(False, False)]


@pytest.mark.requirement("LC-11")
def test_the_score_of_a_call_review_is_an_attribute_and_the_crm_s_own_wins() -> None:
    kinds: dict[str, dict[str, AttributeType]] = {"salesforce.Lead": {"call_review_score": "number"}}
    world = SeenWorld(kinds)
    world.lead("00Q1", email=MAIL, call_review_score=91.0)
    world.lead("00Q2", email="other@example.jp")
    import_rows(world.store, ("メール,評価点", f"{MAIL},80点", "other@example.jp,75"), kind="call_review")
    world.enrich(EnrichMapping(extra=kinds))
    scores = world.store.run("SELECT lead_ids[1], call_review_score FROM people ORDER BY 1")
    assert scores == [("00Q1", 91.0), ("00Q2", 75.0)]
    with pytest.raises(ConfigurationError, match="a score is a number, not text"):
        world.enrich(EnrichMapping(extra={"salesforce.Lead": {"call_review_score": "text"}}))


@pytest.mark.requirement("LC-11")
def test_rules_can_name_the_score_of_a_call_review(world: SeenWorld, tmp_path: Path) -> None:
    import_rows(world.store, ("メール,評価点", "a@example.jp,80点", "b@example.jp,75"), kind="call_review")
    world.enrich()
    rule = "{id: reviewed, name: Reviewed, when: 'call_review_score >= 80', points: 9}"
    score(rules_with(tmp_path, scoring=f"version: 1\nsource: [{rule}]\n"), NOW, world.store.run)
    points = world.store.run("SELECT email, score FROM scored JOIN people USING (person_id) ORDER BY email")
    assert points == [("a@example.jp", 9), ("b@example.jp", 0)]


@pytest.mark.parametrize(
    ("answers", "segment", "until"),
    [
        ("○,はい", "attended_and_asked", date(2026, 5, 17)),
        ("○,なし", "attended", date(2026, 5, 20)),
        ("×,", "registered_only", date(2026, 5, 20)),
    ],
)
def test_segments_are_tried_in_order_and_the_earlier_limit_counts(
    world: SeenWorld, answers: str, segment: str, until: date
) -> None:
    import_rows(world.store, ("メール,参加,質問", f"{MAIL},{answers}"), until=date(2026, 5, 20))
    assert world.store.run("SELECT segment, follow_up_until FROM seen_list_member") == [(segment, until)]


def test_a_column_can_name_the_segment_by_id_by_name_or_by_a_word_of_its_own(world: SeenWorld) -> None:
    rows = ("メール,区分", "a@example.jp,参加", "b@example.jp,REGISTERED_ONLY", "c@example.jp,優先", "d@example.jp,")
    import_rows(world.store, rows, segment="区分", until=date(2026, 7, 1))
    assert world.store.run("SELECT segment, segment_ja, follow_up_until FROM seen_list_member ORDER BY email") == [
        ("attended", "参加", date(2026, 5, 24)),
        ("registered_only", "申込のみ", date(2026, 6, 9)),
        ("優先", "優先", date(2026, 7, 1)),
        (None, None, date(2026, 7, 1)),
    ]


def decided(world: SeenWorld, as_of: datetime) -> dict[str, Any]:
    score(shipped(), as_of, world.store.run)
    tier(shipped(), world.store.run)
    grade(shipped(), world.store.run)
    decide(shipped(), as_of, as_of.date(), world.store.run)
    (row,) = world.rows("SELECT * FROM decided JOIN scored USING (person_id)")
    return row


def nearly_hot(world: SeenWorld) -> None:
    """A lead five points short of the threshold when the webinar begins: eleven demos, and the registration."""
    world.lead("00Q1", email=MAIL, created_at=naive(HELD - timedelta(days=9)))
    world.prospect(1, email=MAIL, created_at=naive(HELD - timedelta(days=9)))
    for number in range(11):
        moment = naive(HELD - timedelta(days=8))
        world.act(number, 27, "Video", prospect_id=1, details=f"Demo {number}", created_at=moment)


DEMOS = Content(version=1, content=(
    ContentItem(id="demo", name=Names(ja="デモ", en="Demo"), match=Match(asset=("video:demo *",)), kind="demo_view"),
))  # fmt: skip


@pytest.mark.requirement("CD-1", "LC-4")
class TestTheLimit:
    ROW = f"{MAIL},山田 太郎,,○,2026-05-02,質問です,,,"

    def test_a_rise_by_the_list_starts_a_follow_up_within_it_and_none_after_it(self, world: SeenWorld) -> None:
        nearly_hot(world)
        import_rows(world.store, (HEADER, self.ROW))
        world.enrich(catalogue=DEMOS)
        found = decided(world, HELD + timedelta(days=7))
        assert (found["stage"], found["crossed_at"], found["cadence_starts"]) == ("hot", naive(HELD), True)
        for days in (8, 25):
            found = decided(world, HELD + timedelta(days=days))
            assert (found["stage"], found["cadence_starts"], found["review"]) == ("hot", False, False)

    def test_who_does_something_afterwards_is_followed_up_for_that(self, world: SeenWorld) -> None:
        nearly_hot(world)
        import_rows(world.store, (HEADER, self.ROW))
        world.act(99, 27, "Video", prospect_id=1, details="Demo 99", created_at=naive(HELD + timedelta(days=9)))
        world.enrich(catalogue=DEMOS)
        assert decided(world, HELD + timedelta(days=10))["cadence_starts"]

    @pytest.mark.requirement("WB-7")
    def test_a_list_that_comes_late_scores_the_past_and_starts_no_cadence(self, world: SeenWorld) -> None:
        nearly_hot(world)
        import_rows(
            world.store,
            (HEADER, self.ROW.replace("質問です", "")),
            now=HELD + timedelta(days=21),
            until=date(2027, 1, 1),
        )
        world.store.run("UPDATE list_member SET follow_up_until = NULL")
        world.enrich(catalogue=DEMOS)
        found = decided(world, HELD + timedelta(days=21))
        assert (found["stage"], found["cadence_starts"], found["review"]) == ("hot", False, True)


@pytest.mark.requirement("AD-8", "CD-1")
def test_the_segment_and_its_limit_stand_in_the_explanation_and_on_the_task(world: SeenWorld) -> None:
    nearly_hot(world)
    import_rows(world.store, (HEADER, ASKED))
    world.enrich(catalogue=DEMOS)
    as_of = HELD + timedelta(days=1)
    decided(world, as_of)
    for table, columns in (
        ("graded", "person_id VARCHAR, grade VARCHAR, profile VARCHAR, met VARCHAR[], missed VARCHAR[]"),
        ("tiered", "company_id VARCHAR, tier VARCHAR"),
    ):  # fmt: skip
        world.store.run(f"CREATE OR REPLACE TEMP TABLE {table} ({columns})")
    person_id = find_person(world.store.run, MAIL)
    assert person_id is not None
    desire(world.store.run, (), "ja", "Asia/Tokyo")
    book = Book(shipped(), load_mapping(SHIPPED / "classic").fields, DEMOS)
    text = briefs(world.store.run, book, [person_id], as_of)[person_id].text
    assert "リスト：\n・2026-05-10 春のウェビナー 参加・質問あり フォロー期限 2026-05-17" in text
    assert "検討中" not in text, "answers stay with the explanation"
    (listed,) = lists_of_person(world.store.run, person_id)
    assert (listed.name, listed.segment, listed.follow_up_until) == (
        "春のウェビナー",
        "attended_and_asked",
        date(2026, 5, 17),
    )
    assert dict(listed.answers) == {"アンケート：検討状況": "検討中"}
