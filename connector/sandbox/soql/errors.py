"""Refusals in Salesforce's own form: the query echoed around the place, a caret, the row and the column."""

from __future__ import annotations

from dataclasses import dataclass

_BEFORE = 35
_AFTER = 40

_CONSULT = "Please reference your WSDL or the describe call for the appropriate names."


class SoqlError(Exception):
    """A query that Salesforce would refuse: `code` is its errorCode, `message` the text that goes with it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


@dataclass(frozen=True)
class Source:
    """The text of a query, for errors that point into it by offset from 0."""

    text: str

    def error(self, code: str, at: int, sentence: str) -> SoqlError:
        """The error whose caret stands under offset `at`.

        Recorded messages echo a window of the row that begins and ends between words.
        """
        row_start = self.text.rfind("\n", 0, at) + 1
        row_end = self.text.find("\n", at)
        row = self.text[row_start : row_end if row_end >= 0 else len(self.text)]
        column = at - row_start
        start = _window_start(row, column)
        echoed = row[start : _window_end(row, column)]
        place = f"ERROR at Row:{self.text.count(chr(10), 0, at) + 1}:Column:{column + 1}"
        return SoqlError(code, f"\n{echoed}\n{' ' * (column - start)}^\n{place}\n{sentence}")

    def malformed(self, at: int, sentence: str) -> SoqlError:
        """A query that breaks the grammar, or asks for what this sandbox does not know."""
        return self.error("MALFORMED_QUERY", at, sentence)

    def no_such_column(self, at: int, name: str, entity: str) -> SoqlError:
        """A field that the object does not have, or that the user may not see."""
        return self.error(
            "INVALID_FIELD",
            at,
            f"No such column '{name}' on entity '{entity}'. If you are attempting to use a custom field, be sure "
            f"to append the '__c' after the custom field name. {_CONSULT}",
        )

    def no_such_object(self, at: int, name: str) -> SoqlError:
        """A FROM that names no object."""
        return self.error(
            "INVALID_TYPE",
            at,
            f"sObject type '{name}' is not supported. If you are attempting to use a custom object, be sure to "
            f"append the '__c' after the entity name. {_CONSULT}",
        )

    def no_such_parent(self, at: int, name: str) -> SoqlError:
        """A field path through a relationship that the object does not have."""
        return self._no_such_relationship("INVALID_FIELD", at, name, "field path")

    def no_such_children(self, at: int, name: str) -> SoqlError:
        """A child subquery from a relationship that the object does not have."""
        return self._no_such_relationship("INVALID_TYPE", at, name, "FROM part of query call")

    def _no_such_relationship(self, code: str, at: int, name: str, where: str) -> SoqlError:
        return self.error(
            code,
            at,
            f"Didn't understand relationship '{name}' in {where}. If you are attempting to use a custom "
            f"relationship, be sure to append the '__r' after the custom relationship name. {_CONSULT}",
        )


def _window_start(row: str, column: int) -> int:
    start = max(0, column - _BEFORE)
    if start == 0 or row[start - 1] in " ,":
        return start
    breaks = [at for at in (row.find(mark, start, column) for mark in " ,") if at >= 0]
    first = min(breaks, default=start - 1) + 1
    return first + len(row[first:column]) - len(row[first:column].lstrip())


def _window_end(row: str, column: int) -> int:
    end = column + _AFTER
    if end >= len(row):
        return len(row)
    last = max(row.rfind(" ", column, end), row.rfind(",", column, end))
    return last if last > column else end
