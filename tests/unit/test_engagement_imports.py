"""What an import says of rows that it did not take, and what is done where nobody can read it (WB-3, WB-5)."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from connector.account_engagement.imports import errors_of
from connector.applying.application import Application
from connector.applying.apply import settle_open_intents
from connector.applying.units import UnitWriter
from connector.errors import SpoiltPageError
from connector.store.database import memory_store
from connector.store.engagement_imports import Import, note_import
from connector.store.journal import Intent, intend, unsettled
from tests.mirror_world import NOON
from tests.remote_world import org, outcomes

pytestmark = pytest.mark.requirement("WB-3", "WB-5")


def test_rows_that_were_not_taken_are_named_with_the_words() -> None:
    assert errors_of("matchId,score,error\n7,5,no such prospect\n\n", "it") == {7: "no such prospect"}


@pytest.mark.parametrize(
    "text", ["", "score,error\n5,no\n", 'matchId,error\n7,"no', "matchId,e\nx,no\n", "a,matchId\n7\n"]
)
def test_what_names_no_rows_is_asked_for_again_and_no_row_counts_as_taken(text: str) -> None:
    with pytest.raises(SpoiltPageError, match="sent errors of an import that name no rows"):
        errors_of(text, "The unit")


def test_an_import_whose_errors_nobody_can_read_is_settled_by_its_records_and_holds_up_nothing() -> None:
    def unreadable(_number: int, *, patience: float) -> Any:
        raise SpoiltPageError("cannot be read")

    store, remote = memory_store(), org(1)
    unit = SimpleNamespace(
        unit="0Uv1", import_ended=unreadable, again=lambda: None, rows=lambda _name, _fields, _ids: {7: {"score": 5}}
    )
    intents = [Intent("prospect", "prospects", f"0Uv1:{one}", {"score": 1}, {"score": 5}, "") for one in (7, 8)]
    intend(store, "run1", intents, NOON)
    note_import(store, Import(1, 2, "0Uv1", 12, NOON))
    settle_open_intents(Application(remote, remote, store, "run2", NOON, units={"0Uv1": cast(UnitWriter, unit)}))
    assert unsettled(store) == [], "else every later apply would end here"
    assert [row[2:] for row in outcomes(store)] == [("done", None), ("failed", "NOT_WRITTEN")]
    store.close()
