"""The business units of Account Engagement as applying writes to them, and their keys in the ledger."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from connector.domain.outcome import RowResult

PROSPECTS, MEMBERSHIPS = "prospects", "list-memberships"
"""What the journal calls the objects."""

MEMBER = "member"
"""The one field of a membership: whether the prospect is on the list."""


class EndedImport(Protocol):
    """What became of an import: whether it went through all rows, and why some were not taken, by their ids."""

    @property
    def complete(self) -> bool: ...

    @property
    def failed(self) -> Mapping[int, str]: ...


class UnitWriter(Protocol):
    """What applying needs of a business unit. Row results come in the order of the rows."""

    @property
    def unit(self) -> str: ...

    def rows(self, collection: str, fields: Sequence[str], ids: Collection[int]) -> dict[int, Mapping[str, Any]]: ...

    def members(self, list_id: int, prospects: Collection[int]) -> set[int]: ...

    def again(self) -> None: ...

    def update_prospects(self, rows: Sequence[tuple[int, Mapping[str, Any]]]) -> list[RowResult]: ...

    def add_members(self, pairs: Sequence[tuple[int, int]]) -> list[RowResult]: ...

    def remove_members(self, memberships: Sequence[int]) -> list[RowResult]: ...

    def set_criteria(self, rows: Sequence[tuple[int, Mapping[int, str]]]) -> list[RowResult]: ...

    def start_import(self, content: bytes, columns: Sequence[str] | None, *, erase: bool) -> int: ...

    def import_ended(self, number: int, *, patience: float) -> EndedImport | None: ...

    def imports_running(self, since: datetime) -> bool: ...


def prospect_key(unit: str, prospect: str) -> str:
    """A prospect in journal and ledger: its number says nothing without its business unit."""
    return f"{unit}:{prospect}"


def membership_key(unit: str, prospect: str, list_id: str) -> str:
    """A membership in journal and ledger."""
    return f"{unit}:{prospect}:{list_id}"


def unit_in(key: str) -> str:
    """The business unit of either key."""
    return key.partition(":")[0]


def prospect_in(key: str) -> int:
    """The prospect of either key."""
    return int(key.split(":")[1])


def list_in(key: str) -> int:
    """The list of a membership's key."""
    return int(key.split(":")[2])
