"""Who the user of a token is: the identity URL and userinfo."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from connector.sandbox.clock import stamp
from connector.sandbox.context import ORG_ID, Sandbox
from connector.sandbox.hosts import instance_url
from connector.sandbox.routing import route
from connector.sandbox.salesforce.credentials import parameters
from connector.sandbox.sessions import Session, bearer_token, find_session
from connector.sandbox.wire import Request, Response, json_response

_URLS = {
    "enterprise": "/services/Soap/c/{version}/" + ORG_ID[:15],
    "partner": "/services/Soap/u/{version}/" + ORG_ID[:15],
    "rest": "/services/data/v{version}/",
    "sobjects": "/services/data/v{version}/sobjects/",
    "query": "/services/data/v{version}/query/",
}
_ADDRESS_PARTS = ("street", "city", "state", "country", "zip")


def identity_url(request: Request, sandbox: Sandbox, session: Session) -> str:
    """The `id` of a token answer: clients read the org's and the user's ids out of it."""
    return f"{instance_url(request, sandbox)}/id/{ORG_ID}/{session.user_id}"


def user_row(sandbox: Sandbox, user_id: str) -> dict[str, Any]:
    """The user's row; what the world does not know of it is left out."""
    return _row(sandbox, "User", user_id)


def organization_row(sandbox: Sandbox) -> dict[str, Any]:
    """The org's own row, likewise."""
    return _row(sandbox, "Organization", ORG_ID)


def _row(sandbox: Sandbox, name: str, record: str) -> dict[str, Any]:
    if sandbox.salesforce.object(name) is None:
        return {}
    found = sandbox.database.reader().execute(f'SELECT * FROM "{name}" WHERE "Id" = ?', (record,)).fetchone()
    return {name: found[name] for name in found.keys() if found[name] is not None} if found else {}  # noqa: SIM118 - a sqlite3.Row iterates over its values


def identity(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:
    """GET /id/ORG/USER: with a bearer token, or `oauth_token` as a parameter."""
    session = _session(request, sandbox)
    if session is None or groups["org"][:15] != ORG_ID[:15] or groups["user"][:15] != session.user_id[:15]:
        return _bad_token(request)
    return json_response(200, _identity_body(request, sandbox, session))


def userinfo(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:  # noqa: ARG001 - handler
    """GET or POST /services/oauth2/userinfo, in the vocabulary of OpenID Connect."""
    session = _session(request, sandbox)
    if session is None:
        return _bad_token(request)
    return json_response(200, _userinfo_body(request, sandbox, session))


def _session(request: Request, sandbox: Sandbox) -> Session | None:
    form = parameters(request)
    token = bearer_token(request) or form.get("oauth_token") or form.get("access_token")
    return find_session(sandbox, token) if token else None


def _bad_token(request: Request) -> Response:
    has_token = bearer_token(request) or {"oauth_token", "access_token"} & set(parameters(request))
    reason = "Bad_OAuth_Token" if has_token else "Missing_OAuth_Token"
    return Response(403, reason.encode(), content_type="text/html;charset=UTF-8")


def _identity_body(request: Request, sandbox: Sandbox, session: Session) -> dict[str, Any]:
    user = user_row(sandbox, session.user_id)
    zone = user.get("TimeZoneSidKey", sandbox.config.org_time_zone)
    return {
        "id": identity_url(request, sandbox, session),
        "asserted_user": True,
        "user_id": session.user_id,
        "organization_id": ORG_ID,
        "username": session.username,
        "nick_name": _nickname(session),
        "display_name": user.get("Name", session.username),
        "email": user.get("Email", session.username),
        "email_verified": True,
        "first_name": user.get("FirstName"),
        "last_name": user.get("LastName", session.username),
        "timezone": zone,
        "photos": _photos(request, sandbox),
        **{f"addr_{part}": None for part in _ADDRESS_PARTS},
        "mobile_phone": None,
        "mobile_phone_verified": False,
        "is_lightning_login_user": False,
        "status": {"created_date": None, "body": None},
        "urls": _urls(request, sandbox, session),
        "active": True,
        "user_type": user.get("UserType", "STANDARD").upper(),
        "language": user.get("LanguageLocaleKey", "en_US"),
        "locale": user.get("LocaleSidKey", "en_US"),
        "utcOffset": _offset_milliseconds(zone, sandbox.clock.now()),
        "last_modified_date": _changed_at(user, sandbox),
        "is_app_installed": True,
    }


def _userinfo_body(request: Request, sandbox: Sandbox, session: Session) -> dict[str, Any]:
    user = user_row(sandbox, session.user_id)
    zone = user.get("TimeZoneSidKey", sandbox.config.org_time_zone)
    photos = _photos(request, sandbox)
    return {
        "sub": identity_url(request, sandbox, session),
        "user_id": session.user_id,
        "organization_id": ORG_ID,
        "preferred_username": session.username,
        "nickname": _nickname(session),
        "name": user.get("Name", session.username),
        "email": user.get("Email", session.username),
        "email_verified": True,
        "given_name": user.get("FirstName"),
        "family_name": user.get("LastName", session.username),
        "zoneinfo": zone,
        "photos": photos,
        "profile": f"{instance_url(request, sandbox)}/{session.user_id}",
        "picture": photos["picture"],
        "address": {},
        "is_salesforce_integration_user": False,
        "urls": _urls(request, sandbox, session),
        "active": True,
        "user_type": user.get("UserType", "STANDARD").upper(),
        "language": user.get("LanguageLocaleKey", "en_US"),
        "locale": user.get("LocaleSidKey", "en_US"),
        "utcOffset": _offset_milliseconds(zone, sandbox.clock.now()),
        "updated_at": _changed_at(user, sandbox),
    }


def _nickname(session: Session) -> str:
    return session.username.partition("@")[0]


def _photos(request: Request, sandbox: Sandbox) -> dict[str, str]:
    start = f"{instance_url(request, sandbox)}/profilephoto/005"
    return {"picture": f"{start}/F", "thumbnail": f"{start}/T"}


def _urls(request: Request, sandbox: Sandbox, session: Session) -> dict[str, str]:
    instance = instance_url(request, sandbox)
    return {
        **{name: instance + path for name, path in _URLS.items()},
        "profile": f"{instance}/{session.user_id}",
        "custom_domain": instance,
    }


def _offset_milliseconds(zone: str, now: datetime) -> int:
    moment = now.astimezone(ZoneInfo(zone))
    offset, saving = moment.utcoffset(), moment.dst()
    return round((offset - saving).total_seconds() * 1000) if offset is not None and saving is not None else 0


def _changed_at(user: dict[str, Any], sandbox: Sandbox) -> str:
    return str(user.get("LastModifiedDate", stamp(sandbox.config.start))).replace("Z", "+0000")


ROUTES = (
    route("GET", "/id/{org}/{user}", identity),
    route("POST", "/id/{org}/{user}", identity),
    route("GET", "/services/oauth2/userinfo", userinfo),
    route("POST", "/services/oauth2/userinfo", userinfo),
)
