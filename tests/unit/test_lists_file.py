"""Files of lists as people export them, and what is wrong with them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.errors import ConfigurationError
from connector.store.database import Store, memory_store
from connector.store.lists import freeze_lists, known_lists, remove_list
from tests.list_world import HELD, NOW, import_rows, lists_of

pytestmark = pytest.mark.requirement("SY-12")

HEADER = "氏名,メールアドレス,参加,申込日時"


@pytest.fixture(scope="module")
def one_store() -> Store:
    store = memory_store()
    store.run("SET threads = 1")
    return store


@pytest.fixture
def store(one_store: Store) -> Store:
    for table in ("list_member", "imported_list"):
        one_store.run(f"DELETE FROM {table}")
    return one_store


def stored(*parts: int) -> datetime:
    """A time as the store keeps it: UTC, without a zone."""
    return datetime(*parts, tzinfo=UTC).replace(tzinfo=None)  # type: ignore[misc,arg-type] # the parts of a time


def members(store: Store, columns: str = "email, attended, registered_at") -> list[tuple[Any, ...]]:
    return store.run(f"SELECT {columns} FROM seen_list_member ORDER BY line")


@pytest.mark.parametrize(
    ("encoding", "given"),
    [("utf-8-sig", None), ("utf-16", None), ("cp932", "cp932")],
)
def test_any_encoding_of_the_same_list_says_the_same(store: Store, encoding: str, given: str | None) -> None:
    import_rows(
        store,
        f"{HEADER}\r\n髙橋 花子,HANAKO@Example.jp,○,2026/5/1 9:05\r\n".encode(encoding, "replace"),
        encoding=given,
    )
    assert members(store) == [("hanako@example.jp", True, stored(2026, 5, 1, 0, 5))]


@pytest.mark.parametrize(
    "text",
    [
        f"{HEADER}\n鈴木,s@example.jp,○,2026-05-01\n",
        f"sep=;\n{HEADER.replace(',', ';')}\n鈴木;s@example.jp;○;2026-05-01\n",
        f"{HEADER}\n鈴木,s@example.jp,○,2026-05-01\n".replace(",", "\t"),
        f"{HEADER}\r鈴木,s@example.jp,○,2026-05-01\r",
        f"参加者一覧\n出力日時：,2026/5/31\n\n{HEADER}\n\n鈴木,s@example.jp,○,2026-05-01\n,,,\n\n",
        "お名前 ,【必須】E-mail※,出欠,申込日\n鈴木,s@example.jp,出席,2026年5月1日\n",
        'Name,Email Address,Attended,Registration Time\n鈴木,"=""s@example.jp""",Yes,"May 1, 2026 12:00 AM"\n',
        "氏名,メール,参加,申込日時\n鈴木,鈴木様 <s@example.jp>,参加,２０２６／５／１\n",
        "氏名,メール,参加,申込日時\n鈴木,mailto:ｓ＠example.jp ,1,46143\n",
        "氏名,メール,視聴時間,申込日時\n鈴木,s@example.jp,45分,2026/05/01(金) 午前 0:00\n",
    ],
)
def test_habits_of_spreadsheets_and_event_tools_do_not_matter(store: Store, text: str) -> None:
    kept = import_rows(store, text)
    assert members(store) == [("s@example.jp", True, stored(2026, 4, 30, 15))]
    assert (kept.rows, kept.refused) == (1, ())


def test_bad_rows_are_told_by_kind_with_their_lines_and_the_good_ones_go_in(store: Store) -> None:
    kept = import_rows(store, [
        f"{HEADER},質問", "一,one@example.jp,○,2026-05-01,\"二行の\n質問\"", "", "二,,○,2026-05-01,",
        "三,three,○,2026-05-01,",
        "四,four@example.jp,たぶん,2026-05-01,", "五,five@example.jp,○,05/01/2026,",
        "六,six@example.jp,○,2026-05-01,a,b,c",
        "七,seven@example.jp,○,2027-05-01,", "八,,×,2026-05-01,", "九,nine@example.jp,×,2026-05-02T09:00:00+09:00,",
    ])  # fmt: skip
    assert [email for email, *_ in members(store)] == ["one@example.jp", "nine@example.jp"]
    told = {one.sentence.split(".")[0]: (one.rows, one.lines) for one in kept.refused}
    assert told == {
        "The row has no e-mail address, so nobody is known by it": (2, (5, 11)),
        "The e-mail address cannot be read": (1, (6,)),
        "Whether the person attended cannot be read": (1, (7,)),
        "The time of registration cannot be read": (1, (8,)),
        "The row has more cells than the header": (1, (9,)),
        "The time lies in the future": (1, (10,)),
    }


def test_a_quote_that_is_never_closed_spoils_its_own_row_and_no_earlier_one(store: Store) -> None:
    kept = import_rows(
        store, [HEADER, "一,one@example.jp,○,2026-05-01", '"二,two@example.jp,○,2026-05-01', "三,three@example.jp,○,"]
    )
    assert [email for email, *_ in members(store)] == ["one@example.jp"]
    assert [one.lines for one in kept.refused] == [(3,)]


def test_rows_about_one_person_are_put_together(store: Store) -> None:
    kept = import_rows(store, [
        "Name,Email,Time in Session (minutes),アンケート：満足度,設問1", "Taro,T@example.jp,20,満足,",
        ",t@example.jp,25,,はい",
    ])  # fmt: skip
    ((name, minutes, attended, answers),) = members(store, "person_name, minutes, attended, answers")
    assert (name, minutes, attended, kept.together) == ("Taro", 45, True, 1)
    assert "満足" in answers
    assert "設問1" in answers


def test_without_addresses_the_file_is_refused_and_the_likely_column_named(store: Store) -> None:
    with pytest.raises(ConfigurationError, match=r"no column holds e-mail addresses.*氏名, メアド.*lists\.yaml"):
        import_rows(store, "氏名,メアド\n鈴木,s@example.jp\n")
    with pytest.raises(ConfigurationError, match=r"Is it `メールアドレスス`\?"):
        import_rows(store, "氏名,メールアドレスス\n鈴木,s@example.jp\n")
    assert known_lists(store) == []


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (f"{HEADER}\n".encode(), "a header and no row"),
        (
            f"{HEADER}\n鈴木,s@example.jp,○,\n".encode("cp932"),
            "list.csv:1:1: The file is not utf-8-sig text.*--encoding cp932",
        ),
        (
            "メール,e-mail\na@example.jp,b@example.jp\n".encode(),
            "Two columns hold e-mail addresses: `メール` and `e-mail`",
        ),
        (
            f"{HEADER}\n鈴木,,○,\n".encode(),
            r"No row of the list .* can be used; nothing was kept\. 1 rows \(first on line 2\)",
        ),
    ],
)
def test_a_file_that_is_no_list_is_refused_in_a_sentence(store: Store, content: bytes, sentence: str) -> None:
    with pytest.raises(ConfigurationError, match=sentence):
        import_rows(store, content)
    assert known_lists(store) == []


def test_names_of_the_own_file_go_before_the_built_in_ones(store: Store, tmp_path: Path) -> None:
    lists = lists_of(tmp_path, """
version: 1
columns: {email: [ご連絡先], registered_at: [受けた日]}
words: {yes: [来た], no: [来ず]}
time_formats: ["%d.%m.%Y"]
""")  # fmt: skip
    import_rows(store, "メール,ご連絡先,参加,受けた日\nold@example.jp,s@example.jp,来た,01.05.2026\n", lists=lists)
    assert members(store) == [("s@example.jp", True, stored(2026, 4, 30, 15))]


def test_wrong_lines_of_lists_yaml_are_told_with_their_place(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as error:
        lists_of(tmp_path, """version: 1
colums: {email: [x]}
segments:
  - id: asked
    name: Asked
    when: "atended AND asked"
""")  # fmt: skip
    told = [str(one) for one in error.value.problems]
    assert told == [
        "lists.yaml:2:1: There is no key `colums` here. Did you mean `columns`?",
        "lists.yaml:6:12: There is no `atended` in a condition about a row of a list. Did you mean `attended`?",
    ]


class TestVersions:
    ROWS = (HEADER, "一,one@example.jp,○,2026-05-01", "二,two@example.jp,×,2026-05-02")

    def test_the_same_file_again_changes_nothing_even_in_another_order(self, store: Store) -> None:
        first = import_rows(store, self.ROWS)
        again = import_rows(store, (HEADER, self.ROWS[2], self.ROWS[1]), now=NOW + timedelta(days=1))
        assert (first.changed, again.changed, again.version) == (True, False, 1)
        assert store.value("SELECT count(*) FROM list_member") == 2

    def test_a_corrected_file_takes_its_place_and_the_old_one_answers_for_then(self, store: Store) -> None:
        import_rows(store, self.ROWS)
        corrected = import_rows(store, (HEADER, "二,two@example.jp,○,2026-05-02"), now=NOW + timedelta(days=1))
        assert (corrected.version, corrected.changed) == (2, True)
        assert [row[:2] for row in members(store)] == [("two@example.jp", True)]
        freeze_lists(store, known_at=NOW + timedelta(hours=1))
        assert [row[:2] for row in members(store)] == [("one@example.jp", True), ("two@example.jp", False)]

    def test_another_day_of_the_event_is_a_new_version(self, store: Store) -> None:
        import_rows(store, self.ROWS)
        assert import_rows(store, self.ROWS, held_at=HELD + timedelta(days=1)).version == 2

    def test_a_removed_list_speaks_no_more_and_comes_back_with_its_file(self, store: Store) -> None:
        import_rows(store, self.ROWS)
        assert remove_list(store, "春のウェビナー", NOW + timedelta(days=1)) == 2
        freeze_lists(store)
        assert members(store) == []
        assert import_rows(store, self.ROWS, now=NOW + timedelta(days=2)).changed
        assert len(members(store)) == 2

    def test_what_fails_leaves_the_version_before(self, store: Store) -> None:
        import_rows(store, self.ROWS)
        with pytest.raises(ConfigurationError):
            import_rows(store, (HEADER, "一,,○,"), now=NOW + timedelta(days=1))
        assert len(members(store)) == 2
        assert store.value("SELECT until FROM imported_list") is None


def test_times_of_the_event(store: Store) -> None:
    import_rows(store, [
        "メール,申込日時,参加,入室日時", "a@example.jp,2026-05-01,○,2026-05-10 14:07", "b@example.jp,2026-05-01,○,",
        "c@example.jp,2026-05-10 18:00,○,", "d@example.jp,2026-05-01,×,",
    ])  # fmt: skip
    held = HELD.astimezone(UTC).replace(tzinfo=None)
    assert [moment for (moment,) in members(store, "attended_at")] == [
        stored(2026, 5, 10, 5, 7), held, stored(2026, 5, 10, 9), None,
    ]  # fmt: skip


def test_rows_without_any_time_are_faults_unless_the_list_has_one(store: Store) -> None:
    with pytest.raises(ConfigurationError, match="Nothing says when it happened"):
        import_rows(store, "メール\na@example.jp\n", held_at=None)
    assert import_rows(store, "メール\na@example.jp\n", held_at=None, kind="list").people == 1
