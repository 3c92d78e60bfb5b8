"""One row a person: which record is believed, where they came from, what the CRM says, consent."""

from __future__ import annotations

import pytest

from connector.domain.streams import AttributeType
from connector.engine.enrich import EnrichMapping
from connector.errors import ConfigurationError
from tests.enrich_world import UNIT, SeenWorld, at, empty_world

pytestmark = pytest.mark.requirement("SY-4")

LEAD, CONTACT = "salesforce.Lead:", "salesforce.Contact:"
MAIL = "a@one.example"


def test_a_contact_is_believed_before_a_lead_before_a_prospect() -> None:
    world = empty_world()
    world.contact("0031", email=MAIL, title="部長")
    world.lead("00Q1", email=MAIL, title="課長", department="生産技術部", created_at=at(9))
    world.prospect(7, email=MAIL, title="係長", department="総務部", phone="03-5550-0001", created_at=at(20))
    world.enrich()
    person = world.person(f"{CONTACT}0031")
    assert person is not None
    assert (person["title"], person["department"], person["phone"]) == ("部長", "生産技術部", "03-5550-0001")
    assert person["prospect_ids"] == [f"{UNIT}:7"]


def test_among_equals_the_newest_value_wins_and_blanks_never_do() -> None:
    world = empty_world()
    world.lead("00Q1", email=MAIL, title="係長", department="保全部", created_at=at(1))
    world.lead("00Q2", email=MAIL, title="課長", created_at=at(2))
    world.enrich()
    person = world.person(f"{LEAD}00Q1")
    assert person is not None
    assert (person["title"], person["department"]) == ("課長", "保全部")
    assert person["first_record"] == f"{LEAD}00Q1"


def test_a_contact_takes_what_it_has_no_field_for_from_its_account() -> None:
    world = empty_world()
    world.account("0011", name="千鳥電子株式会社", industry="電子部品", employees=320, prefecture="長野県")
    world.contact("0031", account_id="0011")
    world.enrich()
    person = world.person(f"{CONTACT}0031")
    assert person is not None
    assert (person["company"], person["industry"], person["employees"]) == ("千鳥電子株式会社", "電子部品", 320)
    assert person["company_id"] == "account:0011"


def test_what_inside_sales_heard_stays_with_the_person_after_conversion() -> None:
    world = empty_world()
    world.lead("00Q1", is_converted=True, converted_contact_id="0031", budget="Approved")
    world.contact("0031")
    world.enrich()
    person = world.person(f"{CONTACT}0031")
    assert person is not None
    assert person["budget"] == "Approved"


@pytest.mark.parametrize(
    ("first", "second", "source"),
    [
        ("Web", "Webinar", "web_inquiry"),
        (None, "webinar ", "webinar"),
        ("Something new", "Web", "other"),
        (None, None, None),
    ],
)
def test_the_source_is_that_of_the_first_record_that_has_one(
    first: str | None, second: str | None, source: str | None
) -> None:
    world = empty_world()
    world.lead("00Q1", email=MAIL, source=first, created_at=at(1))
    world.contact("0031", email=MAIL, source=second, created_at=at(2))
    world.enrich(EnrichMapping(sources={"Web": "web_inquiry", "Webinar": "webinar"}))
    person = world.person(f"{LEAD}00Q1")
    assert person is not None
    assert person["source"] == source
    assert person["created_at"] == at(1)


def _deal(world: SeenWorld, id_: str, state: str, days: float, **values: object) -> None:
    world.add(
        "salesforce_opportunity", id=id_, is_closed=state != "open", is_won=state == "won", stage_changed_at=at(days),
        **values,
    )  # fmt: skip


@pytest.mark.requirement("LC-1")
@pytest.mark.parametrize(
    ("deals", "status"),
    [
        ([("won", 1), ("lost", 2), ("open", 0)], "opportunity"),
        ([("won", 1), ("lost", 2)], "lost"),
        ([("lost", 1), ("won", 2)], "won"),
        ([], None),
    ],
)
def test_an_open_deal_outranks_closed_ones_and_the_latest_closed_older_ones(
    deals: list[tuple[str, float]], status: str | None
) -> None:
    world = empty_world()
    world.contact("0031")
    for number, (state, days) in enumerate(deals):
        _deal(world, f"006{number}", state, days, contact_id="0031")
    world.enrich()
    person = world.person(f"{CONTACT}0031")
    assert person is not None
    assert person["crm_status"] == status


def test_a_deal_belongs_to_its_roles_else_its_contact_else_its_company() -> None:
    world = empty_world()
    world.account("0011", name="千鳥電子株式会社")
    for number in (1, 2, 3):
        world.contact(f"003{number}", account_id="0011")
        role = {"opportunity_id": "0061", "contact_id": f"003{number}", "is_deleted": number == 3}
        world.add("salesforce_opportunity_contact_role", id=f"00K{number}", **role)
    _deal(world, "0061", "open", 1, contact_id="0033", account_id="0011")
    _deal(world, "0062", "won", 1, contact_id="0033", account_id="0011")
    _deal(world, "0063", "lost", 1, account_id="0011")
    _deal(world, "0064", "lost", 1, contact_id="0033", is_deleted=True)
    world.enrich()
    people = world.persons()
    rows = world.rows("SELECT opportunity_id, person_id, company_id FROM opportunities ORDER BY ALL")
    held = {(row["opportunity_id"], row["person_id"]) for row in rows}
    assert held == {
        ("0061", people[f"{CONTACT}0031"]),
        ("0061", people[f"{CONTACT}0032"]),
        ("0062", people[f"{CONTACT}0033"]),
        ("0063", None),
    }
    assert {row["company_id"] for row in rows} == {"account:0011"}


def test_a_merged_contact_hands_its_deal_to_the_master() -> None:
    world = empty_world()
    world.contact("0031", is_deleted=True, master_id="0032")
    world.contact("0032")
    _deal(world, "0061", "open", 1, contact_id="0031")
    world.enrich()
    person = world.person(f"{CONTACT}0032")
    assert person is not None
    assert person["crm_status"] == "opportunity"


STATUSES = EnrichMapping(statuses={"Closed - Not Converted": "disqualified", "Closed - Converted": "won"})


def test_a_disqualified_lead_is_outranked_by_an_open_deal_only() -> None:
    for state, status in (("open", "opportunity"), ("lost", "disqualified")):
        world = empty_world()
        world.lead("00Q1", email=MAIL, status="Closed - Not Converted")
        world.contact("0031", email=MAIL)
        _deal(world, "0061", state, 1, contact_id="0031")
        world.enrich(STATUSES)
        person = world.person(f"{LEAD}00Q1")
        assert person is not None
        assert person["crm_status"] == status


def test_the_status_of_the_lead_in_work_counts_not_that_of_an_older_converted_one() -> None:
    world = empty_world()
    world.lead("00Q1", email=MAIL, status="Closed - Converted", is_converted=True, created_at=at(1))
    world.lead("00Q2", email=MAIL, status="Working", created_at=at(2))
    world.enrich(STATUSES)
    person = world.person(f"{LEAD}00Q2")
    assert person is not None
    assert person["crm_status"] is None


@pytest.mark.requirement("SY-10")
def test_whoever_opted_out_on_any_living_record_opted_out() -> None:
    world = empty_world()
    world.lead("00Q1", email=MAIL, opted_out=False)
    world.prospect(7, email=MAIL, do_not_email=True)
    world.prospect(8, email=MAIL, do_not_call=True)
    world.lead("00Q2", email="b@one.example")
    world.prospect(9, email="b@one.example", opted_out=True, is_deleted=True)
    world.enrich()
    first, second = world.person(f"{LEAD}00Q1"), world.person(f"{LEAD}00Q2")
    assert first is not None
    assert second is not None
    assert (first["opted_out"], first["do_not_call"]) == (True, True)
    assert (second["opted_out"], second["do_not_call"]) == (False, False)


def test_added_attributes_pass_through_by_name() -> None:
    extra: dict[str, dict[str, AttributeType]] = {
        "salesforce.Lead": {"plant_count": "integer"},
        "salesforce.Contact": {"industry": "text"},
        "salesforce.Account": {"region_code": "text"},
        "account_engagement.prospects": {"plant_count": "integer"},
    }
    world = SeenWorld(extra)
    world.account("0011", industry="機械", region_code="K1")
    world.contact("0031", email=MAIL, account_id="0011", industry="化学")
    world.prospect(7, email=MAIL, plant_count=3)
    world.enrich(EnrichMapping(extra=extra))
    person = world.person(f"{CONTACT}0031")
    assert person is not None
    assert (person["plant_count"], person["industry"]) == (3, "化学")
    assert world.rows("SELECT region_code FROM companies") == [{"region_code": "K1"}]


def test_an_added_attribute_with_a_taken_name_is_refused() -> None:
    world = empty_world()
    with pytest.raises(ConfigurationError, match=r"salesforce\.Lead\.read\.person_id"):
        world.enrich(EnrichMapping(extra={"salesforce.Lead": {"person_id": "text"}}))


@pytest.mark.requirement("SY-7")
def test_sales_cloud_alone_is_enough() -> None:
    world = empty_world()
    world.lead("00Q1", email=MAIL)
    report = world.enrich()
    assert (report.people, report.activities) == (1, 0)
