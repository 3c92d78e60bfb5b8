"""How a lead is handed over to field sales, and how the answer is read back (TU-2, TU-3)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from connector.rules.kinds import Strict, problem
from connector.rules.names import Name

Answer = Literal["accepted", "rejected"]
ANSWERS: tuple[Answer, ...] = ("accepted", "rejected")
"""What field sales says to a lead that was handed over."""


class HandOver(Strict):
    """The task by which a lead is handed over.

    `assign_to`: a user or a queue by name; without one, or where the org has nobody of that name, the owner of the
    record. `due_in_days`: business days after the day of the hand-over, 0 for the same. `answers`: words of the task's
    status or result that mean accepted or rejected, whatever their case; the ids mean themselves.
    """

    assign_to: Annotated[str, Field(min_length=1, max_length=80)] | None = None
    due_in_days: Annotated[int, Field(ge=0, le=60, strict=True)] = 1
    subject: Name = Name(ja="トスアップ：商談化の判断をお願いします", en="Toss-up: please decide on the opportunity")
    answers: Mapping[Answer, tuple[str, ...]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _a_word_means_one_thing(self) -> Self:
        words = [word.strip().lower() for said in self.answers.values() for word in said]
        double = next((word for word in words if words.count(word) > 1), None)
        if double is not None:
            raise problem(f"`{double}` means two answers.", "Keep it with one of them.")
        return self

    @property
    def words(self) -> Iterator[tuple[str, Answer]]:
        """Each word in small letters with the answer that it means."""
        yield from ((one, one) for one in ANSWERS)
        yield from ((word.strip().lower(), one) for one, said in self.answers.items() for word in said)
