"""Under which addresses the sandbox speaks of itself."""

from __future__ import annotations

from connector.sandbox.context import Sandbox
from connector.sandbox.wire import Request

LOGIN_HOSTS = frozenset({"login.salesforce.com", "test.salesforce.com"})


def is_login_host(request: Request) -> bool:
    """Whether the client spoke to a host that serves logins for every org."""
    return _bare(request.host) in LOGIN_HOSTS


def instance_url(request: Request, sandbox: Sandbox) -> str:
    """Scheme and host of the org: those that the client used, but My Domain for the login hosts."""
    return f"https://{sandbox.config.my_domain}" if is_login_host(request) else request.origin


def _bare(host: str) -> str:
    return host.lower().rpartition(":")[0] if host.rpartition(":")[2].isdecimal() else host.lower()
