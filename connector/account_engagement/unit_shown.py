"""What a business unit shows to this user, as far as a mapping and rules name it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from connector.account_engagement.outcome import REMOTE
from connector.errors import SpoiltPageError
from connector.http.outcome import PASSES


@dataclass(frozen=True)
class ListShown:
    """A list. A dynamic one is filled by its own rules: nobody can be put onto it."""

    id: int
    name: str
    is_dynamic: bool = False


@dataclass(frozen=True)
class UnitShown:
    """`custom_fields`: type by field id in small letters (without __c). `lists`: None where nobody asked.

    `missing`: mapped fields that are not shown, by collection; `absent`: collections that are not shown at all.
    """

    unit: str
    custom_fields: Mapping[str, str]
    lists: tuple[ListShown, ...] | None
    missing: Mapping[str, frozenset[str]]
    absent: frozenset[str]


class Landed(Protocol):
    """A page that lies in a file."""

    @property
    def path(self) -> Path: ...


class Paged(Protocol):
    """A business unit, as far as it is asked here."""

    @property
    def unit(self) -> str: ...

    def pages(
        self,
        collection: str,
        fields: tuple[str, ...],
        filters: Mapping[str, str],
        order_by: str,
        folder: Path,
        *,
        deleted: str | None,
    ) -> Iterator[Landed]: ...


Look = Callable[[], tuple[Mapping[str, frozenset[str]], frozenset[str]]]
"""Asks which mapped fields are missing by collection, and which collections."""


def ask_unit(unit: Paged, look: Look, folder: Path, *, lists: bool) -> UnitShown:
    """Asks for the custom fields, and with `lists` for the lists; what `look` asks comes on top.

    Pages land under `folder`, and are gone afterwards. Raises what the calls raise.
    """
    missing, absent = look()
    custom: dict[str, str] = {}
    if "custom-fields" not in absent:
        custom = {
            str(row["fieldId"]).lower(): str(row["type"] or "").lower()
            for row in _rows(unit, "custom-fields", ("fieldId", "type"), folder)
        }
    there = None
    if lists and "lists" not in absent:
        rows = _rows(unit, "lists", ("name", "isDynamic"), folder)
        there = tuple(ListShown(int(str(row["id"])), str(row["name"]), bool(row["isDynamic"])) for row in rows)
    return UnitShown(unit.unit, custom, there, missing, absent)


def _rows(unit: Paged, collection: str, fields: tuple[str, ...], folder: Path) -> Iterator[Mapping[str, object]]:
    place = folder / f"shown_{collection.replace('-', '_')}"
    place.mkdir(parents=True, mode=0o700, exist_ok=True)
    for page in unit.pages(collection, ("id", *fields), {}, "id", place, deleted=None):
        text = page.path.read_bytes()
        page.path.unlink()
        try:
            yield from json.loads(text)["values"]
        except (ValueError, KeyError, TypeError):
            raise SpoiltPageError(f"{REMOTE} sent a page that is not whole. {PASSES}") from None
    place.rmdir()
