"""What is left of the org's allowances, and how many records its objects hold."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from connector.sandbox.bulk.allowance import bulk_allowances
from connector.sandbox.context import Sandbox
from connector.sandbox.routing import route
from connector.sandbox.salesforce.payload import answer, answered
from connector.sandbox.usage import calls_today
from connector.sandbox.wire import Request, Response

# Of the some 71 allowances on record, those that the sandbox's own doings could touch, and the storage.
_MOST: Mapping[str, int] = MappingProxyType(
    {
        "ConcurrentAsyncGetReportInstances": 200,
        "ConcurrentSyncReportRuns": 20,
        "DailyAsyncApexExecutions": 250_000,
        "DailyDurableStreamingApiEvents": 10_000,
        "DailyGenericStreamingApiEvents": 10_000,
        "DailyStandardVolumePlatformEvents": 10_000,
        "DailyStreamingApiEvents": 10_000,
        "DailyWorkflowEmails": 15_000,
        "DataStorageMB": 10_240,
        "FileStorageMB": 10_240,
        "HourlyAsyncReportRuns": 1_200,
        "HourlyPublishedPlatformEvents": 50_000,
        "HourlySyncReportRuns": 500,
        "HourlyTimeBasedWorkflow": 1_000,
        "MassEmail": 5_000,
        "SingleEmail": 5_000,
    }
)


def limits(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:  # noqa: ARG001 - a handler's shape
    """GET limits: `{"Max", "Remaining"}` by allowance."""
    daily = sandbox.config.daily_api_requests
    left = max(0, daily - calls_today(sandbox, "salesforce"))
    found: dict[str, Any] = {name: {"Max": most, "Remaining": most} for name, most in _MOST.items()}
    found["DailyApiRequests"] = {"Max": daily, "Remaining": left}
    found |= bulk_allowances(sandbox)
    found["PermissionSets"] = {"Max": 1500, "Remaining": 1500, "CreateCustom": {"Max": 1000, "Remaining": 1000}}
    return answer(request, 200, dict(sorted(found.items())))


def record_count(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:  # noqa: ARG001 - a handler's shape
    """GET limits/recordCount?sObjects=A,B: how many records there are; empty objects are left out."""
    wanted = {name.strip().lower() for name in (request.parameter("sObjects") or "").split(",") if name.strip()}
    connection = sandbox.database.current()
    counts = []
    for definition in sorted(sandbox.salesforce, key=lambda entry: entry.name):
        if wanted and definition.name.lower() not in wanted:
            continue
        live = ' WHERE "IsDeleted" = 0' if definition.field("IsDeleted") else ""
        count = connection.execute(f'SELECT count(*) FROM "{definition.name}"{live}').fetchone()[0]
        if count:
            counts.append({"count": count, "name": definition.name})
    return answer(request, 200, {"sObjects": counts})


ROUTES = (
    route("GET", "/services/data/v{version}/limits", answered(limits), "salesforce"),
    route("GET", "/services/data/v{version}/limits/recordCount", answered(record_count), "salesforce"),
)
