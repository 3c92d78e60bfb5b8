"""Who is logged in: access tokens that both emulated systems accept, and how long they live."""

from __future__ import annotations

import secrets
import string
import threading
import time
from dataclasses import dataclass

from connector.sandbox.context import ORG_ID, Sandbox
from connector.sandbox.ids import record_id
from connector.sandbox.wire import Request

_TOKEN_LETTERS = string.ascii_letters + string.digits + "._"
_FALLBACK_USER_ID = record_id("005", 1)


@dataclass(frozen=True)
class Session:
    """One login. `opened_at` is real time in seconds since 1970, by which tokens live; not the world's."""

    token: str
    user_id: str
    username: str
    client_id: str | None
    opened_at: float


class SessionStore:
    """The open sessions of one sandbox. Each use of a session begins its idle time anew."""

    def __init__(self, idle_seconds: float) -> None:
        self._idle_seconds = idle_seconds
        self._lock = threading.Lock()
        self._sessions: dict[str, Session] = {}
        self._used_at: dict[str, float] = {}

    def add(self, session: Session) -> None:
        with self._lock:
            self._sessions[session.token] = session
            self._used_at[session.token] = session.opened_at

    def find(self, token: str, now: float) -> Session | None:
        """The session of a token that is known and was used within the idle time before `now`."""
        with self._lock:
            session = self._sessions.get(token)
            if session is None:
                return None
            if now - self._used_at[token] > self._idle_seconds:
                self._forget(token)
                return None
            self._used_at[token] = now
            return session

    def end(self, token: str) -> bool:
        """Ends a session for everybody who holds its token; says whether there was one."""
        with self._lock:
            return self._forget(token)

    def expires_at(self, token: str) -> float:
        """When the session ends unless it is used again, in seconds since 1970."""
        with self._lock:
            return self._used_at[token] + self._idle_seconds

    def _forget(self, token: str) -> bool:
        self._used_at.pop(token, None)
        return self._sessions.pop(token, None) is not None


def session_store(sandbox: Sandbox) -> SessionStore:
    """The sandbox's sessions."""
    fresh = SessionStore(sandbox.config.session_seconds)
    store: SessionStore = sandbox.open_state.setdefault("sessions", fresh)
    return store


def open_session(sandbox: Sandbox, client_id: str | None = None) -> Session:
    """Logs the configured user in: a new opaque token in the form of Salesforce's."""
    letters = "".join(secrets.choice(_TOKEN_LETTERS) for _ in range(94))
    session = Session(
        token=f"{ORG_ID[:15]}!AQ{letters}",
        user_id=user_id(sandbox, sandbox.config.username),
        username=sandbox.config.username,
        client_id=client_id,
        opened_at=time.time(),
    )
    session_store(sandbox).add(session)
    return session


def find_session(sandbox: Sandbox, token: str) -> Session | None:
    """The live session of an access token, which this look-up keeps alive."""
    return session_store(sandbox).find(token, time.time())


def request_session(request: Request, sandbox: Sandbox) -> Session | None:
    """The live session that a request names: see `bearer_token`."""
    token = bearer_token(request)
    return find_session(sandbox, token) if token else None


def bearer_token(request: Request) -> str | None:
    """The token of an Authorization header with the Bearer or OAuth scheme, or Bulk API 1.0's own header."""
    own = request.headers.get("x-sfdc-session")
    if own and request.path.lower().startswith("/services/async/"):
        return own.strip()
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() in {"bearer", "oauth"} else None


def user_id(sandbox: Sandbox, username: str) -> str:
    """The id of a user by name; in a world without that user, the id of the first one."""
    if sandbox.salesforce.object("User") is None:
        return _FALLBACK_USER_ID
    found = (
        sandbox.database.reader()
        .execute('SELECT "Id" FROM "User" WHERE "Username" = ? ORDER BY "Id" LIMIT 1', (username,))
        .fetchone()
    )
    return str(found[0]) if found else _FALLBACK_USER_ID
