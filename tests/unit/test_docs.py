"""The pages for users name every key, command, option, setting and attribute that there is, and none that is not."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from connector.applying.application import Applied
from connector.cli.backfill_words import nothing
from connector.cli.explain import document
from connector.cli.failures import document as failures_document
from connector.cli.import_list import Imported, import_document
from connector.cli.locks import document as locks_document
from connector.cli.main import commands
from connector.cli.movers import document as movers_document
from connector.cli.movers import hot_document
from connector.cli.nurture import document as nurture_document
from connector.cli.overdue import document as overdue_document
from connector.cli.planned import plan_document
from connector.cli.river_documents import applied_document
from connector.cli.sandbox import _ENV_KEYS
from connector.cli.status import document as status_document
from connector.cli.today import document as today_document
from connector.domain.lists import Kept, ListHead, ListState
from connector.domain.plan import Plan
from connector.domain.streams import STREAMS, Stream
from connector.engine.explain import Fit
from connector.engine.momentum import Periods
from connector.errors import StoppedError
from connector.reporting.explanation import Explanation, Person
from connector.reporting.movers import Movers
from connector.reporting.nurture import Nurturing
from connector.reporting.outlook import Outlook
from connector.reporting.overdue import Standing
from connector.reporting.report import Status
from connector.reporting.today import Today
from connector.rules.fields import Fields
from connector.settings import SECRETS, Settings

pytestmark = pytest.mark.requirement("AD-1", "OP-4")

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")] + sorted(ROOT.glob("docs/**/*.md"))


def _page(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def _section(text: str, heading: str) -> str:
    """What stands below a heading, up to the next one of the same or a higher level."""
    level = len(heading) - len(heading.lstrip("#"))
    found = re.search(rf"^{re.escape(heading)}$\n(.*?)(?=^#{{1,{level}}} |\Z)", text, re.DOTALL | re.MULTILINE)
    assert found, f"there is no heading {heading!r}"
    return found[1]


def _rows(text: str) -> dict[str, list[list[str]]]:
    """First word in backquotes of a table row → the other cells of all such rows; several words share a row."""
    rows: dict[str, list[list[str]]] = {}
    for line in text.splitlines():
        if line.startswith("|"):
            first, *others = (cell.strip() for cell in line.strip("|").split(" | "))
            for word in re.findall(r"`([^`]+)`", first):
                rows.setdefault(word, []).append(others)
    return rows


def _commands(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from _commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


COMMANDS = {"connector": commands, **dict(_commands(commands, "connector"))}


def _blank(kind: type[Any], **given: Any) -> Any:
    """A value of a dataclass with nothing in it but what is given."""
    return kind(**{**dict.fromkeys((entry.name for entry in fields(kind)), ()), **given})


MOMENT = datetime(2026, 10, 1, tzinfo=UTC)
_EXPLANATION = _blank(Explanation, as_of=MOMENT, person=_blank(Person, hot_since=None), fit=_blank(Fit))
_MOVERS = movers_document(Movers(), "person", Periods(*[MOMENT] * 3))
SHOWN = {
    "connector plan": {"saved", *plan_document(_blank(Plan, as_of=MOMENT))},
    "connector backfill": {"api_calls", "seconds", *nothing(StoppedError("Stopped."))},
    "connector apply": set(applied_document(Applied())),
    "connector explain": set(document(_EXPLANATION)),
    "connector movers": {"as_of", "by", "window", "metric", *_MOVERS, *hot_document((), 0)},
    "connector today": {"as_of", *today_document(Today(MOMENT.date()))},
    "connector overdue": {"as_of", *overdue_document(Standing(), MOMENT)},
    "connector nurture": {"as_of", *nurture_document(Nurturing(), None)},
    "connector import": set(
        import_document(_blank(Imported, head=_blank(ListHead), kept=_blank(Kept), state=_blank(ListState)))
    ),
    "connector status": set(status_document(_blank(Status), _blank(Outlook, streams={}), [])),
    "connector failures": {"released", *failures_document([])},
    "connector locks": set(locks_document((), released=False)),
    "connector sandbox env": set(_ENV_KEYS) - {"schema"},
}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_and_argument_of_every_command_is_documented(name: str) -> None:
    documented = _rows(_section(_page("commands.md"), f"## {name}"))
    there = {"--version", "--help", "-h"} if name == "connector" else set()
    for parameter in COMMANDS[name].params:
        words = set(parameter.opts) if isinstance(parameter, click.Option) else {(parameter.name or "").upper()}
        assert words <= set(documented), f"{name}: {words} is not documented"
        there |= words
    options = {word for word in documented if word.startswith("-") or word.isupper()}
    assert options <= there, f"{name} has no {options - there}"


def test_every_command_is_in_the_overview_and_no_other_has_a_section() -> None:
    page = _page("commands.md")
    sections = {line.removeprefix("## ") for line in page.splitlines() if line.startswith("## ")}
    assert sections == set(COMMANDS)
    for name in COMMANDS.keys() - {"connector"}:
        assert f"[`{name}`](#{name.replace(' ', '-')})" in page


def test_every_example_of_json_is_whole_and_says_its_schema() -> None:
    examples = _examples(_page("commands.md"))
    assert len(examples) == len(COMMANDS.keys() - {"connector", "connector sandbox serve"})
    assert all(example["schema"] == 1 for example in examples)


@pytest.mark.parametrize("name", SHOWN)
def test_the_example_of_a_command_has_exactly_the_keys_that_it_gives(name: str) -> None:
    (shown,) = _examples(_section(_page("commands.md"), f"## {name}"))
    assert shown.keys() - {"schema"} == SHOWN[name]


def _examples(text: str) -> list[dict[str, Any]]:
    return [json.loads(example) for example in re.findall(r"```json\n(.*?)```", text, re.DOTALL)]


def test_every_setting_is_documented_with_its_default_and_no_other() -> None:
    page = _page("settings.md")
    rows = _rows(_section(page, "## Variables"))
    names = {f"CONNECTOR_{name.upper()}": name for name in Settings.model_fields if name != "profile"}
    for variable, name in names.items():
        if name.removesuffix("_file") in SECRETS and name.endswith("_file"):
            assert f"`{variable}`" in _section(page, "## Secrets from files")
            continue
        assert variable in rows, f"{variable} is not documented"
        default = Settings.model_fields[name].default
        if isinstance(default, str | Path):
            assert f"`{default}`" in rows[variable][0][0], f"the default of {variable} is {default}"
    assert rows.keys() <= names.keys()


def _keys(schema: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for part in (schema, *schema.get("$defs", {}).values()):
        for name, field in part.get("properties", {}).items():
            yield name, field.get("default")


def test_every_key_of_the_mapping_is_documented_with_its_default() -> None:
    rows = _rows(_section(_page("fields.md"), "## Keys"))
    keys = dict(_keys(Fields.model_json_schema()))
    assert rows.keys() == keys.keys()
    for name, default in keys.items():
        if isinstance(default, str | int | float):
            assert any(f"`{default}`" in cells[0] for cells in rows[name]), f"the default of `{name}` is {default}"


def test_every_policy_value_and_type_of_the_mapping_is_documented() -> None:
    page = _page("fields.md")
    properties = Fields.model_json_schema()["$defs"]
    values, policies = (properties["WriteField"]["properties"][key]["enum"] for key in ("value", "policy"))
    assert _rows(_section(page, "## Values")).keys() == set(values)
    assert all(f"`{policy}`" in _section(page, "## Policies") for policy in policies)
    (types,) = _rows(_section(page, "## Keys"))["type"]
    assert all(f"`{kind}`" in types[1] for kind in properties["ReadField"]["properties"]["type"]["enum"])


@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.name)
def test_every_known_attribute_is_documented_with_its_type_and_shipped_field(stream: Stream) -> None:
    section = _section(_page("fields.md"), f"### {stream.remote}.{stream.object}")
    rows = _rows(section)
    assert {name: cells[0][0] for name, cells in rows.items()} == dict(stream.attributes)
    always = next(line for line in section.splitlines() if line.startswith("Always read"))
    assert all(f"`{name}`" in always for name in stream.system)
    shipped = yaml.safe_load((ROOT / "mappings" / "fields.yaml").read_text(encoding="utf-8"))
    for name, field in shipped[stream.remote][stream.object]["read"].items():
        if name in rows:
            assert rows[name][0][1] == f"`{field}`"


def test_the_example_of_a_mapping_is_valid() -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", _page("fields.md"), re.DOTALL)
    assert Fields.model_validate(yaml.safe_load(example)).guard.overwrite == 0.6


def test_the_list_of_requirements_has_their_ids() -> None:
    ids = re.findall(r"^- ([A-Z]{2}-\d+a?) ", _page("requirements.md"), re.MULTILINE)
    assert len(ids) > 80
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        path, _, anchor = target.partition("#")
        if "://" in target:
            continue
        linked = (page.parent / path).resolve() if path else page
        assert linked.exists(), f"{page.name} links to {target}"
        if anchor and linked.suffix == ".md":
            headings = re.findall(r"^#+ (.*)$", linked.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {_anchor(heading) for heading in headings}, f"{page.name} links to {target}"


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
