"""Landed pages become typed rows: whatever JSON is allowed to look like, and nothing without an id (SY-1, SY-3)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import pytest

from connector.domain.streams import BY_NAME, Column, MappedStream
from connector.errors import SpoiltPageError, StopError
from connector.rules.mapping import load_mapping
from connector.store.database import Store, memory_store
from connector.store.mirror import Merged, merge, prepare, table_of
from connector.store.texts import mend_texts, with_whole_texts
from tests.mirror_world import mapped

pytestmark = pytest.mark.requirement("SY-1", "SY-3")

NOON = datetime(2026, 10, 1, 3, tzinfo=UTC)
ID = "00Q000000000001AAA"


@pytest.fixture(scope="module")
def leads() -> MappedStream:
    mapping = load_mapping(Path(str(files("connector.rulesets"))) / "classic")
    return next(mapped for mapped in mapping.fields.streams if mapped.stream.name == "salesforce.Lead")


@pytest.fixture
def store(leads: MappedStream) -> Iterator[Store]:
    store = memory_store()
    prepare(store, [leads])
    yield store
    store.close()


def page(folder: Path, *records: object, indent: int | None = None, name: str = "00001.json") -> Path:
    path = folder / name
    body = {"totalSize": len(records), "done": True, "records": list(records)}
    path.write_text(json.dumps(body, ensure_ascii=False, indent=indent), "utf-8")
    return path


def record(**values: object) -> dict[str, object]:
    return {"attributes": {"type": "Lead"}, "Id": ID, "SystemModstamp": "2026-10-01T02:00:00.000+0000", **values}


def kept(store: Store, leads: MappedStream, *names: str) -> list[tuple[object, ...]]:
    return store.run(f'SELECT {", ".join(names)} FROM "{table_of(leads)}" ORDER BY id')


@pytest.mark.parametrize("indent", [None, 1])
def test_texts_numbers_and_nulls_arrive_as_the_remote_meant_them(
    store: Store, leads: MappedStream, tmp_path: Path, indent: int | None
) -> None:
    hard = '髙橋 "一"\n二行目\t\\ 🙂 \u2028 #N/A'
    sent = record(Company=hard, NumberOfEmployees=1200, IsConverted=False, Title="", Connector_Score__c=64.5)
    merged = merge(store, leads, "", [page(tmp_path, sent, indent=indent)], NOON)
    assert (merged.rows, merged.added, merged.unreadable) == (1, 1, {})
    columns = [leads.column_of(name) for name in ("Company", "NumberOfEmployees", "Title", "Connector_Score__c")]
    assert kept(store, leads, *columns, "stamp") == [(hard, 1200, None, 64.5, datetime(2026, 10, 1, 2))]  # noqa: DTZ001 - the store's times have no zone


def test_a_field_that_a_record_leaves_out_is_unknown(store: Store, leads: MappedStream, tmp_path: Path) -> None:
    merged = merge(store, leads, "", [page(tmp_path, record())], NOON)
    assert merged.rows == 1
    assert kept(store, leads, leads.column_of("Company")) == [(None,)]


def test_pages_in_a_folder_with_odd_letters_are_read(store: Store, leads: MappedStream, tmp_path: Path) -> None:
    folder = tmp_path / "it's [1] *"
    folder.mkdir()
    assert merge(store, leads, "", [page(folder, record())], NOON).rows == 1


def test_empty_pages_among_others_count_nothing(store: Store, leads: MappedStream, tmp_path: Path) -> None:
    pages = [page(tmp_path, name="00001.json"), page(tmp_path, record(), name="00002.json")]
    assert merge(store, leads, "", pages, NOON).rows == 1


@pytest.mark.requirement("SY-10")
def test_a_field_in_other_letters_than_the_remotes_is_read_all_the_same(store: Store, tmp_path: Path) -> None:
    leads = mapped(
        "salesforce.Lead", opted_out=("hasoptedoutofemail", "boolean"), title="OWNER.title", status="ATTRIBUTES.type"
    )
    store.run(f'DROP TABLE "{table_of(leads)}"')
    prepare(store, [leads])
    rows = [
        {**record(Id=f"{number}", HasOptedOutOfEmail=True), "Owner": owner}
        for number, owner in enumerate([None, {"attributes": {"type": "User"}, "Title": "部長"}])
    ]
    pages = [page(tmp_path, rows[0]), page(tmp_path, rows[1], indent=1, name="00002.json")]
    merge(store, leads, "", pages, NOON)
    assert kept(store, leads, "opted_out", "title", "status") == [(True, None, "Lead"), (True, "部長", "Lead")]


@pytest.mark.requirement("SY-6")
@pytest.mark.parametrize("head", ['"Company","Id"', '"Id"', '"Id","Company","Title"'])
def test_a_result_in_other_columns_is_not_taken_for_the_asked_ones(store: Store, tmp_path: Path, head: str) -> None:
    leads = MappedStream(BY_NAME["salesforce.Lead"], (Column("id", "Id", "text"), Column("company", "company", "text")))
    path = tmp_path / "00001.csv"
    path.write_text(f"{head}\n{','.join(['1'] * len(head.split(',')))}\n", "utf-8")
    with pytest.raises(SpoiltPageError, match="other columns"):
        merge(store, leads, "", [path], NOON)


HALVES = [r"\ud83d", r"\udc00", r"\ud83d\ud83d\ude00"]
WHOLE = [r"\ud83d\ude00", r"\\ud83d", r"\\\ud83d\ude00", "日本"]


@pytest.mark.requirement("SY-6", "OP-3")
@pytest.mark.parametrize("text", [*HALVES, *WHOLE])
def test_half_a_character_keeps_no_stream_from_being_read(
    store: Store, leads: MappedStream, tmp_path: Path, text: str
) -> None:
    path = page(tmp_path, record(Company="COMPANY"))
    path.write_text(path.read_text("utf-8").replace("COMPANY", f"a{text}b"), "utf-8")

    def once() -> Merged:
        with store.transaction():
            return merge(store, leads, "", [path], NOON)

    assert with_whole_texts([path], once).rows == 1
    meant = json.loads(f'"a{text}b"').encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    assert kept(store, leads, "company") == [(meant,)]


@pytest.mark.requirement("OP-3")
def test_bytes_that_are_no_text_are_mended_and_a_page_that_is_cut_off_is_not(tmp_path: Path) -> None:
    path = tmp_path / "00001.csv"
    path.write_bytes('"Id","Company"\n"1","東'.encode()[:-1])
    assert mend_texts([path])
    assert path.read_bytes() == '"Id","Company"\n"1","\ufffd'.encode()
    assert not mend_texts([path])
    with pytest.raises(SpoiltPageError):
        with_whole_texts([path], _spoilt)


def _spoilt() -> None:
    raise SpoiltPageError("cut off")


@pytest.mark.parametrize("odd", [{"Company": "no id"}, {"Id": ""}, 7, "text", None])
def test_what_has_no_id_stops_the_pull_and_nothing_is_kept(
    store: Store, leads: MappedStream, tmp_path: Path, odd: object
) -> None:
    with pytest.raises(StopError, match=r"salesforce\.Lead: .* without a readable id"), store.transaction():
        merge(store, leads, "", [page(tmp_path, record(), odd)], NOON)
    assert kept(store, leads, "id") == []


def test_a_page_without_records_leaves_what_is_known_as_it_was(
    store: Store, leads: MappedStream, tmp_path: Path
) -> None:
    merge(store, leads, "", [page(tmp_path, record(Company="一社"))], NOON)
    before = kept(store, leads, "*")
    nothing = merge(store, leads, "", [page(tmp_path)], NOON.replace(hour=4))
    assert nothing == Merged(0, 0, None, None, {})
    assert kept(store, leads, "*") == before
