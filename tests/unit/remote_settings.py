"""Settings of an org that exists only in tests, without reading the environment."""

from __future__ import annotations

from pathlib import Path

from connector.settings import Settings

URL = "https://example.my.salesforce.com"
ENGAGEMENT_URL = "https://pi.pardot.example"
UNIT = "0Uv5g0000008OIACA2"
TOKEN_URL = f"{URL}/services/oauth2/token"
BASE = f"{URL}/services/data/v62.0"


def settings_for(state: Path, **changes: object) -> Settings:
    """Client credentials for one org and one business unit; `changes` by field name."""
    values: dict[str, object] = {
        "salesforce_url": URL,
        "salesforce_client_id": "client",
        "salesforce_client_secret": "a-client-secret",
        "account_engagement_url": ENGAGEMENT_URL,
        "account_engagement_business_unit_ids": UNIT,
        "state": state,
    }
    return Settings(**{**values, **changes})  # type: ignore[arg-type] # checked by the model itself


def token_body(value: str = "token-1") -> dict[str, str]:
    """What the token endpoint answers on record."""
    return {
        "access_token": value,
        "instance_url": URL,
        "id": f"{URL}/id/00D000000000001AAA/005000000000001AAA",
        "token_type": "Bearer",
        "issued_at": "1728399904705",
        "signature": "c2lnbmF0dXJl",
    }
