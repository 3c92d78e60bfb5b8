"""The saved plan: it comes back as it was, for its owner only, and one that does not fit is refused (WB-2, OP-8)."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.domain.plan import (
    FieldChange,
    Finding,
    Kept,
    Plan,
    RecordChange,
    RunEnd,
    RunStart,
    TaskCreation,
    Transition,
    Withheld,
)
from connector.errors import ConfigurationError, ConnectorError, RefusedError
from connector.planning.file import FORMAT, MOST_BYTES, PERSONAL_DATA, checksum, load_plan, save_plan, to_document
from tests.mirror_world import HOUR, MINUTE, NOON, lead_id

pytestmark = pytest.mark.requirement("WB-2")

ORG, RULES = "00D000000000001EAA", "a-hash"
OLDEST = timedelta(hours=24)

PLAN = Plan(
    org_id=ORG,
    rules_hash=RULES,
    as_of=NOON,
    made_at=NOON,
    watermarks={"salesforce.Lead": NOON.isoformat(), "account_engagement.prospects:0Uv1": NOON.isoformat()},
    records=(
        RecordChange(
            "Lead",
            lead_id(1),
            "P1",
            (
                FieldChange("Status", "Open", "Hot"),
                FieldChange("Score__c", 70, 72.5),
                FieldChange("Tier__c", "A", None),
            ),
            "スコア72＝経路+7｜グレードB+",
            shared=True,
            seen_modified_at=NOON - HOUR,
        ),
        RecordChange("Account", "001A", "C1", (FieldChange("Tier__c", None, "tier1"),), "tier1", False, None),
    ),
    tasks=(
        TaskCreation("key", "P1", {"Subject": "1日目：電話", "Description": '改行\nと"引用"', "WhoId": "x"}, "hot"),
    ),
    starts=(RunStart("P1", "hot", "2026-03-02", lead_id(1), NOON), RunStart("P2", "review", "2026-03-02", "003", None)),
    ends=(RunEnd("P3", "hot", "2026-02-02", "opportunity"),),
    transitions=(Transition("P1", NOON, None, "hot", "score_at_threshold", 72),),
    kept=(Kept("Lead", lead_id(2), "Status", "Hot", "Working"),),
    withheld=(Withheld("P4", "day1:call", "does not want to be called"),),
    findings=(Finding("Lead.Status", 30, 100, 0.1), Finding("Tasks for owner 005", 70, 0, 60)),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "plan.json"


def load(path: Path, **changes: Any) -> Plan:
    fits: dict[str, Any] = {"org_id": ORG, "rules_hash": RULES, "now": NOON + HOUR, "oldest": OLDEST, **changes}
    return load_plan(path, **fits)


def rewrite(path: Path, change: Callable[[dict[str, Any]], None], *, honest: bool = False) -> None:
    """Edits the saved document; `honest`: with the checksum made anew, as another version would."""
    document = json.loads(path.read_text("utf-8"))
    change(document)
    if honest:
        document["checksum"] = checksum(document)
    path.write_text(json.dumps(document), encoding="utf-8")


def test_it_comes_back_as_it_was(path: Path) -> None:
    save_plan(PLAN, path)
    assert load(path) == PLAN
    assert load(path).changes == 5
    document = json.loads(path.read_text("utf-8"))
    assert (document["schema"], document["format"]) == (1, FORMAT)


def test_saving_the_same_plan_gives_the_same_file(path: Path) -> None:
    save_plan(PLAN, path)
    first = path.read_bytes()
    save_plan(load(path), path)
    assert path.read_bytes() == first


@pytest.mark.requirement("OP-8")
class TestRights:
    def test_it_is_its_owner_s_alone_and_nothing_else_is_left(self, path: Path) -> None:
        path.with_name("plan.json.draft").write_text("left over from a crash")
        path.with_name("plan.json.draft").chmod(0o644)
        path.write_text("an older plan")
        path.chmod(0o644)
        save_plan(PLAN, path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert [file.name for file in path.parent.iterdir()] == ["plan.json"]

    def test_a_place_that_is_not_there_is_a_sentence(self, path: Path) -> None:
        nowhere = path.parent / "nowhere" / "plan.json"
        with pytest.raises(ConfigurationError) as caught:
            save_plan(PLAN, nowhere)
        assert str(caught.value) == f"The plan cannot be saved as {nowhere}: No such file or directory."

    def test_it_says_what_it_holds_and_holds_no_more(self, path: Path) -> None:
        save_plan(PLAN, path)
        document = json.loads(path.read_text("utf-8"))
        assert document["personal_data"] == PERSONAL_DATA
        allowed = {"object", "id", "person", "set", "why", "shared", "seen_modified_at", "same_second"}
        assert all(set(record) == allowed for record in document["records"])
        assert all(set(task) == {"key", "person_id", "values", "why"} for task in document["tasks"])


EDITED = "was changed after it was made"


def _edited(document: dict[str, Any]) -> None:
    document["records"][0]["set"]["Status"] = ["Open", "Won"]


REFUSALS: list[tuple[str, Callable[[dict[str, Any]], None], bool, dict[str, Any], str]] = [
    ("edited by hand", _edited, False, {}, EDITED),
    ("a task taken out by hand", lambda doc: doc["tasks"].clear(), False, {}, EDITED),
    ("a field added by hand", lambda doc: doc.update(note="x"), False, {}, EDITED),
    ("without its checksum", lambda doc: doc.pop("checksum"), False, {}, EDITED),
    ("another org", lambda _doc: None, False, {"org_id": "00D2"}, f"was made for org {ORG}, but this is org 00D2."),
    ("other rules", lambda _doc: None, False, {"rules_hash": "other"}, "was made with other rules or another mapping"),
    ("an older format", lambda doc: doc.update(format=0), True, {}, "has plan format 0; this version"),
    ("a newer format", lambda doc: doc.update(format=3, more={}), True, {}, "has plan format 3; this version"),
    (
        "too old",
        lambda _doc: None,
        False,
        {"now": NOON + OLDEST + MINUTE},
        "hours old: it was made at 2026-03-02 03:00",
    ),
]


@pytest.mark.parametrize(
    ("change", "honest", "fits", "sentence"), [case[1:] for case in REFUSALS], ids=[case[0] for case in REFUSALS]
)
def test_one_that_does_not_fit_is_refused_in_a_sentence(
    path: Path, change: Callable[[dict[str, Any]], None], honest: bool, fits: dict[str, Any], sentence: str
) -> None:
    save_plan(PLAN, path)
    rewrite(path, change, honest=honest)
    with pytest.raises(RefusedError) as caught:
        load(path, **fits)
    assert sentence in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 3


def test_one_that_was_only_laid_out_anew_fits(path: Path) -> None:
    save_plan(PLAN, path)
    rewrite(path, lambda _document: None)
    assert load(path) == PLAN
    assert load(path, now=NOON + OLDEST) == PLAN


def _truncated(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (_truncated, "is not a whole plan file"),
        (lambda path: path.write_bytes(b""), "is empty. `connector plan --save FILE` makes a plan file."),
        (lambda path: path.write_text("[" * 100_000), "is not a whole plan file"),
        (lambda path: path.write_text('{"format": ' + "9" * 5000 + "}"), "is not a whole plan file"),
        (lambda path: os.truncate(path, MOST_BYTES + 1), "no plan is that large"),
        (lambda path: path.write_bytes(b"\x93\xfa\x96{"), "is not a whole plan file"),
        (lambda path: path.write_text("[]"), "is not a plan file. `connector plan --save FILE` makes one."),
        (lambda path: path.write_text('{"a": 1}'), "is not a plan file."),
        (lambda path: path.unlink(), "There is no plan file"),
        (lambda path: (path.unlink(), path.mkdir()), "cannot be read: Is a directory"),
    ],
    ids=[
        "truncated",
        "empty",
        "deep",
        "a number without end",
        "huge",
        "another encoding",
        "a list",
        "another document",
        "absent",
        "a folder",
    ],
)
def test_what_is_no_plan_is_told_in_a_sentence(path: Path, spoil: Callable[[Path], Any], sentence: str) -> None:
    save_plan(PLAN, path)
    spoil(path)
    with pytest.raises(ConfigurationError) as caught:
        load(path)
    assert sentence in str(caught.value)
    assert caught.value.exit_code == 64
    assert isinstance(caught.value, ConnectorError)


@pytest.mark.parametrize(
    ("craft", "sentence"),
    [
        (lambda document: document.pop("records"), "'records' is missing"),
        (lambda document: document.pop("restored"), "'restored' is missing"),
        (lambda document: document["records"][0].pop("why"), "'why' is missing"),
        (lambda document: document["tasks"].append({"key": "k"}), "an entry has another shape"),
        (lambda document: document.update(records=7), "an entry has another shape"),
        (lambda document: document.update(made_at="yesterday"), "an entry has another shape"),
        (lambda document: document["records"][0]["set"].update(Status=["Open"]), "an entry has another shape"),
    ],
)
def test_one_that_was_made_up_with_a_right_checksum_is_told_in_a_sentence(
    path: Path, craft: Callable[[dict[str, Any]], Any], sentence: str
) -> None:
    save_plan(PLAN, path)
    rewrite(path, craft, honest=True)
    with pytest.raises(ConfigurationError) as caught:
        load(path)
    assert sentence in str(caught.value)


def test_one_that_no_clock_of_ours_has_made_is_refused(path: Path) -> None:
    save_plan(PLAN, path)
    with pytest.raises(RefusedError, match="ahead of the org's clock"):
        load(path, now=NOON - OLDEST - MINUTE)
    assert load(path, now=NOON - HOUR) == PLAN


@pytest.mark.requirement("OP-8")
def test_one_from_before_the_store_was_restored_is_refused(path: Path) -> None:
    save_plan(PLAN, path, None)
    with pytest.raises(RefusedError, match="before the store was restored from a backup"):
        load(path, restored="20261001T000000-0af91cbf")
    save_plan(PLAN, path, "20261001T000000-0af91cbf")
    assert load(path, restored="20261001T000000-0af91cbf") == PLAN


def test_the_checksum_speaks_for_every_part(path: Path) -> None:
    sums = {
        to_document(plan)["checksum"]
        for plan in (
            PLAN,
            replace(PLAN, tasks=()),
            replace(PLAN, as_of=NOON + MINUTE),
            replace(PLAN, kept=()),
            replace(PLAN, findings=()),
            replace(PLAN, starts=PLAN.starts[:1]),
        )
    }
    assert len(sums) == 6
