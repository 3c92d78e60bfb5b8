"""Walks over the tokens of a query, one ahead, and says what was not expected where."""

from __future__ import annotations

from connector.sandbox.soql.errors import SoqlError, Source
from connector.sandbox.soql.lexer import Token, tokens

_DEEPEST = 50
"""Nested parentheses that are read; Salesforce gives up sooner or later too."""

_LARGEST = 2**31 - 1


class Cursor:
    """The place that a parse has reached."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._tokens = tokens(source)
        self._next = 0
        self._depth = 0

    @property
    def token(self) -> Token:
        """The token that comes next."""
        return self._tokens[self._next]

    @property
    def following(self) -> Token:
        """The token after the next one."""
        return self._tokens[min(self._next + 1, len(self._tokens) - 1)]

    def take(self) -> Token:
        """Moves on and answers the token that was passed."""
        token = self.token
        if token.kind != "end":
            self._next += 1
        return token

    def take_words(self, *words: str) -> bool:
        """Moves past these words if they all come next, in that order."""
        upcoming = self._tokens[self._next : self._next + len(words)]
        if len(upcoming) < len(words):
            return False
        if not all(token.is_word(word) for token, word in zip(upcoming, words, strict=True)):
            return False
        self._next += len(words)
        return True

    def take_symbol(self, symbol: str) -> bool:
        """Moves past this symbol if it comes next."""
        if not self.token.is_symbol(symbol):
            return False
        self._next += 1
        return True

    def expect_symbol(self, symbol: str) -> Token:
        if not self.token.is_symbol(symbol):
            raise self.unexpected()
        return self.take()

    def expect_word(self, word: str) -> Token:
        if not self.token.is_word(word):
            raise self.unexpected()
        return self.take()

    def expect_name(self) -> Token:
        if self.token.kind != "name":
            raise self.unexpected()
        return self.take()

    def expect_whole_number(self) -> int:
        """A number of digits alone, as large as Salesforce's int."""
        token = self.token
        if token.kind != "number" or not token.text.isdigit() or int(token.text) > _LARGEST:
            raise self.unexpected()
        self.take()
        return int(token.text)

    def unexpected(self, token: Token | None = None) -> SoqlError:
        """The error for a token that does not belong where it stands (the next one unless given)."""
        found = token or self.token
        if found.is_symbol(":"):
            return self.source.malformed(found.at, "Bind variables only allowed in Apex code")
        text = f"'{found.text}'" if found.kind == "string" else found.text
        return self.source.malformed(found.at, f"unexpected token: '{text}'")

    def enter(self) -> None:
        """Counts one level of nesting."""
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self.source.malformed(self.token.at, f"conditions nested more than {_DEEPEST} deep")

    def leave(self) -> None:
        self._depth -= 1
