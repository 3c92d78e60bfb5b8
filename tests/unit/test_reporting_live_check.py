"""A mapping against what an org says: every kind of misfit has a sentence, a line, and what to do (AD-2)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from connector.account_engagement.unit_shown import ListShown, UnitShown
from connector.reporting.drift import as_text, drift, from_text, likeness
from connector.reporting.live_engagement import check_units
from connector.reporting.live_finding import LiveFinding
from connector.reporting.metadata_files import user_permissions
from connector.rules.mapping import Mapping as FieldMapping
from connector.rules.written import Written
from connector.salesforce.description import FieldDescription
from connector.salesforce.org_shown import Holder, StatusValue
from tests.live_world import MAPPINGS, checked, described, field, of, org, rules_with

pytestmark = pytest.mark.requirement("AD-2")

TEXT = """\
version: 1
salesforce:
  Lead:
    read:
      email: Email
      employees: NumberOfEmployees
      converted_on: ConvertedDate
      title: title
      owner_name: Owner.Nmae
      budget: Budget__c
    write:
      Score__c: {value: score, policy: always}
      Grade__c: {value: grade, policy: always}
      Reason__c: {value: reason, policy: always}
      At__c: {value: scored_at, policy: always}
      Off__c: {value: tier, policy: never}
      Status:
        value: status
        values: {hot: Hot, cold: Nurturing}
        order: [Open, Nurturing, Hot]
  Account:
    read: {name: Name}
  User:
    read: {name: Name}
  Task:
    read: {key: Connector_Key__c}
account_engagement:
  prospects:
    read: {email: email, hobby: hobby__c, teams: teams__c}
statuses:
  lost: [Dead]
"""
STATUSES = (
    StatusValue("Open", "Open", 1, is_default=True),
    StatusValue("Nurturing", "Nurturing", 2),
    StatusValue("Hot", "Hot", 3),
    StatusValue("Converted", "Converted", 4, is_converted=True),
)
LEAD = {
    "Email": field("Email", type="email"),
    "NumberOfEmployees": field("NumberOfEmployees", type="int", precision=8),
    "ConvertedDate": field("ConvertedDate", type="date"),
    "Title": field("Title"),
    "OwnerId": field("OwnerId", type="reference", reference_to=("User",), relationship_name="Owner"),
    "Budget__c": field("Budget__c"),
    "Score__c": field("Score__c", type="double", precision=6),
    "Grade__c": field("Grade__c", length=2),
    "Reason__c": field("Reason__c", length=255),
    "At__c": field("At__c", type="datetime"),
    "Off__c": field("Off__c", updateable=False),
    "Status": field("Status", type="picklist", length=255, values=("Open", "Nurturing", "Hot", "Converted")),
}
TASK = [
    *(field(name) for name in ("Subject", "ActivityDate", "Status", "Priority", "OwnerId", "Description", "Type")),
    field("WhoId", type="reference", reference_to=("Contact", "Lead")),
]
KEY = field("Connector_Key__c", length=120, external_id=True, unique=True)


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> tuple[FieldMapping, Written]:
    return rules_with(tmp_path_factory.mktemp("rules"), TEXT)


def findings(rules: tuple[FieldMapping, Written], key: FieldDescription = KEY, **lead: Any) -> list[LiveFinding]:
    """What is found with one thing otherwise than it should be: fields of Lead by name."""
    fields = [one for one in {**LEAD, **lead}.values() if one is not None]
    shown = org(
        described("Lead", *fields),
        described("Account", field("Name")),
        described("User", field("Name")),
        described("Task", *TASK, *([key] if key else [])),
        lead_statuses=STATUSES,
    )
    return list(checked(rules, TEXT, shown).findings)


def sentences(found: list[LiveFinding], name: str, level: str = "error") -> list[str]:
    return [one.sentence for one in found if one.field == name and one.level == level]


def test_what_is_wrong_from_the_beginning_is_told_all_at_once(rules: tuple[FieldMapping, Written]) -> None:
    found = findings(rules)
    assert [(one.level, one.line, one.column) for one in found if one.object in {"Lead", "Task"}] == [
        ("error", 9, 19),  # Owner.Nmae
        ("advice", 8, 14),  # letters
        ("advice", 31, 10),  # Dead
        ("note", 26, 17),  # how tasks go
    ]
    (parent,) = [one for one in found if one.field == "Owner.Nmae"]
    assert parent.sentence == "User has no field `Nmae` that this user may see."
    assert parent.suggestion == "Did you mean `Owner.Name`?"
    assert "`title` as `Title`" in sentences(found, "title", "advice")[0]
    assert str(parent).startswith("fields.yaml:9:19: User has no field")


@pytest.mark.parametrize(
    ("name", "change", "level", "told"),
    [
        ("Budget__c", None, "error", "Lead has no field `Budget__c` that this user may see."),
        ("NumberOfEmployees", {"type": "date"}, "error", "every value would be unknown"),
        ("NumberOfEmployees", {"type": "string"}, "advice", "what cannot be read as integer becomes unknown"),
        ("NumberOfEmployees", {"type": "double", "precision": 8, "scale": 2}, "advice", "has 2 decimals"),
        ("ConvertedDate", {"type": "datetime"}, "error", "is of the type datetime"),
        ("Email", {"type": "address"}, "error", "put together from other fields"),
        ("Score__c", {"updateable": False, "calculated": True}, "error", "is a formula"),
        ("Score__c", {"updateable": False, "auto_number": True}, "error", "is numbered by the org itself"),
        ("Score__c", {"updateable": False}, "error", "cannot be edited by this user"),
        ("Score__c", {"type": "string"}, "error", "`score` is a number"),
        ("Score__c", {"precision": 2}, "error", "takes 2 digits before the point"),
        ("Score__c", {"precision": 6, "scale": 2}, "advice", "takes 4 digits before the point"),
        ("Grade__c", {"length": 1}, "error", "takes 1 characters; `grade` needs 2"),
        ("Grade__c", {"type": "picklist", "values": ("A", "B"), "restricted": True}, "error", "has no value `F`, `D-`"),
        ("Grade__c", {"type": "picklist", "values": ("A", "B")}, "advice", "has no value `F`, `D-`"),
        ("Grade__c", {"type": "double", "precision": 6}, "error", "`grade` is a text"),
        ("Reason__c", {"length": 200}, "error", "takes 200 characters; `reason` needs 255"),
        ("At__c", {"type": "date"}, "error", "is a date with a time"),
        ("Status", {"values": ("Open", "Hot"), "restricted": True}, "error", "has no value `Nurturing`"),
    ],
)
def test_each_misfit_has_a_sentence(
    rules: tuple[FieldMapping, Written], name: str, change: dict[str, Any] | None, level: str, told: str
) -> None:
    base = {**vars(LEAD[name])}
    changed = None if change is None else field(**{**base, **change})
    found = findings(rules, **{name: changed})
    assert any(told in one for one in sentences(found, name, level)), sentences(found, name, level)
    assert all(one.line and one.suggestion for one in found if one.field == name and one.level == "error")


def test_a_field_that_is_never_written_may_be_a_formula(rules: tuple[FieldMapping, Written]) -> None:
    assert sentences(findings(rules), "Off__c") == []


@pytest.mark.parametrize(
    ("key", "level", "told"),
    [
        (None, "error", "Task has no field `Connector_Key__c`"),
        (field("Connector_Key__c", length=120), "error", "is no external id"),
        (field("Connector_Key__c", length=120, external_id=True), "advice", "looked up by it before each is made"),
        (field("Connector_Key__c", length=80, external_id=True, unique=True), "error", "takes 80 characters"),
        (KEY, "note", "tasks go by upsert"),
    ],
)
def test_the_key_of_tasks_says_which_road_they_take(
    rules: tuple[FieldMapping, Written], key: FieldDescription | None, level: str, told: str
) -> None:
    found = findings(rules, key)  # type: ignore[arg-type] # None: there is none
    assert any(told in one for one in sentences(found, "Connector_Key__c", level))


def test_rights_to_objects(rules: tuple[FieldMapping, Written]) -> None:
    shown = org(
        described("Lead", *LEAD.values(), updateable=False, record_types=("Trade", "Direct")),
        described("Task", *TASK, KEY, createable=False),
    )
    found = checked(rules, TEXT, shown)
    assert not found.is_sound
    assert [one.sentence for one in of(found, "Lead")] == [
        "This user may not edit Lead, but 6 of its fields are written."
    ]
    assert [one.sentence for one in of(found, "Task")] == ["This user may not create tasks."]
    assert [one.sentence for one in of(found, "Account")] == ["Account is not there, or this user may not read it."]
    told = [one.sentence for one in of(found, "Lead", "Status") if one.kind == "record_types"]
    assert "is not told by describe" in told[0], "what the API does not tell is not made up"


def test_a_converted_status_cannot_be_written(tmp_path: Path) -> None:
    text = TEXT.replace("hot: Hot,", "hot: Converted,")
    found = checked(rules_with(tmp_path, text), text, org(described("Lead", *LEAD.values()), lead_statuses=STATUSES))
    assert "`Converted` is a status of converted leads, which cannot be written." in [
        one.sentence for one in found.findings if one.level == "error"
    ]


def test_names_of_users_and_queues(tmp_path: Path) -> None:
    shipped = (MAPPINGS / "cadence.yaml").read_text(encoding="utf-8")
    teams = "teams:\n  - {id: east, name: {ja: 東, en: East}, members: [佐藤, 山田]}\n"
    lifecycle = (MAPPINGS / "lifecycle.yaml").read_text(encoding="utf-8")
    assert "    # assign_to: 東日本フィールドセールス" in lifecycle
    files = {
        "cadence": shipped.replace("cadences:\n", f"{teams}cadences:\n", 1),
        "lifecycle": lifecycle.replace("    # assign_to:", "    assign_to:", 1),
    }
    rules = rules_with(tmp_path, TEXT, **files)
    queue = Holder("東日本フィールドセールス", "queue", objects=frozenset({"Lead"}))

    def told(*holders: Holder) -> list[tuple[str, str]]:
        found = checked(rules, TEXT, org(described("Lead", *LEAD.values()), holders=holders)).findings
        return sorted((one.level, one.sentence) for one in found if one.object == "User")

    missing = "The org shows no user or queue named"
    assert [one for one in told() if missing in one[1]] == [
        ("advice", f"{missing} `佐藤`."),
        ("advice", f"{missing} `山田`."),
        ("error", f"{missing} `東日本フィールドセールス`."),
    ]
    there = (Holder("佐藤", "user"), Holder("山田", "user", is_active=False))
    said = [sentence for _, sentence in told(queue, *there)]
    assert "The queue `東日本フィールドセールス` does not take records of Task." in said
    assert "The user `山田` is not active: nothing can be given to them." in said
    assert not any("佐藤" in one for one in said)


def test_complaint_50_what_a_business_unit_lacks_is_not_left_out_silently(
    rules: tuple[FieldMapping, Written],
) -> None:
    unit = UnitShown(
        "0Uv1",
        {"hobbies": "text", "teams": "multi-select"},
        (),
        {"prospects": frozenset({"hobby__c"})},
        frozenset(),
    )
    found = list(check_units(rules[1], [unit]))
    assert [(one.field, one.level) for one in found if one.object == "prospects"] == [
        ("hobby__c", "error"),
        ("teams__c", "error"),
    ]
    assert found[0].suggestion == "Did you mean `hobbies__c`?"
    assert {one.level for one in found if one.kind == "list"} == {"advice"}
    assert all("has no list" in one.sentence for one in found if one.kind == "list")


def before_and_after(
    rules: tuple[FieldMapping, Written], name: str, *after: FieldDescription, **change: Any
) -> list[tuple[str, str]]:
    old = described("Lead", *LEAD.values())
    kept = {"Lead": from_text(as_text(old))}
    fields = {key: one for key, one in LEAD.items() if key != name}
    changed = [] if not change else [field(**{**vars(LEAD[name]), **change})]
    new = described("Lead", *fields.values(), *changed, *after)
    found = drift(rules[0].fields, kept, org(new))
    return [(one.kind, one.renamed_to or one.field) for one in found]


def test_what_has_changed_is_told_by_kind(rules: tuple[FieldMapping, Written]) -> None:
    assert before_and_after(rules, "Budget__c") == [("vanished", "Budget__c")]
    assert before_and_after(rules, "Budget__c", field("Yosan__c", label="Budget__c")) == [("renamed", "Yosan__c")]
    assert before_and_after(rules, "Budget__c", field("Budgets__c")) == [("renamed", "Budgets__c")]
    other = field("Seminar__c", type="boolean", length=0)
    assert before_and_after(rules, "Budget__c", other) == [("vanished", "Budget__c"), ("new_field", "Seminar__c")]
    assert before_and_after(rules, "Budget__c", type="double") == [("type", "Budget__c")]
    assert before_and_after(rules, "Reason__c", length=100) == [("shorter", "Reason__c")]
    assert before_and_after(rules, "Score__c", precision=4) == [("shorter", "Score__c")]
    assert before_and_after(rules, "Score__c", updateable=False, calculated=True) == [("read_only", "Score__c")]
    assert before_and_after(rules, "Status", values=("Open", "Hot", "Warm")) == [
        ("values_gone", "Status"),
        ("values_new", "Status"),
    ]


def test_a_field_of_another_kind_is_no_renamed_one() -> None:
    assert likeness(field("Budget__c", label="予算"), field("Yosan__c", label="予算")) >= 0.6
    assert likeness(field("Budget__c", label="予算"), field("Memo__c", label="メモ")) < 0.6
    assert likeness(field("Budget__c", label="予算"), field("Lot__c", label="ロット", type="double")) < 0.3


@pytest.mark.requirement("WB-7")
def test_the_word_for_a_closed_task_has_to_close_it(rules: tuple[FieldMapping, Written]) -> None:
    def told(closed: frozenset[str] | None, *values: str) -> list[str]:
        status = field("Status", type="picklist", values=("Not Started", *values))
        task = described("Task", *(one for one in TASK if one.name != "Status"), status, KEY)
        found = checked(rules, TEXT, org(task, closed_tasks=closed)).findings
        return [one.sentence for one in found if one.kind == "closed_status"]

    assert told(None, "Completed") == told(frozenset({"Completed"}), "Completed") == []
    assert told(None, "完了") == ["Task.Status has no value `Completed`: tasks would stay open."]
    assert told(frozenset({"完了"}), "Completed", "完了") == [
        "`Completed` is no status of closed tasks: tasks would stay open."
    ]


@pytest.mark.requirement("NU-2")
def test_lists_are_found_by_id_or_name_and_have_to_be_static(tmp_path: Path) -> None:
    unit = "0Uv000000000001AAA"
    shipped = (MAPPINGS / "nurture.yaml").read_text(encoding="utf-8")
    names = re.findall(r"^    list: (.+)$", shipped, re.MULTILINE)
    nurture = shipped.replace(f"    list: {names[0]}\n", f"    list_ids: {{{unit}: 7}}\n", 1)
    text = f"{TEXT.split('statuses:', maxsplit=1)[0]}  list-memberships:\n    write: {{listId: {{value: track}}}}\n"
    rules = rules_with(tmp_path, text, nurture=nurture)

    def told(*lists: ListShown) -> list[str]:
        found = check_units(rules[1], [UnitShown(unit, {}, lists, {}, frozenset())])
        return [one.sentence for one in found if (one.kind, one.level) in {("list", "error"), ("list", "advice")}]

    static = [ListShown(number, name) for number, name in enumerate(names[1:], start=10)]
    assert told(ListShown(7, "whatever"), *static) == []
    assert told(*static) == [f"The business unit {unit} has no list with the id 7."]
    assert told(ListShown(7, "x", is_dynamic=True), *static) == [
        f"The list with the id 7 of the business unit {unit} is dynamic: nobody can be put onto it."
    ]
    assert told(ListShown(7, "x"), *static, ListShown(99, names[1])) == [
        f"The business unit {unit} has 2 lists named `{names[1]}`."
    ]


@pytest.mark.requirement("TU-2", "OP-4")
def test_a_record_that_changes_hands_needs_somebody_who_may_have_it(tmp_path: Path) -> None:
    lifecycle = (
        (MAPPINGS / "lifecycle.yaml").read_text(encoding="utf-8").replace("    # assign_to:", "    assign_to:", 1)
    )
    owner = "      OwnerId: {value: owner, policy: always}\n"
    lead = TEXT.replace("    write:\n", f"    write:\n{owner}", 1)
    both = lead.replace("  Account:\n", f"  Contact:\n    read: {{email: Email}}\n    write:\n{owner}  Account:\n", 1)
    queue = Holder("東日本フィールドセールス", "queue", objects=frozenset({"Task"}))

    def told(text: str, *rights: str) -> list[str]:
        rules = rules_with(tmp_path, text, lifecycle=lifecycle)
        assert user_permissions(rules[0].fields) == ("ApiEnabled", "EditTask", *rights)
        found = checked(rules, text, org(described("Lead", *LEAD.values()), holders=(queue,))).findings
        return [one.sentence for one in found if one.kind == "queue_object" or one.field == "OwnerId"]

    lacks = "The queue `東日本フィールドセールス` does not take records of Lead."
    assert told(lead, "TransferAnyLead") == [lacks]
    (said,) = told(both, "TransferAnyEntity", "TransferAnyLead")
    assert "to which no contact can belong" in said
