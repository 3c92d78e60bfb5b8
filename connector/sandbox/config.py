"""What a sandbox is started with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path


@dataclass(frozen=True)
class SandboxConfig:
    """All switches of one sandbox. Secrets here are invented: they open nothing but the sandbox itself."""

    state: Path
    port: int = 0
    tls_port: int = 0
    people: int = 2000
    seed: int = 1
    start: datetime = datetime(2026, 10, 1, 0, 0, tzinfo=UTC)
    frozen: bool = False
    load: Path | None = None
    my_domain: str = "sandbox-vendor.my.salesforce.com"
    client_id: str = "3MVG9sandbox.client"
    client_secret: str = "sandbox-client-secret"  # noqa: S105 - opens nothing but the sandbox
    username: str = "integration@vendor.example"
    password: str = "sandbox-password"  # noqa: S105 - the same
    security_token: str = "SandboxSecurityToken"  # noqa: S105 - the same
    refresh_token: str = "5Aep861.sandbox.refresh"  # noqa: S105 - the same
    business_unit_id: str = "0UvSb0000000001KAA"
    rotate_refresh_token: bool = False
    session_seconds: int = 7200
    daily_api_requests: int = 100_000
    account_engagement_daily_calls: int = 100_000
    custom_fields: bool = True
    """False: an org in which the connector's own custom fields have not been deployed yet."""
    unique_task_key: bool = True
    external_task_key: bool = True
    """False: the key field on Task is a text like any other, by which nothing can be upserted."""
    lead_assignment_rule: bool = False
    """Whether an active rule gives leads that the API creates or changes to a queue, unless the call forbids it."""
    bulk_polls: int = 0
    """How often a client must ask before a bulk job leaves UploadComplete, and again InProgress."""
    bulk_seconds: float = 0.0
    """How many real seconds it stays in each of the two at least."""
    daily_bulk_query_jobs: int = 10_000
    daily_bulk_batches: int = 15_000
    """Batches of up to 10,000 rows that ingest jobs may use a day."""
    chain_cap: int = 100_000
    """Rows that one Account Engagement page-token chain gives before it stops with a warning header."""
    org_time_zone: str = "Asia/Tokyo"
    account_engagement_time_zone: str = "Asia/Tokyo"
