"""No plan from a mirror that was never read to the end: people without their activities would all look cold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from connector.cli.river import read_once
from connector.domain.cursor import Cursor
from connector.errors import ConfigurationError
from connector.river import River
from connector.rules.mapping import load_mapping
from connector.store.cursors import save_cursor
from connector.store.database import memory_store
from tests.mirror_world import NOON

pytestmark = pytest.mark.requirement("WB-2", "SY-3", "SY-7")

UNIT = "0UvSb0000000001KAA"


@pytest.fixture
def river() -> Iterator[River]:
    store = memory_store()
    mapping = load_mapping(Path(str(files("connector.rulesets"))) / "classic")
    remotes = SimpleNamespace(engagement=(SimpleNamespace(unit=UNIT),))
    yield cast(River, SimpleNamespace(store=store, mapping=mapping, remotes=remotes))
    store.close()


def read(river: River, remote: str, *but: str) -> None:
    for mapped in river.mapping.fields.streams:
        if mapped.stream.remote == remote:
            cursor = Cursor(mapped.stream.name, UNIT if remote == "account_engagement" else "", NOON)
            unfinished = replace(cursor, watermark=None, slice_upper=NOON)
            save_cursor(river.store, unfinished if mapped.stream.name in but else cursor, NOON)


def test_an_empty_mirror_is_no_reason_to_say_that_there_is_nothing_to_do(river: River) -> None:
    with pytest.raises(ConfigurationError, match=r"Nothing has been pulled yet\. `connector pull`"):
        read_once(river)


def test_a_first_pull_that_broke_off_is_named_by_its_streams(river: River) -> None:
    read(river, "salesforce", "salesforce.Task")
    with pytest.raises(ConfigurationError, match=r"salesforce\.Task, account_engagement\.prospects and \d+ more"):
        read_once(river)


def test_a_mirror_that_was_read_once_is_enough(river: River) -> None:
    read(river, "salesforce")
    read(river, "account_engagement")
    read_once(river)


def test_without_account_engagement_nobody_waits_for_it(river: River) -> None:
    read(river, "salesforce")
    alone = cast(River, SimpleNamespace(**{**vars(river), "remotes": SimpleNamespace(engagement=())}))
    read_once(alone)
