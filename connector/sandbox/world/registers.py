"""Files of companies, as a team would buy or download them: a register, and a list of target companies."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from connector.sandbox.context import Sandbox
from connector.sandbox.world.companies import Company, company, company_count
from connector.sandbox.world.draws import salt, stream, unit

REGISTER_COLUMNS = (
    "corporate_number",
    "name",
    "domain",
    "prefecture",
    "industry",
    "employees",
    "revenue_jpy",
    "capital_jpy",
    "listed",
)
TARGET_COLUMNS = ("corporate_number", "name", "note")
_COVERED = 0.8
_TARGETS = 0.12


def write_registers(sandbox: Sandbox, folder: Path) -> None:
    """Writes `companies.csv` and `targets.csv` (UTF-8) into a folder that exists.

    The register covers about 80 % of the companies that people of this world work for (their namesakes
    included) and as many distractors as a quarter of it; employees, revenue or domain are missing in some rows.
    """
    seed, count = sandbox.config.seed, company_count(sandbox.config.people)
    _write(folder / "companies.csv", REGISTER_COLUMNS, _register(seed, count))
    _write(folder / "targets.csv", TARGET_COLUMNS, _targets(seed, count))


def _write(path: Path, columns: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows)


def covered(seed: int, index: int) -> bool:
    """Whether the register knows a company."""
    return unit(seed, index, salt("covered")) < _COVERED


def _register(seed: int, count: int) -> Iterator[tuple[Any, ...]]:
    for index in range(count):
        if covered(seed, index):
            yield _row(seed, company(seed, index))
    for index in range(count, count + count // 4):
        yield _row(seed, company(seed, index))


def _row(seed: int, entry: Company) -> tuple[Any, ...]:
    rng = stream(seed, entry.index, salt("register"))
    return (
        entry.number,
        entry.name,
        entry.domain if rng.random() < 0.85 else "",
        entry.place.prefecture,
        entry.trade.name,
        entry.employees if rng.random() < 0.8 else "",
        entry.revenue if rng.random() < 0.6 else "",
        entry.capital if rng.random() < 0.9 else "",
        "true" if entry.listed else "false",
    )


def _targets(seed: int, count: int) -> Iterator[tuple[Any, ...]]:
    """The best suited companies by trade and size, a few without their number."""
    for index in range(count):
        entry = company(seed, index)
        rng = stream(seed, index, salt("target"))
        if entry.fit + 0.15 * rng.random() < 0.93 or rng.random() > _TARGETS * 5:
            continue
        number = entry.number if rng.random() < 0.8 else ""
        yield number, entry.name, rng.choice(("2026下期 重点", "既存顧客のグループ", "展示会で接点", ""))
