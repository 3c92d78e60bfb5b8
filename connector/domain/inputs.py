"""The files that rules can be tried on without any org: which columns each has, and of what type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from connector.domain.streams import AttributeType


@dataclass(frozen=True)
class InputColumn:
    """One known column. A required one must be there, and no cell of it may be empty."""

    name: str
    kind: AttributeType = "text"
    required: bool = False


@dataclass(frozen=True)
class InputTable:
    """One file. No two rows may agree in all columns of `key`, unless `last_wins`: then the last row counts."""

    name: str
    columns: tuple[InputColumn, ...]
    key: tuple[str, ...] = ()
    last_wins: bool = False

    @property
    def required(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns if column.required)


def _table(name: str, words: str, key: tuple[str, ...] = (), *, last_wins: bool = False) -> InputTable:
    """`words`: names with the mark of their type behind (# integer, % number, ? boolean, @ instant, = date), and !
    behind that for a required one."""
    kinds: dict[str, AttributeType] = {"#": "integer", "%": "number", "?": "boolean", "@": "instant", "=": "date"}
    columns = []
    for word in words.split():
        bare = word.rstrip("!")
        mark = bare[-1] if bare[-1] in kinds else ""
        columns.append(InputColumn(bare.rstrip(mark or " "), kinds.get(mark, "text"), word.endswith("!")))
    return InputTable(name, tuple(columns), key, last_wins)


INPUTS: Mapping[str, InputTable] = MappingProxyType(
    {
        table.name: table
        for table in (
            _table(
                "people",
                "person_id! created_at@! email name company company_id title department source owner_id industry "
                "employees# prefecture crm_status opted_out? do_not_call? call_review_score% closed_at@ close_reason "
                "not_before=",
                ("person_id",),
            ),
            _table(
                "activities",
                "activity_id! person_id! occurred_at@! type! content theme product url visit_id machine?",
                ("activity_id",),
                last_wins=True,
            ),
            _table(
                "companies",
                "company_id! name corporate_number domain industry employees# revenue_jpy# capital_jpy# prefecture "
                "listed? target? match_status",
                ("company_id",),
            ),
            _table(
                "opportunities",
                "opportunity_id! person_id company_id created_at@ closed_at@ status amount% loss_reason competitor "
                "product renewal_on=",
                ("opportunity_id", "person_id"),
            ),
            _table("tasks", "task_id! person_id step due= status outcome closed_at@ cadence channel", ("task_id",)),
            _table("hearing", "person_id! item value said_by via at@ heard_by"),
        )
    }
)
"""The tables by name. Columns that are not listed are kept under their own names, for rules to use."""
