"""The company register and the target list: typed rows, or each fault with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.errors import ConfigurationError
from connector.firmographics.register import RegisterCompany, Target, load_register
from connector.firmographics.targets import resolve_targets

pytestmark = pytest.mark.requirement("EN-1", "EN-2")

HEADER = "corporate_number,name,domain,prefecture,industry,employees,revenue_jpy,capital_jpy,listed\n"
GOOD = HEADER + (
    '7000012050002,株式会社髙﨑製作所,https://www.takasaki.example,群馬県,機械,"1,200",9500000000,100000000,true\n'
    ",合同会社コミネ,,,,,,,\n"
)


def _written(folder: Path, text: str | bytes, name: str = "companies.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_rows_are_typed_and_blanks_unknown(tmp_path: Path) -> None:
    register = load_register(_written(tmp_path, "\ufeff" + GOOD), None)
    assert register.provenance == "companies.csv"
    assert register.companies == (
        RegisterCompany(
            name="株式会社髙﨑製作所", corporate_number="7000012050002", domain="takasaki.example", prefecture="群馬県",
            industry="機械", employees=1200, revenue_jpy=9_500_000_000, capital_jpy=100_000_000, listed=True, line=2,
        ),
        RegisterCompany(name="合同会社コミネ", line=3),
    )  # fmt: skip


def test_columns_may_be_fewer_and_in_any_order(tmp_path: Path) -> None:
    text = 'employees,name\n12,"コミネ\n工業"\n\n,アオ\n'
    register = load_register(_written(tmp_path, text), None)
    assert [(row.name, row.employees) for row in register.companies] == [("コミネ\n工業", 12), ("アオ", None)]


@pytest.mark.requirement("EN-1", "AD-1")
@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("corporate_no,name\n", "companies.csv:1:1", "Did you mean `corporate_number`?"),
        ("name,staff\n", "companies.csv:1:2", "There is no column `staff`"),
        ("name,name\n", "companies.csv:1:2", "is there twice"),
        ("domain\nfoo.example\n", "companies.csv:1:1", "`name` is missing"),
        ("", "companies.csv:1:1", "The file is empty"),
        ("name,employees\nアオ,many\n", "companies.csv:2:2", "`many` in employees is not a whole number"),
        ("name,employees\nアオ,-3\n", "companies.csv:2:2", "not a whole number"),
        ("name,listed\nアオ,maybe\n", "companies.csv:2:2", "neither true nor false"),
        ("name,domain\nアオ,nowhere\n", "companies.csv:2:2", "no web domain"),
        ("name,corporate_number\nアオ,7000012050003\n", "companies.csv:2:2", "check digit is wrong"),
        ("name,domain\n,foo.example\n", "companies.csv:2:1", "has no name"),
        ("name,domain\nアオ\n", "companies.csv:2:1", "1 cells, the header 2"),
        ('name\n"アオ\n', "companies.csv:2:1", "not CSV"),
        ("name\nアオ\n".encode("cp932"), "companies.csv:2:1", "not UTF-8"),
        (
            "corporate_number,name\n7000012050002,アオ\n7000012050002,アカ\n",
            "companies.csv:3:1",
            "stands on line 2 already",
        ),
        ("name,domain\nアオ,foo.example\nアカ,foo.example\n", "companies.csv:3:1", "stands on line 2 already"),
    ],
)
def test_each_fault_has_its_place_and_a_sentence(tmp_path: Path, text: str | bytes, place: str, words: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_register(_written(tmp_path, text), None)
    assert str(caught.value).startswith(place)
    assert words in str(caught.value)


def test_all_faults_of_both_files_are_told_at_once(tmp_path: Path) -> None:
    companies = _written(tmp_path, "name,employees,listed\nアオ,many,maybe\nアカ,few,\n")
    targets = _written(tmp_path, "corporate_number\n123\n", "targets.csv")
    with pytest.raises(ConfigurationError) as caught:
        load_register(companies, targets)
    assert [(problem.file, problem.line) for problem in caught.value.problems] == [
        ("companies.csv", 2), ("companies.csv", 2), ("companies.csv", 3), ("targets.csv", 2),
    ]  # fmt: skip


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"none\.csv: The file cannot be read"):
        load_register(tmp_path / "none.csv", None)


@pytest.mark.requirement("EN-3")
def test_targets_are_found_by_number_domain_or_name_and_else_added(tmp_path: Path) -> None:
    companies = "corporate_number,name,domain\n7000012050002,株式会社髙﨑製作所,\n,アオ,ao.example\n,コミネ,\n,ミズ,\n"
    targets = (
        "corporate_number,name,domain,note\n7000012050002,,,重点\n,,www.ao.example,\n,㈱コミネ,,\n,シラネ工業,,\n,,,\n"
    )
    register = load_register(_written(tmp_path, companies), _written(tmp_path, targets, "targets.csv"))
    assert register.targets[0] == Target("7000012050002", line=2)
    assert [(company.name, wanted) for company, wanted in resolve_targets(register)] == [
        ("株式会社髙﨑製作所", True), ("アオ", True), ("コミネ", True), ("ミズ", False), ("シラネ工業", True),
    ]  # fmt: skip
