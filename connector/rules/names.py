"""What people call things, and that ids stand once: shared by all files of the rules."""

from __future__ import annotations

from pydantic import ConfigDict, model_validator
from pydantic.config import JsonDict

from connector.rules.kinds import Strict, problem


def _or_one_text(schema: JsonDict) -> None:
    both = dict(schema)
    schema.clear()
    schema["anyOf"] = [both, {"type": "string"}]


class Name(Strict):
    """How people call it, in Japanese and English. One text stands for both."""

    model_config = ConfigDict(json_schema_extra=_or_one_text)

    ja: str
    en: str

    @model_validator(mode="before")
    @classmethod
    def _one_text_for_both(cls, value: object) -> object:
        return {"ja": value, "en": value} if isinstance(value, str) else value


def unique(ids: list[str]) -> None:
    """Raises a problem when an id stands twice."""
    double = next((one for one in ids if ids.count(one) > 1), None)
    if double is not None:
        raise problem(f"The id `{double}` is used twice.", "Ids stay with a rule for ever; give the new one its own.")
