"""Pages land whole or not at all, and only their heads are read."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from connector.errors import StopError
from connector.http.landing import MalformedPageError, envelope, land, page_path

pytestmark = pytest.mark.requirement("SY-1", "SY-2", "OP-3")

NEEDED = ("done", "totalSize")


class Body(requests.Response):
    """An answer whose body arrives in pieces; an exception among them is raised."""

    def __init__(self, *pieces: bytes | Exception) -> None:
        super().__init__()
        self.pieces = pieces

    def iter_content(self, *_args: Any, **_options: Any) -> Iterator[Any]:
        for piece in self.pieces:
            if isinstance(piece, Exception):
                raise piece
            yield piece


def landed(tmp_path: Path, text: str) -> Path:
    path = page_path(tmp_path / "pages", 1)
    land(Body(text.encode()), path)
    return path


def test_a_page_appears_whole_and_private(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "00001.json"
    land(Body(b'{"x":', b"1}"), path)
    assert path.read_bytes() == b'{"x":1}'
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert page_path(path.parent, 1) == path


def test_a_page_that_is_cut_off_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        land(Body(b'{"x":', requests.exceptions.ChunkedEncodingError("cut")), tmp_path / "00001.json")
    assert list(tmp_path.iterdir()) == []


def test_a_page_that_the_disk_refuses(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StopError, match="cannot be written"):
        land(Body(b"{}"), tmp_path / "file" / "00001.json")


@pytest.mark.parametrize(
    "text",
    [
        '{"totalSize":3,"done":false,"nextRecordsUrl":"/n","records":[{"a":1}]}',
        '{\n  "totalSize" : 3,\n  "done" : false,\n  "nextRecordsUrl" : "/n",\n  "records" : [ {"a":1} ]\n}\n',
        '{"records":[{"done":true,"totalSize":99}],"totalSize":3,"done":false,"nextRecordsUrl":"/n"}',
        '{"done":false,"records":[],"totalSize":3,"nextRecordsUrl":"/n"}',
    ],
)
def test_the_keys_beside_the_rows(tmp_path: Path, text: str) -> None:
    found = envelope(landed(tmp_path, text), "records", NEEDED)
    assert (found["totalSize"], found["done"]) == (3, False)
    assert found["nextRecordsUrl"] == "/n"


def test_only_the_head_of_a_large_page_is_parsed(tmp_path: Path) -> None:
    rows = json.dumps([{"Company": 'a "records":[ inside'}] * 9000)
    path = landed(tmp_path, '{"totalSize":9000,"done":true,"records":' + rows.replace("inside", "broken \x00", 1) + "}")
    assert envelope(path, "records", NEEDED)["totalSize"] == 9000


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<html>down for maintenance</html>",
        '{"totalSize":3,"done":true,"records":[{"a":1},',
        '{"totalSize":3,"done":true,"records":[{"a":1}',
        '{"totalSize":3,"done":true}',
        '[{"errorCode":"X"}]',
        '{"records":[]}',
        '{"totalSize":3,"done":true,"records":{}}',
    ],
)
def test_what_is_no_page(tmp_path: Path, text: str) -> None:
    with pytest.raises(MalformedPageError):
        envelope(landed(tmp_path, text), "records", NEEDED)
