"""Keys of company names, corporate numbers, domains: the table tests of the field's known traps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.firmographics.corporate_number import check_digit, corporate_number, what_is_wrong
from connector.firmographics.domains import company_domain, registrable_domain
from connector.firmographics.names import NameKeys, name_key_rows, name_keys

pytestmark = pytest.mark.requirement("EN-1")


@pytest.mark.parametrize(
    ("written", "form", "position"),
    [
        ("株式会社高崎製作所", "kk", "before"),
        ("高崎製作所株式会社", "kk", "after"),
        ("㈱高崎製作所", "kk", "before"),
        ("高崎製作所㈱", "kk", "after"),
        ("(株)高崎製作所", "kk", "before"),
        ("高崎製作所（株）", "kk", "after"),
        ("株式會社高崎製作所", "kk", "before"),
        ("株式会社　高崎　製作所", "kk", "before"),
        ("株式会社\n高崎製作所", "kk", "before"),
        ("「高崎製作所」", None, None),
        ("高崎\u200b製作所", None, None),
        ("有限会社高崎製作所", "yk", "before"),
        ("㈲高崎製作所", "yk", "before"),
        ("合同会社高崎製作所", "gk", "before"),
        ("高崎製作所(同)", "gk", "after"),
    ],
)
def test_legal_forms_stand_beside_the_name(written: str, form: str | None, position: str | None) -> None:
    keys = name_keys(written)
    assert (keys.strict, keys.form, keys.position, keys.cut) == ("高崎製作所", form, position, None)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("髙﨑製作所", "高崎製作所"),
        ("齋藤工業", "斎藤工業"),
        ("濵田商店", "浜田商店"),
        ("渡邉鉄工", "渡辺鉄工"),
        ("渡邊鐵工", "渡辺鉄工"),
        ("𠮷田商店", "吉田商店"),
        ("栁澤電機", "柳沢電機"),
        ("キャノン", "キヤノン"),
        ("ＮＴＴデータ", "NTTデータ"),
        ("ﾔﾏﾀﾞ工業", "ヤマダ工業"),
        ("やまだ工業", "ヤマダ工業"),
        ("コンピュータ販売", "コンピューター販売"),
        ("山田・鈴木工業", "山田鈴木工業"),
        ("ｶ)ﾀｶｻｷ", "株式会社タカサキ"),
        ("タカサキ(カ", "株式会社タカサキ"),
        ("Acme Co., Ltd.", "ACME CO.,LTD"),
        ("Acme Co., Ltd.", "Acme"),
        ("Acme K.K.", "Acme Inc."),
        ("Acme Pte. Ltd.", "acme"),
        ("Foo & Bar", "Foo and Bar"),
        ("ガバナンス工業", "ガバナンス工業"),
    ],
)
def test_the_same_company_written_otherwise_has_the_same_loose_key(one: str, other: str) -> None:
    assert name_keys(one).loose is not None
    assert name_keys(one).loose == name_keys(other).loose


@pytest.mark.parametrize(
    ("one", "other"),
    [("高崎製作所", "高崎精作所"), ("東工業", "東京工業"), ("Acme", "Acne"), ("リンク", "リンクグループ")],
)
def test_other_companies_have_other_keys(one: str, other: str) -> None:
    assert name_keys(one).loose != name_keys(other).loose


@pytest.mark.parametrize(
    ("written", "cut"),
    [
        ("株式会社高崎製作所 関西支社 営業1課", "高崎製作所"),
        ("株式会社高崎製作所関西支社 営業1課", "高崎製作所"),
        ("明電機東京支社", "明電機"),
        ("山田工業株式会社 大阪支店", "山田工業"),
        ("山田工業株式会社大阪支店", "山田工業"),
        ("高崎製作所　第一工場", "高崎製作所"),
        ('高崎製作所, "第二工場"', "高崎製作所"),
        ("高崎製作所\n生産本部", "高崎製作所"),
        ("高崎製作所本社", "高崎製作所"),
        ("リンクグループ", None),
        ("株式会社リンクグループ", None),
        ("東京支店", None),
        ("高崎工場", None),
        ("医療法人社団 青空会", None),
        ("総合工場", None),
    ],
)
def test_branches_are_cut_off_only_where_they_are_branches(written: str, cut: str | None) -> None:
    assert name_keys(written).cut == cut


@pytest.mark.parametrize(
    "written",
    ["", " ", "-", "A", "株式会社", "㈱", "K.K.", "個人", "個人事業主", "フリーランス", "なし", "#N/A", "学生", "未定"],
)
def test_what_names_no_company_has_no_keys(written: str) -> None:
    assert name_keys(written) == NameKeys()


def test_a_company_that_is_called_like_no_company_is_one_with_its_legal_form() -> None:
    assert name_keys("合同会社個人").strict == "個人"


def test_rows_are_one_for_each_distinct_name() -> None:
    assert name_key_rows(["㈱高崎", "個人", "㈱高崎"]) == [
        ("㈱高崎", "高崎", "高崎", None, "kk", "before"),
        ("個人", None, None, None, None, None),
    ]


@given(st.text(max_size=40))
def test_keys_exist_together_and_are_never_empty(text: str) -> None:
    keys = name_keys(text)
    assert (keys.strict is None) == (keys.loose is None)
    assert "" not in {keys.strict, keys.loose, keys.cut}


@given(st.sampled_from(["株式会社", "㈱"]), st.text(alphabet="高崎製作東西工業ヤマダ", min_size=2, max_size=8))
def test_a_legal_form_never_changes_the_keys(form: str, name: str) -> None:
    plain = name_keys(name)
    assert (name_keys(f"{form}{name}").loose, name_keys(f"{name}{form}").loose) == (plain.loose, plain.loose)


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("7000012050002", "7000012050002"),
        ("T7000012050002", "7000012050002"),
        ("７０００－０１２０５０００２", "7000012050002"),
        (" 7-0000-1205-0002 ", "7000012050002"),
        ("7000012050003", None),
        ("8000012050002", None),
        ("9999999999999", None),
        ("0000000000000", None),
        ("700001205000", None),
        ("法人番号", None),
        ("", None),
        (None, None),
    ],
)
def test_corporate_numbers(written: str | None, number: str | None) -> None:
    assert corporate_number(written) == number


@given(st.from_regex(r"[0-9]{12}", fullmatch=True))
def test_the_check_digit_makes_a_number_valid_and_no_other_digit_does(body: str) -> None:
    digit = check_digit(body)
    valid = [first for first in "123456789" if corporate_number(first + body)]
    assert valid in ([str(digit)], [])


def test_a_wrong_number_is_explained() -> None:
    assert what_is_wrong("7000012050002") is None
    assert "13 digits" in str(what_is_wrong("123"))
    assert "would be 6" in str(what_is_wrong("7000012050003"))
    assert "dummy" in str(what_is_wrong("9999999999999"))


@pytest.mark.parametrize(
    ("written", "registrable", "company"),
    [
        ("https://www.foo.co.jp/contact?x=1", "foo.co.jp", "foo.co.jp"),
        ("taro@mail.foo.co.jp", "foo.co.jp", "foo.co.jp"),
        ("FOO.EXAMPLE ", "foo.example", "foo.example"),
        ("http://www.foo.example:8080/", "foo.example", "foo.example"),
        ("taro@gmail.com", "gmail.com", None),
        ("taro@docomo.ne.jp", "docomo.ne.jp", None),
        ("taro@i.softbank.jp", "softbank.jp", None),
        ("taro@sub.biglobe.ne.jp", "biglobe.ne.jp", None),
        ("taro@freemail.example", "freemail.example", None),
        ("localhost", None, None),
        ("192.168.0.1", None, None),
        ("co.jp", None, None),
        ("", None, None),
        (None, None, None),
    ],
)
def test_domains(written: str | None, registrable: str | None, company: str | None) -> None:
    assert (registrable_domain(written), company_domain(written)) == (registrable, company)
