"""The company register and the target list: CSV files → typed rows, or every fault with its line and column."""

from __future__ import annotations

import csv
import difflib
import hashlib
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from connector.errors import ConfigurationError, Problem, in_order
from connector.firmographics.corporate_number import corporate_number, what_is_wrong
from connector.firmographics.domains import registrable_domain

COMPANY_COLUMNS = (
    "corporate_number", "name", "domain", "prefecture", "industry", "employees", "revenue_jpy", "capital_jpy",
    "listed", "closed",
)  # fmt: skip
TARGET_COLUMNS = ("corporate_number", "name", "domain", "note")

_YES = frozenset({"true", "yes", "1", "y", "t", "上場", "はい", "○"})
_NO = frozenset({"false", "no", "0", "n", "f", "非上場", "未上場", "いいえ", "×"})
_Row = TypeVar("_Row")
_Cells = Mapping[str, tuple[int, str]]


@dataclass(frozen=True)
class RegisterCompany:
    """One company of the register. Amounts in yen; what the register does not say is None. `line` is its place."""

    name: str
    corporate_number: str | None = None
    domain: str | None = None
    prefecture: str | None = None
    industry: str | None = None
    employees: int | None = None
    revenue_jpy: int | None = None
    capital_jpy: int | None = None
    listed: bool | None = None
    closed: bool = False
    line: int = 0

    @property
    def company_id(self) -> str:
        """The corporate number, else the domain, else the name and prefecture."""
        if self.corporate_number:
            return self.corporate_number
        return f"domain:{self.domain}" if self.domain else f"name:{self.name}:{self.prefecture or ''}"


@dataclass(frozen=True)
class Target:
    """One company that somebody wants, by whatever names it: number, domain or name."""

    corporate_number: str | None = None
    name: str | None = None
    domain: str | None = None
    line: int = 0


@dataclass(frozen=True)
class Register:
    """What is known about companies beside the CRM. `provenance` names the files; equal files have equal digests."""

    companies: tuple[RegisterCompany, ...] = ()
    targets: tuple[Target, ...] = ()
    provenance: str = ""
    digest: str = ""


def load_register(companies: Path | None, targets: Path | None) -> Register:
    """Reads the two CSV files (UTF-8, a header line, columns in any order; see docs/content.md).

    Raises ConfigurationError with every fault of both files.
    """
    problems: list[Problem] = []
    company_rows = tuple(_rows(companies, COMPANY_COLUMNS, _company, problems)) if companies else ()
    target_rows = tuple(_rows(targets, TARGET_COLUMNS, _target, problems)) if targets else ()
    if companies:
        problems.extend(_duplicates(companies, company_rows))
    if problems:
        ordered = in_order(problems)
        more = f" ({len(problems)} such faults in all)" if len(problems) > 1 else ""
        raise ConfigurationError(f"{ordered[0]}{more}", ordered)
    files = [path for path in (companies, targets) if path]
    digest = hashlib.sha256(b"\0".join(path.read_bytes() for path in files)).hexdigest()
    return Register(company_rows, target_rows, ", ".join(path.name for path in files), digest)


def _rows(
    path: Path, columns: tuple[str, ...], typed: Callable[[_Cells, int, _Faults], _Row | None], problems: list[Problem]
) -> Iterator[_Row]:
    text = _text(path, problems)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        if not _known_header(path, header, columns, problems):
            return
        for cells in reader:
            faults = _Faults(path, reader.line_num, problems)
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header):
                faults.add(1, f"The row has {len(cells)} cells, the header {len(header)}.", "Look for a stray comma.")
                continue
            placed = {name: (place, cells[place - 1].strip()) for place, name in enumerate(header, 1)}
            row = typed(placed, reader.line_num, faults)
            if row is not None:
                yield row
    except csv.Error as error:
        problems.append(Problem(path.name, reader.line_num, 1, f"The row is not CSV: {error}.", "Look for a quote."))


def _text(path: Path, problems: list[Problem]) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        problems.append(Problem(path.name, line, 1, "The file is not UTF-8 text.", "Save it as CSV UTF-8."))
    except OSError as error:
        problems.append(Problem(str(path), 0, 0, f"The file cannot be read: {error.strerror}.", "Check the path."))
    return ""


def _known_header(path: Path, header: list[str], columns: tuple[str, ...], problems: list[Problem]) -> bool:
    if not any(header):
        if not any(problem.file in {path.name, str(path)} for problem in problems):
            problems.append(Problem(path.name, 1, 1, "The file is empty.", f"Its columns are {', '.join(columns)}."))
        return False
    before = len(problems)
    for place, name in enumerate(header, 1):
        if name not in columns:
            close = difflib.get_close_matches(name, columns, n=1, cutoff=0.5)
            advice = f"Did you mean `{close[0]}`?" if close else f"Columns are {', '.join(columns)}."
            problems.append(Problem(path.name, 1, place, f"There is no column `{name}`.", advice))
        elif name in header[: place - 1]:
            problems.append(Problem(path.name, 1, place, f"The column `{name}` is there twice.", "Keep one."))
    if columns is COMPANY_COLUMNS and "name" not in header:
        problems.append(Problem(path.name, 1, 1, "The column `name` is missing.", "Add it."))
    return len(problems) == before


class _Faults:
    """Collects what is wrong with one row."""

    def __init__(self, path: Path, line: int, problems: list[Problem]) -> None:
        self._file, self._line, self._problems = path.name, line, problems

    def add(self, column: int, sentence: str, suggestion: str | None = None) -> None:
        self._problems.append(Problem(self._file, self._line, column, sentence, suggestion))


def _company(cells: _Cells, line: int, faults: _Faults) -> RegisterCompany | None:
    name = cells["name"][1]
    if not name:
        faults.add(cells["name"][0], "The company has no name.", "Give its registered name.")
        return None
    return RegisterCompany(
        name=name,
        corporate_number=_number(cells, faults),
        domain=_domain(cells, faults),
        prefecture=_word(cells, "prefecture"),
        industry=_word(cells, "industry"),
        employees=_count(cells, "employees", faults),
        revenue_jpy=_count(cells, "revenue_jpy", faults),
        capital_jpy=_count(cells, "capital_jpy", faults),
        listed=_flag(cells, "listed", faults),
        closed=_flag(cells, "closed", faults) or False,
        line=line,
    )


def _target(cells: _Cells, line: int, faults: _Faults) -> Target | None:
    target = Target(_number(cells, faults), _word(cells, "name"), _domain(cells, faults), line)
    if not (target.corporate_number or target.name or target.domain):
        return None
    return target


def _word(cells: _Cells, column: str) -> str | None:
    return cells.get(column, (0, ""))[1] or None


def _number(cells: _Cells, faults: _Faults) -> str | None:
    place, text = cells.get("corporate_number", (0, ""))
    wrong = what_is_wrong(text) if text else None
    if wrong:
        faults.add(place, f"`{text}` in corporate_number is wrong: {wrong}.", "Correct it or leave the cell empty.")
    return corporate_number(text)


def _domain(cells: _Cells, faults: _Faults) -> str | None:
    place, text = cells.get("domain", (0, ""))
    domain = registrable_domain(text)
    if text and domain is None:
        faults.add(place, f"`{text}` in domain is no web domain.", "Write it as foo.co.jp, or leave the cell empty.")
    return domain


def _count(cells: _Cells, column: str, faults: _Faults) -> int | None:
    place, text = cells.get(column, (0, ""))
    if not text:
        return None
    digits = text.replace(",", "")
    if not digits.isdecimal():
        faults.add(place, f"`{text}` in {column} is not a whole number.", "Write digits only, amounts in yen.")
        return None
    return int(digits)


def _flag(cells: _Cells, column: str, faults: _Faults) -> bool | None:
    place, text = cells.get(column, (0, ""))
    if text.lower() in _YES:
        return True
    if text.lower() in _NO:
        return False
    if text:
        faults.add(place, f"`{text}` in {column} is neither true nor false.", "Write true, false or nothing.")
    return None


def _duplicates(path: Path, companies: tuple[RegisterCompany, ...]) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for company in companies:
        key = company.company_id
        if key in first:
            what = f"The company {company.corporate_number or company.domain or company.name}"
            sentence = f"{what} stands on line {first[key]} already."
            yield Problem(path.name, company.line, 1, sentence, "Keep one of the rows, or give each its number.")
        first.setdefault(key, company.line)
