"""The words of the org's picklists against the dictionary of statuses (LC-7)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from connector.errors import ConfigurationError
from connector.reporting.statuses import status_words
from connector.rules.fields import Fields
from connector.rules.load import SHIPPED
from connector.rules.mapping import load_mapping
from connector.store.database import Store, memory_store
from connector.store.mirror import prepare

pytestmark = pytest.mark.requirement("LC-7")

TEXTS = {"owner": "inside_sales", "entry": "in", "exit": "out", "example": "one"}


def mapped(folder: Path, entries: list[dict[str, Any]], **more: Any) -> Fields:
    known = yaml.safe_load((SHIPPED / "classic" / "fields.yaml").read_text("utf-8"))
    told = {**known, "status_dictionary": [{**TEXTS, **entry} for entry in entries], **more}
    (folder / "fields.yaml").write_text(yaml.safe_dump(told, allow_unicode=True), encoding="utf-8")
    return load_mapping(folder).fields


def filled(fields: Fields, **tables: list[dict[str, Any]]) -> Store:
    store = memory_store()
    prepare(store, fields.streams)
    for table, rows in tables.items():
        for number, row in enumerate(rows):
            known = {"_unit": "", "_seen_at": "2026-10-01", "_valid_from": "2026-10-01", "id": f"{number}", **row}
            names, values = ", ".join(f'"{name}"' for name in known), ", ".join(f"${name}" for name in known)
            store.run(f"INSERT INTO mirror_salesforce_{table} ({names}) VALUES ({values})", known)
    return store


def test_words_that_org_and_dictionary_do_not_share_are_told_with_their_records(tmp_path: Path) -> None:
    fields = mapped(tmp_path, [{"word": "Nurturing", "means": "cold"}, {"word": "Gone", "means": "disqualified"}])
    store = filled(
        fields,
        lead_status=[{"api_name": "nurturing"}, {"api_name": "Recycled"}, {"api_name": "Unused"}],
        lead=[{"status": "Recycled"}, {"status": " recycled"}, {"status": "Old Word"}, {"status": "Nurturing"},
              {"status": "Recycled", "is_deleted": True}],
    )  # fmt: skip
    told = [(one.kind, one.object, one.word.strip().lower(), one.records) for one in status_words(store.run, fields)]
    assert told == [
        ("not_in_dictionary", "lead", "old word", 1),
        ("not_in_dictionary", "lead", "recycled", 2),
        ("not_in_dictionary", "lead", "unused", 0),
        ("not_in_org", "lead", "gone", 0),
    ]
    first = status_words(store.run, fields)[0].sentence
    assert first.startswith("Lead.Status `Old Word` (1 records) is not in the dictionary")


def test_opportunity_stages_are_held_to_the_marks_of_the_org(tmp_path: Path) -> None:
    deal = {"object": "opportunity"}
    fields = mapped(
        tmp_path,
        [{"word": "Talks", "means": "opportunity", **deal}, {"word": "Signed", "means": "opportunity", **deal}],
    )
    store = filled(
        fields,
        opportunity_stage=[
            {"api_name": "Talks", "is_closed": False, "is_won": False, "is_active": True},
            {"api_name": "Signed", "is_closed": True, "is_won": True, "is_active": True},
            {"api_name": "Retired", "is_closed": False, "is_won": False, "is_active": False},
        ],
        opportunity=[{"stage_name": "Signed"}],
        lead_status=[{"api_name": "Anything"}],
    )
    told = [(one.kind, one.word, one.records) for one in status_words(store.run, fields)]
    assert told == [("contradicts", "Signed", 1)]  # Of leads the dictionary says nothing, so nothing is compared.


def test_the_shipped_dictionary_is_the_one_place_that_says_what_a_status_means() -> None:
    fields = load_mapping(SHIPPED / "content-led").fields
    assert fields.crm_status_of == {"Closed - Not Converted": "disqualified"}
    assert fields.statuses == {}
    written = fields.salesforce["Lead"].write["Status"]
    meant = {one.word: one.means for one in fields.words_of("lead")}
    assert set(written.order or ()) == meant.keys()


@pytest.mark.parametrize(
    ("entries", "more", "sentence"),
    [
        ([{"word": "A", "means": "cold"}], {"statuses": {"lost": ["A"]}}, "both say what lead statuses mean"),
        ([{"word": "A", "means": "cold"}, {"word": " a", "means": "hot"}], {}, "has `a` of lead twice"),
        ([{"word": "Nurturing", "means": "hot"}], {}, "writes `Nurturing` for `cold`; the dictionary says"),
        ([{"word": "A", "means": "warm"}], {}, "`means` cannot be `warm`"),
    ],
)
def test_a_dictionary_that_contradicts_is_refused(
    tmp_path: Path, entries: list[dict[str, Any]], more: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        mapped(tmp_path, entries, **more)
    assert any(sentence in str(one) for one in refused.value.problems)
