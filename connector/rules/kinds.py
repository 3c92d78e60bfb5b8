"""The kinds of values that rules are made of: conditions, ids, points, and blocks that refuse unknown keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from connector.rules.conditions import Condition, ConditionError
from connector.rules.relations import RelationName

Compilers = Mapping[RelationName, Callable[[str], Condition]]


def problem(sentence: str, suggestion: str | None = None, offset: int = -1, length: int = 0) -> PydanticCustomError:
    """An error of the rules in our own words, as validators raise it."""
    context = {"sentence": sentence, "suggestion": suggestion, "offset": offset, "length": length}
    return PydanticCustomError("rule", "{sentence}", context)


def _compile(relation: RelationName) -> BeforeValidator:
    def compiled(text: object, info: ValidationInfo) -> Condition:
        if not isinstance(text, str):
            raise problem("A condition is text.", "Put it in double quotes: when: \"type = 'page_view'\".")
        compilers: Compilers = info.context or {}
        try:
            return compilers[relation](text)
        except ConditionError as error:
            raise problem(error.sentence, error.suggestion, error.offset, error.length) from None

    return BeforeValidator(compiled)


def _condition_schema(about: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "description": f"A condition about {about}: SQL as in a WHERE clause."})


_AS_SQL = PlainSerializer(lambda condition: condition.sql, return_type=str)
ActivityCondition = Annotated[Condition, _compile("activity"), _AS_SQL, _condition_schema("an activity")]
PersonCondition = Annotated[Condition, _compile("person"), _AS_SQL, _condition_schema("a person")]
CompanyCondition = Annotated[Condition, _compile("company"), _AS_SQL, _condition_schema("a company")]
HearingCondition = Annotated[Condition, _compile("hearing"), _AS_SQL, _condition_schema("an answer that was heard")]
DealCondition = Annotated[Condition, _compile("deal"), _AS_SQL, _condition_schema("a deal")]
AccountCondition = Annotated[
    Condition, _compile("account"), _AS_SQL, _condition_schema("the account that a person belongs to")
]
FitCondition = Annotated[Condition, _compile("fit"), _AS_SQL, _condition_schema("a person and the company")]


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise problem(f"There is no time zone `{name}`.", "Write one such as Asia/Tokyo.") from None
    return name


Zone = Annotated[str, AfterValidator(_zone)]
Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Points = Annotated[int, Field(ge=-100_000, le=100_000, strict=True)]
Thirds = Annotated[int, Field(ge=-12, le=12, strict=True)]
Positive = Annotated[int, Field(ge=1, le=100_000, strict=True)]
Seconds = Annotated[int, Field(ge=0, le=86_400, strict=True)]


class Strict(BaseModel):
    """Frozen, and any key that is not declared is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)
