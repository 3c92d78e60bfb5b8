"""The part of the SOAP API that clients still log in with: login, logout, getUserInfo."""

from __future__ import annotations

from collections.abc import Callable
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from connector.sandbox.context import ORG_ID, Sandbox
from connector.sandbox.hosts import instance_url
from connector.sandbox.routing import route
from connector.sandbox.salesforce.credentials import accepts_password
from connector.sandbox.salesforce.identity import organization_row, user_row
from connector.sandbox.sessions import Session, find_session, open_session, session_store
from connector.sandbox.wire import Request, Response

LOGIN_UNTIL, NEWEST = 64, 67
_XML = "text/xml;charset=UTF-8"
_NAMESPACES = {"u": "urn:partner.soap.sforce.com", "c": "urn:enterprise.soap.sforce.com"}
_FAULTS = {"u": "urn:fault.partner.soap.sforce.com", "c": "urn:fault.enterprise.soap.sforce.com"}

SessionOperation = Callable[[Sandbox, str, Session], Response]


def call(request: Request, sandbox: Sandbox, groups: dict[str, str]) -> Response:
    """POST /services/Soap/u/XX.0 (partner) or /c/ (enterprise): the operation is the body's first element."""
    kind = groups["kind"].lower()
    version = int(groups["version"].partition(".")[0])
    if version > NEWEST:
        return _fault(kind, "UNSUPPORTED_API_VERSION", "Invalid Api version specified on URL")
    try:
        envelope = ET.fromstring(request.body)  # noqa: S314 - loopback only, and expat limits entities
    except ET.ParseError:
        return _misuse(kind, "The request body is not well-formed XML")
    operation = _first_in(envelope, "Body")
    match _local(operation.tag) if operation is not None else None:
        case "login" if operation is not None:
            return _login(request, sandbox, kind, version, operation)
        case "logout":
            return _with_session(envelope, sandbox, kind, _logout)
        case "getUserInfo":
            return _with_session(envelope, sandbox, kind, _user_info)
        case name:
            return _misuse(kind, f"No operation available for request {{{_NAMESPACES[kind]}}}{name}")


def _login(request: Request, sandbox: Sandbox, kind: str, version: int, operation: ET.Element) -> Response:
    if version > LOGIN_UNTIL:
        message = f"SOAP API login() is not available in API version {version}.0. Use OAuth instead."
        return _fault(kind, "UNSUPPORTED_API_VERSION", message)
    given = {_local(entry.tag): entry.text or "" for entry in operation}
    if not accepts_password(sandbox.config, given.get("username", ""), given.get("password", "")):
        message = "Invalid username, password, security token; or user locked out."
        return _fault(kind, "INVALID_LOGIN", message)
    session = open_session(sandbox)
    instance = instance_url(request, sandbox)
    fields = {
        "metadataServerUrl": f"{instance}/services/Soap/m/{version}.0/{ORG_ID[:15]}",
        "passwordExpired": "false",
        "sandbox": "false",
        "serverUrl": f"{instance}/services/Soap/{kind}/{version}.0/{ORG_ID[:15]}",
        "sessionId": session.token,
        "userId": session.user_id,
    }
    result = f"{_elements(fields)}<userInfo>{_elements(_user_fields(sandbox, session))}</userInfo>"
    return _answer(kind, f"<loginResponse><result>{result}</result></loginResponse>")


def _logout(sandbox: Sandbox, kind: str, session: Session) -> Response:
    session_store(sandbox).end(session.token)
    return _answer(kind, "<logoutResponse/>")


def _user_info(sandbox: Sandbox, kind: str, session: Session) -> Response:
    fields = _elements(_user_fields(sandbox, session))
    return _answer(kind, f"<getUserInfoResponse><result>{fields}</result></getUserInfoResponse>")


def _with_session(envelope: ET.Element, sandbox: Sandbox, kind: str, operation: SessionOperation) -> Response:
    header = _first_in(envelope, "Header", "SessionHeader")
    session = find_session(sandbox, header.text or "") if header is not None else None
    if session is None:
        message = "Invalid Session ID found in SessionHeader: Illegal Session"
        return _fault(kind, "INVALID_SESSION_ID", message)
    return operation(sandbox, kind, session)


def _user_fields(sandbox: Sandbox, session: Session) -> dict[str, str]:
    user = user_row(sandbox, session.user_id)
    return {
        "organizationId": ORG_ID,
        "organizationMultiCurrency": "false",
        "organizationName": str(organization_row(sandbox).get("Name", "")),
        "profileId": str(user.get("ProfileId", "")),
        "sessionSecondsValid": str(sandbox.config.session_seconds),
        "userEmail": str(user.get("Email", session.username)),
        "userFullName": str(user.get("Name", session.username)),
        "userId": session.user_id,
        "userLanguage": str(user.get("LanguageLocaleKey", "en_US")),
        "userLocale": str(user.get("LocaleSidKey", "en_US")),
        "userName": session.username,
        "userTimeZone": str(user.get("TimeZoneSidKey", sandbox.config.org_time_zone)),
        "userType": "Standard",
    }


def _first_in(envelope: ET.Element, *path: str) -> ET.Element | None:
    """The first child of the element at a path of local names: clients choose their own prefixes."""
    place = envelope
    for name in path:
        found = next((child for child in place if _local(child.tag) == name), None)
        if found is None:
            return None
        place = found
    return next(iter(place), None)


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _elements(fields: dict[str, str]) -> str:
    return "".join(f"<{name}>{escape(value)}</{name}>" for name, value in fields.items())


def _answer(kind: str, body: str) -> Response:
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" '
        f'xmlns="{_NAMESPACES[kind]}"><soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>'
    )
    return Response(200, text.encode(), content_type=_XML)


def _misuse(kind: str, message: str) -> Response:
    return _fault(kind, "INVALID_OPERATION", message, code="soapenv:Client")


def _fault(kind: str, exception: str, message: str, *, code: str | None = None) -> Response:
    """A fault with HTTP 500. Clients look for the `sf:` names literally: the prefix is part of the answer."""
    sentence = escape(message)
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" '
        f'xmlns:sf="{_FAULTS[kind]}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        "<soapenv:Body><soapenv:Fault>"
        f"<faultcode>{code or f'sf:{exception}'}</faultcode>"
        f"<faultstring>{exception}: {sentence}</faultstring>"
        '<detail><sf:UnexpectedErrorFault xsi:type="sf:UnexpectedErrorFault">'
        f"<sf:exceptionCode>{exception}</sf:exceptionCode>"
        f"<sf:exceptionMessage>{sentence}</sf:exceptionMessage>"
        "</sf:UnexpectedErrorFault></detail></soapenv:Fault></soapenv:Body></soapenv:Envelope>"
    )
    return Response(500, text.encode(), content_type=_XML)


ROUTES = (route("POST", r"/services/Soap/(?P<kind>[uc])/(?P<version>\d{1,3}\.0)(?:/[^/]*)?", call),)
