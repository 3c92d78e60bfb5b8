"""A first mapping in the words of an org that has its own (AD-3)."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from connector.reporting.first_guesses import guessed
from connector.reporting.first_mapping import first_mapping
from connector.reporting.first_words import meant, order, quoted, written_status
from connector.reporting.mapping_patch import mapping_patch, patched
from connector.rules.fields import Fields
from connector.rules.load import DEFAULT, SHIPPED
from connector.rules.mapping import load_mapping
from connector.rules.source import parse
from connector.salesforce.org_shown import OrgShown, StatusValue
from tests.live_world import described, field

pytestmark = pytest.mark.requirement("AD-3")

SHIPPED_MAPPING = load_mapping(SHIPPED / DEFAULT)
SHIPPED_TEXT = (SHIPPED / DEFAULT / "fields.yaml").read_text(encoding="utf-8")
JAPANESE = tuple(
    StatusValue(word, word, number, is_default=number == 1, is_converted=word == "取引開始済み")
    for number, word in enumerate(["新規", "対応中", "ホット", "育成中", "取引開始済み", "対象外"], start=1)
)
STAGES = (StatusValue("提案", "提案", 1), StatusValue("受注", "受注", 2, is_closed=True, is_won=True))


def org_with(statuses: tuple[StatusValue, ...]) -> OrgShown:
    """An org that has every shipped field, save that its words are its own, and a budget under another name."""
    described_all = {}
    for name, entry in SHIPPED_MAPPING.fields.salesforce.items():
        names = {*(one.field for one in entry.read.values()), *entry.write} - {"Budget__c"}
        fields = [field(one) for one in sorted(names)]
        fields += [field("Yosan__c", label="予算（税抜）")] if name == "Lead" else []
        changes = {"Lead": {"LeadSource": ("展示会", "Web問い合わせ", "謎")}, "Task": {"Status": ("未着手", "完了")}}
        for one, values in changes.get(name, {}).items():
            fields.append(field(one, type="picklist", values=values))
        described_all[name] = described(name, *fields)
    return OrgShown(described_all, statuses, STAGES)


def made(statuses: tuple[StatusValue, ...], folder: Path) -> Fields:
    """The mapping as it is read again."""
    text, _ = first_mapping(SHIPPED_MAPPING, SHIPPED_TEXT, org_with(statuses))
    (folder / "fields.yaml").write_text(text, encoding="utf-8")
    return load_mapping(folder).fields


def test_the_words_are_the_orgs_own_and_a_written_one_never_takes_the_place_of_work(tmp_path: Path) -> None:
    fields = made(JAPANESE, tmp_path)
    status = fields.salesforce["Lead"].write["Status"]
    assert status.values == {"hot": "ホット", "cold": "育成中"}
    assert status.order == ["新規", "育成中", "ホット", "対応中", "取引開始済み", "対象外"]
    told = {one.word: one.means for one in fields.words_of("lead")}
    assert told == {
        "新規": "registered",
        "対応中": None,
        "ホット": "hot",
        "育成中": "cold",
        "取引開始済み": None,
        "対象外": "disqualified",
    }
    assert {one.word: one.means for one in fields.words_of("opportunity")} == {"提案": "opportunity", "受注": "won"}
    assert fields.sources == {"event": ["展示会"], "web_inquiry": ["Web問い合わせ"]}
    assert fields.salesforce["Lead"].read["budget"].field == "Yosan__c"
    assert fields.tasks.closed_status == "完了"
    text = (tmp_path / "fields.yaml").read_text(encoding="utf-8")
    assert "Not assigned, they become `other`: 謎" in text
    assert text.count("guessed, please check") >= 5


def test_an_org_without_words_for_hot_and_cold_gets_no_status_written(tmp_path: Path) -> None:
    fields = made(tuple(one for one in JAPANESE if one.word != "ホット"), tmp_path)
    assert "Status" not in fields.salesforce["Lead"].write
    text = (tmp_path / "fields.yaml").read_text(encoding="utf-8")
    assert "# Status:  # ホットとナーチャリングにあたる値がない" in text


def test_what_nobody_knows_the_meaning_of_stands_behind_hot() -> None:
    unknown = (*JAPANESE, StatusValue("保留", "保留", 0))
    words = meant(unknown, SHIPPED_MAPPING.fields)
    written = written_status(words, SHIPPED_MAPPING.fields)
    assert written is not None
    found = order(words, written)
    assert found.index("ホット") < found.index("保留") < found.index("対象外")


WORDS = ("Yes", "a: b", "x, y", "[a]", "#1", "売上 100%", "Id. Decision Makers", "- x", "'", '"', "9", "A - B #2", "~")


@pytest.mark.parametrize("word", WORDS)
def test_any_word_survives_yaml(word: str) -> None:
    assert yaml.safe_load(f"a: [{quoted(word)}, b]") == {"a": [word, "b"]}


def test_a_label_comes_before_a_part_of_one_and_ours_and_taken_ones_are_left_alone() -> None:
    shown = described(
        "Lead",
        field("A__c", label="予算メモ"),
        field("B__c", label="予算"),
        field("C__c", label="次年度予算", type="boolean"),
        field("Connector_Budget__c", label="予算"),
    )
    found = guessed("budget", "text", shown, ())
    assert found is not None
    assert found.name == "B__c"
    other = guessed("budget", "text", shown, {"B__c", "C__c"})
    assert other is not None
    assert other.name == "A__c"
    assert guessed("renewal_on", "date", described("Opportunity", field("X__c", label="契約更新日")), ()) is None


def test_a_patch_changes_names_alone_where_they_are_read_and_written() -> None:
    text = (
        "version: 1\nsalesforce:\n  Lead:\n    read:\n      title: 'Old__c'  # Old__c is kept here\n"
        "      rank: {field: Old__c, type: number}\n    write:\n      Old__c: {value: score, policy: always}  # ours\n"
    )
    source = parse("fields.yaml", text)
    fields = Fields.model_validate(source.data)
    after = patched(text, source, fields, {("Lead", "Old__c"): "Newer__c"})
    assert after == (
        "version: 1\nsalesforce:\n  Lead:\n    read:\n      title: 'Newer__c'  # Old__c is kept here\n"
        "      rank: {field: Newer__c, type: number}\n    write:\n"
        "      Newer__c: {value: score, policy: always}  # ours\n"
    )
    assert mapping_patch(text, source, fields, {}) == ""
    assert "+      title: 'Newer__c'" in mapping_patch(text, source, fields, {("Lead", "Old__c"): "Newer__c"})
