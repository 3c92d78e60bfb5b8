"""What the platform says of a row is repeated without the addresses and numbers in it; the journal has it in full."""

from __future__ import annotations

import pytest

from connector.applying.application import Failure
from connector.applying.apply import apply_plan
from connector.store.database import memory_store
from tests.mirror_world import lead_id
from tests.remote_world import change, org, plan_of, run_of

pytestmark = pytest.mark.requirement("WB-5", "OP-4")


def test_a_refusal_that_quotes_a_person_is_told_without_the_person() -> None:
    store, remote = memory_store(), org(1)
    said = "既存のレコード taro.yamada@example.co.jp、03-1234-5678 と重複しています"
    remote.refuses = lambda _object, _row: ("DUPLICATES_DETECTED", said)
    applied = apply_plan(run_of(remote, store), plan_of(change(1)))
    told = "既存のレコード [e-mail]、[phone] と重複しています"
    assert applied.failures == [Failure("Lead", lead_id(1), "DUPLICATES_DETECTED", told)]
    assert store.run("SELECT message FROM journal") == [(said,)]
    store.close()
