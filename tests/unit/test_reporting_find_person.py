"""Whom a word names: the address of any record of theirs, and nobody who is gone while somebody lives there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from connector.reporting.explanation import find_person
from tests.planning_world import MONDAY, PlanningWorld, lead_of

pytestmark = pytest.mark.requirement("AD-8", "SY-4", "SY-10")

CONTACT = "003000000000001AAA"
RECORDS = (
    ("salesforce.Lead:gone", "0", "lead", "", lead_of("0")),
    ("salesforce.Lead:living", "9", "lead", "", lead_of("9")),
    ("salesforce.Contact:living", "9", "contact", "", CONTACT),
    ("account_engagement.prospects:0Uv1:7", "9", "prospect", "0Uv1", "7"),
    ("account_engagement.prospects:0Uv2:7", "8", "prospect", "0Uv2", "7"),
)


@pytest.fixture(scope="module")
def world() -> Iterator[PlanningWorld]:
    world = PlanningWorld()
    world.person("9", email="chosen@example.com")
    world.person("8")
    world.stands("0", email="chosen@example.com", is_deleted=True)
    seen = {"_seen_at": MONDAY - timedelta(hours=1), "_valid_from": MONDAY - timedelta(days=1)}
    contact = {"id": CONTACT, "_unit": "", "is_deleted": False, "email": "Contact@Example.com", **seen}
    world.insert("mirror_salesforce_contact", contact)
    prospect = {"id": 7, "_unit": "0Uv1", "is_deleted": False, "email": " prospect@example.com", **seen}
    world.insert("mirror_account_engagement_prospects", prospect)
    world.store.load("person_records", ("record_key", "person_id", "kind", "unit", "record_id"), RECORDS)
    yield world
    world.store.close()


@pytest.mark.parametrize(
    "wanted",
    ["chosen@example.com", "contact@example.com", "PROSPECT@example.com ", CONTACT, CONTACT[:15], f" {CONTACT}"],
)
def test_any_address_and_any_record_of_a_living_person_names_it(world: PlanningWorld, wanted: str) -> None:
    assert find_person(world.store.run, wanted) == "9"


def test_a_number_of_two_business_units_names_the_same_person_each_time(world: PlanningWorld) -> None:
    assert {find_person(world.store.run, "7") for _ in range(5)} == {"8"}


def test_who_is_gone_is_nobody(world: PlanningWorld) -> None:
    assert find_person(world.store.run, lead_of("0")) is None
