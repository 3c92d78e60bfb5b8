"""The last question before tasks are made: whoever opted out, was converted or is gone meanwhile gets none (SY-10)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from connector.applying.application import Reader
from connector.applying.apply import apply_plan
from connector.applying.consent import asked_of
from connector.applying.switch import Off
from connector.domain.plan import TaskCreation
from connector.errors import RefusedError, RetryError
from connector.rules.load import SHIPPED
from connector.rules.mapping import load_mapping
from connector.store.database import Store
from tests.mirror_world import HOUR, NOON, lead_id
from tests.remote_world import Remote, emptied, org, plan_of, run_of, task

pytestmark = pytest.mark.requirement("SY-10", "WB-3", "WB-8")

ASKED = {name: {"opted_out": "HasOptedOutOfEmail", "do_not_call": "DoNotCall"} for name in ("Lead", "Contact")}
CONTACT = "003000000000001AAA"


@pytest.fixture
def store(module_store: Store) -> Store:
    return emptied(module_store)


def by(channel: str, number: int = 1, who: str | None = None) -> TaskCreation:
    made = task(number)
    values = {**made.values, "WhoId": who or lead_id(number)}
    return replace(made, key=made.key.replace(":call", f":{channel}"), values=values)


def apply(remote: Remote, store: Store, *tasks: TaskCreation, reader: Reader | None = None) -> dict[str, int]:
    """Made tasks stand in the org; answers the reasons of those that were left out."""
    application = replace(run_of(remote, store), asked=ASKED, reader=reader or remote)
    apply_plan(application, plan_of(tasks=tasks))
    assert application.applied.failures == []
    assert application.applied.tasks == len(remote.tasks)
    return dict(application.applied.forbidden)


@pytest.mark.parametrize(
    ("meanwhile", "channel", "reason"),
    [
        ({"HasOptedOutOfEmail": True}, "email", "opted out of e-mail"),
        ({"HasOptedOutOfEmail": True}, "call", None),
        ({"HasOptedOutOfEmail": "true"}, "email", "opted out of e-mail"),
        ({"HasOptedOutOfEmail": "false"}, "email", None),
        ({"DoNotCall": True}, "call", "does not want to be called"),
        ({"DoNotCall": True}, "email", None),
        ({"DoNotCall": True, "HasOptedOutOfEmail": True}, "review", None),
        ({"IsConverted": True}, "call", "was converted"),
        ({"IsConverted": True}, "hand_over", "was converted"),
        ({"IsDeleted": True}, "call", "is gone"),
        ({}, "call", None),
    ],
)
def test_what_the_org_says_at_this_moment_counts(
    store: Store, meanwhile: dict[str, Any], channel: str, reason: str | None
) -> None:
    remote = org(1)
    remote.edit("Lead", lead_id(1), **meanwhile)
    assert apply(remote, store, by(channel)) == ({} if reason is None else {reason: 1})
    assert len(remote.tasks) == (reason is None)
    assert store.value("SELECT count(*) FROM journal") == (reason is None), "what is not sent was never meant to be"


def test_contacts_are_asked_for_theirs(store: Store) -> None:
    remote = org(1)
    remote.put("Contact", CONTACT, DoNotCall=True, HasOptedOutOfEmail=False)
    assert apply(remote, store, by("call"), by("call", 2, CONTACT), by("email", 2, CONTACT)) == {
        "does not want to be called": 1
    }
    assert {key.rsplit(":", 1)[-1] for key in remote.tasks} == {"call", "email"}


def test_it_is_one_question_for_two_hundred_tasks_and_none_without_tasks(store: Store) -> None:
    remote = org(250)
    for number in range(300, 310):
        remote.put("Contact", f"003{number:0>12}AAA")
    asked: list[str] = []

    class Asked:
        def query(self, soql: str, *, deleted: bool = False) -> list[dict[str, Any]]:
            asked.append(soql)
            return remote.query(soql, deleted=deleted)

    tasks = [by("call", number) for number in range(1, 251)]
    tasks += [by("call", number, f"003{number:0>12}AAA") for number in range(300, 310)]
    assert apply(remote, store, reader=Asked()) == {}
    assert asked == []
    assert apply(remote, store, *tasks, reader=Asked()) == {}
    assert [soql.split(" FROM ")[1].split()[0] for soql in asked] == ["Lead", "Lead", "Contact"]
    assert [rows for _name, rows in remote.calls] == [200, 60]


def test_without_an_answer_no_task_is_made_and_nothing_has_to_be_settled(store: Store) -> None:
    remote = org(1)

    def down() -> None:
        raise RetryError("down")

    remote.before = down
    with pytest.raises(RetryError):
        apply(remote, store, by("call"))
    assert (remote.tasks, store.value("SELECT count(*) FROM journal")) == ({}, 0)


def test_while_writes_are_off_nobody_is_asked(store: Store) -> None:
    remote = org(1)
    remote.before = lambda: pytest.fail("a question for tasks that are not made")
    application = replace(run_of(remote, store), off=Off("CONNECTOR_WRITES"))
    with pytest.raises(RefusedError):
        apply_plan(application, plan_of(tasks=(by("call"),)))


def test_whoever_comes_back_gets_the_task_of_the_next_plan(store: Store) -> None:
    remote = org(1)
    remote.edit("Lead", lead_id(1), HasOptedOutOfEmail=True)
    apply(remote, store, by("email"))
    remote.edit("Lead", lead_id(1), HasOptedOutOfEmail=False)
    application = replace(run_of(remote, store, "run2", NOON + HOUR), asked=ASKED)
    apply_plan(application, plan_of(tasks=(by("email"),), made_at=NOON + HOUR))
    assert application.applied.tasks == 1


def test_the_fields_of_consent_are_those_of_the_mapping() -> None:
    asked = asked_of(load_mapping(SHIPPED / "classic").fields)
    assert asked["Lead"] == {"opted_out": "HasOptedOutOfEmail", "do_not_call": "DoNotCall"}
    assert set(asked) == {"Lead", "Contact"}
