"""branching: many conditions on one row → SQL that asks for a word once and then only what matters under it.

Most conditions about activities begin with their type. To ask fifty rules about each of twenty million rows is fifty
comparisons a row; to choose by the type first leaves a handful.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

import sqlglot
from sqlglot import exp

from connector.engine.composing import quoted


def summed(column: str, terms: Sequence[tuple[str, int]]) -> str:
    """SQL for the sum of the values whose conditions hold; a condition that is unknown does not hold.

    `column` holds words (text): conditions of the form `column = 'word' AND …`, or `column IN (…) AND …`, are asked
    under their words only. "0" without terms.
    """
    everywhere = []
    under: dict[str, list[str]] = {}
    for condition, value in terms:
        words, rest = _split(column, condition)
        case = f"CASE WHEN {rest} THEN {value} ELSE 0 END" if rest else str(value)
        if words is None:
            everywhere.append(case)
        for word in words or ():
            under.setdefault(word, []).append(case)
    if under:
        cases = " ".join(f"WHEN {quoted(word)} THEN {' + '.join(cases)}" for word, cases in under.items())
        everywhere.append(f'CASE "{column}" {cases} ELSE 0 END')
    return " + ".join(everywhere) or "0"


def any_of(column: str, conditions: Iterable[str], among: Collection[str]) -> str:
    """SQL for whether any of the conditions holds and the column is one of the words `among`, asked in the same way.

    True, false or unknown; FALSE without conditions.
    """
    everywhere = []
    under: dict[str, list[str]] = {}
    for condition in dict.fromkeys(part for one in conditions for part in _disjuncts(one)):
        words, rest = _split(column, condition)
        if words is None:
            everywhere.append(f"({condition}) AND {is_one_of(column, among)}")
        for word in words or ():
            if word in among:
                under.setdefault(word, []).append(f"({rest or 'TRUE'})")
    if under:
        cases = " ".join(f"WHEN {quoted(word)} THEN {_either(tests)}" for word, tests in under.items())
        everywhere.append(f'CASE "{column}" {cases} ELSE FALSE END')
    return " OR ".join(everywhere) or "FALSE"


def is_one_of(column: str, words: Iterable[str]) -> str:
    """SQL for whether a column is one of the words, the first ones asked first; a long IN would become a join."""
    cases = " ".join(f"WHEN {quoted(word)} THEN TRUE" for word in words)
    return f"CASE {column} {cases} ELSE FALSE END" if cases else "FALSE"


def _split(column: str, condition: str) -> tuple[tuple[str, ...] | None, str]:
    parts = list(_conjuncts(sqlglot.parse_one(condition, read="duckdb")))
    for part in parts:
        words = _words(column, part)
        if words is not None:
            rest = [one.sql(dialect="duckdb") for one in parts if one is not part]
            return words, " AND ".join(f"({one})" for one in rest)
    return None, condition


def _either(tests: list[str]) -> str:
    return "TRUE" if "(TRUE)" in tests else " OR ".join(tests)


def _disjuncts(condition: str) -> Iterator[str]:
    node = sqlglot.parse_one(condition, read="duckdb").unnest()
    if not isinstance(node, exp.Or):
        yield condition
        return
    for part in (node.left, node.right):
        yield from _disjuncts(part.sql(dialect="duckdb"))


def _conjuncts(node: exp.Expr) -> Iterable[exp.Expr]:
    bare = node.unnest()
    if isinstance(bare, exp.And):
        yield from _conjuncts(bare.left)
        yield from _conjuncts(bare.right)
    else:
        yield bare


def _words(column: str, node: exp.Expr) -> tuple[str, ...] | None:
    """The words that a comparison with `column` allows; None when it is no such comparison."""
    if isinstance(node, exp.EQ) and _is(column, node.this) and _is_text(node.expression):
        return (str(node.expression.this),)
    if isinstance(node, exp.In) and _is(column, node.this):
        words = node.expressions
        return tuple(dict.fromkeys(str(one.this) for one in words)) if words and all(map(_is_text, words)) else None
    return None


def _is(column: str, node: exp.Expr) -> bool:
    return isinstance(node, exp.Column) and node.name == column


def _is_text(node: exp.Expr) -> bool:
    return isinstance(node, exp.Literal) and node.is_string
