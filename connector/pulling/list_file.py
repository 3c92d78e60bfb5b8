"""A list as people export it → plain UTF-8 CSV and the meaning of each column.

Spreadsheets and event tools bring their habits along: a byte order mark, CP932, tabs or semicolons, `sep=,`, titles
above the header, headers in any language. All of it ends here; the rows themselves are read by the store.
"""

from __future__ import annotations

import codecs
import csv
import difflib
import io
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from connector.errors import ConfigurationError, Problem
from connector.rules.lists import Lists, folded
from connector.store.lists import Sheet

_HEADER_WITHIN = 40
"""Lines among which the header is looked for: event tools put a report's own facts above it."""

_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""How .xlsx and .xls files begin."""

_BRACKETS = re.compile(r"[(（\[【][^)）\]】]*[)）\]】]")
_BLANK = re.compile(r"\n[ \t]*(?=\n)")
_QUOTED_OR_BLANK = re.compile(r'"(?:[^"]|"")*"|\n[ \t]*(?=\n)')


def read_list(path: Path, lists: Lists, encoding: str | None = None, segment: str | None = None) -> Sheet:
    """Reads a list's file. `encoding`: a codec's name, else UTF-8 with or without a mark, or UTF-16 with one.
    `segment`: the header of the column that names the segment.

    Raises ConfigurationError when it cannot be read, has no column with e-mail addresses, or names one twice.
    """
    text = _decoded(path, encoding)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    skipped = 1 if re.match(r"sep=.\n", text, re.IGNORECASE) else 0
    delimiter, header, end = _header(path, text, lists, skipped)
    places, unused, answers = _meant(path, header, lists, end, segment)
    body = text.split("\n", end)[end] if text.count("\n") >= end else ""
    if not body.strip(f"\n\t {delimiter}"):
        raise _refused(path, end, 1, "There is a header and no row below it.", "Export the list again.")
    if _BLANK.search(body) or body.startswith("\n"):
        # An empty line would be passed over and later rows would be told with wrong lines.
        padded = _QUOTED_OR_BLANK.sub(lambda one: one[0] if one[0][0] == '"' else f"\n{delimiter}", f"\n{body}")
        body = padded[1:]
    return Sheet(body, delimiter, len(header), end + 1, places, answers, unused)


def _decoded(path: Path, encoding: str | None) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"The list {path} cannot be read: {error.strerror}. Check the path.") from error
    if raw.startswith(_WORKBOOKS):
        raise ConfigurationError(f"{path.name} is a workbook, not a CSV file. Save it as `CSV UTF-8` and import that.")
    if encoding is None:
        marked = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        encoding = "utf-16" if marked else "utf-8-sig"
    try:
        return raw.decode(encoding)
    except LookupError as error:
        raise ConfigurationError(f"There is no encoding {encoding!r}. Japanese Excel writes cp932.") from error
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        advice = "Japanese Excel writes CP932: try --encoding cp932." if encoding == "utf-8-sig" else "Try another."
        raise _refused(path, line, 1, f"The file is not {encoding} text.", advice) from error


def _header(path: Path, text: str, lists: Lists, skipped: int) -> tuple[str, list[str], int]:
    """The delimiter, the header's cells, and the number of its last line."""
    meanings = lists.meanings
    top = text.split("\n", _HEADER_WITHIN)[:_HEADER_WITHIN]
    rows = [found for delimiter in (",", "\t", ";") for found in _top_rows(top[skipped:], delimiter)]
    for plain in (folded, _without_brackets):
        for delimiter, cells, line in rows:
            if any(meanings.get(plain(cell)) == "email" for cell in cells):
                return delimiter, cells, skipped + line
    raise _no_email(path, {cell.strip() for _, cells, _ in rows for cell in cells}, meanings)


def _top_rows(lines: list[str], delimiter: str) -> Iterator[tuple[str, list[str], int]]:
    """The first rows of a file as they would be with a delimiter, each with its last line (from 1)."""
    reader = csv.reader(io.StringIO("\n".join(lines)), delimiter=delimiter)
    try:
        for cells in reader:
            yield delimiter, cells, reader.line_num
    except csv.Error:
        return


def _without_brackets(header: str) -> str:
    """メールアドレス（会社） → メールアドレス"""
    return folded(_BRACKETS.sub("", header)) or folded(header)


def _no_email(path: Path, cells: set[str], meanings: dict[str, str]) -> ConfigurationError:
    """The sentence names only cells that are like headers: without a header line they would be people."""
    addresses = [word for word, attribute in meanings.items() if attribute == "email"]
    close = sorted(cell for cell in cells if difflib.get_close_matches(folded(cell), addresses, n=1, cutoff=0.6))
    seen = f"Is it `{close[0]}`? " if close and "@" not in close[0] else ""
    known = ", ".join(sorted(cell for cell in cells if folded(cell) in meanings))
    there = f"Understood were {known}. " if known else "No header was found at all. "
    return ConfigurationError(
        f"{path.name}: no column holds e-mail addresses, so nobody on the list can be known. {there}{seen}"
        "Name the column under columns: email: in lists.yaml, or give --encoding if the letters look wrong."
    )


def _meant(
    path: Path, header: list[str], lists: Lists, line: int, segment: str | None
) -> tuple[dict[str, int], tuple[str, ...], tuple[tuple[int, str], ...]]:
    meanings = lists.meanings
    if segment is not None:
        if folded(segment) not in {folded(cell) for cell in header}:
            close = difflib.get_close_matches(segment, [cell.strip() for cell in header], n=1, cutoff=0.5)
            advice = f"Did you mean `{close[0]}`?" if close else "Look at the file's header."
            raise _refused(path, line, 1, f"There is no column `{segment}` for the segment.", advice)
        meanings = {word: one for word, one in meanings.items() if one != "segment"} | {folded(segment): "segment"}
    places: dict[str, int] = {}
    answers, unused = [], []
    own = lists.own_meanings
    # Names that the admin gave go before built-in ones, and then the first column of a meaning is taken.
    exact = {attribute for cell in header if (attribute := meanings.get(folded(cell)))}
    for place, cell in sorted(enumerate(header), key=lambda one: folded(one[1]) not in own):
        word = folded(cell)
        attribute = meanings.get(word) or _loose(cell, meanings, exact)
        if (
            meanings.get(word) == attribute == "email"
            and "email" in places
            and not set(map(folded, header)) & _own_email(own)
        ):
            first = header[places["email"]].strip()
            sentence = f"Two columns hold e-mail addresses: `{first}` and `{cell.strip()}`."
            raise _refused(path, line, place + 1, sentence, "Say which under columns: email: in lists.yaml.")
        if attribute is not None and attribute not in places:
            places[attribute] = place
        elif any(fnmatchcase(word, folded_pattern(pattern)) for pattern in lists.answers):
            answers.append((place, " ".join(cell.split())))
        elif word:
            unused.append(" ".join(cell.split()))
    return places, tuple(unused), _named_once(answers)


def _loose(cell: str, meanings: dict[str, str], exact: set[str]) -> str | None:
    """What a header means without its brackets, where no column has the name without any."""
    attribute = meanings.get(_without_brackets(cell))
    return None if attribute in exact else attribute


def _own_email(own: dict[str, str]) -> set[str]:
    return {word for word, attribute in own.items() if attribute == "email"}


def _named_once(answers: list[tuple[int, str]]) -> tuple[tuple[int, str], ...]:
    """Questions of the same words are told apart by their column."""
    words = [word for _, word in answers]
    return tuple((place, word if words.count(word) == 1 else f"{word} ({place + 1})") for place, word in answers)


def folded_pattern(pattern: str) -> str:
    """A pattern of headers as headers are compared; `*` stays what it is."""
    return "*".join(folded(part) for part in pattern.split("*"))


def _refused(path: Path, line: int, column: int, sentence: str, suggestion: str) -> ConfigurationError:
    problem = Problem(path.name, line, column, sentence, suggestion)
    return ConfigurationError(str(problem), (problem,))
