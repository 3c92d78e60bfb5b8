"""What becomes of those who were lost or closed, told by `connector evaluate` with the shipped rules (RC-1..4)."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connector.cli.main import run

pytestmark = pytest.mark.requirement("RC-1", "RC-2", "RC-3", "RC-4")

Told = dict[str, dict[str, Any]]
PEOPLE = """\
person_id,created_at,source,owner_id,crm_status,closed_at,close_reason,not_before
budget,2025-06-01,webinar,rep,,,,
rival,2025-06-01,webinar,rep,,,,
timing,2025-06-01,webinar,rep,,,,
silent,2025-06-01,webinar,rep,,,,
lead,2025-06-01,webinar,rep,disqualified,2026-11-20T10:00:00+09:00,予算なし,
gone,2025-06-01,webinar,rep,disqualified,2026-11-20T10:00:00+09:00,対象外,
held,2025-06-01,webinar,rep,,,,2027-06-01
asked,2025-06-01,webinar,rep,,,,2027-06-01
"""
DEALS = """\
opportunity_id,person_id,created_at,closed_at,status,amount,loss_reason,competitor,product
d1,budget,2026-06-01,2026-11-20T10:00:00+09:00,lost,3000000,No budget,,設備保全クラウド
d2,rival,2026-03-01,2026-06-10T10:00:00+09:00,lost,5000000,競合に決定,ホゼンクラウド,点検アプリ
d3,timing,2026-06-01,2026-11-20T10:00:00+09:00,lost,1000000,時期尚早,,
d4,silent,2026-10-01,2026-11-20T10:00:00+09:00,lost,,,,
"""
HEARING = """\
person_id,item,value,said_by,via,at
timing,again_on,2027年2月15日,部長,call,2026-11-20T09:00:00+09:00
"""


def acts() -> str:
    """Everybody was hot before the deal was lost; `budget` is busy again after April 1, `timing` only before."""
    rows = ["activity_id,person_id,occurred_at,type"]
    for who in ("budget", "rival", "timing", "silent", "lead", "gone"):
        rows += [f"{who}-{n},{who},2026-05-20T10:00:00+09:00,demo_view" for n in range(14)]
    rows += [f"t{n},timing,2027-02-10T10:00:00+09:00,demo_view" for n in range(24)]
    rows += [f"b{n},budget,2027-04-05T10:00:00+09:00,demo_view" for n in range(13)]
    rows += [f"{who}{n},{who},2027-04-05T10:00:00+09:00,demo_view" for n in range(14) for who in ("held", "asked")]
    return "\n".join([*rows, "q,asked,2027-04-06T10:00:00+09:00,inquiry", ""])


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Told]:
    folder = tmp_path_factory.mktemp("losses")
    files = {"people": PEOPLE, "activities": acts(), "opportunities": DEALS, "hearing": HEARING}
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    known: dict[str, Told] = {}

    def evaluated(as_of: str) -> Told:
        if as_of not in known:
            known[as_of] = _evaluated(folder, list(files), as_of)
        return known[as_of]

    return evaluated


def _evaluated(folder: Path, files: list[str], as_of: str) -> Told:
    with pytest.MonkeyPatch.context() as patch:
        lines: list[str] = []
        patch.setattr("sys.stdout.write", lines.append)
        options = [word for name in files for word in (f"--{name}", str(folder / f"{name}.csv"))]
        code = run(["evaluate", "--rules", "classic", "--as-of", as_of, "--json", *options])
    assert code == 0
    found = [json.loads(line) for line in "".join(lines).splitlines()]
    return {one["person_id"]: one for one in found}


DECEMBER, APRIL, LATER = ("2026-12-01T09:00:00+09:00", "2027-04-01T00:00:00+09:00", "2027-04-06T12:00:00+09:00")


def action(found: Told, who: str) -> tuple[str | None, ...]:
    one = found[who]["next_action"]
    return (one["purpose"], one["channel"], one["due"], one["why"]) if one else (None,) * 4


def test_each_reason_has_its_own_time_before_which_nobody_is_called(told: Callable[[str], Told]) -> None:
    found = told(DECEMBER)
    assert {who: found[who]["stage"] for who in found} == {
        "budget": "lost", "rival": "lost", "timing": "lost", "silent": "lost", "lead": "disqualified",
        "gone": "disqualified", "held": "registered", "asked": "registered",
    }  # fmt: skip
    assert action(found, "budget") == ("recycle", "wait", "2027-04-01", "No budget: again from 2027-04-01")
    assert action(found, "rival") == ("recycle", "wait", "2027-03-12", "競合に決定: again from 2027-03-12")
    assert action(found, "timing") == ("recycle", "wait", "2027-02-15", "時期尚早: again from 2027-02-15")
    assert action(found, "lead") == ("recycle", "wait", "2027-04-01", "予算なし: again from 2027-04-01")
    assert found["gone"]["next_action"] is None
    assert found["rival"]["loss"] == {
        "kind": "deal", "reason": "競合に決定", "rule": "competitor", "action": "call", "competitor": "ホゼンクラウド",
        "product": "点検アプリ", "amount": 5_000_000, "at": "2026-06-10T01:00:00+00:00",
        "again_at": "2027-03-11T15:00:00+00:00",
    }  # fmt: skip
    assert (found["gone"]["loss"]["rule"], found["gone"]["loss"]["again_at"]) == ("not_a_target", None)
    assert found["held"]["loss"] is None


def test_complaint_79_who_closes_without_a_reason_is_asked_for_it(told: Callable[[str], Told]) -> None:
    found = told(DECEMBER)
    assert action(found, "silent")[:2] == ("ask_reason", "ask")
    assert (found["silent"]["next_action"]["owner"], found["silent"]["next_action"]["ask"]) == ("rep", ["loss_reason"])
    assert found["silent"]["loss"]["rule"] == "without_reason"


def test_no_budget_is_cold_again_on_the_first_day_of_the_next_fiscal_year(
    told: Callable[[str], Told],
) -> None:
    found = told(APRIL)
    assert {found[who]["stage"] for who in ("budget", "rival", "timing", "silent", "lead")} == {"cold"}
    assert {found[who]["score_deciding"] for who in ("budget", "lead")} == {0}
    assert found["gone"]["stage"] == "disqualified"
    # Before the renewal the owner calls, on a business day: March 12 is a Friday.
    assert action(found, "rival") == ("second_approach", "call", "2027-03-12", "競合に決定: its time is over")


def test_hot_again_only_by_what_was_done_since(told: Callable[[str], Told]) -> None:
    found = told(LATER)
    assert (found["budget"]["stage"], found["budget"]["score_deciding"]) == ("hot", 65)
    assert action(found, "budget")[0] == "cadence_starts"
    # As many demos five days before the time that was agreed: they do not count.
    assert (found["timing"]["stage"], found["timing"]["second_approach"]) == ("cold", False)
    assert found["timing"]["score"] > 65


def test_an_agreed_day_holds_everything_but_an_inquiry(told: Callable[[str], Told]) -> None:
    found = told(LATER)
    assert {found[who]["stage"] for who in ("held", "asked")} == {"hot"}
    assert action(found, "held") == ("not_before", "wait", "2027-06-01", "not before 2027-06-01")
    assert action(found, "asked")[:2] == ("inquiry", "call")
    assert found["held"]["not_before"] == "2027-06-01"


def test_what_nobody_can_read_is_told_and_undated_deals_are_the_oldest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "people.csv").write_text("person_id,created_at\np,2026-01-01\n")
    (tmp_path / "activities.csv").write_text("activity_id,person_id,occurred_at,type\n")
    columns = "opportunity_id,person_id,created_at,closed_at,status,loss_reason"
    deals = ["d,p,2026-01-01,2026-05-01, Lost ,担当者退職", "undated,p,,,won,", "e,p,2026-05-20,,Closed Lost,"]
    (tmp_path / "opportunities.csv").write_text("\n".join([columns, *deals, ""]), encoding="utf-8")
    names = ("people", "activities", "opportunities")
    files = [word for name in names for word in (f"--{name}", f"{tmp_path}/{name}.csv")]
    assert run(["evaluate", "--rules", "classic", "--as-of", "2026-06-01", "--json", *files]) == 0
    out, err = capsys.readouterr()
    assert "opportunities: 1 rows were lost for '担当者退職', which no reason lists: they wait 90 days." in err
    assert "opportunities: 1 rows have the status 'closed lost', which says nothing of people." in err
    assert json.loads(out)["loss"]["rule"] == "other"
