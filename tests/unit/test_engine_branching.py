"""Conditions that are asked word by word mean what they mean asked one by one."""

from __future__ import annotations

import duckdb
import pytest

from connector.engine.branching import any_of

pytestmark = pytest.mark.requirement("SC-6")

CONDITIONS = (
    "type = 'search' OR (type = 'download' AND theme IN ('pricing', 'product'))",
    "(type IN ('inquiry', 'call') OR type = 'visit') AND theme = 'brand'",
    "theme = 'case_study'",
)


def test_any_of_conditions_holds_of_the_rows_of_which_one_of_them_does_and_of_no_other_type() -> None:
    types = "['search', 'download', 'inquiry', 'call', 'visit', 'sent']"
    themes = "['pricing', 'product', 'brand', 'case_study', NULL]"
    rows = f"SELECT unnest({types}) AS type, theme FROM (SELECT unnest({themes}) AS theme)"
    plain = " OR ".join(f"({one})" for one in CONDITIONS)
    found = any_of("type", CONDITIONS, ("search", "download", "inquiry", "visit"))
    differing = (
        f"SELECT * FROM ({rows}) WHERE coalesce({found}, FALSE) "
        f"<> coalesce(type NOT IN ('call', 'sent') AND ({plain}), FALSE)"
    )
    assert duckdb.sql(differing).fetchall() == []
    assert duckdb.sql(f"SELECT count(*) FROM ({rows}) WHERE {found}").fetchall() == [(12,)]
