"""Tasks of a cadence: their keys, their days, and who may have them (CD-1, CD-2, CD-5, SY-10)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from connector.engine.cadence import BusinessCalendar, CadenceStep
from connector.errors import ConfigurationError
from connector.planning.brief import Brief
from connector.planning.desired import Language
from connector.planning.tasks import (
    FollowUp,
    consented,
    create_tasks,
    due_tasks,
    not_before,
    task_key,
    wanted,
    within_limit,
)
from connector.rules.cadence import Cadences
from connector.rules.names import Name
from tests.engine_world import shipped

pytestmark = pytest.mark.requirement("CD-1", "CD-2")

ORG = "00D000000000001EAA"
CALENDAR = BusinessCalendar("JP")
HOT = FollowUp("P1", "hot", date(2026, 6, 1), "00Q000000000001AAA", "00Q000000000001AAA", "005A", False, False)
CALL = CadenceStep("day1", 1, "call", Name(ja="1日目：電話", en="Day 1: call"), date(2026, 6, 1))


def cadences() -> Cadences:
    return shipped().cadence


def brief(_person: str) -> Brief:
    return Brief("スコア72・グレードB", "なぜ")


class TestKeys:
    def test_every_shipped_step_has_its_own_within_120_characters(self) -> None:
        follow_ups = [HOT, replace(HOT, cadence="review")]
        due = list(due_tasks(follow_ups, cadences(), CALENDAR, date(2026, 6, 22)))
        keys = {task_key(ORG, follow_up, step) for follow_up, step in due}
        assert len(keys) == len(due) == 9
        assert max(map(len, keys)) <= 120
        assert f"{ORG}:00Q000000000001AAA:hot:2026-06-01:day1:call" in keys

    def test_it_follows_the_record_first_used_and_not_the_one_of_today(self) -> None:
        moved = replace(HOT, who_id="003000000000001AAA", owner_id="005B", opted_out=True)
        assert task_key(ORG, moved, CALL) == task_key(ORG, HOT, CALL)

    def test_ids_that_make_it_too_long_are_told_in_a_sentence(self) -> None:
        long = replace(HOT, cadence="c" * 40)
        step = replace(CALL, step="s" * 26)
        assert len(task_key(ORG, long, replace(step, step="s" * 25))) == 120
        with pytest.raises(ConfigurationError) as caught:
            task_key(ORG, long, step)
        assert f"The ids of the cadence `{'c' * 40}` and of its step `{'s' * 26}`" in str(caught.value)
        assert "shorten them in cadence.yaml by 1 together" in str(caught.value)


class TestDays:
    @pytest.mark.parametrize(
        ("day", "count"), [((5, 31), 0), ((6, 1), 2), ((6, 2), 4), ((6, 4), 4), ((6, 5), 5), ((6, 22), 8)]
    )
    def test_a_step_is_due_from_its_day_on(self, day: tuple[int, int], count: int) -> None:
        assert len(list(due_tasks([HOT], cadences(), CALENDAR, date(2026, *day)))) == count

    def test_a_cadence_that_the_rules_do_not_know_any_more_asks_for_nothing(self) -> None:
        assert list(due_tasks([replace(HOT, cadence="gone")], cadences(), CALENDAR, date(2026, 12, 31))) == []


class TestTexts:
    @pytest.mark.parametrize(("language", "words"), [("ja", "1日目：電話"), ("en", "Day 1: call")])
    def test_they_are_in_the_language_of_the_org(self, language: Language, words: str) -> None:
        tasks = create_tasks([(HOT, CALL)], ORG, brief, language)
        assert tasks[0].values == {
            "Subject": f"{words}｜スコア72・グレードB",
            "ActivityDate": "2026-06-01",
            "Status": "Not Started",
            "Priority": "High",
            "WhoId": "00Q000000000001AAA",
            "Description": "なぜ",
            "Type": "Call",
            "OwnerId": "005A",
        }

    def test_a_subject_is_as_long_as_the_field_and_nobody_s_task_has_no_owner(self) -> None:
        unowned = replace(HOT, owner_id=None)
        (task,) = create_tasks([(unowned, CALL)], ORG, lambda _person: Brief("長" * 400, ""), "ja")
        assert len(str(task.values["Subject"])) == 255
        assert "OwnerId" not in task.values

    def test_a_decision_is_no_call_and_no_mail(self) -> None:
        step = replace(CALL, channel="decide")
        (task,) = create_tasks([(HOT, step)], ORG, brief, "ja")
        assert "Type" not in task.values
        assert task.values["Priority"] == "Normal"


@pytest.mark.requirement("SY-10")
def test_a_decision_is_asked_for_even_of_those_who_are_not_to_be_disturbed() -> None:
    silent = replace(HOT, opted_out=True, do_not_call=True)
    steps = [(silent, replace(CALL, channel=channel)) for channel in ("call", "email", "decide")]
    allowed, withheld = consented(steps)
    assert [step.channel for _, step in allowed] == ["decide"]
    assert [(one.step, one.reason) for one in withheld] == [
        ("day1:call", "does not want to be called"), ("day1:email", "opted out of e-mail"),
    ]  # fmt: skip


@pytest.mark.requirement("WB-7")
def test_a_key_that_was_there_once_is_never_used_again() -> None:
    due = [(HOT, CALL), (HOT, replace(CALL, channel="email"))]
    assert [step.channel for _, step in wanted(due, ORG, {task_key(ORG, HOT, CALL)})] == ["email"]


@pytest.mark.requirement("CD-5")
class TestTheLimitOfReviews:
    def reviews(self, *owners: str | None) -> list[tuple[FollowUp, CadenceStep]]:
        return [(replace(HOT, person_id=str(place), owner_id=owner), CALL) for place, owner in enumerate(owners)]

    def chosen(self, owners: list[str | None], made: dict[str | None, int], limit: int) -> list[str]:
        return [follow_up.person_id for follow_up, _ in within_limit(self.reviews(*owners), made, limit)]

    def test_the_first_of_each_owner_go_and_the_others_wait(self) -> None:
        assert self.chosen(["a", "a", "b", "a", None, None, None], {}, 2) == ["0", "1", "2", "4", "5"]

    def test_what_was_made_today_counts(self) -> None:
        assert self.chosen(["a", "a", "b"], {"a": 1, "b": 2}, 2) == ["0"]
        assert self.chosen(["a"], {"a": 5}, 2) == []
        assert self.chosen(["a"], {}, 0) == []


@pytest.mark.requirement("RC-2", "CD-3")
def test_before_an_agreed_day_no_task_is_made_but_for_an_inquiry() -> None:
    asked = replace(HOT, cadence="inquiry")
    other = replace(HOT, person_id="P2")
    free, held = not_before([(HOT, CALL), (asked, CALL), (other, CALL)], {"P1": date(2026, 7, 1)}, cadences())
    assert [(follow_up.person_id, follow_up.cadence) for follow_up, _ in free] == [("P1", "inquiry"), ("P2", "hot")]
    assert [(one.person_id, one.step, one.reason) for one in held] == [("P1", "day1:call", "not before 2026-07-01")]
