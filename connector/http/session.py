"""The one session through which every remote is reached; libraries get it as their `session=`.

Here live timeouts, the certificate authority, the way around proxies on loopback, the count of calls, request ids,
the remotes' clocks, and one log event a call. Nothing is retried here (`retry`), except once with a new token.
"""

from __future__ import annotations

import ipaddress
import threading
import time
import uuid
from collections.abc import Callable, Mapping, MutableMapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
import structlog
from requests.adapters import HTTPAdapter

from connector.domain.calls import ACCOUNT_ENGAGEMENT, SALESFORCE, UNMETERED, unit_account
from connector.http.auth import BearerAuth, TokenSource
from connector.http.budget import CallBudget
from connector.http.kept_token import KeptToken
from connector.http.lines import Lines
from connector.settings import Settings

CONNECT_SECONDS = 10.0
READ_SECONDS = 120.0

log = structlog.get_logger()


class RemoteSession(requests.Session):
    """A requests session with the connector's manners.

    `ca_file`: PEM of the certificate authority to trust instead of the public ones. `monotonic`: seconds that
    never go back.
    """

    def __init__(
        self,
        budget: CallBudget | None = None,
        ca_file: Path | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self.budget = budget or CallBudget()
        self._clock = RemoteClock(monotonic)
        self._verify: bool | str = str(ca_file) if ca_file else True
        self.headers["User-Agent"] = _user_agent()
        self._lines = Lines()
        self.mount("https://", _Wire(self.budget, self._clock, self._lines))
        self.mount("http://", _Wire(self.budget, self._clock, self._lines))

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **options: Any) -> requests.Response:
        """As in requests, with our timeouts and no redirects; an expired token is renewed once."""
        if options.get("timeout") is None:
            options["timeout"] = (CONNECT_SECONDS, READ_SECONDS)
        # The CA is given by the call: what stands on the session loses against REQUESTS_CA_BUNDLE.
        if options.get("verify") is None:
            options["verify"] = self._verify
        # A token must not follow a redirect to another host.
        options["allow_redirects"] = False
        response = super().request(method, url, *args, **options)
        auth = options.get("auth") or self.auth
        if isinstance(auth, BearerAuth) and auth.renew_after(response):
            log.info("http.token_renewed", host=urlsplit(response.url).netloc)
            response.close()
            response = super().request(method, url, *args, **options)
        return response

    def hang_up(self) -> None:
        """Ends every call that is on the wire, as if its connection had broken; safe from another thread."""
        self._lines.hang_up()

    def merge_environment_settings(
        self, url: str | bytes | None, proxies: Any, stream: Any, verify: Any, cert: Any
    ) -> Any:
        """As in requests; on loopback without proxies and without the environment's certificates."""
        if not is_loopback(str(url)):
            return super().merge_environment_settings(url, proxies, stream, verify, cert)
        return {"proxies": {}, "stream": bool(stream), "verify": verify, "cert": cert}

    def server_time(self, url: str) -> datetime | None:
        """Now by the clock of the host of `url`: its last Date and the time gone by since; None before any answer."""
        return self._clock.now(url)

    def seconds_since_answer(self, url: str) -> float | None:
        """How old the host's last answer is; None before any."""
        return self._clock.age(url)


def open_session(settings: Settings, budget: CallBudget | None = None) -> RemoteSession:
    """A session that signs itself in to the org of the settings, at the first call.

    ConfigurationError when the settings do not say how.
    """
    session = RemoteSession(budget, settings.ca_file)
    access = settings.salesforce()
    # One a profile: several may share a state folder, and each org ends the token that it exchanged.
    kept = KeptToken(settings.state / f"{settings.profile or 'default'}.refresh-token.json")
    session.auth = BearerAuth(TokenSource(session, access, kept))
    return session


class RemoteClock:
    """What time it is for each host, by its own Date headers."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._seen: dict[str, tuple[datetime, float]] = {}
        self._lock = threading.Lock()

    def hear(self, url: str, date: str | None) -> None:
        """Takes note of an answer's Date header, if it is one."""
        try:
            instant = parsedate_to_datetime(date) if date else None
        except ValueError:
            return
        if instant is not None:
            aware = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
            with self._lock:
                self._seen[urlsplit(url).netloc] = (aware.astimezone(UTC), self._monotonic())

    def now(self, url: str) -> datetime | None:
        """The host's time now (UTC), in whole seconds: Date has no finer ones, and so it never goes back."""
        with self._lock:
            seen = self._seen.get(urlsplit(url).netloc)
        if seen is None:
            return None
        return (seen[0] + timedelta(seconds=self._monotonic() - seen[1])).replace(microsecond=0)

    def age(self, url: str) -> float | None:
        """Seconds since the host's last answer."""
        with self._lock:
            seen = self._seen.get(urlsplit(url).netloc)
        return self._monotonic() - seen[1] if seen else None


class _Wire(HTTPAdapter):
    """Where an exchange really happens: every one passes here, also those that libraries or a new token cause."""

    def __init__(self, budget: CallBudget, clock: RemoteClock, lines: Lines) -> None:
        self._lines = lines
        super().__init__(max_retries=0)
        self._budget = budget
        self._clock = clock

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self._lines.watch(self.poolmanager)

    def proxy_manager_for(self, *args: Any, **options: Any) -> Any:
        manager = super().proxy_manager_for(*args, **options)
        self._lines.watch(manager)
        return manager

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        url = request.url or ""
        remote = remote_of(url)
        account = account_of(remote, request.headers)
        if remote == ACCOUNT_ENGAGEMENT:
            # Its answers tell of the day's usage only to those who ask.
            request.headers["X-Return-Api-Usage"] = "1"
        self._budget.spend(account)
        request_id = uuid.uuid4().hex
        request.headers["X-Request-Id"] = request_id
        said: dict[str, Any] = {
            "request_id": request_id,
            "remote": remote,
            "method": request.method,
            "path": urlsplit(url).path,
        }
        started = time.monotonic()
        try:
            response = super().send(request, *args, **options)
        except requests.RequestException as error:
            log.debug("http.no_answer", **said, error=type(error).__name__, ms=_milliseconds(started))
            raise
        self._clock.hear(url, response.headers.get("Date"))
        self._budget.heard(account, response.headers, self._clock.now(url))
        log.debug(
            "http.call", **said, **_answered(response.headers), status=response.status_code, ms=_milliseconds(started)
        )
        return response


def remote_of(url: str) -> str:
    """Whose calls an exchange counts to: salesforce, account_engagement, or unmetered."""
    path = urlsplit(url).path
    if path.startswith("/api/"):
        return ACCOUNT_ENGAGEMENT
    metered = path.startswith("/services/") and not path.startswith("/services/oauth2/")
    return SALESFORCE if metered and path.rstrip("/") != "/services/data" else UNMETERED


def account_of(remote: str, headers: Mapping[str, str]) -> str:
    """The account of an exchange: the business unit's where there is one, else the remote's."""
    unit = headers.get("Pardot-Business-Unit-Id", "")
    return unit_account(unit) if remote == ACCOUNT_ENGAGEMENT and unit else remote


def is_loopback(url: str) -> bool:
    """Whether a URL names this machine."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _answered(headers: Mapping[str, str]) -> MutableMapping[str, Any]:
    theirs = headers.get("X-Request-Id") or headers.get("X-SFDC-Request-Id")
    return {"their_id": theirs} if theirs else {}


def _milliseconds(started: float) -> int:
    return round((time.monotonic() - started) * 1000)


def _user_agent() -> str:
    try:
        return f"connector/{version('connector')}"
    except PackageNotFoundError:
        return "connector"
