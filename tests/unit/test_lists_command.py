"""`connector import` and `connector lists` from file to screen."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from connector.cli.main import run
from connector.domain.lists import ATTRIBUTES, KINDS
from connector.rules.lists import MEMBER, Lists
from connector.store.database import open_store
from tests.list_world import lists_of, shipped_lists

pytestmark = pytest.mark.requirement("SY-12", "AD-1")

ROWS = "氏名,メールアドレス,参加,質問,申込日時,備考\n山田 太郎,t@example.jp,○,価格は？,2026/5/1 10:00,\n鈴木,,○,,,\n"


@pytest.fixture
def called(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Calls a command in an empty folder; answers exit code, standard output and standard error."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> tuple[int, str, str]:
        code = run(["--state", str(tmp_path / "state"), *arguments])
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return call


def test_a_list_is_tried_imported_shown_and_taken_back(called: Any, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text(ROWS, encoding="cp932")
    given = (
        "import",
        str(file),
        "--name",
        "春",
        "--kind",
        "webinar",
        "--at",
        "2026-05-10T14:00",
        "--encoding",
        "cp932",
    )
    code, shown, _ = called(*given, "--dry-run")
    assert code == 4
    assert "1 row was left out (lines 3): The row has no e-mail address" in shown
    assert "春 (webinar of 2026-05-10 14:00): 1 person, 1 attended, 0 in the CRM, 1 not in the CRM" in shown
    assert "t@example.jp" not in shown

    code, shown, _ = called(*given, "--json")
    done = json.loads(shown)
    assert (code, done["version"], done["changed"], done["unused_columns"]) == (4, 1, True, ["備考"])
    assert [one["segment"] for one in done["segments"]] == ["attended_and_asked"]
    _, shown, _ = called("lists")
    assert "2026-05-17 (passed)" in shown

    assert json.loads(called("import", "--remove", "春", "--json")[1]) == {
        "schema": 1, "removed": "春", "people": 1, "dry_run": False,
    }  # fmt: skip
    with open_store(tmp_path / "state" / "default.duckdb") as store:
        assert store.run("SELECT count(*) FROM imported_list WHERE until IS NULL") == [(0,)]
    assert sorted(path.name for path in (tmp_path / "state").iterdir()) == ["default.duckdb"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--name", "春"), "A file is missing."),
        (("list.csv", "--kind", "webinar"), "--name is missing."),
        (
            ("list.csv", "--name", "春", "--kind", "webinar"),
            "The list list.csv cannot be read: No such file or directory.",
        ),
        (("list.csv", "--remove", "春"), "--remove takes a list's name and no file."),
    ],
)
def test_a_wrong_call_is_told_in_a_sentence(called: Any, arguments: tuple[str, ...], sentence: str) -> None:
    code, _, told = called("import", *arguments)
    assert (code, sentence in told) == (64, True), told


def test_every_key_name_and_meaning_is_documented_and_the_example_is_valid(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "lists.md").read_text(encoding="utf-8")
    schema = Lists.model_json_schema()
    models = [schema, *(part for name, part in schema["$defs"].items() if name in {"Segment", "Words"})]
    keys = {key for model in models for key in model["properties"]}
    for word in (*keys, *ATTRIBUTES, *MEMBER, *KINDS):
        assert f"`{word}`" in page, word
    (example,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    lists = lists_of(tmp_path, example)
    assert [one.id for one in lists.segments] == ["asked", "considering"]
    assert f"| `attended_from_minutes` | `{lists.attended_from_minutes}` |" in page


def test_the_shipped_file_of_lists_is_the_one_in_use() -> None:
    root = Path(__file__).parents[2]
    assert (root / "mappings/lists.yaml").read_bytes() == (root / "connector/rulesets/classic/lists.yaml").read_bytes()
    assert [one.id for one in shipped_lists().segments] == [
        "attended_and_asked", "attended", "registered_only", "answered",
    ]  # fmt: skip
