"""Conditions: boolean SQL text written by admins → checked, regenerated SQL.

The text is parsed by sqlglot, every node of its tree has to be on the allow-list below, every name has to be a
column of the relation, and what goes on is generated from the tree: nothing an admin wrote reaches the engine
as written. A second wall (`Bind`) then tries the result on one typed row.

Allowed: AND OR NOT ( ) = <> != < <= > >= IN BETWEEN LIKE ILIKE, IS NULL, IS TRUE, text in single quotes,
numbers, TRUE FALSE NULL, and the functions lower upper trim length coalesce contains starts_with.
"""

from __future__ import annotations

import difflib
import logging
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, SqlglotError

from connector.rules.relations import Columns, RelationName, one_row

Bind = Callable[[str, str], str | None]
"""Second wall: (condition, FROM item with one typed row) → what is wrong, or None.

It runs `SELECT (condition) FROM item`, says what the engine says, and that the result has to be BOOLEAN.
"""

_LOGIC = (exp.And, exp.Or, exp.Not, exp.Paren)
_COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE)
_PREDICATES = (*_COMPARISONS, exp.In, exp.Between, exp.Like, exp.ILike, exp.Is, exp.Contains, exp.StartsWith)
_VALUES = (exp.Column, exp.Identifier, exp.Literal, exp.Boolean, exp.Null, exp.Neg)
_FUNCTIONS = (exp.Lower, exp.Upper, exp.Trim, exp.Length, exp.Coalesce)
ALLOWED = (*_LOGIC, *_PREDICATES, *_VALUES, *_FUNCTIONS)
MOST_LETTERS = 20_000
"""Of a condition: more is a list that belongs into the data, and would keep the parser busy."""
MOST_NESTED = 20
"""Parentheses within one another."""
_MOST_DIGITS = 18
FUNCTIONS = ("lower", "upper", "trim", "length", "coalesce", "contains", "starts_with")

_REFUSED: tuple[tuple[type[exp.Expr] | tuple[type[exp.Expr], ...], str], ...] = (
    (exp.Query, "A condition cannot ask other tables (SELECT)."),
    (exp.SubqueryPredicate, "A condition cannot ask other tables (SELECT)."),
    (exp.Div, "Division is not used in conditions: compare with a product worked out by hand."),
    (exp.IntDiv, "Division is not used in conditions: compare with a product worked out by hand."),
    (exp.Case, "CASE is not used in conditions: write two rules."),
    (exp.Cast, "Type casts are not used in conditions: compare with a value of the column's own type."),
    ((exp.Array, exp.Struct, exp.Lambda), "Brackets and braces are not used in conditions: IN ('a', 'b')."),
    (exp.Parameter, "Parameters are not used in conditions: write the value itself."),
    (exp.Binary, "Arithmetic and other operators are not used in conditions."),
    (exp.Func, f"This function is not one of those that conditions may use: {', '.join(FUNCTIONS)}."),
)
_LOOKALIKES = {
    "‘": "'", "’": "'", "“": "'", "”": "'", "「": "'", "」": "'", "『": "'", "』": "'",
    "　": " ", "＝": "=", "＜": "<", "＞": ">", "（": "(", "）": ")", "，": ",", "、": ",",
    "．": ".", "－": "-", "＿": "_", "％": "%", "＇": "'", "＂": "'", "！": "!", "；": ";",
    "≧": ">=", "≦": "<=", "≥": ">=", "≤": "<=", "≠": "<>",
}  # fmt: skip
_NUMERIC = {"BIGINT", "DOUBLE"}
_QUOTED = re.compile(r"'(?:[^']|'')*'")
# What it would tell on standard error is said better, and at its place, by the errors below.
logging.getLogger("sqlglot").setLevel(logging.ERROR)


@dataclass(frozen=True)
class Condition:
    """A checked condition: `text` as written, `sql` as generated (columns carry the relation's name), and the
    `columns` that it reads."""

    text: str
    sql: str
    columns: frozenset[str]


class ConditionError(ValueError):
    """What is wrong with a condition, where in its text, and what to do."""

    def __init__(self, sentence: str, offset: int = 0, length: int = 0, suggestion: str | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.offset = offset
        self.length = length
        self.suggestion = suggestion


def compile_condition(
    text: str, relation: RelationName, columns: Columns, bind: Bind, values: dict[str, tuple[str, ...]] | None = None
) -> Condition:
    """Checks a condition over one relation and gives the SQL for it.

    `values` lists the only texts that a column can hold, where that is known. Raises ConditionError for the
    first thing wrong with it.
    """
    _refuse_extremes(text)
    _refuse_lookalikes(text)
    try:
        return _compiled(text, relation, columns, bind, values or {})
    except RecursionError:
        raise ConditionError(_TOO_DEEP) from None


def _compiled(
    text: str, relation: RelationName, columns: Columns, bind: Bind, values: dict[str, tuple[str, ...]]
) -> Condition:
    tree = _parse(text)
    for node in tree.walk():
        _check_node(node, relation, columns)
    for claim in _claims(tree):
        _check_claim(claim, columns)
    for predicate in _predicates(tree):
        _check_types(predicate, columns)
        _check_values(predicate, values)
    named = frozenset(column.name.lower() for column in tree.find_all(exp.Column))
    for part in (*_predicates(tree), tree):
        complaint = bind(_generate(part, relation), one_row(relation, columns))
        if complaint is not None:
            where = _position(part)
            raise ConditionError(f"The condition does not work: {complaint}", *where)
    return Condition(text, _generate(tree, relation), named)


def _parse(text: str) -> exp.Expr:
    if not text.strip():
        raise ConditionError("The condition is empty.")
    try:
        trees = sqlglot.parse(text, read="duckdb")
    except ParseError as error:
        detail = error.errors[0] if error.errors else {}
        found = str(detail.get("highlight") or "")
        lines = text.split("\n")
        line = int(detail.get("line") or 1)
        offset = sum(len(before) + 1 for before in lines[: line - 1]) + int(detail.get("col") or 1) - max(len(found), 1)
        near = f" near `{found}`" if found else ""
        raise ConditionError(f"The condition cannot be read{near}.", max(offset, 0), len(found)) from None
    except SqlglotError:
        raise ConditionError(
            "The condition cannot be read: a quote is opened and not closed (or a comment).",
            max(text.rfind("'"), text.rfind("/*"), 0),
            1,
        ) from None
    if not any(trees) and ";" not in text:
        raise ConditionError("The condition is empty: there is only a comment.")
    if len(trees) != 1 or trees[0] is None:
        raise ConditionError("A condition is one expression: `;` has no place in it.", max(text.find(";"), 0), 1)
    return trees[0]


def _check_node(node: exp.Expr, relation: RelationName, columns: Columns) -> None:
    where = _position(node)
    if isinstance(node, exp.Column):
        _check_column(node, relation, columns)
        return
    if isinstance(node, exp.Concat):
        raise ConditionError("Two texts stand side by side: a comma or an operator is missing.", *where)
    if isinstance(node, exp.In) and (node.args.get("query") or node.args.get("unnest") or node.args.get("field")):
        raise ConditionError("IN takes a list in parentheses: IN ('a', 'b').", *where)
    if isinstance(node, exp.In) and not node.expressions:
        raise ConditionError("The list of IN is empty, so that it is never true.", *where, "IN ('a', 'b')")
    if isinstance(node, exp.Is) and not isinstance(node.expression, exp.Null | exp.Boolean):
        raise ConditionError("IS goes with NULL, TRUE or FALSE.", *where, "Write `=` for other values.")
    if isinstance(node, exp.Trim | exp.Length) and any(value for key, value in node.args.items() if key != "this"):
        raise ConditionError(f"{node.key} takes one text.", *where)
    if isinstance(node, exp.Literal) and not node.is_string and not _is_sensible(node.name):
        raise ConditionError(f"The number `{_short(node.name)}` is too large.", *where)
    if type(node) in ALLOWED:
        return
    if isinstance(node, exp.Anonymous):
        close = _closest(node.name.lower(), FUNCTIONS) or f"Known: {', '.join(FUNCTIONS)}."
        raise ConditionError(f"There is no function `{_short(node.name)}` in conditions.", *where, close)
    for kind, sentence in _REFUSED:
        if isinstance(node, kind):
            raise ConditionError(sentence, *where)
    raise ConditionError(f"`{node.sql(dialect='duckdb', comments=False)[:40]}` has no place in a condition.", *where)


def _check_column(node: exp.Column, relation: RelationName, columns: Columns) -> None:
    where = _position(node)
    identifier = node.this
    if node.args.get("table") is not None:
        raise ConditionError("Names stand alone here, without a table before them.", *where)
    if not isinstance(identifier, exp.Identifier):
        raise ConditionError("A name is expected here.", *where)
    name = identifier.name.lower()
    if identifier.args.get("quoted") and name not in columns:
        write = f"Write '{_short(node.name)}'."
        raise ConditionError("Double quotes are for names; text stands in single quotes.", *where, write)
    if name not in columns:
        known = _closest(name, columns) or f"Known here: {', '.join(columns)}."
        raise ConditionError(
            f"There is no `{_short(node.name)}` in a condition about {_about(relation)}.", *where, known
        )


def _claims(tree: exp.Expr) -> Iterator[exp.Expr]:
    """What has to be true or false by itself: the whole, and what AND, OR and NOT join."""
    if isinstance(tree, exp.Paren | exp.Not):
        yield from _claims(tree.this)
    elif isinstance(tree, exp.And | exp.Or):
        yield from _claims(tree.this)
        yield from _claims(tree.expression)
    else:
        yield tree


def _check_claim(claim: exp.Expr, columns: Columns) -> None:
    """The engine would take any number but 0 for true."""
    if isinstance(claim, (*_PREDICATES, exp.Boolean, exp.Coalesce)):
        return
    if isinstance(claim, exp.Column) and columns[claim.name.lower()] == "BOOLEAN":
        return
    what = f"`{claim.sql(dialect='duckdb', comments=False)[:40]}`"
    raise ConditionError(f"{what} is neither true nor false.", *_position(claim), "Compare it with something.")


def _check_types(predicate: exp.Expr, columns: Columns) -> None:
    """Text against numbers: the engine would try to read every row's text as a number and stop at the first."""
    pairs: Iterator[tuple[exp.Expr, exp.Expr]]
    if isinstance(predicate, _COMPARISONS):
        pairs = iter(((predicate.this, predicate.expression), (predicate.expression, predicate.this)))
    elif isinstance(predicate, exp.In):
        pairs = ((predicate.this, value) for value in predicate.expressions)
    elif isinstance(predicate, exp.Between):
        pairs = ((predicate.this, predicate.args[side]) for side in ("low", "high"))
    else:
        return
    for column, value in pairs:
        _check_pair(column, value.this if isinstance(value, exp.Neg) else value, columns)


def _check_pair(column: exp.Expr, value: exp.Expr, columns: Columns) -> None:
    where = _position(value)
    if isinstance(value, exp.Boolean) and isinstance(column, exp.Column) and columns[column.name.lower()] != "BOOLEAN":
        raise ConditionError(f"`{column.name}` is neither true nor false.", *_position(column), "Compare its value.")
    if isinstance(value, exp.Null):
        raise ConditionError("Nothing equals NULL.", *_position(column), "Write `IS NULL` or `IS NOT NULL`.")
    if not isinstance(column, exp.Column) or not isinstance(value, exp.Literal):
        return
    name, kind = column.name.lower(), columns[column.name.lower()]
    if kind in _NUMERIC and value.is_string:
        raise ConditionError(
            f"`{name}` is a number, '{_short(value.name)}' is text.", *where, "Write it without quotes."
        )
    if kind == "VARCHAR" and not value.is_string:
        raise ConditionError(f"`{name}` is text, {value.name} is a number.", *where, f"Write '{value.name}'.")


def _is_sensible(number: str) -> bool:
    """Whether the engine can hold it without losing a digit or calling it infinite."""
    digits = re.sub(r"[^0-9]", "", number)
    return len(digits) <= _MOST_DIGITS and "e" not in number.lower()


def _short(word: str) -> str:
    return word if len(word) <= 40 else word[:37] + "…"


def _check_values(predicate: exp.Expr, values: dict[str, tuple[str, ...]]) -> None:
    if not isinstance(predicate, exp.EQ | exp.NEQ | exp.In) or not isinstance(predicate.this, exp.Column):
        return
    name = predicate.this.name.lower()
    if name not in values:
        return
    written = predicate.expressions if isinstance(predicate, exp.In) else [predicate.expression]
    for value in written:
        if isinstance(value, exp.Literal) and value.is_string and value.name not in values[name]:
            close = _closest(value.name, values[name]) or f"Known: {', '.join(values[name])}."
            raise ConditionError(f"No `{name}` is ever '{_short(value.name)}'.", *_position(value), close)


def _predicates(tree: exp.Expr) -> list[exp.Expr]:
    """The smallest parts that are true or false by themselves."""
    return [node for node in tree.walk() if isinstance(node, _PREDICATES)]


def _generate(tree: exp.Expr, relation: RelationName) -> str:
    def qualified(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Column):
            return exp.column(node.name.lower(), table=relation, quoted=True)
        return node

    return tree.copy().transform(qualified).sql(dialect="duckdb", comments=False)


def _position(node: exp.Expr) -> tuple[int, int]:
    """Offset and length of the first token below the node that knows where it stood."""
    for child in node.walk():
        start, end = child.meta.get("start"), child.meta.get("end")
        if start is not None and end is not None:
            return int(start), int(end) - int(start) + 1
    return 0, 0


_TOO_DEEP = "The condition has too many parts, or too many parentheses within one another: write several rules."


def _refuse_extremes(text: str) -> None:
    """What nobody writes by hand: the parser would stumble over it, or the reader of an error."""
    if len(text) > MOST_LETTERS:
        sentence = f"The condition has {len(text):,} letters; {MOST_LETTERS:,} are the most."
        raise ConditionError(sentence, 0, 0, "Write several rules, or bring the list as an attribute.")
    for offset, letter in enumerate(text):
        if unicodedata.category(letter) in {"Cc", "Cs"} and letter not in "\t\n\r":
            raise ConditionError(f"A character that cannot be seen stands here: U+{ord(letter):04X}.", offset, 1)
    bare, depth = _QUOTED.sub(lambda match: " " * len(match.group()), text), 0
    for offset, letter in enumerate(bare):
        if unicodedata.category(letter) == "Cf":
            raise ConditionError(f"A character that cannot be seen stands here: U+{ord(letter):04X}.", offset, 1)
        depth += (letter == "(") - (letter == ")")
        if depth > MOST_NESTED:
            raise ConditionError(_TOO_DEEP, offset, 1)


def _refuse_lookalikes(text: str) -> None:
    """Full-width digits and letters, curly quotes and the like, outside of quoted text."""
    bare = _QUOTED.sub(lambda match: " " * len(match.group()), text)
    for offset, letter in enumerate(bare):
        plain = _LOOKALIKES.get(letter)
        if plain is None and "！" <= letter <= "～":
            plain = chr(ord(letter) - 0xFEE0)
        if plain is not None:
            what = "A full-width digit" if letter.isdigit() else "A character that only looks like the plain one"
            raise ConditionError(f"{what} stands here: `{letter}`.", offset, 1, f"Type `{plain}` instead.")


def _closest(word: str, known: Columns | tuple[str, ...]) -> str | None:
    found = difflib.get_close_matches(word[:80], list(known), n=1, cutoff=0.6)
    return f"Did you mean `{found[0]}`?" if found else None


def _about(relation: RelationName) -> str:
    return {
        "activity": "an activity",
        "person": "a person",
        "company": "a company",
        "fit": "a person and the company",
        "hearing": "an answer that was heard",
        "deal": "a deal",
        "account": "an account",
        "member": "a row of a list",
    }[relation]
