"""Two orgs in one state folder: the token that one exchanged must not make the other forget its own."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs

import pytest
import responses
from pydantic import SecretStr

from connector.http.auth import BearerAuth
from connector.http.session import open_session
from connector.settings import Settings

pytestmark = pytest.mark.requirement("OP-4", "OP-7")

TOKEN = "/services/oauth2/token"


def settings_of(profile: str | None, state: Path) -> Settings:
    return Settings(
        profile=profile,
        state=state,
        salesforce_url=f"https://{profile}.my.salesforce.com",
        salesforce_auth="refresh_token",
        salesforce_client_id="client",
        salesforce_refresh_token=SecretStr(f"{profile}-configured"),
    )


def signed_in_with(profile: str | None, state: Path) -> str:
    """The refresh token that a new process of a profile sends."""
    with open_session(settings_of(profile, state)) as session:
        assert isinstance(session.auth, BearerAuth)
        session.auth.token()
    body = responses.calls[-1].request.body
    return parse_qs(body.decode() if isinstance(body, bytes) else str(body))["refresh_token"][0]


@responses.activate
def test_each_profile_goes_on_with_the_token_that_its_own_org_gave(tmp_path: Path) -> None:
    for profile in (None, "emea", "apac"):
        org = f"https://{profile}.my.salesforce.com"
        answer = {"access_token": "t", "instance_url": org, "refresh_token": f"{profile}-exchanged"}
        responses.post(f"{org}{TOKEN}", json=answer)
    first = [signed_in_with(profile, tmp_path) for profile in (None, "emea", "apac")]
    assert first == ["None-configured", "emea-configured", "apac-configured"]
    second = [signed_in_with(profile, tmp_path) for profile in (None, "emea", "apac")]
    assert second == ["None-exchanged", "emea-exchanged", "apac-exchanged"]
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}
