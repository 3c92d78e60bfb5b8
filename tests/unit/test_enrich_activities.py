"""What people did: whose it was, its type in the one vocabulary, and its meaning by the catalogue."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from connector.rules.content import Content
from tests.enrich_world import UNIT, SeenWorld, at, empty_world

pytestmark = pytest.mark.requirement("SY-5")

SITE = "https://www.vendor.example"


def _item(id_: str, kind: str = "page", theme: str | None = None, **match: list[str]) -> dict[str, Any]:
    return {"id": id_, "name": {"ja": id_, "en": id_}, "match": match, "kind": kind, "theme": theme}


CATALOGUE = Content.model_validate(
    {
        "version": 1,
        "content": [
            _item("contact-form", "inquiry", asset=["form:*お問い合わせ*"]),
            _item("quote-form", "quote_request", "pricing", asset=["form_handler:*見積*"]),
            _item("report", "content_download", "thought_leadership", asset=["file:*調査*"]),
            _item("demo-video", "demo_view", "product", asset=["video:*デモ*"]) | {"product": "cloud"},
            _item("newsletter", "email", "know_how", asset=["email:*通信*"]),
            _item("white-paper-campaign", "content_download", "know_how", asset=["campaign:*白書*"]),
            _item("pricing", theme="pricing", url=["/pricing*"]) | {"product": "app"},
            _item("brand", theme="brand", url=["/about*"], search=["ミルモリ"]) | {"product": "cloud"},
        ],
    }
)


@pytest.fixture
def world() -> SeenWorld:
    """A lead with a prospect of a business unit."""
    made = empty_world()
    made.lead("00Q1", email="a@one.example")
    made.prospect(7, lead_id="00Q1")
    return made


def _activities(world: SeenWorld) -> list[dict[str, Any]]:
    world.enrich(catalogue=CATALOGUE)
    return world.rows("FROM activities ORDER BY occurred_at, activity_id")


VERBS: list[tuple[int, str, dict[str, object], str | None]] = [
    (1, "Email Tracker", {"list_email_id": 5}, "email_click"),
    (1, "Landing Page Tracker", {"landing_page_id": 5}, "email_click"),
    (2, "File", {"file_id": 5}, "content_download"),
    (2, "Landing Page", {"landing_page_id": 5}, None),
    (2, "Form", {"form_id": 5}, None),
    (3, "Form", {"form_id": 5}, None),
    (4, "Form", {"form_id": 5}, "form_submit"),
    (4, "Form Handler", {"form_handler_id": 5}, "form_submit"),
    (4, "Landing Page", {"landing_page_id": 5}, "form_submit"),
    (5, "Session", {}, None),
    (6, "Email", {"list_email_id": 5}, "email_sent"),
    (7, "Site Search", {"details": "ポンプ"}, "search"),
    (8, "New Opportunity", {}, None),
    (9, "Opportunity Won", {}, None),
    (11, "Email", {"list_email_id": 5}, "email_open"),
    (12, "Email", {"list_email_id": 5}, None),
    (13, "Email", {"list_email_id": 5}, None),
    (14, "Email", {"list_email_id": 5}, None),
    (17, "Email", {"list_email_id": 5}, "email_click"),
    (20, "Visit", {"details": "1 page views"}, None),
    (21, "Custom Redirect", {"custom_redirect_id": 5}, "email_click"),
    (24, "Webinar", {"details": "予知保全セミナー"}, "webinar_attend"),
    (25, "Webinar", {"details": "予知保全セミナー"}, "webinar_register"),
    (27, "Video", {"details": "紹介動画"}, "video_view"),
    (29, "Event", {"details": "展示会"}, "event_attend"),
    (34, "Video", {"details": "紹介動画"}, None),
    (35, "Email", {"list_email_id": 5}, None),
    (99, "Something New", {}, None),
]


@pytest.fixture(scope="module")
def types_of_acts() -> dict[str, str]:
    """The type by activity id, of one visitor activity for each case."""
    made = empty_world()
    made.prospect(7)
    for number, (type_, type_name, asset, _) in enumerate(VERBS):
        made.act(number, type_, type_name, prospect_id=7, **asset)
    return {row["activity_id"]: row["type"] for row in _activities(made)}


@pytest.mark.requirement("SY-2", "SY-5")
@pytest.mark.parametrize("case", range(len(VERBS)), ids=[f"{case[0]} {case[1]}" for case in VERBS])
def test_each_kind_of_visitor_activity_has_its_word(types_of_acts: dict[str, str], case: int) -> None:
    assert types_of_acts.get(f"activity:{UNIT}:{case}") == VERBS[case][3]


@pytest.mark.parametrize(
    ("type_", "type_name", "values", "meaning", "content", "theme"),
    [
        (4, "Form", {"form_id": 5}, "inquiry", "contact-form", None),
        (4, "Form", {"form_id": 6}, "form_submit", "form:6", None),
        (4, "Form Handler", {"form_handler_id": 5}, "quote_request", "quote-form", "pricing"),
        (2, "File", {"file_id": 5}, "content_download", "report", "thought_leadership"),
        (2, "File", {"file_id": 6}, "content_download", "file:6", None),
        (27, "Video", {"details": "デモ動画 5分"}, "demo_view", "demo-video", "product"),
        (11, "Email", {"list_email_id": 5, "email_id": 900}, "email_open", "email:5", "know_how"),
        (11, "Email", {"email_template_id": 8, "email_id": 901}, "email_open", "email:8", None),
        (11, "Email", {"email_id": 902}, "email_open", "email:902", None),
        (1, "Email Tracker", {"list_email_id": 5, "custom_redirect_id": 3}, "email_click", "email:5", "know_how"),
        (7, "Site Search", {"details": "ミルモリ 料金"}, "search", "brand", "brand"),
        (7, "Site Search", {"details": "ポンプ"}, "search", "search:ポンプ", None),
        (25, "Webinar", {"details": "保全講座"}, "webinar_register", "webinar:保全講座", None),
    ],
)
def test_the_catalogue_gives_activity_its_meaning(
    world: SeenWorld,
    type_: int,
    type_name: str,
    values: dict[str, object],
    meaning: str,
    content: str,
    theme: str | None,
) -> None:
    world.add("account_engagement_forms", id=5, name="お問い合わせフォーム")
    world.add("account_engagement_forms", id=6, name="資料請求")
    world.add("account_engagement_form_handlers", id=5, name="見積依頼")
    world.add("account_engagement_files", id=5, name="保全DX調査2026")
    world.add("account_engagement_list_emails", id=5, name="9月号", subject="ミルモリ通信 9月号")
    world.act(1, type_, type_name, prospect_id=7, **values)
    row = _activities(world)[0]
    assert (row["type"], row["content"], row["theme"]) == (meaning, content, theme)
    assert (row["machine"], row["record_key"]) == (False, f"account_engagement.prospects:{UNIT}:7")


def _visit(world: SeenWorld, visit: int, visitor: int, pages: int, **values: object) -> None:
    world.add("account_engagement_visits", id=visit, visitor_id=visitor, first_at=at(visit), **values)
    for number in range(pages):
        world.add(
            "account_engagement_visitor_page_views", id=visit * 100 + number, visit_id=visit, visitor_id=visitor,
            url=f"{SITE}/pricing/?utm_id={number}", created_at=at(visit, number),
        )  # fmt: skip


@pytest.mark.requirement("SY-2", "SY-5", "SY-9")
def test_anonymous_visits_join_once_the_visitor_is_known(world: SeenWorld) -> None:
    world.add("account_engagement_visitors", id=70)
    _visit(world, 1, 70, 2)
    report = world.enrich(catalogue=CATALOGUE)
    assert (report.activities, report.anonymous_page_views) == (0, 2)
    world.change("account_engagement_visitors", 70, prospect_id=7)
    _visit(world, 2, 70, 1, prospect_id=7)
    rows = _activities(world)
    assert [(row["type"], row["visit_id"]) for row in rows] == [
        ("page_view", f"{UNIT}:1"), ("page_view", f"{UNIT}:1"), ("page_view", f"{UNIT}:2"),
    ]  # fmt: skip
    assert {row["person_id"] for row in rows} == set(world.persons().values())
    assert (rows[0]["content"], rows[0]["theme"], rows[0]["url"]) == ("pricing", "pricing", f"{SITE}/pricing/?utm_id=0")
    assert {row["product"] for row in rows} == {"app"}


@pytest.mark.requirement("SY-9")
def test_an_activity_without_a_prospect_is_its_visitors(world: SeenWorld) -> None:
    world.add("account_engagement_visitors", id=70, prospect_id=7)
    world.act(1, 7, "Site Search", visitor_id=70, details="ポンプ")
    world.act(2, 7, "Site Search", visitor_id=71, details="ポンプ")
    assert [row["activity_id"] for row in _activities(world)] == [f"activity:{UNIT}:1"]


def test_the_paid_term_of_a_visit_is_a_search(world: SeenWorld) -> None:
    _visit(world, 3, 70, 0, prospect_id=7, search_term="ミルモリ")
    row = _activities(world)[0]
    assert (row["type"], row["theme"], row["product"], row["occurred_at"]) == ("search", "brand", "cloud", at(3))


@pytest.mark.requirement("SY-10")
def test_complaint_31_a_tombstones_activities_count_for_nobody_a_merge_losers_for_its_master(world: SeenWorld) -> None:
    world.prospect(8, email="gone@one.example", is_deleted=True)
    world.act(1, 11, "Email", prospect_id=8, list_email_id=5)
    world.lead("00Q2", is_deleted=True)
    world.lead("00Q3", is_deleted=True, master_id="00Q1")
    for number, who in enumerate(["00Q2", "00Q3"]):
        world.add("salesforce_event", id=f"00U{number}", who_id=who, start_at=at(1))
    assert [row["activity_id"] for row in _activities(world)] == ["event:00U1"]


@pytest.mark.requirement("SY-2")
def test_two_business_units_may_use_the_same_numbers() -> None:
    world = empty_world()
    for unit in ("0UvA", "0UvB"):
        world.prospect(7, email=f"{unit}@one.example", _unit=unit)
        world.act(1, 4, "Form", prospect_id=7, form_id=5, _unit=unit)
    world.add("account_engagement_forms", id=5, name="お問い合わせ", _unit="0UvA")
    world.add("account_engagement_forms", id=5, name="アンケート", _unit="0UvB")
    rows = _activities(world)
    assert {(row["activity_id"], row["type"]) for row in rows} == {
        ("activity:0UvA:1", "inquiry"), ("activity:0UvB:1", "form_submit"),
    }  # fmt: skip
    assert len({row["person_id"] for row in rows}) == 2


TOKYO = "Asia/Tokyo"


@pytest.mark.parametrize(
    ("campaign_type", "status", "responded", "meanings"),
    [
        ("Webinar", "Sent", False, []),
        ("Webinar", "Registered", True, ["webinar_register"]),
        ("Webinar", "Attended", True, ["webinar_register", "webinar_attend"]),
        ("Webinar", "No Show", True, ["webinar_register"]),
        ("ウェビナー", "参加", True, ["webinar_register", "webinar_attend"]),
        ("Trade Show", "Attended", True, ["event_attend"]),
        ("Trade Show", "Registered", True, []),
        ("展示会", "来場", True, ["event_attend"]),
        ("Conference", "Responded", True, ["event_attend"]),
        ("Conference", "欠席", True, []),
        ("Advertisement", "Responded", True, []),
    ],
)
def test_answers_to_campaigns(
    world: SeenWorld, campaign_type: str, status: str, responded: bool, meanings: list[str]
) -> None:
    world.add("salesforce_campaign", id="7011", name="秋", type=campaign_type, start_date=date(2026, 2, 1))
    world.add(
        "salesforce_campaign_member", id="00v1", campaign_id="7011", lead_id="00Q1", status=status,
        has_responded=responded, responded_on=date(2026, 1, 20), created_at=at(10),
    )  # fmt: skip
    rows = _activities(world)
    assert [row["type"] for row in rows] == meanings
    assert {row["content"] for row in rows} <= {"campaign:7011"}


def test_the_days_of_an_answer_begin_in_the_orgs_zone(world: SeenWorld) -> None:
    world.add("salesforce_organization", id="00D1", time_zone=TOKYO)
    world.add("salesforce_campaign", id="7011", name="秋", type="Webinar", start_date=date(2026, 2, 1))
    world.add(
        "salesforce_campaign_member", id="00v1", campaign_id="7011", lead_id="00Q1", status="Attended",
        has_responded=True, responded_on=date(2026, 1, 20), created_at=at(10),
    )  # fmt: skip
    assert [row["occurred_at"].replace(tzinfo=UTC) for row in _activities(world)] == [
        datetime(2026, 1, 19, 15, tzinfo=UTC), datetime(2026, 1, 31, 15, tzinfo=UTC),
    ]  # fmt: skip


def test_a_webinar_that_both_systems_tell_of_counts_once(world: SeenWorld) -> None:
    world.add("salesforce_campaign", id="701000000000001AAA", name="秋", type="Webinar")
    world.add("account_engagement_campaigns", id=3, salesforce_id="701000000000001")
    world.add(
        "salesforce_campaign_member", id="00v1", campaign_id="701000000000001AAA", lead_id="00Q1", status="Attended",
        has_responded=True,
    )  # fmt: skip
    world.act(1, 25, "Webinar", prospect_id=7, campaign_id=3, details="秋")
    assert [(row["activity_id"], row["type"]) for row in _activities(world)] == [
        (f"activity:{UNIT}:1", "webinar_register"),
        ("campaign_member:00v1:attended", "webinar_attend"),
    ]


def test_another_campaign_counts_by_the_catalogues_word(world: SeenWorld) -> None:
    world.add("salesforce_campaign", id="7011", name="設備保全白書", type="Advertisement")
    world.add(
        "salesforce_campaign_member", id="00v1", campaign_id="7011", lead_id="00Q1", status="Responded",
        has_responded=True,
    )  # fmt: skip
    row = _activities(world)[0]
    assert (row["type"], row["content"], row["theme"]) == ("content_download", "white-paper-campaign", "know_how")


TASKS: list[tuple[dict[str, object], str | None]] = [
    ({"subtype": "Call", "disposition": "Connected"}, "call"),
    ({"subtype": "Call", "disposition": "接続"}, "call"),
    ({"subtype": "Call"}, "call"),
    ({"subtype": "Call", "disposition": "不在"}, "call_attempt"),
    ({"subtype": "Call", "disposition": "話中"}, "call_attempt"),
    ({"subtype": "Call", "subject": "架電 (留守)"}, "call_attempt"),
    ({"subtype": "Call", "disposition": "Left Message"}, "call_attempt"),
    ({"subtype": "Task", "type": "Call", "subject": "再架電"}, "call_attempt"),
    ({"subtype": "Task", "type": "電話", "disposition": "接続"}, "call"),
    ({"subtype": "Call", "disposition": "接続", "subject": "架電 (不在者への折り返し)"}, "call"),
    ({"subtype": "Email", "subject": "メール: お礼"}, "email_sent"),
    ({"subtype": "Email", "subject": "Email: We received your request"}, "email_sent"),
    ({"subtype": "Email", "subject": "[Inbound] Re: quote"}, "email_reply"),
    ({"subtype": "Email", "subject": "メール受信: Re: お礼"}, "email_reply"),
    ({"subtype": "Task", "type": "Email", "disposition": "Replied"}, "email_reply"),
    ({"subtype": "Task", "type": "Meeting"}, "meeting"),
    ({"subtype": "Task", "type": "訪問"}, "meeting"),
    ({"subtype": "Task", "subject": "資料を直す"}, None),
    ({"subtype": "Call", "disposition": "接続", "is_closed": False}, None),
    ({"subtype": "Call", "disposition": "接続", "is_deleted": True}, None),
    ({"subtype": "Call", "disposition": "接続", "who_id": None}, None),
]


@pytest.fixture(scope="module")
def types_of_tasks() -> dict[str, str]:
    """The type by activity id, of one task for each case."""
    made = empty_world()
    made.lead("00Q1", email="a@one.example")
    for number, (task, _) in enumerate(TASKS):
        given = {"who_id": "00Q1", "is_closed": True, "completed_at": at(2), "due": date(2026, 1, 9), **task}
        made.add("salesforce_task", id=f"00T{number}", **given)
    rows = _activities(made)
    assert {row["occurred_at"] for row in rows} == {at(2)}
    return {row["activity_id"]: row["type"] for row in rows}


@pytest.mark.parametrize("case", range(len(TASKS)), ids=[str(case[0]) for case in TASKS])
def test_what_reps_did(types_of_tasks: dict[str, str], case: int) -> None:
    assert types_of_tasks.get(f"task:00T{case}") == TASKS[case][1]


def test_meetings_are_when_they_begin(world: SeenWorld) -> None:
    world.add("salesforce_event", id="00U1", who_id="00Q1", start_at=at(5), type="Meeting")
    world.add("salesforce_event", id="00U2", who_id="00Q1", start_at=at(6), type="Call")
    world.add("salesforce_event", id="00U3", who_id="00Q1", start_at=at(7), is_deleted=True)
    assert [(row["type"], row["occurred_at"]) for row in _activities(world)] == [("meeting", at(5)), ("call", at(6))]


def test_what_no_catalogue_knows_is_told(world: SeenWorld) -> None:
    _visit(world, 1, 70, 2, prospect_id=7)
    for number in range(3):
        url = f"{SITE}/new/?n={number}"
        world.add("account_engagement_visitor_page_views", id=number, visit_id=1, visitor_id=70, url=url)
    world.act(1, 4, "Form", prospect_id=7, form_id=6, details="資料請求")
    world.act(2, 99, "Something New", prospect_id=7)
    world.add("salesforce_campaign", id="7011", name="広告", type="Advertisement")
    world.add(
        "salesforce_campaign_member", id="00v1", campaign_id="7011", lead_id="00Q1", status="Responded",
        has_responded=True,
    )  # fmt: skip
    report = world.enrich(catalogue=CATALOGUE)
    told = {(row["kind"], row["key"], row["times"]) for row in world.rows("FROM unknown_content")}
    assert told == {
        ("url", f"{SITE}/new/", 3),
        ("form", "form:6 資料請求", 1),
        ("activity_type", "99 Something New", 1),
        ("campaign_type", "Advertisement", 1),
    }
    assert report.unknown_content == 6
