"""Conditions: what passes, what is refused, and where and in which words."""

from __future__ import annotations

import pytest

from connector.rules.conditions import Condition, ConditionError, compile_condition
from connector.rules.relations import RELATIONS, RelationName
from tests.engine_world import bind

pytestmark = pytest.mark.requirement("AD-1")


def _compile(text: str, relation: RelationName = "activity") -> Condition:
    values = {"type": ("page_view", "email_open")} if relation == "activity" else {}
    return compile_condition(text, relation, RELATIONS[relation], bind, values)


@pytest.mark.parametrize(
    ("text", "relation", "sql"),
    [
        ("type = 'page_view'", "activity", "\"activity\".\"type\" = 'page_view'"),
        ("TYPE == 'page_view' -- a comment", "activity", "\"activity\".\"type\" = 'page_view'"),
        ("employees >= 300", "fit", '"fit"."employees" >= 300'),
        ("NOT listed", "fit", 'NOT "fit"."listed"'),
        ("target IS TRUE", "company", '"company"."target" IS TRUE'),
        ("title LIKE '%部長%'", "fit", "\"fit\".\"title\" LIKE '%部長%'"),
        ("title = 'it''s'", "fit", "\"fit\".\"title\" = 'it''s'"),
        ("employees BETWEEN 10 AND 20 OR tier IN ('tier1')", "fit",
         "\"fit\".\"employees\" BETWEEN 10 AND 20 OR \"fit\".\"tier\" IN ('tier1')"),
        ("lower(coalesce(department, '')) = 'it'", "fit", "LOWER(COALESCE(\"fit\".\"department\", '')) = 'it'"),
        ("created_at >= '2026-01-01'", "person", "\"person\".\"created_at\" >= '2026-01-01'"),
        ("'５' = department", "fit", "'５' = \"fit\".\"department\""),
        ("(" * 20 + "listed" + ")" * 20, "fit", "(" * 20 + '"fit"."listed"' + ")" * 20),
    ],
)  # fmt: skip
def test_a_condition_is_generated_anew_from_what_was_understood(text: str, relation: RelationName, sql: str) -> None:
    condition = _compile(text, relation)
    assert condition.sql == sql
    assert condition.text == text


def test_a_condition_says_what_it_reads() -> None:
    assert _compile("employees > 5 AND (tier IS NULL OR title = 'x')", "fit").columns == {"employees", "tier", "title"}


@pytest.mark.parametrize(
    ("text", "sentence", "marked", "suggestion"),
    [
        ("typ = 'page_view'", "There is no `typ` in a condition about an activity.", "typ", "Did you mean `type`?"),
        ("type = 'pageview'", "No `type` is ever 'pageview'.", "'pageview'", "Did you mean `page_view`?"),
        ("type IN ('page_view', 'emailopen')", "No `type` is ever 'emailopen'.", "'emailopen'", "email_open"),
        ('type = "page_view"', "text stands in single quotes", '"page_view"', "'page_view'"),
        ("type = ‘page_view’", "only looks like the plain one stands here: `‘`", "‘", "Type `'` instead."),
        ("content ＝ 'x'", "stands here: `＝`", "＝", "Type `=` instead."),
        ("content > ５", "A full-width digit stands here: `５`.", "５", "Type `5` instead."),
        ("type = 'page_view", "a quote is opened and not closed", "'", None),
        ("type = 'page_view' AND", "cannot be read", "AND", None),
        ("(type = 'page_view'", "cannot be read", "", None),
        ("", "empty", "", None),
        ("type = 'page_view'; DROP TABLE people", "one expression", ";", None),
        ("type IN (SELECT 'page_view')", "list in parentheses", "", None),
        ("content = (SELECT max(url) FROM activities)", "cannot ask other tables", "", None),
        ("EXISTS (SELECT 1)", "", "", None),
        ("read_csv('/etc/passwd') = 'x'", "conditions", "", None),
        ("getenv('HOME') = 'x'", "no function `getenv`", "", None),
        ("begins_with(url, 'x')", "no function `begins_with`", "", "starts_with"),
        ("length(url) / 2 > 1", "Division is not used", "", None),
        ("length(url) // 2 > 1", "Division is not used", "", None),
        ("length(url) + 1 > 1", "Arithmetic", "", None),
        ("CASE WHEN TRUE THEN TRUE END", "CASE is not used", "", None),
        ("content::INT = 1", "Type casts are not used", "", None),
        ("CAST(content AS INT) = 1", "Type casts are not used", "", None),
        ("activity.type = 'page_view'", "Names stand alone", "", None),
        ("content = NULL", "Nothing equals NULL", "", "IS NULL"),
        ("content = 5", "`content` is text, 5 is a number", "5", "Write '5'."),
        ("content IN ('a', 5)", "`content` is text, 5 is a number", "5", None),
        ("content = 'a' 'b'", "side by side", "", None),
        ("content = ?", "has no place", "", None),
        ("content = $as_of", "has no place", "", None),
        ("content || url = 'x'", "", "", None),
        ("content ~ 'x'", "", "", None),
        ("COLUMNS(*) = 'x'", "", "", None),
        ("content = e'x'", "has no place", "", None),
        ("type", "neither true nor false", "type", "Compare it"),
        ("occurred_at > 'yesterday'", "does not work", "", None),
        ("trim('x' FROM content) = 'y'", "trim takes one text", "", None),
        ("content = ANY(['a'])", "", "", None),
        ("(" * 21 + "type = 'page_view'" + ")" * 21, "too many parentheses", "(type", None),
        ("content IS 5", "IS goes with NULL, TRUE or FALSE", "5", "="),
        ("content IN ()", "The list of IN is empty", "content", None),
        ("content = TRUE", "`content` is neither true nor false", "content", None),
        ("length(content, 3) = 1", "length takes one text", "", None),
        ("length(content) > 9999999999999999999", "is too large", "9999", None),
        ("length(content) > 1e400", "is too large", "1e400", None),
    ],
)  # fmt: skip
def test_what_is_refused_is_named_at_its_place(text: str, sentence: str, marked: str, suggestion: str | None) -> None:
    with pytest.raises(ConditionError) as caught:
        _compile(text)
    error = caught.value
    assert sentence in error.sentence
    if marked:
        assert text[error.offset :].startswith(marked)
    if suggestion:
        assert suggestion in str(error.suggestion)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("employees > '１００'", "`employees` is a number, '１００' is text."),
        ("employees >= '300'", "`employees` is a number, '300' is text."),
        ("employees BETWEEN '1' AND 5", "`employees` is a number, '1' is text."),
        ("tier = 'tier1' AND employees", "`employees` is neither true nor false"),
        ("NOT (title)", "`title` is neither true nor false"),
        ("listed OR 1", "`1` is neither true nor false"),
        ("listed = 'perhaps'", "does not work"),
        ("title > 5 OR TRUE", "`title` is text"),
    ],
)
def test_wrong_types_are_found_without_any_data(text: str, sentence: str) -> None:
    with pytest.raises(ConditionError) as caught:
        _compile(text, "fit")
    assert sentence in caught.value.sentence
