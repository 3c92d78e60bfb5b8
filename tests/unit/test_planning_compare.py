"""What should stand against what stands, three ways, under each policy (WB-1, WB-3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from connector.domain.cursor import Cursor
from connector.domain.plan import FieldChange, Kept, RecordChange
from connector.planning.compare import compare
from connector.rules.fields import Fields
from connector.store.cursors import save_cursor
from connector.store.database import Store, memory_store
from connector.store.journal import Intent, intend, remember_written
from connector.store.mirror import freeze, prepare, table_of
from tests.mirror_world import HOUR, NOON

pytestmark = pytest.mark.requirement("WB-1", "WB-3")

RECORD = "00Q000000000001AAA"
NEVER_WRITTEN = object()
ORDER = ["Open", "Nurturing", "Hot", "Working", "Closed"]


@pytest.fixture(scope="module")
def module_store() -> Iterator[Store]:
    store = memory_store()
    yield store
    store.close()


@pytest.fixture
def store(module_store: Store) -> Store:
    for (table,) in module_store.run("SELECT table_name FROM duckdb_tables() WHERE table_name LIKE 'mirror_%'"):
        module_store.run(f'DROP TABLE "{table}"')
    module_store.run("DELETE FROM written")
    return module_store


def fields_of(**write: dict[str, Any]) -> Fields:
    return Fields.model_validate({"version": 1, "salesforce": {"Lead": {"write": write}}})


def stands(store: Store, fields: Fields, **theirs: Any) -> None:
    """One Lead with these values in the mirror, as pulled at noon."""
    (mapped,) = fields.streams
    prepare(store, [mapped])
    save_cursor(store, Cursor("salesforce.Lead", "", NOON), NOON)
    values = {"id": RECORD, "stamp": NOON, "modified_at": NOON, "is_deleted": False, **theirs}
    names = ", ".join(f'"{name}"' for name in values)
    marks = ", ".join(f"$v{place}" for place in range(len(values)))
    store.run(
        f"INSERT INTO \"{table_of(mapped)}\" (_unit, {names}, _valid_from, _seen_at) VALUES ('', {marks}, $at, $at)",
        {"at": plain(NOON), **{f"v{place}": plain(value) for place, value in enumerate(values.values())}},
    )
    freeze(store, [mapped])


def plain(value: Any) -> Any:
    return value.astimezone(UTC).replace(tzinfo=None) if isinstance(value, datetime) else value


def wrote(store: Store, **values: Any) -> None:
    """We wrote before the mirror was read."""
    remember_written(store, [Intent("update", "Lead", RECORD, {}, values, "", 0, "run1")], NOON - HOUR)


def wrote_since(store: Store, **values: Any) -> None:
    """We wrote after the mirror was read, in the very second of the reading."""
    intent = Intent("update", "Lead", RECORD, {}, values, "", 0, "run1")
    (number,) = intend(store, "run1", [intent], NOON)
    remember_written(store, [replace(intent, number=number)], NOON)


def desired(store: Store, **ours: Any) -> None:
    values = {"score": None, "grade": None, "tier": None, "stage": "cold", "reason": None, **ours}
    columns = ", ".join(f"${name}::{'INTEGER' if name == 'score' else 'VARCHAR'} AS {name}" for name in values)
    store.run(
        f"CREATE OR REPLACE TEMP TABLE desired AS SELECT 'Lead' AS object, '{RECORD}' AS record_id, "
        f"'P1' AS person_id, {columns}, 'because' AS why",
        values,
    )


def compared(store: Store, fields: Fields) -> tuple[list[RecordChange], list[Kept]]:
    (mapped,) = fields.streams
    return compare(store.run, mapped, fields.salesforce["Lead"], NOON)


def outcome(store: Store, fields: Fields) -> str:
    """In a word: the value that would be written, `kept`, or `nothing`."""
    records, kept = compared(store, fields)
    assert not (records and kept)
    if kept:
        return "kept"
    return repr(records[0].changes[0].after) if records else "nothing"


# base (our last write), theirs (what stands there), ours (what should) → under never, if_blank, if_unchanged, always
CASES = [
    (NEVER_WRITTEN, None, "A", ("nothing", "'A'", "'A'", "'A'")),
    (NEVER_WRITTEN, "B", "A", ("nothing", "nothing", "'A'", "'A'")),
    (NEVER_WRITTEN, "A", "A", ("nothing", "nothing", "nothing", "nothing")),
    (NEVER_WRITTEN, None, None, ("nothing", "nothing", "nothing", "nothing")),
    (NEVER_WRITTEN, "B", None, ("nothing", "nothing", "nothing", "nothing")),
    ("A", "A", "A", ("nothing", "nothing", "nothing", "nothing")),
    ("A", "A", "B", ("nothing", "nothing", "'B'", "'B'")),
    ("A", "A", None, ("nothing", "nothing", "None", "None")),
    ("A", "B", "A", ("nothing", "nothing", "kept", "'A'")),
    ("A", "B", "C", ("nothing", "nothing", "kept", "'C'")),
    ("A", "B", None, ("nothing", "nothing", "nothing", "nothing")),
    ("A", None, "C", ("nothing", "kept", "kept", "'C'")),
    ("A", "B", "B", ("nothing", "nothing", "nothing", "nothing")),
    ("A", None, "A", ("nothing", "kept", "kept", "'A'")),
    (None, None, "A", ("nothing", "'A'", "'A'", "'A'")),
    (None, "B", "A", ("nothing", "nothing", "kept", "'A'")),
]
POLICIES = ("never", "if_blank", "if_unchanged", "always")


@pytest.mark.parametrize(
    ("base", "theirs", "ours", "policy", "expected"),
    [
        (base, theirs, ours, policy, expected)
        for base, theirs, ours, row in CASES
        for policy, expected in zip(POLICIES, row, strict=True)
    ],
)
def test_each_policy(store: Store, base: object, theirs: Any, ours: Any, policy: str, expected: str) -> None:
    fields = fields_of(Grade__c={"value": "grade", "policy": policy})
    stands(store, fields, Grade__c=theirs)
    if base is not NEVER_WRITTEN:
        wrote(store, Grade__c=base)
    desired(store, grade=ours)
    assert outcome(store, fields) == expected


def test_the_default_policy_respects_people() -> None:
    assert fields_of(Grade__c={"value": "grade"}).salesforce["Lead"].write["Grade__c"].policy == "if_unchanged"


def test_what_is_kept_shows_both_values(store: Store) -> None:
    fields = fields_of(Grade__c={"value": "grade"})
    stands(store, fields, Grade__c="B")
    wrote(store, Grade__c="A")
    desired(store, grade="C")
    assert compared(store, fields) == ([], [Kept("Lead", RECORD, "Grade__c", "C", "B", since=NOON)])


class TestOrder:
    """Our words in the org's own order: only forward, save the way back from a hot of ours."""

    @pytest.mark.parametrize(
        ("base", "theirs", "stage", "expected"),
        [
            (NEVER_WRITTEN, "Open", "hot", "'Hot'"),
            (NEVER_WRITTEN, None, "hot", "'Hot'"),
            (NEVER_WRITTEN, "Nurturing", "hot", "'Hot'"),
            (NEVER_WRITTEN, "Working", "hot", "nothing"),
            (NEVER_WRITTEN, "A word of the org", "hot", "nothing"),
            (NEVER_WRITTEN, "Open", "cold", "nothing"),
            (NEVER_WRITTEN, "Hot", "cold", "nothing"),
            (NEVER_WRITTEN, "Open", "registered", "nothing"),
            ("Hot", "Hot", "cold", "'Nurturing'"),
            ("Hot", "Working", "cold", "kept"),
            ("Hot", "Working", "hot", "kept"),
            ("Hot", "Hot", "opportunity", "nothing"),
            ("Nurturing", "Nurturing", "hot", "'Hot'"),
            ("Nurturing", "Nurturing", "cold", "nothing"),
            ("Nurturing", "Open", "cold", "nothing"),
        ],
    )
    def test_if_unchanged(self, store: Store, base: Any, theirs: Any, stage: str, expected: str) -> None:
        assert self.told(store, "if_unchanged", base, theirs, stage) == expected

    @pytest.mark.parametrize(
        ("base", "theirs", "stage", "expected"),
        [
            ("Hot", "Hot", "cold", "'Nurturing'"),
            ("Hot", "Working", "cold", "nothing"),
            ("Nurturing", "Working", "cold", "nothing"),
            ("Hot", "Closed", "hot", "nothing"),
            ("Hot", "Open", "hot", "'Hot'"),
        ],
    )
    def test_always(self, store: Store, base: Any, theirs: Any, stage: str, expected: str) -> None:
        assert self.told(store, "always", base, theirs, stage) == expected

    def test_a_stage_field_goes_back_from_lost_and_hot_alone(self, store: Store) -> None:
        fields = fields_of(Stage__c={"value": "stage", "order": ["registered", "cold", "hot", "opportunity", "lost"]})
        for before, expected in (("lost", "'cold'"), ("hot", "'cold'"), ("opportunity", "nothing")):
            store.run("DROP TABLE IF EXISTS mirror_salesforce_lead")
            stands(store, fields, Stage__c=before)
            wrote(store, Stage__c=before)
            desired(store, stage="cold")
            assert outcome(store, fields) == expected

    def told(self, store: Store, policy: str, base: Any, theirs: Any, stage: str) -> str:
        words = {"hot": "Hot", "cold": "Nurturing"}
        fields = fields_of(Status={"value": "status", "policy": policy, "values": words, "order": ORDER})
        stands(store, fields, Status=theirs)
        if base is not NEVER_WRITTEN:
            wrote(store, Status=base)
        desired(store, stage=stage)
        return outcome(store, fields)


def test_a_stamp_is_written_beside_another_change_and_never_alone(store: Store) -> None:
    fields = fields_of(
        Score__c={"value": "score", "policy": "always"}, Scored_At__c={"value": "scored_at", "policy": "always"}
    )
    stands(store, fields, Score__c=70.0, Scored_At__c=NOON - HOUR)
    desired(store, score=70)
    assert compared(store, fields) == ([], [])
    desired(store, score=72)
    ((change,), kept) = compared(store, fields)
    assert kept == []
    assert change == RecordChange(
        "Lead",
        RECORD,
        "P1",
        (
            FieldChange("Score__c", 70, 72),
            FieldChange("Scored_At__c", "2026-03-02T02:00:00.000+0000", "2026-03-02T03:00:00.000+0000"),
        ),
        "because",
        shared=False,
        seen_modified_at=NOON,
    )


@pytest.mark.parametrize(
    ("theirs", "ours", "after"), [(70.0, 70, None), (70.5, 70, 70), (None, 0, 0), (-5.0, -5, None), (-5.0, 5, 5)]
)
def test_scores_are_compared_as_numbers(store: Store, theirs: float | None, ours: int, after: int | None) -> None:
    fields = fields_of(Score__c={"value": "score", "policy": "always"})
    stands(store, fields, Score__c=theirs)
    desired(store, score=ours)
    records, _ = compared(store, fields)
    assert [change.after for record in records for change in record.changes] == ([] if after is None else [after])
    assert all(isinstance(change.after, int) for record in records for change in record.changes)


def test_a_record_is_shared_when_one_of_the_changed_fields_is_people_s_too(store: Store) -> None:
    fields = fields_of(Score__c={"value": "score", "policy": "always"}, Grade__c={"value": "grade"})
    stands(store, fields, Score__c=1.0, Grade__c="A")
    desired(store, score=2, grade="A")
    assert [record.shared for record in compared(store, fields)[0]] == [False]
    desired(store, score=2, grade="B")
    assert [record.shared for record in compared(store, fields)[0]] == [True]


@pytest.mark.requirement("SY-10")
def test_a_tombstone_gets_nothing(store: Store) -> None:
    fields = fields_of(Grade__c={"value": "grade", "policy": "always"})
    stands(store, fields, Grade__c="A", is_deleted=True)
    desired(store, grade="B")
    assert compared(store, fields) == ([], [])


class TestAMirrorOlderThanOurWrite:
    @pytest.mark.parametrize(("ours", "expected"), [("B", "nothing"), ("C", "'C'")])
    def test_what_we_wrote_since_the_last_pull_is_no_edit_of_people(
        self, store: Store, ours: str, expected: str
    ) -> None:
        fields = fields_of(Grade__c={"value": "grade"})
        stands(store, fields, Grade__c="A")
        wrote_since(store, Grade__c="B")
        desired(store, grade=ours)
        assert outcome(store, fields) == expected

    def test_after_the_next_pull_an_edit_is_seen_again(self, store: Store) -> None:
        fields = fields_of(Grade__c={"value": "grade"})
        stands(store, fields, Grade__c="A")
        wrote_since(store, Grade__c="B")
        save_cursor(store, Cursor("salesforce.Lead", "", NOON + HOUR), NOON + HOUR)
        desired(store, grade="B")
        assert outcome(store, fields) == "kept"


def test_words_with_quotes_are_words(store: Store) -> None:
    fields = fields_of(
        Status={
            "value": "status",
            "values": {"hot": "It's hot"},
            "order": ["It's open", "It's hot"],
            "policy": "always",
        }
    )
    stands(store, fields, Status="It's open")
    desired(store, stage="hot")
    assert outcome(store, fields) == '"It\'s hot"'
