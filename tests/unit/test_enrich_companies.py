"""People and accounts → companies: how sure a match is, and what a company then knows."""

from __future__ import annotations

from typing import Any

import pytest

from connector.firmographics.register import Register, RegisterCompany, Target
from tests.enrich_world import SeenWorld, at

pytestmark = pytest.mark.requirement("EN-1", "EN-4")

LEAD = "salesforce.Lead:"
TAKASAKI = RegisterCompany(
    name="株式会社髙﨑製作所", corporate_number="7000012050002", domain="takasaki.example", prefecture="群馬県",
    industry="機械", employees=1200, revenue_jpy=9_500_000_000, capital_jpy=100_000_000, listed=True,
)  # fmt: skip
AOI_TOKYO = RegisterCompany(name="株式会社アオイ", corporate_number="1000000000000", prefecture="東京都")
AOI_OSAKA = RegisterCompany(name="アオイ株式会社", corporate_number="2000000000000", prefecture="大阪府")
CLOSED = RegisterCompany(name="有限会社シラネ", corporate_number="3000000000000", domain="shirane.example", closed=True)
GROUP_A = RegisterCompany(name="ミズホラ電機", corporate_number="4000000000000", domain="mizuhora.example")
GROUP_B = RegisterCompany(name="ミズホラ物流", corporate_number="5000000000000", domain="mizuhora.example")
REGISTER = Register((TAKASAKI, AOI_TOKYO, AOI_OSAKA, CLOSED, GROUP_A, GROUP_B))


def _match(**lead: object) -> dict[str, Any]:
    world = SeenWorld()
    world.lead("00Q1", **lead)
    world.enrich(register=REGISTER)
    person = world.person(f"{LEAD}00Q1")
    assert person is not None
    return person


CASES: list[tuple[dict[str, object], str, str | None, str | None]] = [
    ({"corporate_number": "T7000-0120-50002"}, "matched", "corporate_number", "7000012050002"),
    ({"corporate_number": "7000012050002", "company": "別会社"}, "matched", "corporate_number", "7000012050002"),
    ({"email": "a@mail.takasaki.example"}, "matched", "domain", "7000012050002"),
    ({"email": "a@takasaki.example", "company": "㈱高崎製作所"}, "matched", "domain", "7000012050002"),
    ({"website": "https://www.takasaki.example/"}, "matched", "domain", "7000012050002"),
    ({"email": "a@takasaki.example", "company": "Takasaki K.K."}, "matched", "domain", "7000012050002"),
    ({"company": "株式会社髙﨑製作所"}, "matched", "name", "7000012050002"),
    ({"company": "高崎製作所（株）"}, "matched", "folded_name", "7000012050002"),
    ({"company": "高崎製作所 前橋工場"}, "matched", "branch_cut", "7000012050002"),
    ({"company": "高崎製作所", "email": "a@gmail.com"}, "matched", "folded_name", "7000012050002"),
    ({"company": "高崎製作所", "email": "a@other.example"}, "candidate", "folded_name", None),
    ({"company": "有限会社高崎製作所", "prefecture": "沖縄県"}, "candidate", "folded_name", None),
    ({"company": "別会社", "email": "a@takasaki.example"}, "candidate", "domain", None),
    ({"company": "アオイ"}, "candidate", "name", None),
    ({"company": "株式会社アオイ"}, "candidate", "name", None),
    ({"company": "アオイ", "prefecture": "大阪"}, "matched", "name", "2000000000000"),
    ({"email": "a@mizuhora.example"}, "candidate", "domain", None),
    ({"email": "a@mizuhora.example", "company": "ミズホラ物流"}, "matched", "domain", "5000000000000"),
    ({"company": "有限会社シラネ"}, "matched_closed", "name", "3000000000000"),
    ({"email": "a@shirane.example", "company": "別会社"}, "candidate_closed", "domain", None),
    ({"company": "個人", "email": "a@gmail.com"}, "none", None, None),
    ({"company": "知らない会社", "email": "a@unknown.example"}, "none", None, None),
    ({}, "none", None, None),
]


@pytest.fixture(scope="module")
def everybody() -> list[dict[str, Any]]:
    """One lead for each case, enriched together: each has a mailbox of its own."""
    world = SeenWorld()
    for number, (lead, *_) in enumerate(CASES):
        own = {name: str(value).replace("a@", f"p{number}@") for name, value in lead.items()}
        world.lead(f"00Q{number:03}", **own)
    world.enrich(register=REGISTER)
    return world.rows("FROM people ORDER BY first_record")


@pytest.mark.parametrize("case", range(len(CASES)), ids=[str(case[0]) for case in CASES])
def test_a_match_is_sure_only_with_a_second_sign(everybody: list[dict[str, Any]], case: int) -> None:
    person, (_, status, method, number) = everybody[case], CASES[case]
    assert (person["match_status"], person["match_method"], person["company_id"]) == (status, method, number)


def test_a_known_other_number_is_never_overruled_by_a_name() -> None:
    person = _match(corporate_number="8000012010038", company="株式会社髙﨑製作所")
    assert (person["match_status"], person["company_id"]) == ("none", None)


def test_confidence_grows_with_the_evidence() -> None:
    plain, with_place = _match(company="高崎製作所"), _match(company="高崎製作所", prefecture="群馬")
    strict, by_domain = _match(company="髙﨑製作所"), _match(company="髙﨑製作所", email="a@takasaki.example")
    by_number = _match(corporate_number="7000012050002")
    values = [row["match_confidence"] for row in (plain, strict, with_place, by_domain, by_number)]
    assert values == [0.87, 0.9, 0.91, 0.99, 1.0]


def test_a_company_takes_the_registers_word_before_its_accounts() -> None:
    world = SeenWorld()
    world.account("0011", name="高崎製作所", industry="その他", employees=5, corporate_number="7000012050002")
    world.account("0012", name="髙﨑製作所", created_at=at(1))
    world.contact("0031", account_id="0012", email="a@gmail.com")
    report = world.enrich(register=REGISTER)
    assert world.rows("SELECT * EXCLUDE target FROM companies") == [{
        "company_id": "7000012050002", "name": "株式会社髙﨑製作所", "corporate_number": "7000012050002",
        "domain": "takasaki.example", "industry": "機械", "employees": 1200, "revenue_jpy": 9_500_000_000,
        "capital_jpy": 100_000_000, "prefecture": "群馬県", "listed": True, "match_status": "matched",
        "account_ids": ["0011", "0012"],
    }]  # fmt: skip
    assert report.matches == {"matched": 1}


def test_what_the_register_does_not_say_comes_from_the_account() -> None:
    world = SeenWorld()
    world.account("0011", name="株式会社アオイ", prefecture="東京都", employees=70, revenue=5e8)
    world.enrich(register=REGISTER)
    row = world.rows("FROM companies")[0]
    assert (row["company_id"], row["employees"], row["revenue_jpy"]) == ("1000000000000", 70, 500_000_000)


def test_an_account_that_the_register_does_not_know_is_a_company_and_leads_find_it() -> None:
    world = SeenWorld()
    world.account("0011", name="コミネ工業株式会社", website="https://komine.example", industry="鉄鋼", employees=88)
    world.lead("00Q1", company="㈱コミネ工業")
    world.enrich(register=REGISTER)
    person = world.person(f"{LEAD}00Q1")
    assert person is not None
    assert (person["company_id"], person["match_status"]) == ("account:0011", "matched")
    row = world.rows("FROM companies")[0]
    assert (row["name"], row["domain"], row["industry"], row["employees"], row["match_status"]) == (
        "コミネ工業株式会社", "komine.example", "鉄鋼", 88, "none",
    )  # fmt: skip


def test_a_deleted_account_is_no_company() -> None:
    world = SeenWorld()
    world.account("0011", name="コミネ工業株式会社", is_deleted=True)
    world.contact("0031", account_id="0011")
    world.enrich(register=REGISTER)
    assert world.rows("FROM companies") == []


@pytest.mark.requirement("EN-3")
def test_targets_are_marked_whether_anybody_works_there_or_not() -> None:
    world = SeenWorld()
    world.lead("00Q1", company="シロガネ産業株式会社")
    targets = (Target(corporate_number="7000012050002"), Target(name="シロガネ産業"))
    world.enrich(register=Register(REGISTER.companies, targets))
    rows = world.rows("SELECT company_id, target FROM companies ORDER BY ALL")
    assert rows == [
        {"company_id": "7000012050002", "target": True},
        {"company_id": "name:シロガネ産業:", "target": True},
    ]
    person = world.person(f"{LEAD}00Q1")
    assert person is not None
    assert person["company_id"] == "name:シロガネ産業:"


def test_complaint_28_doubtful_matches_are_kept_for_review() -> None:
    world = SeenWorld()
    world.lead("00Q1", company="アオイ")
    world.enrich(register=REGISTER)
    assert world.rows("SELECT source, company_id, status FROM company_matches") == [
        {"source": "person", "company_id": "1000000000000", "status": "candidate"}
    ]


def test_without_a_register_everything_still_works() -> None:
    world = SeenWorld()
    world.lead("00Q1", company="株式会社アオイ")
    assert world.enrich().matches == {"none": 1}
