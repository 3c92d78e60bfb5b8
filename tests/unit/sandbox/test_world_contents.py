"""What the invented world holds: shares, hard rows, right numbers, reserved names, sound references."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connector.sandbox.context import Sandbox
from connector.sandbox.ids import is_well_formed
from connector.sandbox.world.companies import company, company_count
from connector.sandbox.world.registers import REGISTER_COLUMNS, TARGET_COLUMNS, write_registers
from connector.sandbox.world.words_names import FAMILY_NAMES, GIVEN_NAMES
from tests.unit.sandbox.world_builder import build_world

LIVE = "IsDeleted = 0 AND IsConverted = 0"
RESERVED = re.compile(r"(^|[@.])(example|test|example\.(com|net|org))$")


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    return build_world(tmp_path_factory.mktemp("world"), 2000)


def rows(sandbox: Sandbox, statement: str) -> list[Any]:
    return sandbox.database.reader().execute(statement).fetchall()


def one(sandbox: Sandbox, statement: str) -> Any:
    return rows(sandbox, statement)[0][0]


@pytest.mark.requirement("SY-1", "SY-10")
@pytest.mark.parametrize("people", [6, 50, 131, 2000])
def test_most_people_are_live_leads_and_some_are_deleted(tmp_path: Path, people: int) -> None:
    sandbox = build_world(tmp_path, people)
    assert one(sandbox, f"SELECT count(*) FROM Lead WHERE {LIVE}") >= 0.8 * people
    deleted = one(sandbox, "SELECT count(*) FROM Lead WHERE IsDeleted = 1")
    assert deleted <= 0.02 * people + 1
    if people >= 50:
        assert deleted > 0
    if people == 2000:
        assert 0.01 * people < deleted
        assert one(sandbox, "SELECT count(*) FROM Lead WHERE IsDeleted = 1 AND MasterRecordId IS NOT NULL") > 0
        assert 0.05 * people < one(sandbox, "SELECT count(*) FROM Lead WHERE IsConverted = 1") < 0.1 * people
        linked = one(sandbox, "SELECT count(DISTINCT salesforceId) FROM prospects")
        assert 0.85 * people < linked < 0.95 * people


HARD: dict[str, Callable[[Any], bool]] = {
    "line break in the company": lambda row: "\n" in (row["Company"] or ""),
    "line break, quote and comma in the description": lambda row: all(
        mark in (row["Description"] or "") for mark in ("\n", '"', ",")
    ),
    "old kanji in a name": lambda row: "髙" in row["LastName"] or "﨑" in row["LastName"],
    "half-width kana": lambda row: any("｡" <= letter <= "ﾟ" for letter in row["Company"]),
    "emoji": lambda row: any(ord(letter) > 0x1F000 for letter in row["Description"] or ""),
    "decomposed letters": lambda row: unicodedata.normalize("NFC", row["Company"]) != row["Company"],
    "leading zero": lambda row: (row["PostalCode"] or "").isdigit() and row["PostalCode"].startswith("0"),
    "#N/A": lambda row: row["Title"] == "#N/A",
    "nearly all null": lambda row: row["FirstName"] is None and row["State"] is None and row["LeadSource"] is None,
    "capitals in the address": lambda row: (row["Email"] or "a").isupper() and "@" in row["Email"],
    "space at the end": lambda row: row["Company"] != row["Company"].strip(),
    "formula": lambda row: (row["Title"] or "").startswith("="),
    "longest company": lambda row: len(row["Company"]) == 255,
}


@pytest.mark.requirement("SY-1")
def test_every_five_hundred_leads_hold_every_kind_of_hard_row(sandbox: Sandbox) -> None:
    leads = rows(sandbox, f"SELECT * FROM Lead WHERE {LIVE} ORDER BY Id")
    for first in range(0, len(leads) - 500, 100):
        window = leads[first : first + 500]
        missing = [name for name, is_hard in HARD.items() if not any(is_hard(row) for row in window)]
        assert not missing
        addresses = Counter(row["Email"] for row in window if row["Email"])
        assert max(addresses.values()) > 1


@pytest.mark.requirement("SY-4")
def test_the_same_person_occurs_as_lead_and_contact_and_twice_as_lead(sandbox: Sandbox) -> None:
    both = "SELECT count(*) FROM Lead JOIN Contact ON Lead.Email = Contact.Email WHERE Lead.IsConverted = 0"
    assert one(sandbox, both) >= 10
    twins = f"SELECT count(*) FROM (SELECT Email FROM Lead WHERE {LIVE} GROUP BY Email HAVING count(*) = 2)"
    assert one(sandbox, twins) >= 10


@pytest.mark.requirement("SY-4")
def test_no_two_people_share_an_address(sandbox: Sandbox) -> None:
    addresses = [row[0] for row in rows(sandbox, "SELECT email FROM truth_people WHERE email IS NOT NULL")]
    assert len(addresses) == len(set(addresses))
    for names in (FAMILY_NAMES, GIVEN_NAMES):
        assert len({romaji for _, romaji in names}) == len(names)
        assert len({kanji for kanji, _ in names}) == len(names)


@pytest.mark.requirement("SY-6")
def test_an_import_and_a_mass_update_leave_many_rows_in_one_second(sandbox: Sandbox) -> None:
    created = one(sandbox, "SELECT max(n) FROM (SELECT count(*) AS n FROM Lead GROUP BY CreatedDate)")
    assert created >= 300
    stamped = "SELECT max(n) FROM (SELECT count(*) AS n FROM Lead GROUP BY SystemModstamp)"
    assert one(sandbox, stamped) >= 100


@pytest.mark.requirement("SY-3")
@pytest.mark.parametrize("people", [60, 900])
def test_stamps_of_a_row_are_in_order(tmp_path: Path, people: int) -> None:
    sandbox = build_world(tmp_path, people)
    for definition in sandbox.salesforce:
        if definition.field("LastModifiedDate") is None:
            continue
        wrong = (
            f'SELECT count(*) FROM "{definition.name}" WHERE CreatedDate IS NULL '
            "OR NOT (CreatedDate <= LastModifiedDate AND LastModifiedDate <= SystemModstamp)"
        )
        assert one(sandbox, wrong) == 0, definition.name
    for definition in sandbox.account_engagement:
        if definition.field("createdAt") and definition.field("updatedAt"):
            wrong = f'SELECT count(*) FROM "{definition.name}" WHERE createdAt IS NULL OR NOT createdAt <= updatedAt'
            if definition.name != "opportunity_prospects":
                assert one(sandbox, wrong) == 0, definition.name


def check_digit(number: str) -> int:
    """The first digit of a corporate number as the National Tax Agency derives it from the other twelve."""
    body = [int(digit) for digit in number[1:]]
    return 9 - sum(digit * (2 if place % 2 == 0 else 1) for place, digit in enumerate(body)) % 9


@pytest.mark.requirement("EN-1")
def test_companies_have_right_and_distinct_numbers_and_reserved_domains() -> None:
    made = [company(3, index) for index in range(3000)]
    assert all(len(entry.number) == 13 and int(entry.number[0]) == check_digit(entry.number) for entry in made)
    assert len({entry.number for entry in made}) == len({entry.domain for entry in made}) == len(made)
    assert all(entry.domain.endswith(".example") for entry in made)
    namesakes = Counter(entry.core for entry in made)
    assert 0.03 < sum(count - 1 for count in namesakes.values()) / len(made) < 0.5
    sizes = sorted(entry.employees for entry in made)
    assert sizes[len(sizes) // 2] < 250
    assert sizes[-1] > 5000


@pytest.mark.requirement("EN-1")
def test_phones_are_of_ten_digits_in_a_fictional_exchange(sandbox: Sandbox) -> None:
    for (phone,) in rows(sandbox, "SELECT DISTINCT Phone FROM Account"):
        assert re.fullmatch(r"0\d{1,3}-55\d{0,2}-\d{4}", phone)
        assert len(phone.replace("-", "")) == 10


@pytest.mark.requirement("EN-1")
def test_every_address_and_site_is_under_a_reserved_name(sandbox: Sandbox) -> None:
    addresses = {
        row[0].strip().lower()
        for statement in (
            "SELECT Email FROM Lead WHERE Email IS NOT NULL",
            "SELECT Email FROM Contact WHERE Email IS NOT NULL",
            "SELECT email FROM prospects",
            "SELECT Email FROM User",
        )
        for row in rows(sandbox, statement)
    }
    assert all(RESERVED.search(address) for address in addresses)
    sites = {
        re.sub(r"^https?://([^/:?]+).*$", r"\1", row[0])
        for statement in (
            "SELECT Website FROM Lead WHERE Website IS NOT NULL",
            "SELECT Website FROM Account",
            "SELECT url FROM visitor_page_views",
            "SELECT url FROM files",
        )
        for row in rows(sandbox, statement)
    }
    assert all(RESERVED.search(site) for site in sites)


@pytest.mark.requirement("SY-1")
def test_references_lead_to_records_and_ids_are_well_formed(sandbox: Sandbox) -> None:
    for definition in sandbox.salesforce:
        for (record,) in rows(sandbox, f'SELECT Id FROM "{definition.name}"'):
            assert len(record) == 18
            assert is_well_formed(record)
    for child, column, parents in (
        ("Task", "WhoId", ("Lead", "Contact")),
        ("Event", "WhoId", ("Lead", "Contact")),
        ("Lead", "OwnerId", ("User", "Group")),
        ("Lead", "ConvertedContactId", ("Contact",)),
        ("Lead", "ConvertedOpportunityId", ("Opportunity",)),
        ("Lead", "MasterRecordId", ("Lead",)),
        ("Contact", "AccountId", ("Account",)),
        ("OpportunityHistory", "OpportunityId", ("Opportunity",)),
        ("OpportunityContactRole", "ContactId", ("Contact",)),
        ("CampaignMember", "LeadOrContactId", ("Lead", "Contact")),
        ("CampaignMember", "CampaignId", ("Campaign",)),
    ):
        found = " UNION ".join(f'SELECT Id FROM "{parent}"' for parent in parents)
        lost = f'SELECT count(*) FROM "{child}" WHERE {column} IS NOT NULL AND {column} NOT IN ({found})'
        assert one(sandbox, lost) == 0, (child, column)
    for child, column, parent in (
        ("visitor_page_views", "visitId", "visits"),
        ("visits", "visitorId", "visitors"),
        ("visitor_activities", "prospectId", "prospects"),
        ("visitor_activities", "emailId", "emails"),
    ):
        lost = f"SELECT count(*) FROM {child} WHERE {column} IS NOT NULL AND {column} NOT IN (SELECT id FROM {parent})"
        assert one(sandbox, lost) == 0, (child, column)


@pytest.mark.requirement("SY-1")
def test_a_lead_is_converted_altogether(sandbox: Sandbox) -> None:
    half = (
        "SELECT count(*) FROM Lead WHERE IsConverted <> (Status = 'Closed - Converted') "
        "OR IsConverted <> (ConvertedContactId IS NOT NULL) OR IsConverted <> (ConvertedAccountId IS NOT NULL)"
    )
    assert one(sandbox, half) == 0
    left = "SELECT count(*) FROM Task JOIN Lead ON WhoId = Lead.Id WHERE IsConverted = 1"
    assert one(sandbox, left) == 0


@pytest.mark.requirement("SY-5")
def test_page_views_and_visits_agree(sandbox: Sandbox) -> None:
    wrong = (
        "SELECT count(*) FROM visits LEFT JOIN (SELECT visitId, count(*) AS n, min(createdAt) AS first, "
        "max(createdAt) AS last FROM visitor_page_views GROUP BY visitId) ON visitId = visits.id "
        "WHERE visitorPageViewCount IS NOT n OR firstVisitorPageViewAt IS NOT first "
    )
    assert one(sandbox, wrong) == 0
    seen = "SELECT sum(pageViewCount) FROM visitors"
    assert one(sandbox, seen) == one(sandbox, "SELECT count(*) FROM visitor_page_views")
    assert one(sandbox, "SELECT count(*) FROM visits WHERE visitorPageViewCount >= 8") > 50


@pytest.mark.requirement("SY-5")
def test_behaviour_of_every_kind_occurs(sandbox: Sandbox) -> None:
    pairs = {tuple(row) for row in rows(sandbox, "SELECT DISTINCT type, typeName FROM visitor_activities")}
    assert pairs >= {
        *((1, "Email Tracker"), (2, "File"), (4, "Form"), (4, "Form Handler"), (6, "Email"), (7, "Site Search")),
        *((8, "New Opportunity"), (9, "Opportunity Won"), (10, "Opportunity Lost"), (11, "Email"), (12, "Email")),
        *((13, "Email"), (20, "Visit"), (24, "Webinar"), (25, "Webinar"), (27, "Video"), (34, "Video")),
    }
    forms = {row[0] for row in rows(sandbox, "SELECT DISTINCT details FROM visitor_activities WHERE type = 4")}
    assert {"お問い合わせフォーム", "お見積り依頼フォーム", "満足度アンケート"} <= forms


@pytest.mark.requirement("SY-8")
def test_machine_noise_occurs(sandbox: Sandbox) -> None:
    quick_opens = (
        "SELECT count(*) FROM visitor_activities AS o JOIN visitor_activities AS s "
        "ON s.prospectId = o.prospectId AND s.emailId = o.emailId AND s.type = 6 "
        "WHERE o.type = 11 AND strftime('%s', o.createdAt) - strftime('%s', s.createdAt) < 5"
    )
    assert one(sandbox, quick_opens) > 20
    clicks: dict[int, list[str]] = defaultdict(list)
    for prospect, moment in rows(sandbox, "SELECT prospectId, createdAt FROM visitor_activities WHERE type = 1"):
        clicks[prospect].append(moment)
    assert any(max(Counter(moments).values()) >= 2 and len(moments) >= 4 for moments in clicks.values())
    again = "SELECT count(*) FROM visitor_activities WHERE updatedAt > createdAt"
    assert one(sandbox, again) > 0


@pytest.mark.requirement("SY-9")
def test_anonymous_visits_come_before_registration_and_some_visitors_stay_unknown(sandbox: Sandbox) -> None:
    before = (
        "SELECT count(*) FROM visits JOIN visitors ON visitors.id = visitorId JOIN prospects "
        "ON prospects.id = visitors.prospectId "
        "WHERE visits.prospectId IS NULL AND visits.createdAt < prospects.createdAt"
    )
    assert one(sandbox, before) > 100
    assert one(sandbox, "SELECT count(*) FROM visitors WHERE isIdentified = 0") > 300
    assert one(sandbox, "SELECT count(*) FROM visitors WHERE isIdentified <> (prospectId IS NOT NULL)") == 0


@pytest.mark.requirement("SY-10")
def test_people_opt_out_on_both_sides(sandbox: Sandbox) -> None:
    both = (
        "SELECT count(*) FROM prospects JOIN Lead ON Lead.Id = salesforceLeadId "
        "WHERE optedOut = 1 AND HasOptedOutOfEmail = 1"
    )
    assert one(sandbox, both) > 0
    assert one(sandbox, "SELECT count(*) FROM Lead WHERE DoNotCall = 1") > 0


@pytest.mark.requirement("RC-1", "SY-1")
def test_deals_end_with_reasons_and_follow_the_hidden_truth(sandbox: Sandbox) -> None:
    ends = dict(rows(sandbox, "SELECT StageName, count(*) FROM Opportunity WHERE IsClosed = 1 GROUP BY 1"))
    assert ends["Closed Won"] > 20
    assert ends["Closed Lost"] > 20
    assert one(sandbox, "SELECT count(DISTINCT Loss_Reason__c) FROM Opportunity") >= 4
    assert one(sandbox, "SELECT count(*) FROM Opportunity WHERE Competitor__c IS NOT NULL") > 0
    assert one(sandbox, "SELECT count(DISTINCT Close_Reason__c) FROM Lead WHERE Status = 'Closed - Not Converted'") >= 4
    mean = dict(rows(sandbox, "SELECT happened, avg(fit + intent) FROM truth_people GROUP BY happened"))
    assert mean["won"] > mean["lost"] > mean["nothing"]


@pytest.mark.requirement("EN-1")
def test_registers_cover_most_companies_with_distractors_and_namesakes(sandbox: Sandbox, tmp_path: Path) -> None:
    write_registers(sandbox, tmp_path)
    with (tmp_path / "companies.csv").open(encoding="utf-8", newline="") as file:
        register = list(csv.DictReader(file))
    with (tmp_path / "targets.csv").open(encoding="utf-8", newline="") as file:
        targets = list(csv.DictReader(file))
    assert tuple(register[0]) == REGISTER_COLUMNS
    assert tuple(targets[0]) == TARGET_COLUMNS
    numbers = {row["corporate_number"] for row in register}
    assert len(numbers) == len(register)
    count = company_count(2000)
    known = [company(1, index).number in numbers for index in range(count)]
    assert 0.74 < sum(known) / count < 0.86
    assert len(register) - sum(known) >= count // 4
    assert max(Counter(row["name"].replace("株式会社", "") for row in register).values()) > 1
    assert 0 < len(targets) < count / 3
    assert all(row["employees"].isdigit() or not row["employees"] for row in register)
