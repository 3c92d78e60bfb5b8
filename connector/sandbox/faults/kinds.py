"""The kinds of faults: when each acts, on which system, and what it may be told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from connector.sandbox.faults.model import Moment

SALESFORCE = frozenset({"salesforce"})
ACCOUNT_ENGAGEMENT = frozenset({"account_engagement"})
BOTH = SALESFORCE | ACCOUNT_ENGAGEMENT
EVERY_SYSTEM = BOTH | {"login"}
WRITES = frozenset({"POST", "PATCH", "PUT", "DELETE"})


@dataclass(frozen=True)
class Parameter:
    """One parameter of a kind: what it must be, in words and as a check, and what it is when it is left out."""

    must_be: str
    holds: Callable[[Any], bool]
    default: Any = None
    required: bool = False


@dataclass(frozen=True)
class Kind:
    """`methods` are those of the calls that it may strike when the document names none; empty stands for all."""

    moment: Moment
    systems: frozenset[str] = EVERY_SYSTEM
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    methods: frozenset[str] = frozenset()
    times: int | None = None


def is_whole(value: Any, least: int = 0) -> bool:
    """Whether it is a whole number of at least `least`; true and false are none."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_share(value: Any) -> bool:
    return is_number(value) and 0 <= value <= 1


def is_name(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_names(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(is_name(entry) for entry in value)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_values(value: Any) -> bool:
    plain = str | int | float | bool | None
    return isinstance(value, dict) and all(isinstance(entry, plain) for entry in value.values())


def _one_of(*allowed: object) -> Callable[[Any], bool]:
    return lambda value: not isinstance(value, bool) and value in allowed


def _share(default: float | None = 1.0) -> Parameter:
    return Parameter("a number from 0 to 1", is_share, default)


def _flag(default: bool) -> Parameter:
    return Parameter("true or false", _is_flag, default)


def _count(default: int | None = None, *, required: bool = False) -> Parameter:
    return Parameter("a whole number, 1 or more", lambda value: is_whole(value, 1), default, required)


def _seconds(default: float | None = None, *, required: bool = False) -> Parameter:
    return Parameter("a number, 0 or more", lambda value: is_number(value) and value >= 0, default, required)


_IDS = Parameter("a list of record ids", _is_names)
_OBJECT = Parameter("an object's name", is_name, required=True)
_OBJECTS = Parameter("a list of objects' names", _is_names)

KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "session_expired": Kind("instead", BOTH, {"expiry": _flag(True)}),
        "request_limit": Kind("instead", SALESFORCE),
        "concurrency": Kind("instead", BOTH),
        "daily_limit": Kind("instead", ACCOUNT_ENGAGEMENT),
        "not_permitted": Kind("instead", ACCOUNT_ENGAGEMENT),
        "server_error": Kind(
            "instead",
            EVERY_SYSTEM,
            {
                "status": Parameter("500, 502, 503 or 504", _one_of(500, 502, 503, 504), 503),
                "after_work": _flag(False),
            },
        ),
        "timeout_code": Kind(
            "instead",
            ACCOUNT_ENGAGEMENT,
            {"code": Parameter("202 or 214", _one_of(202, 214), 214), "after_work": _flag(False)},
        ),
        "locator_expiry": Kind("instead", SALESFORCE),
        "token_expiry": Kind("instead", ACCOUNT_ENGAGEMENT),
        "reset_before": Kind("instead"),
        "reset_after": Kind("after"),
        "truncated": Kind("after", parameters={"share": _share(0.5)}),
        "malformed_json": Kind("after", parameters={"share": _share(0.5), "garbled": _flag(False)}),
        "malformed_csv": Kind("after", BOTH, {"share": _share(0.5)}),
        "slow": Kind(
            "after",
            parameters={"seconds": _seconds(0.0), "bytes_per_second": _count()},
        ),
        "clock_skew": Kind("after", parameters={"seconds": Parameter("a number", is_number, required=True)}),
        "row_lock": Kind("rows", SALESFORCE, {"ids": _IDS, "share": _share()}, WRITES),
        "half_batch": Kind(
            "rows",
            SALESFORCE,
            {
                "step": _count(2),
                "code": Parameter("an error code", is_name, "UNABLE_TO_LOCK_ROW"),
                "message": Parameter("a text", is_name),
            },
            WRITES,
        ),
        "many_in_one_second": Kind(
            "before",
            EVERY_SYSTEM,
            {
                "object": _OBJECT,
                "rows": _count(required=True),
                "values": Parameter("an object of columns and values", _is_values, MappingProxyType({})),
            },
            times=1,
        ),
        "late_commit": Kind(
            "standing", BOTH, {"seconds": _seconds(required=True), "objects": _OBJECTS, "share": _share()}
        ),
        "stale_reads": Kind("standing", ACCOUNT_ENGAGEMENT, {"seconds": _seconds(60.0), "share": _share()}),
        "hidden_rows": Kind("standing", BOTH, {"object": _OBJECT, "ids": _IDS, "share": _share(None)}),
        "hidden_fields": Kind(
            "standing",
            BOTH,
            {"object": _OBJECT, "fields": Parameter("a list of fields' names", _is_names, required=True)},
        ),
        "stuck_job": Kind(
            "job",
            BOTH,
            {"job": Parameter("query, ingest, export or import", _one_of("query", "ingest", "export", "import"))},
        ),
    }
)
