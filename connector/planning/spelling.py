"""How the org spells what we write, as SQL and as text: by it our own values are told from other people's."""

from __future__ import annotations

from datetime import UTC, datetime

from connector.domain.streams import MappedStream

_SPACE = "' \t\n\r\u00a0\u3000'"
_SURELY_WHOLE = 1e15


def same(one: str, other: str) -> str:
    """SQL: whether two texts are one value. The org trims what it is sent, and ends lines in its own way."""
    return f"CASE WHEN {one} IS NOT DISTINCT FROM {other} THEN TRUE ELSE {_bare(one)} = {_bare(other)} END"


def _bare(text: str) -> str:
    return f"trim(replace(coalesce({text}, ''), chr(13) || chr(10), chr(10)), {_SPACE})"


def as_written(mapped: MappedStream, field: str, alias: str, *, number: bool = False) -> str:
    """SQL: what the mirror has of a field, as the text that the ledger of written values would have of it.

    `number`: a whole number has no fraction, however the org spells it.
    """
    name = mapped.column_of(field)
    column, kind = f'{alias}."{name}"', next(one.type for one in mapped.columns if one.name == name)
    if number:
        figure = f"TRY_CAST({column} AS DOUBLE)"
        whole = f"{figure} = floor({figure}) AND abs({figure}) < {_SURELY_WHOLE:.0f}"
        return f"CASE WHEN {whole} THEN TRY_CAST({figure} AS BIGINT)::VARCHAR ELSE CAST({column} AS VARCHAR) END"
    if kind == "instant":
        return f"strftime({column}, '%Y-%m-%dT%H:%M:%S.%g+0000')"
    return column if kind == "text" else f"CAST({column} AS VARCHAR)"


def stamp(instant: datetime) -> str:
    """An instant as the org is sent it: UTC, to the second."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
