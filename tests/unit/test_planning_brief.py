"""The brief on a task, word for word, for one person of whom everything is known (AD-8, LC-3, TU-2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

import pytest

from connector.domain.vocabulary import Language
from connector.engine.catalogue import load_catalogue
from connector.planning.brief import LONGEST, briefs
from connector.planning.desired import desire
from tests.planning_world import DAY, MONDAY, PlanningWorld

pytestmark = pytest.mark.requirement("AD-8", "LC-3", "LC-8", "TU-2")

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture(scope="module")
def world() -> Iterator[PlanningWorld]:
    world = PlanningWorld()
    load_catalogue(world.book.content, world.store.load)
    company = {"company_id": "c1", "name": "ミドリ工業株式会社", "industry": "化学", "employees": 1200}
    world.insert("companies", {**company, "prefecture": "長野県", "match_status": "matched"})
    world.person(
        "1", 13, name="山田 太郎", email="taro@midori.example", company="ミドリ工業株式会社", company_id="c1",
        title="部長", department="生産技術部", source="web_inquiry", do_not_call=True,
    )  # fmt: skip
    acts = (
        (3 * MINUTE, "content_download", {"content": "price-list"}),
        (
            20 * MINUTE,
            "page_view",
            {"url": "https://www.example.com/pricing?email=taro@midori.example", "theme": "pricing"},
        ),
    )
    for number, (ago, kind, fields) in enumerate(acts):
        act = {"activity_id": f"act{number}", "person_id": "1", "occurred_at": MONDAY - ago, "type": kind}
        world.insert("activities", {**act, **fields})
    heard = (
        ("budget", "1,000万円", {"said_by": "山田様", "heard_by": "佐藤 花子", "via": "call", "at": MONDAY - DAY}),
        ("timeframe", "未定", {"via": "lead", "at": MONDAY - 2 * DAY}),
        ("need", "老朽化した設備の更新", {"via": "form"}),
    )
    for item, value, evidence in heard:
        world.insert("hearing", {"person_id": "1", "item": item, "value": value, **evidence})
    listed = {
        "name": "春のウェビナー",
        "segment_ja": "参加",
        "segment_en": "Attended",
        "follow_up_until": date(2026, 6, 5),
    }
    world.insert("list_follow_ups", {"person_id": "1", "happened_at": MONDAY - 9 * DAY, **listed})
    world.plan()
    yield world
    world.store.close()


def brief(world: PlanningWorld, language: Language, channel: str = "call") -> str:
    world.book = replace(world.book, fields=world.book.fields.model_copy(update={"language": language}))
    desire(world.store.run, world.book.rules.tiers.tiers, language, "Asia/Tokyo")
    found = briefs(world.store.run, world.book, ["1"], MONDAY)["1"]
    return found.for_channel(channel)


def test_a_rep_reads_who_why_and_what_to_ask_in_japanese(world: PlanningWorld) -> None:
    assert (
        brief(world, "ja")
        == """\
ミドリ工業株式会社｜生産技術部｜部長｜ティア1
ホット（2026-06-01から）｜直近7日 +71、直近30日 +71
属性：グレードA-、ティア1｜行動：スコア78（経路+7 行動+71 休眠+0）｜時期：2026-06-01からホット、最終行動 2026-06-01
※電話不可
主な理由：
・デモ視聴 ×13 +65
・Web問い合わせで登録 ×1 +7
・価格ページ閲覧 ×1 +5
・ページ閲覧 ×1 +1
直近の行動：
・2026-06-01 09:57 資料ダウンロード 料金表
・2026-06-01 09:40 ページ閲覧 https://www.example.com/pricing
・2026-06-01 09:00 デモ視聴
聞けたこと：
・予算：1,000万円（山田様 → 佐藤 花子、電話、2026-05-31）
・必要性：老朽化した設備の更新（フォーム）
・導入時期：未定（リード、2026-05-30） ※確度の低い回答
未確認（聞くこと）：
・決裁権：どなたが決裁されますか。
・導入時期：いつまでに導入されますか。
案内するもの：設備保全システム比較表
グレードA-：○従業員規模 ○業種 ×所在地 ○役職 ○部門
リスト：
・2026-05-23 春のウェビナー 参加 フォロー期限 2026-06-05"""
    )


def test_field_sales_reads_what_was_heard_first_in_english(world: PlanningWorld) -> None:
    assert (
        brief(world, "en", "hand_over")
        == """\
ミドリ工業株式会社 | 生産技術部 | 部長 | Tier 1
Heard:
- Budget: 1,000万円 (山田様 → 佐藤 花子, call, 2026-05-31)
- Need: 老朽化した設備の更新 (form)
- Timeframe: 未定 (lead, 2026-05-30) * a soft answer
Criteria of the toss-up:
○ Known problem or need
○ Inside information
× Decisive event
× What they use today
× Timing
If a deal comes of it, please convert this lead: a status alone makes no opportunity.
Not known yet (ask):
- Authority: Who decides?
- Timeframe: By when should it be in use?
Hot since 2026-06-01 | last 7 days +71, last 30 days +71
Fit: grade A-, Tier 1 | Behaviour: score 78 (source +7, behaviour +71, inactivity +0) | Time: hot since 2026-06-01, \
last active 2026-06-01
Main reasons:
- Demo viewed ×13 +65
- Came in by a web inquiry ×1 +7
- Pricing page ×1 +5
- Page view ×1 +1
Last actions:
- 2026-06-01 09:57 download Price list
- 2026-06-01 09:40 page view https://www.example.com/pricing
- 2026-06-01 09:00 demo viewed
Grade A-: ○Company size ○Industry ×Location ○Job title ○Department
* do not call
Lists:
- 2026-05-23 春のウェビナー Attended follow up until 2026-06-05"""
    )


@pytest.mark.requirement("SY-10")
def test_no_name_address_or_number_stands_in_it(world: PlanningWorld) -> None:
    text = brief(world, "ja") + brief(world, "ja", "hand_over")
    assert "山田 太郎" not in text
    assert "taro@" not in text


def test_why_did_i_get_this_lead_is_answered_by_every_task_complaint_72(world: PlanningWorld) -> None:
    plan = world.plan()
    assert plan.tasks
    for task in plan.tasks:
        text = str(task.values["Description"])
        assert "・デモ視聴 ×13 +65" in text, "the rules that gave most"
        assert "・2026-06-01 09:57 資料ダウンロード 料金表" in text, "what was done last, and when"
        assert len(text) <= LONGEST
    reasons = [change.after for one in plan.records for change in one.changes if change.field == "Connector_Reason__c"]
    (reason,) = reasons
    assert [axis for axis in ("属性：", "行動：", "時期：") if axis in str(reason)] == ["属性：", "行動：", "時期："]
    assert len(str(reason)) <= 255
