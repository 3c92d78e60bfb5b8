"""The connector's own settings for a running sandbox, as a user would set them."""

from __future__ import annotations

from pathlib import Path

from connector.settings import Settings
from tests.sandbox_process import SandboxProcess


def settings_of(sandbox: SandboxProcess, state: Path, **changes: object) -> Settings:
    """Client credentials over TLS with the sandbox's own certificate authority; `changes` by field name."""
    values: dict[str, object] = {
        "salesforce_url": sandbox.tls_url,
        "salesforce_client_id": sandbox.client_id,
        "salesforce_client_secret": sandbox.client_secret,
        "account_engagement_url": sandbox.tls_url,
        "account_engagement_business_unit_ids": sandbox.business_unit_id,
        "ca_file": sandbox.ca_file,
        "state": state,
    }
    return Settings(**{**values, **changes})  # type: ignore[arg-type] # checked by the model itself
