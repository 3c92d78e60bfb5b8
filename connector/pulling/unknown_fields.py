"""A field that the org does not know: from the remote's refusal back to the line of fields.yaml."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from connector.account_engagement.outcome import UnknownFieldError
from connector.domain.streams import MappedStream
from connector.errors import ConfigurationError, Problem, StopError, in_order
from connector.rules.mapping import Mapping as FieldMapping

FIELD_REFUSALS = frozenset({"INVALID_FIELD", "INVALID_TYPE"})


class Described(Protocol):
    @property
    def fields(self) -> Mapping[str, Any]: ...


class Describer(Protocol):
    def describe(self, object_name: str) -> Described: ...


def explain_refusal(
    error: StopError, mapping: FieldMapping, mapped: MappedStream, describer: Describer
) -> StopError | ConfigurationError:
    """The error to raise instead: where the mapping names fields that the org does not show, all of them.

    On a refusal for one field every mapped object is described, so that all lines come at once.
    """
    if isinstance(error, UnknownFieldError):
        known = {column.field for column in mapped.columns} - {error.field}
        return _wrong(mapping.unknown_fields(mapped, known)) or error
    if error.code not in FIELD_REFUSALS or mapped.stream.remote != "salesforce":
        return error
    streams = [each for each in mapping.fields.streams if each.stream.remote == "salesforce"]
    return _wrong(_unknown(mapping, streams, describer)) or error


def _unknown(mapping: FieldMapping, streams: Iterable[MappedStream], describer: Describer) -> list[Problem]:
    problems: list[Problem] = []
    for mapped in streams:
        problems += mapping.unknown_fields(mapped, describer.describe(mapped.stream.object).fields)
    return problems


def _wrong(problems: list[Problem]) -> ConfigurationError | None:
    if not problems:
        return None
    count = f"{len(problems)} mapped fields are" if len(problems) > 1 else "One mapped field is"
    return ConfigurationError(f"{count} not there in the org; nothing was written.", in_order(problems))
