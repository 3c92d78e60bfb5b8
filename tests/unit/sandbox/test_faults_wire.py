"""Faults that one sees on the wire alone: resets, cut and garbled bodies, slowness, a clock that is off."""

from __future__ import annotations

import gzip
import json
import time
from dataclasses import replace
from pathlib import Path

import pytest

from connector.sandbox.faults.aftermath import befallen, can_befall
from connector.sandbox.faults.document import read_plan
from connector.sandbox.wire import Response
from tests.unit.sandbox.faulty_org import FaultyOrg, new_faulty_org, raw_exchange
from tests.unit.sandbox.salesforce_org import V
from tests.unit.sandbox.test_server import listening

pytestmark = pytest.mark.requirement("OP-3")

LIMITS = f"{V}/limits"
CREATE = ("POST", "sobjects/Lead", {"LastName": "Mori", "Company": "Acme"})


@pytest.fixture
def org(tmp_path: Path) -> FaultyOrg:
    return new_faulty_org(tmp_path)


def split(answer: bytes) -> tuple[bytes, bytes]:
    head, _, body = answer.partition(b"\r\n\r\n")
    return head, body


def announced(head: bytes) -> int:
    return int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])


def test_a_reset_before_the_work_leaves_nothing_done(org: FaultyOrg) -> None:
    org.faults({"kind": "reset_before", "times": 1}, {"kind": "reset_before", "path": "*/limits"})
    lost = org.send(*CREATE)
    assert lost.delivery is not None
    assert lost.delivery.lost
    assert org.query("SELECT Id FROM Lead") == []
    with org.listening() as listener:
        assert raw_exchange(listener, org, LIMITS) == (b"", True)


def test_a_reset_after_the_work_loses_only_the_answer(org: FaultyOrg) -> None:
    org.faults({"kind": "reset_after", "times": 1}, {"kind": "reset_after", "path": "*/limits"})
    lost = org.send(*CREATE)
    assert lost.delivery is not None
    assert lost.delivery.lost
    assert len(org.query("SELECT Id FROM Lead")) == 1
    with org.listening() as listener:
        assert raw_exchange(listener, org, LIMITS) == (b"", True)


@pytest.mark.parametrize("more", ["", "Accept-Encoding: gzip\r\n"])
def test_a_body_is_cut_before_its_announced_end(org: FaultyOrg, more: str) -> None:
    org.faults({"kind": "truncated", "share": 0.25})
    with org.listening() as listener:
        got, was_reset = raw_exchange(listener, org, LIMITS, more)
    head, body = split(got)
    assert head.startswith(b"HTTP/1.1 200 OK")
    assert not was_reset
    assert len(body) == announced(head) // 4


def test_a_file_is_cut_as_well(tmp_path: Path) -> None:
    path = tmp_path / "page.csv"
    path.write_bytes(b"x" * 3_000_000)
    (fault,) = read_plan({"faults": [{"kind": "truncated"}]}).faults
    with listening(lambda _: befallen(fault, Response(200, path, content_type="text/csv"))) as listener:
        org = new_faulty_org(tmp_path)
        got, _ = raw_exchange(listener, org, "/")
    assert len(split(got)[1]) == 1_500_000


def test_malformed_json_is_whole_by_its_length(org: FaultyOrg) -> None:
    org.faults({"kind": "malformed_json", "times": 1})
    with org.listening() as listener:
        first, second = (split(raw_exchange(listener, org, LIMITS)[0]) for _ in range(2))
    assert announced(first[0]) == len(first[1])
    with pytest.raises(json.JSONDecodeError):
        json.loads(first[1])
    assert json.loads(second[1])


def test_garbled_json_has_its_end(org: FaultyOrg) -> None:
    org.faults({"kind": "malformed_json", "garbled": True})
    with org.listening() as listener:
        head, body = split(raw_exchange(listener, org, LIMITS)[0])
    assert announced(head) == len(body)
    assert body.endswith(b"}")
    with pytest.raises(json.JSONDecodeError):
        json.loads(body)


def test_malformed_csv_ends_within_quotes(tmp_path: Path) -> None:
    path = tmp_path / "page.csv"
    path.write_bytes(b'"Id","Name"\n"1","a"\n"2","b"\n')
    (fault,) = read_plan({"faults": [{"kind": "malformed_csv", "share": 0.9}]}).faults
    whole = Response(200, path, content_type="text/csv")
    assert can_befall(fault, whole)
    assert not can_befall(fault, Response(200, b"{}"))
    broken = befallen(fault, whole).body
    assert isinstance(broken, bytes)
    assert broken.startswith(b'"Id","Name"\n"1","a"')
    assert broken.endswith(b'\n"')
    packed = replace(whole, body=gzip.compress(path.read_bytes()), headers={"Content-Encoding": "gzip"})
    again = befallen(fault, packed).body
    assert isinstance(again, bytes)
    assert gzip.decompress(again) == broken, "the CSV is broken and not what it is packed in"


def test_slowness_waits_and_trickles(org: FaultyOrg) -> None:
    org.faults({"kind": "slow", "seconds": 0.2, "nth": 1}, {"kind": "slow", "bytes_per_second": 20_000, "nth": 2})
    with org.listening() as listener:
        times = []
        for _ in range(3):
            begun = time.monotonic()
            got, _ = raw_exchange(listener, org, f"{V}/sobjects")
            times.append(time.monotonic() - begun)
    assert times[0] >= 0.2
    assert times[1] >= len(got) / 20_000 * 0.9
    assert times[2] < times[1]


def test_the_date_header_is_off_and_the_stamps_are_not(org: FaultyOrg) -> None:
    org.faults({"kind": "clock_skew", "seconds": -600})
    with org.listening() as listener:
        got, _ = raw_exchange(listener, org, LIMITS)
    assert b"Date: Wed, 30 Sep 2026 23:50:00 GMT" in got
    lead = org.lead()
    row = org.query(f"SELECT CreatedDate FROM Lead WHERE Id = '{lead}'")[0]
    assert row["CreatedDate"] == "2026-10-01T00:00:00.000+0000"
