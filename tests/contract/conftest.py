"""One small sandbox for all contract tests of a worker process, and ways for fixed-host clients to reach it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from tests.contract.host_mapping import mapped_session
from tests.sandbox_process import SandboxProcess, running_sandbox


@pytest.fixture(scope="session", autouse=True)
def _direct_way() -> Iterator[None]:
    """Nothing that the environment says about proxies or certificates stands between a test and loopback."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
            patch.delenv(name, raising=False)
            patch.delenv(name.lower(), raising=False)
        yield


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    with running_sandbox(tmp_path_factory.mktemp("state"), "--people", "50") as running:
        yield running


@pytest.fixture
def https_session(sandbox: SandboxProcess) -> Iterator[requests.Session]:
    """A requests session for which every https host is the sandbox."""
    with mapped_session(sandbox.url) as session:
        yield session
