"""The vendor itself: its staff, its queues, and the settings of its Salesforce org."""

from __future__ import annotations

from typing import NamedTuple


class Colleague(NamedTuple):
    """One of the vendor's staff; `team` is inside, field or marketing."""

    family: str
    given: str
    login: str
    team: str
    title: str


STAFF = (
    Colleague("三枝", "美穂", "miho.saegusa", "inside", "インサイドセールス マネージャー"),
    Colleague("土屋", "蓮", "ren.tsuchiya", "inside", "インサイドセールス"),
    Colleague("大谷", "彩", "aya.otani", "inside", "インサイドセールス"),
    Colleague("須藤", "健太", "kenta.sudo", "inside", "インサイドセールス"),
    Colleague("永井", "千夏", "chinatsu.nagai", "inside", "インサイドセールス"),
    Colleague("川村", "剛", "tsuyoshi.kawamura", "field", "フィールドセールス 部長"),
    Colleague("松永", "由美子", "yumiko.matsunaga", "field", "フィールドセールス"),
    Colleague("荒木", "大輔", "daisuke.araki", "field", "フィールドセールス"),
    Colleague("黒田", "拓也", "takuya.kuroda", "field", "フィールドセールス"),
    Colleague("内田", "香織", "kaori.uchida", "marketing", "マーケティング マネージャー"),
    Colleague("本田", "航", "wataru.honda", "marketing", "マーケティング"),
)

QUEUES = (("インサイドセールス", "Inside_Sales"), ("パートナー窓口", "Partner_Desk"))

LEAD_STATUSES = (
    "Open - Not Contacted",
    "Working - Contacted",
    "Hot - To Call",
    "Nurturing",
    "Closed - Converted",
    "Closed - Not Converted",
)

STAGES = (
    ("Prospecting", 10, "Pipeline"),
    ("Qualification", 10, "Pipeline"),
    ("Needs Analysis", 20, "Pipeline"),
    ("Value Proposition", 50, "Pipeline"),
    ("Id. Decision Makers", 60, "Pipeline"),
    ("Perception Analysis", 70, "Pipeline"),
    ("Proposal/Price Quote", 75, "Pipeline"),
    ("Negotiation/Review", 90, "Pipeline"),
    ("Closed Won", 100, "Closed"),
    ("Closed Lost", 0, "Omitted"),
)
"""(stage, probability in percent, forecast category) as a new org has them."""

SOURCE_CAMPAIGNS = (
    ("Web", "自社サイト", "Other"),
    ("Thought Leader", "調査レポート配信 (外部媒体)", "Advertisement"),
    ("Purchased List", "購入リスト", "Direct Mail"),
    ("Partner Referral", "パートナー紹介", "Partners"),
    ("Newsletter", "ミルモリ通信", "Email"),
)
"""(source, name, type) of the campaigns that run all the time."""

LISTS = (
    ("newsletter", "メルマガ購読者"),
    ("webinar", "ウェビナー参加者"),
    ("customers", "既存顧客"),
    ("event", "展示会来場者"),
)
