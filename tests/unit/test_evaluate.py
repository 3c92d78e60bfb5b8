"""`connector evaluate`: rules on files, told in the keys that others rely on; bad files are named by their place."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from connector.cli.main import run

pytestmark = pytest.mark.requirement("SC-1", "SC-2a", "SC-3", "LC-2", "LC-3", "TU-1", "CD-3")

AS_OF = "2026-06-01T09:00:00+09:00"
PEOPLE = "person_id,created_at,email,source,company_id,owner_id,title\n"
ACTIVITIES = "activity_id,person_id,occurred_at,type,content,theme,url,visit_id\n"
Files = Callable[..., list[str]]
Told = Callable[..., dict[str, dict[str, Any]]]


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """Writes the files and gives the arguments that name them."""

    def write(**texts: str | bytes) -> list[str]:
        arguments = ["evaluate", "--rules", "classic", "--as-of", AS_OF, "--json"]
        for name, text in {"people": PEOPLE, "activities": ACTIVITIES, **texts}.items():
            path = tmp_path / f"{name}.csv"
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
            arguments += [f"--{name}", str(path)]
        return arguments

    return write


@pytest.fixture
def told(files: Files, capsys: pytest.CaptureFixture[str]) -> Told:
    """The documents of an evaluation by person."""

    def evaluated(*more: str, **texts: str) -> dict[str, dict[str, Any]]:
        code = run([*files(**texts), *more])
        out, err = capsys.readouterr()
        assert code == 0, err
        lines = [json.loads(line) for line in out.splitlines()]
        return {line["person_id"]: line for line in lines}

    return evaluated


def demos(person: str, count: int, day: str = "2026-05-30") -> str:
    return "".join(f"{person}-{n},{person},{day}T10:00:00+09:00,demo_view,,,,\n" for n in range(count))


@pytest.mark.parametrize(("count", "stage", "score"), [(12, "cold", 60), (13, "hot", 65)])
def test_thirteen_demos_are_hot_and_twelve_are_cold(told: Told, count: int, stage: str, score: int) -> None:
    found = told(people=PEOPLE + "p,2026-05-01,,,,,\n", activities=ACTIVITIES + demos("p", count))["p"]
    assert (found["schema"], found["stage"], found["score"], found["score_behaviour"]) == (1, stage, score, score)
    assert found["score_window"] == {"1d": 0, "7d": score, "30d": score}
    assert found["reasons"] == [{"rule": "demo_view", "points": score, "times": count}]


def test_every_point_of_the_default_set_and_they_add_up(told: Told) -> None:
    pages = "".join(f"v{n},p,2026-05-25T10:0{n}:00+09:00,page_view,,,,visit1\n" for n in range(8))
    rest = (
        "w1,p,2026-05-26T10:00:00+09:00,page_view,,pricing,,visit2\n"
        "w2,p,2026-05-26T10:01:00+09:00,page_view,,careers,,visit2\n"
        "o1,p,2026-05-26T11:00:00+09:00,email_open,mail1,,,\no2,p,2026-05-27T11:00:00+09:00,email_open,mail1,,,\n"
        "r1,p,2026-05-27T12:00:00+09:00,webinar_register,,,,\nr2,p,2026-05-28T12:00:00+09:00,webinar_attend,,,,\n"
        "d1,p,2026-05-28T13:00:00+09:00,content_download,,thought_leadership,,\n"
        "s1,p,2026-05-28T14:00:00+09:00,search,,brand,,\n"
    )
    found = told(people=PEOPLE + "p,2026-05-20,,web_inquiry,,,\n", activities=ACTIVITIES + pages + rest)["p"]
    points = {reason["rule"]: (reason["points"], reason["times"]) for reason in found["reasons"]}
    assert points == {
        "source_web_inquiry": (7, 1), "page_view": (10, 10), "long_visit": (7, 1), "visits_in_week": (8, 1),
        "pricing_page": (5, 1), "careers_page": (-10, 1), "email_open": (1, 1), "webinar_register": (5, 1),
        "webinar_attend": (5, 1), "thought_leader_download": (5, 1), "brand_search": (15, 1),
    }  # fmt: skip
    assert found["score"] == sum(reason["points"] for reason in found["reasons"]) == 58
    assert (found["score_source"], found["score_behaviour"], found["score_inactivity"]) == (7, 51, 0)


def test_silence_takes_by_the_score_at_that_moment(told: Told) -> None:
    activities = ACTIVITIES + demos("p", 7, "2026-02-01")
    found = told(people=PEOPLE + "p,2026-02-01,,,,,\n", activities=activities)["p"]
    # 35 → 20 → 15 → 10 at 30, 60 and 90 days; 120 days are on June 1 at 10:00, an hour from now.
    assert (found["score"], found["score_inactivity"]) == (10, -25)


@pytest.mark.parametrize(
    ("timeframe", "is_sql", "asked"),
    [("2026年9月", True, []), ("未定", False, ["timeframe"]), ("", False, ["timeframe"])],
)
def test_an_sql_is_an_mql_of_whom_all_of_bant_is_heard_and_none_of_it_is_soft(
    told: Told, timeframe: str, is_sql: bool, asked: list[str]
) -> None:
    heard = "person_id,item,value,said_by,via,at\n" + "".join(
        f"p,{item},{value},部長,call,2026-05-20\n"
        for item, value in (("budget", "1000万円"), ("authority", "本人"), ("need", "可視化"), ("timeframe", timeframe))
    )
    people = PEOPLE + "p,2026-05-01,,webinar,,,\nq,2026-05-01,,referral,,,\n"
    activities = ACTIVITIES + demos("p", 13) + demos("q", 13)
    found = told(people=people, activities=activities, hearing=heard + heard.partition("\n")[2].replace("p,", "q,", 4))
    assert (found["p"]["is_mql"], found["p"]["mql_reason"], found["p"]["is_sql"]) == (
        True,
        ["score_at_threshold"],
        is_sql,
    )
    assert found["p"]["next_action"]["ask"] == asked
    # The same answers of somebody whom marketing did not bring make no SQL.
    assert (found["q"]["is_mql"], found["q"]["is_sql"], found["q"]["stage"]) == (False, False, "hot")


@pytest.mark.parametrize(
    ("items", "ready"),
    [
        (("need", "current_solution", "timing"), False),
        (("need", "current_solution", "timing", "inside_information"), True),
        (("decisive_event", "need", "current_solution", "timing", "inside_information"), True),
    ],
)
def test_four_of_five_criteria_make_a_toss_up(told: Told, items: tuple[str, ...], ready: bool) -> None:
    heard = "person_id,item,value\n" + "".join(f"p,{item},yes\n" for item in items)
    found = told(people=PEOPLE + "p,2026-05-01,,event,,,\n", hearing=heard)["p"]["toss_up"]
    assert found["ready"] is ready
    assert (sorted(found["met"]), found["required"]) == (sorted(items), 4)
    assert len(found["met"]) + len(found["missing"]) == 5


def test_an_inquiry_goes_straight_to_a_call_outside_the_score_until_somebody_calls(told: Told) -> None:
    activities = ACTIVITIES + "i,p,2026-05-31T12:00:00+09:00,inquiry,,,,\ni2,q,2026-05-31T12:00:00+09:00,inquiry,,,,\n"
    activities += "c,q,2026-05-31T15:00:00+09:00,call_attempt,,,,\n"
    people = PEOPLE + "p,2026-05-01,,event,,,\nq,2026-05-01,,event,,,\n"
    found = told(people=people, activities=activities)
    action = found["p"]["next_action"]
    assert (action["channel"], action["purpose"], action["due"]) == ("call", "inquiry", "2026-06-01")
    assert found["p"]["mql_reason"] == ["key_action"]
    assert found["q"]["next_action"]["purpose"] != "inquiry"


def test_deals_say_where_people_stand_as_of_the_time(told: Told) -> None:
    people = PEOPLE + "".join(f"{one},2025-05-01,,event,,,\n" for one in ("open", "won", "lost", "later"))
    deals = (
        "opportunity_id,person_id,created_at,closed_at,status\no1,open,2026-05-01,,open\no2,won,2026-01-01,2026-02-01,won\n"
        "o3,lost,2026-04-01,2026-05-20,lost\no4,later,2026-05-01,2026-07-01,lost\n"
    )
    found = told(people=people, opportunities=deals)
    stages = {one: found[one]["stage"] for one in found}
    assert stages == {"open": "opportunity", "won": "won", "lost": "lost", "later": "opportunity"}
    assert found["lost"]["next_action"]["due"] == "2026-08-18"


def test_a_run_goes_on_with_its_first_unfinished_step(told: Told) -> None:
    tasks = (
        "task_id,person_id,step,due,status,closed_at\n"
        "t1,p,day1,2026-05-28,Completed,2026-05-28\nt2,p,day2,2026-05-29,Completed,2026-05-29\n"
    )
    found = told(people=PEOPLE + "p,2026-05-01,,,,,\n", activities=ACTIVITIES + demos("p", 2), tasks=tasks)["p"]
    # Somebody who is below the threshold stays hot as long as the cadence runs; day 5 is Monday, the 1st.
    assert found["stage"] == "hot"
    action = found["next_action"]
    assert (action["channel"], action["purpose"], action["due"], action["why"]) == (
        "email", "cadence", "2026-06-01", "step day5",
    )  # fmt: skip


def test_the_last_row_of_an_activity_counts_and_people_of_the_future_are_left_out(told: Told) -> None:
    activities = ACTIVITIES + demos("p", 1) + "p-0,p,2026-05-30T10:00:00+09:00,search,,brand,,\n"
    found = told(people=PEOPLE + "p,2026-05-01,,,,,\nq,2026-07-01,,,,,\n", activities=activities)
    assert {one: found[one]["score"] for one in found} == {"p": 15}


def test_rules_may_name_columns_that_only_the_files_have(
    told: Told, files: Files, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "rules"
    folder.mkdir()
    shipped = Path(__file__).parents[2] / "connector" / "rulesets" / "classic"
    for file in shipped.glob("*.yaml"):
        (folder / file.name).write_text(file.read_text("utf-8"), "utf-8")
    scoring = (folder / "scoring.yaml").read_text("utf-8")
    rule = "  - {id: seats, name: Seats, when: \"type = 'demo_view' AND seats >= 10 AND days = 1\", points: 100}\n"
    attribute = 'attributes:\n  - {id: plant, name: Plant, when: "工場数 >= 3", points: 9}\n'
    (folder / "scoring.yaml").write_text(scoring.replace("behaviour:\n", f"behaviour:\n{rule}", 1) + attribute, "utf-8")
    # Columns that no rule names may have any name, also one that the engine gives to what it works out.
    people = "person_id,created_at,工場数,lost_at,score\np,2026-05-01,4,5,6\nq,2026-05-01,,5,6\n"
    activities = (
        "Activity_ID,person_id,occurred_at,type,Seats,days\n"
        "a,p,2026-05-30,demo_view,12,1\nb,q,2026-05-30,demo_view,3,1\n"
    )
    found = told("--rules", str(folder), people=people, activities=activities)
    assert {one: (found[one]["score"], found[one]["score_attribute"]) for one in found} == {"p": (105, 9), "q": (5, 0)}
    (folder / "scoring.yaml").write_text(scoring + attribute.replace("工場数", "lost_at"), "utf-8")
    assert run([*files(people=people, activities=activities), "--rules", str(folder)]) == 64
    assert "Rules name the column `lost_at` of the people file" in capsys.readouterr().err


def test_parquet_says_the_same_as_csv(told: Told, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    people, activities = PEOPLE + "p,2026-05-01,,web_inquiry,,,\n", ACTIVITIES + demos("p", 13)
    from_csv = told(people=people, activities=activities)
    arguments = ["evaluate", "--rules", "classic", "--as-of", AS_OF, "--json"]
    with duckdb.connect() as connection:
        for name in ("people", "activities"):
            path = tmp_path / f"{name}.parquet"
            connection.execute(
                f"COPY (SELECT * FROM read_csv('{tmp_path / name}.csv', all_varchar = TRUE)) TO '{path}'"
            )
            arguments += [f"--{name}", str(path)]
    assert run(arguments) == 0
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == list(from_csv.values())


@pytest.mark.parametrize(
    ("people", "said"),
    [
        (b"", "people.csv is empty"),
        (b"personid,created_at\np,2026-01-01\n", "column `person_id` is missing. Is it `personid`?"),
        (b"person_id,created_at,person_id\np,2026-01-01,p\n", "the column `person_id` stands twice"),
        (b"person_id,created_at\np,soon\n", "row 1, created_at: 'soon' is not a time such as"),
        (b"person_id,created_at\np,2026-01-01\n,2026-01-02\n", "row 2, person_id: the cell is empty"),
        (b"person_id,created_at\np,2026-01-01\np,2026-01-02\n", "row 2, person_id: the same as in row 1"),
        (b"person_id,created_at,name\np,2026-01-01\n", "line 2: the row has not as many cells as the header"),
        (b'person_id,created_at,name\np,2026-01-01,"open\n', "line 2: a quote is opened and not closed"),
        (
            "person_id,created_at,name\np,2026-01-01,山田\n".encode("cp932"),
            "line 2: there are bytes that are not UTF-8",
        ),
        ("person_id,created_at,employees\np,2026-01-01,１０\n".encode(), "'１０' is not a whole number such as 1200"),
        (b"person_id,created_at\np,0001-01-01\n", "row 1, created_at: '0001-01-01' is not a time such as"),
        (b"person_id,created_at\np,infinity\n", "row 1, created_at: 'infinity' is not a time such as"),
        (b"person_id,created_at\np,2026-01-01T09:00+99:00\n", "row 1, created_at: '2026-01-01T09:00+99:00' is not a"),
        (b"person_id,created_at,not_before\np,2026-01-01,epoch\n", "row 1, not_before: 'epoch' is not a date such as"),
        (b"person_id,created_at,call_review_score\np,2026-01-01,nan\n", "'nan' is not a number such as 12.5"),
        (b"person_id;created_at\np;2026-01-01\n", "this file has another sign between them"),
        (b'person_id,created_at,"a""b"\np,2026-01-01,x\n', "line 1: the name of column 3 has a quote"),
        (b"person_id,created_at,a\x00b\np,2026-01-01,x\n", "line 1: the name of column 3 has a quote or a character"),
        (b"person_id,created_at," + b"h" * 1_000_000 + b"\n", "line 1: the names of the columns cannot be read"),
        (b"person_id,created_at,name\np,2026-01-01," + b"x" * 17_000_000 + b"\n", "a row is longer than 16,000,000"),
    ],
)
@pytest.mark.requirement("AD-1")
def test_a_file_that_cannot_be_read_is_named_by_its_place(
    files: Files, capsys: pytest.CaptureFixture[str], people: bytes, said: str
) -> None:
    assert run(files(people=people)) == 64
    out, err = capsys.readouterr()
    assert said in err
    assert out == ""


def test_a_million_letters_and_other_encodings_are_read(
    told: Told, files: Files, capsys: pytest.CaptureFixture[str]
) -> None:
    assert told(people="person_id,created_at,name\np,2026-01-01," + "x" * 1_000_000 + "\n")["p"]["score"] == -5
    people = "person_id,created_at,source\np,2026-05-30,山田\n".encode("cp932")
    assert run([*files(people=people), "--encoding", "cp932"]) == 0
    assert json.loads(capsys.readouterr().out)["score"] == 0


def test_what_counts_as_nothing_is_told(files: Files, capsys: pytest.CaptureFixture[str]) -> None:
    activities = ACTIVITIES + "a,p,2026-05-30,page_veiw,,,,\nb,nobody,2026-05-30,page_view,,,,\n"
    assert run(files(people=PEOPLE + "p,2026-05-01,,,,,\n", activities=activities)) == 0
    err = capsys.readouterr().err
    assert "1 rows have the type 'page_veiw', which counts as nothing. Did you mean 'page_view'?" in err
    assert "activities: 1 rows are about people who are not in the people file" in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--rules", "clasic"], "There is no folder clasic and no rule set of that name. Shipped: classic"),
        (["--as-of", "tomorrow"], "'tomorrow' is not a time"),
        (["--encoding", "utf-99"], "There is no encoding 'utf-99'"),
        (["--as-of", "9999-12-31T23:59+09:00"], "is not between 1900 and 2199"),
        (["--encoding", "base64"], "There is no encoding 'base64'"),
        (["--encoding", "undefined"], "There is no encoding 'undefined'"),
        (["--companies", "nowhere.csv"], "There is no file nowhere.csv"),
    ],
)
def test_a_wrong_option_is_one_sentence(
    files: Files, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert run([*files(), *arguments]) == 64
    assert said in capsys.readouterr().err
