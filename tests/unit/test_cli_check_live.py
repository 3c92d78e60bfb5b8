"""`check --live`, its metadata files and `init`, against an org whose fields change (AD-2, AD-3)."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml

from connector.cli.live_check import write_files
from connector.errors import ConfigurationError
from connector.sandbox.catalogue.salesforce import _rows
from tests.cli_world import CommandLine, Said
from tests.live_world import Setup, org_line
from tests.worlds.ground import MAPPINGS

pytestmark = pytest.mark.requirement("AD-2", "AD-3", "OP-4")

NAMES = "{http://soap.sforce.com/2006/04/metadata}"
CONNECTORS = {(row["object"], row["name"]) for row in _rows("custom_fields") if row["owner"] == "connector"}


@pytest.fixture(scope="module")
def laid(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[CommandLine, Setup]]:
    """An org without any of the connector's own fields."""
    with org_line(tmp_path_factory.mktemp("bare"), custom_fields=False) as found:
        yield found


@pytest.fixture(scope="module")
def bare(laid: tuple[CommandLine, Setup], tmp_path_factory: pytest.TempPathFactory) -> Bare:
    """What the commands say before the connector's fields are there, and once they are."""
    line, setup = laid
    folder = tmp_path_factory.mktemp("commands")
    first = line("init", str(folder / "first"), "--json")
    sound = line("check", "--live", "--json", "--mappings", str(folder / "first"))
    lacking = line("check", "--live", "--metadata", str(folder / "files"), "--json")
    made = list(deployed(folder / "files", setup))
    after = line("check", "--live", "--json")
    return Bare(first, sound, lacking, folder / "files", made, after)


@dataclass(frozen=True)
class Bare:
    first: Said
    sound: Said
    lacking: Said
    files: Path
    made: list[tuple[str, str]]
    after: Said


def errors(document: dict[str, Any]) -> list[tuple[str, str]]:
    return [(one["object"], one["field"]) for one in document["live"]["findings"] if one["level"] == "error"]


def test_a_first_mapping_names_nothing_that_is_not_there(bare: Bare) -> None:
    assert bare.first.code == 0, bare.first.err
    not_written = [one for one in bare.first.document["lines"] if one["how"] == "not_written"]
    assert len(not_written) == len(CONNECTORS) - 1, "all but the key of tasks, which is read"
    assert {one["field"] for one in not_written} == {None}
    assert (bare.sound.code, errors(bare.sound.document)) == (0, [])


def test_an_org_without_our_fields_gets_files_for_exactly_them_and_is_sound_once_they_are_there(bare: Bare) -> None:
    assert bare.lacking.code == 64
    assert not bare.lacking.document["ok"]
    assert set(errors(bare.lacking.document)) == CONNECTORS
    assert all(line_of(one) for one in bare.lacking.document["live"]["findings"])
    assert set(bare.made) == CONNECTORS
    assert (bare.after.code, errors(bare.after.document)) == (0, [])


def test_files_are_never_written_over_others(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("mine", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="not empty"):
        write_files(tmp_path, {"mine.yaml": "theirs"})
    assert (tmp_path / "mine.yaml").read_text(encoding="utf-8") == "mine"


def line_of(finding: dict[str, Any]) -> bool:
    text = (MAPPINGS / finding["file"]).read_text(encoding="utf-8").splitlines()
    word = finding["field"] if finding["file"] == "fields.yaml" else ""
    return word in text[finding["line"] - 1][finding["column"] - 1 :]


def deployed(folder: Path, setup: Setup) -> Iterator[tuple[str, str]]:
    """Makes the fields of a project in the sandbox, as a deployment would."""
    kinds = {"Text": "string", "Number": "double", "DateTime": "datetime"}
    for path in sorted(folder.rglob("*.field-meta.xml")):
        entry = ET.parse(path).getroot()  # noqa: S314 - written by the code under test
        assert entry.tag == f"{NAMES}CustomField"
        told = {child.tag.removeprefix(NAMES): child.text or "" for child in entry}
        assert list(told) == sorted(told), "the platform's tools keep them in this order"
        assert path.name == f"{told['fullName']}.field-meta.xml"
        assert len(told["label"]) <= 40
        assert re.search("[ぁ-んァ-ン一-龥]", told["label"])
        assert re.search("[A-Za-z]", told["label"])
        name = "Task" if path.parts[-3] == "Activity" else path.parts[-3]
        is_key = told["externalId"] == "true"
        setup.put(
            name, told["fullName"], label=told["label"], type=kinds[told["type"]], length=int(told.get("length", 0)),
            precision=int(told.get("precision", 0)), external_id=is_key, unique=told.get("unique") == "true",
        )  # fmt: skip
        yield name, told["fullName"]


def test_the_permission_set_is_what_the_page_on_security_says(bare: Bare) -> None:
    assert (bare.files / "sfdx-project.json").is_file()
    (path,) = bare.files.rglob("*.permissionset-meta.xml")
    root = ET.parse(path).getroot()  # noqa: S314 - written by the code under test
    objects = {
        block.findtext(f"{NAMES}object"): {
            right for right in ("Create", "Edit", "Delete", "Read") if block.findtext(f"{NAMES}allow{right}") == "true"
        }
        for block in root.iter(f"{NAMES}objectPermissions")
    }
    page = (MAPPINGS.parent / "docs" / "security.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| ([A-Z][\w, ]+) \|", page, re.MULTILINE)
    assert {name: set(words.split(", ")) for name, words in rows if name in objects} == objects
    assert {block.findtext(f"{NAMES}modifyAllRecords") for block in root.iter(f"{NAMES}objectPermissions")} == {"false"}
    users = {block.findtext(f"{NAMES}name") for block in root.iter(f"{NAMES}userPermissions")}
    assert users == set(re.findall(r"^\| `(ApiEnabled|EditTask)` \|", page, re.MULTILINE))
    editable = {
        block.findtext(f"{NAMES}field")
        for block in root.iter(f"{NAMES}fieldPermissions")
        if block.findtext(f"{NAMES}editable") == "true"
    }
    assert {f"{name}.{field}" for name, field in CONNECTORS} <= editable
    assert not {one for one in editable if one.startswith(("Opportunity.", "Campaign.", "Event."))}


@dataclass(frozen=True)
class Drifted:
    folder: Path
    before: str
    said: Said

    @property
    def live(self) -> dict[str, Any]:
        found: dict[str, Any] = self.said.document["live"]
        return found


@pytest.fixture(scope="module")
def drifted(laid: tuple[CommandLine, Setup], bare: Bare, tmp_path_factory: pytest.TempPathFactory) -> Drifted:
    """A check after an administrator has renamed a field, made one, and turned two that are written into formulas."""
    line, setup = laid
    assert bare.after.code == 0, "the org as it was checked last"
    folder = tmp_path_factory.mktemp("rules") / "rules"
    shutil.copytree(MAPPINGS, folder)
    setup.rename("Lead", "Budget__c", "Yosan__c", label="Budget", length=80)
    setup.put("Lead", "Seminar__c", label="参加セミナー")
    setup.put("Contact", "Connector_Tier__c", updateable=False, createable=False)
    setup.put("Contact", "Connector_Grade__c", calculated=True)
    said = line("check", "--live", "--mappings", str(folder), "--json")
    again = line("check", "--live", "--mappings", str(folder), "--json")
    assert again.document["live"]["patch"] == said.document["live"]["patch"], "told until the mapping is mended"
    setup.put("Contact", "Connector_Tier__c", updateable=True, createable=True)
    setup.put("Contact", "Connector_Grade__c", calculated=False, updateable=True, createable=True)
    return Drifted(folder, (folder / "fields.yaml").read_text(encoding="utf-8"), said)


@pytest.mark.complaint(48)
def test_complaint_48_a_renamed_field_is_told_with_a_patch_that_mends_the_mapping(drifted: Drifted) -> None:
    assert drifted.said.code == 64
    (drift,) = (one for one in drifted.live["drift"] if one["kind"] == "renamed")
    assert (drift["object"], drift["field"], drift["renamed_to"]) == ("Lead", "Budget__c", "Yosan__c")
    (finding,) = (one for one in drifted.live["findings"] if one["field"] == "Budget__c")
    assert "`Yosan__c`" in finding["suggestion"]
    done = subprocess.run(
        ["patch", "-p1"], input=drifted.live["patch"], cwd=drifted.folder, text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stdout
    after = (drifted.folder / "fields.yaml").read_text(encoding="utf-8")
    assert after == drifted.before.replace("budget: Budget__c", "budget: Yosan__c"), "comments and all else stay"


@pytest.mark.complaint(49)
def test_complaint_49_a_new_custom_field_is_told_by_the_next_check(drifted: Drifted) -> None:
    (told,) = (one for one in drifted.live["drift"] if one["field"] == "Seminar__c")
    assert (told["kind"], told["matters"]) == ("new_field", False)
    assert "参加セミナー" in told["sentence"]


@pytest.mark.complaint(51)
def test_complaint_51_a_field_that_behaves_like_a_formula_is_told_before_anything_is_written(drifted: Drifted) -> None:
    told = [one["sentence"] for one in drifted.live["findings"] if one["level"] == "error"]
    assert any("`Connector_Tier__c` cannot be edited by this user" in one for one in told)
    assert any("`Connector_Grade__c` is a formula: no value could be written." in one for one in told)
    changed = [one["sentence"] for one in drifted.live["drift"] if one["kind"] == "read_only"]
    assert "Contact.Connector_Grade__c has become a formula, but is written." in changed


def test_a_first_mapping_takes_a_renamed_field_by_its_label_and_says_that_it_is_a_guess(
    laid: tuple[CommandLine, Setup], bare: Bare, tmp_path: Path
) -> None:
    line, setup = laid
    assert bare.after.code == 0
    setup.rename("Opportunity", "Loss_Reason__c", "Riyu__c", label="失注理由", length=255)
    setup.put("Lead", "Need__c", gone=True)
    said = line("init", str(tmp_path / "first"))
    assert said.code == 0, said.err
    assert "Opportunity.loss_reason: guessed `Riyu__c` (失注理由), please check." in said.out
    text = (tmp_path / "first" / "fields.yaml").read_text(encoding="utf-8")
    assert re.search(r"loss_reason: Riyu__c  # 失注理由: .*guessed, please check", text)
    assert re.search(r"# need: Need__c  # .*no such field", text)
    found = yaml.safe_load(text)
    assert found["salesforce"]["Opportunity"]["read"]["loss_reason"] == "Riyu__c"
    assert "need" not in found["salesforce"]["Lead"]["read"]
    checked = line("check", "--live", "--mappings", str(tmp_path / "first"))
    assert (checked.code, "The mapping fits the org." in checked.out) == (0, True)


def test_files_of_metadata_need_an_org_to_compare_with(laid: tuple[CommandLine, Setup], tmp_path: Path) -> None:
    line, _ = laid
    said = line("check", "--metadata", str(tmp_path / "files"))
    assert said.code == 64
    assert "--live" in said.err


def test_a_policy_that_does_not_exist_is_told_with_the_one_that_is_meant_before_any_call(
    laid: tuple[CommandLine, Setup], tmp_path: Path
) -> None:
    line, setup = laid
    shutil.copytree(MAPPINGS, tmp_path / "rules")
    path = tmp_path / "rules" / "fields.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("policy: if_unchanged", "policy: if_unchangd", 1), encoding="utf-8")
    before = setup.calls()
    said = line("sync", "--first-contact", "--mappings", str(tmp_path / "rules"))
    assert said.code == 64
    told = r"fields\.yaml:\d+:\d+: `policy` cannot be `if_unchangd`\. Did you mean `if_unchanged`\?"
    assert re.search(told, said.err)
    assert setup.calls() == before
