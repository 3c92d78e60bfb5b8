"""Which records are one human: links, merges, conversions, undelete, e-mail, shared mailboxes, stable ids."""

from __future__ import annotations

import random

import pytest

from connector.engine.enrich_identity import folded_email
from tests.enrich_world import UNIT, at, empty_world

pytestmark = pytest.mark.requirement("SY-4", "SY-10")

LEAD, CONTACT = "salesforce.Lead:", "salesforce.Contact:"
PROSPECT = f"account_engagement.prospects:{UNIT}:"


def test_a_prospect_belongs_to_the_lead_that_it_names() -> None:
    world = empty_world()
    world.lead("00Q000000000001AAA", email="a@one.example")
    world.prospect(7, email="other@two.example", lead_id="00Q000000000001AAA")
    world.prospect(8, email="third@two.example", lead_id="00Q000000000001")
    world.enrich()
    assert len(set(world.persons().values())) == 1


def test_a_prospect_belongs_to_its_contact() -> None:
    world = empty_world()
    world.contact("003000000000001AAA", email="a@one.example")
    world.prospect(7, contact_id="003000000000001AAA")
    world.enrich()
    assert world.persons()[f"{PROSPECT}7"] == world.persons()[f"{CONTACT}003000000000001AAA"]


def test_complaint_26_a_converted_lead_is_its_contact() -> None:
    world = empty_world()
    world.lead("00Q1", email="old@one.example", is_converted=True, converted_contact_id="0031")
    world.contact("0031", email="new@one.example")
    world.enrich()
    person = world.person(f"{LEAD}00Q1")
    assert person is not None
    assert (person["lead_ids"], person["contact_ids"], person["email"]) == ([], ["0031"], "new@one.example")
    assert person["first_record"] == f"{CONTACT}0031"


def test_complaint_25_a_chain_of_merges_ends_at_the_last_master() -> None:
    world = empty_world()
    world.lead("00Q1", is_deleted=True, master_id="00Q2", created_at=at(1))
    world.lead("00Q2", is_deleted=True, master_id="00Q3", created_at=at(2))
    world.lead("00Q3", created_at=at(3))
    world.enrich()
    assert len(set(world.persons().values())) == 1
    person = world.person(f"{LEAD}00Q1")
    assert person is not None
    assert person["lead_ids"] == ["00Q3"]
    assert person["created_at"] == at(1)


def test_a_soft_deleted_record_is_nobody_and_undelete_brings_the_same_person_back() -> None:
    world = empty_world()
    world.lead("00Q1", email="a@one.example")
    world.enrich()
    before = world.persons()[f"{LEAD}00Q1"]
    world.know(f"{LEAD}00Q1", before)
    world.change("salesforce_lead", "00Q1", is_deleted=True)
    world.enrich()
    assert world.person(f"{LEAD}00Q1") is None
    assert world.rows("FROM people") == []
    world.change("salesforce_lead", "00Q1", is_deleted=False)
    world.enrich()
    assert world.persons()[f"{LEAD}00Q1"] == before
    assert len(world.rows("FROM people")) == 1


def test_a_person_lives_as_long_as_one_record_does() -> None:
    world = empty_world()
    world.lead("00Q1", email="a@one.example", title="部長", is_deleted=True)
    world.prospect(7, lead_id="00Q1", email="a@one.example", title="課長")
    world.enrich()
    person = world.person(f"{PROSPECT}7")
    assert person is not None
    assert (person["lead_ids"], person["title"]) == ([], "課長")


def test_a_converted_lead_ends_with_its_deleted_contact() -> None:
    world = empty_world()
    world.lead("00Q1", is_converted=True, converted_contact_id="0031")
    world.contact("0031", is_deleted=True)
    world.enrich()
    assert world.rows("FROM people") == []


def test_one_address_joins_leads_contacts_and_prospects_however_it_is_written() -> None:
    world = empty_world()
    world.lead("00Q1", email="Taro@One.example")
    world.lead("00Q2", email=" taro@one.example　")
    world.contact("0031", email="TARO@ONE.EXAMPLE")
    world.prospect(7, email="ｔａｒｏ＠one.example")
    world.enrich()
    assert len(set(world.persons().values())) == 1


def test_a_deleted_record_is_not_joined_by_address() -> None:
    world = empty_world()
    world.lead("00Q1", email="a@one.example", is_deleted=True)
    world.lead("00Q2", email="a@one.example")
    world.enrich()
    assert len(set(world.persons().values())) == 2


def test_a_shared_mailbox_joins_only_people_of_the_same_name() -> None:
    world = empty_world()
    world.lead("00Q1", email="info@one.example", first_name="太郎", last_name="山田")
    world.lead("00Q2", email="info@one.example", first_name="花子", last_name="鈴木")
    world.prospect(7, email="info@one.example", first_name="山田", last_name="太郎")
    world.prospect(8, email="info@one.example")
    world.enrich()
    persons = world.persons()
    assert persons[f"{LEAD}00Q1"] == persons[f"{PROSPECT}7"]
    assert len({persons[f"{LEAD}00Q1"], persons[f"{LEAD}00Q2"], persons[f"{PROSPECT}8"]}) == 3


def test_a_shared_mailbox_with_one_name_joins_those_without() -> None:
    world = empty_world()
    world.lead("00Q1", email="soumu@one.example", last_name="山田")
    world.prospect(7, email="soumu@one.example")
    world.enrich()
    assert len(set(world.persons().values())) == 1


def test_a_placeholder_address_that_a_crowd_gives_joins_nobody_of_another_name() -> None:
    world = empty_world()
    for number in range(6):
        world.lead(f"00Q{number}", email="none@one.example", last_name=f"山田{number}")
    world.lead("00Q6", email="none@one.example", last_name="山田0")
    world.enrich()
    assert len(set(world.persons().values())) == 6


def test_complaint_30_what_is_no_address_joins_nobody() -> None:
    world = empty_world()
    for number, email in enumerate(["なし", "なし", "@", None, None]):
        world.lead(f"00Q{number}", email=email)
    world.enrich()
    assert len(set(world.persons().values())) == 5


def test_the_oldest_known_id_stays_when_two_persons_turn_out_to_be_one() -> None:
    world = empty_world()
    world.lead("00Q1", email="a@one.example")
    world.prospect(7, email="a@one.example")
    world.know(f"{LEAD}00Q1", "PNEWER", at(5))
    world.know(f"{PROSPECT}7", "POLDER", at(1))
    world.enrich()
    assert set(world.persons().values()) == {"POLDER"}


def test_when_one_person_turns_out_to_be_two_the_living_one_keeps_the_id() -> None:
    world = empty_world()
    world.lead("00Q1", email="a@one.example", is_deleted=True)
    world.lead("00Q2", email="a@one.example")
    world.know(f"{LEAD}00Q1", "PONE", at(1))
    world.know(f"{LEAD}00Q2", "PONE", at(2))
    world.enrich()
    persons = world.persons()
    assert persons[f"{LEAD}00Q2"] == "PONE"
    assert persons[f"{LEAD}00Q1"] != "PONE"


def test_a_split_person_takes_the_next_id_that_it_has_a_claim_to() -> None:
    world = empty_world()
    world.lead("00Q1", email="a@one.example")
    world.lead("00Q2", email="b@one.example")
    world.prospect(7, email="b@one.example")
    for key, person, days in ((f"{LEAD}00Q1", "PONE", 1), (f"{LEAD}00Q2", "PONE", 1), (f"{PROSPECT}7", "PTWO", 3)):
        world.know(key, person, at(days))
    world.enrich()
    persons = world.persons()
    assert persons[f"{LEAD}00Q1"] == "PONE"
    assert persons[f"{LEAD}00Q2"] == persons[f"{PROSPECT}7"] == "PTWO"


def test_a_new_id_is_never_one_that_somebody_holds() -> None:
    fresh = empty_world()
    fresh.lead("00Q2", email="b@one.example")
    fresh.enrich()
    taken = fresh.persons()[f"{LEAD}00Q2"]
    world = empty_world()
    world.lead("00Q1", email="a@one.example")
    world.lead("00Q2", email="b@one.example")
    world.know(f"{LEAD}00Q1", taken)
    world.enrich()
    assert world.persons()[f"{LEAD}00Q1"] == taken
    assert world.persons()[f"{LEAD}00Q2"] != taken


def test_the_same_records_give_the_same_ids_in_any_order() -> None:
    people = [(f"00Q{number}", f"p{number // 3}@one.example") for number in range(60)]
    seen = []
    for seed in (1, 2):
        world = empty_world()
        for id_, email in random.Random(seed).sample(people, len(people)):
            world.lead(id_, email=email)
        world.enrich()
        seen.append(world.persons())
    assert seen[0] == seen[1]
    assert len(set(seen[0].values())) == 20


def test_a_long_chain_of_links_is_one_person() -> None:
    world = empty_world()
    for number in range(40):
        world.lead(f"00Q{number:03}", email=f"p{number}@one.example")
        world.prospect(2 * number, email=f"p{number}@one.example", lead_id=f"00Q{(number + 1) % 40:03}")
    world.enrich()
    assert len(set(world.persons().values())) == 1


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_persons_are_the_connected_records_of_any_world(seed: int) -> None:
    """Against a plain union-find over the same links and addresses."""
    rng, size = random.Random(seed), 120
    world = empty_world()
    root: dict[str, str] = {}

    def find(key: str) -> str:
        while root.setdefault(key, key) != key:
            key = root[key]
        return key

    for number in range(size):
        lead, contact, prospect = f"00Q{number:03}", f"003{number:03}", f"{PROSPECT}{number}"
        other, address = rng.randrange(size), f"p{rng.randrange(2 * size)}@one.example"
        state = rng.choice(["open", "converted", "merged", "deleted"])
        world.lead(
            lead, email=address, is_deleted=state in {"merged", "deleted"}, is_converted=state == "converted",
            master_id=f"00Q{other:03}" if state == "merged" else None,
            converted_contact_id=f"003{other:03}" if state == "converted" else None,
        )  # fmt: skip
        world.contact(contact, email=f"c{rng.randrange(2 * size)}@one.example")
        world.prospect(number, lead_id=f"00Q{other:03}" if rng.random() < 0.5 else None, email=f"q{number}@one.example")
        find(f"{LEAD}{lead}"), find(f"{CONTACT}{contact}"), find(prospect)
        if state == "merged":
            root[find(f"{LEAD}{lead}")] = find(f"{LEAD}00Q{other:03}")
        if state == "converted":
            root[find(f"{LEAD}{lead}")] = find(f"{CONTACT}003{other:03}")
    for row in world.rows("FROM seen_account_engagement_prospects WHERE lead_id IS NOT NULL"):
        root[find(f"{PROSPECT}{row['id']}")] = find(f"{LEAD}{row['lead_id']}")
    for table, key in (("lead", LEAD), ("contact", CONTACT)):
        for row in world.rows(f"SELECT id, email FROM seen_salesforce_{table} WHERE NOT is_deleted"):
            root[find(f"{key}{row['id']}")] = find(row["email"])
    world.enrich()
    persons = world.persons()
    pairs = {(find(key), person) for key, person in persons.items()}
    assert len(pairs) == len({root_key for root_key, _ in pairs}) == len(set(persons.values()))


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("Ａ＠ｏｎｅ．ｅｘａｍｐｌｅ", "a@one.example"),
        (" a@one.example\u200b ", "a@one.example"),
        ("a@ONE.example\n", "a@one.example"),
    ],
)
def test_addresses_fold(written: str, folded: str) -> None:
    assert folded_email(written) == folded
