"""Cuts the text of a query into tokens, each with its place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from connector.sandbox.soql.errors import Source

TokenKind = Literal["name", "string", "number", "date", "datetime", "symbol", "end"]

# A date or a number that runs into further letters is no token: it must not fall apart into two.
_TOKEN = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<string>'(?:[^'\\]|\\.)*')
  | (?P<datetime>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)(?![\w:]))
  | (?P<date>\d{4}-\d\d-\d\d(?![\w:-]))
  | (?P<number>[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![\w.:-]))
  | (?P<name>[A-Za-z]\w*(?:\.[A-Za-z]\w*)*)
  | (?P<symbol><=|>=|!=|<>|[=<>(),:])
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_RUN = re.compile(r"[^\s,()']+|.")

_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", '"': '"', "'": "'", "\\": "\\"}
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)", re.DOTALL)


@dataclass(frozen=True)
class Token:
    """One token: `text` as it was written (a string's without its quotes), `at` its offset from 0."""

    kind: TokenKind
    text: str
    at: int

    def is_word(self, *words: str) -> bool:
        """Whether it is one of these words (given in upper case), in any case."""
        return self.kind == "name" and self.text.upper() in words

    def is_symbol(self, *symbols: str) -> bool:
        return self.kind == "symbol" and self.text in symbols


def tokens(source: Source) -> tuple[Token, ...]:
    """All tokens of a query and an `end`; raises SoqlError at the first thing that is none."""
    found = []
    at = 0
    while at < len(source.text):
        match = _TOKEN.match(source.text, at)
        if match is None:
            raise _unreadable(source, at)
        kind = match.lastgroup
        text = match.group()
        if kind == "string":
            found.append(Token("string", text[1:-1], at))
        elif kind in {"name", "number", "date", "datetime", "symbol"}:
            found.append(Token(kind, text, at))  # type: ignore[arg-type] # the pattern's own group names
        at = match.end()
    found.append(Token("end", "<EOF>", len(source.text.rstrip())))
    return tuple(found)


def unescaped(source: Source, token_text: str, at: int) -> str:
    """What a string literal means; a backslash before anything unknown is an error."""

    def meant(match: re.Match[str]) -> str:
        code = match.group(1)
        if len(code) == 5:
            return chr(int(code[1:], 16))
        letter = _ESCAPES.get(code.lower())
        if letter is None:
            raise _bad_escape(source, token_text, code, at)
        return letter

    text = _ESCAPE.sub(meant, token_text)
    # Two escapes may spell one character beyond 16 bits; half of one is no character at all.
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def like_pattern(source: Source, token_text: str, at: int) -> str:
    r"""What a LIKE literal means, as an SQL pattern whose escape character is the backslash.

    `\%` and `\_` stand for themselves here, and here alone.
    """
    pieces = []
    end = 0
    for match in _ESCAPE.finditer(token_text):
        pieces.append(token_text[end : match.start()])
        code = match.group(1)
        meant = "\\" + code if code in {"%", "_"} else unescaped(source, match.group(), at)
        pieces.append("\\\\" if meant == "\\" else meant)
        end = match.end()
    pieces.append(token_text[end:])
    return "".join(pieces)


def _unreadable(source: Source, at: int) -> Exception:
    if source.text[at] == "'":
        return source.malformed(at, f"line 1:{len(source.text)} mismatched character '<EOF>' expecting '''")
    match = _RUN.match(source.text, at)
    return source.malformed(at, f"unexpected token: '{match.group() if match else source.text[at]}'")


def _bad_escape(source: Source, text: str, code: str, at: int) -> Exception:
    return source.malformed(
        at, f"Invalid string literal '{text}'. Illegal character sequence '\\{code}' in string literal."
    )
