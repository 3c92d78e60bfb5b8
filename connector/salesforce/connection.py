"""One signed-in org: simple-salesforce over our session, with errors in our words.

simple-salesforce is given the token as a finished session ("direct"), so that it never renews by itself: its own
renewal of sObject calls has no end. Only `restful` is used; sObject calls go by their paths through it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import requests
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceError

from connector.errors import ConfigurationError, ConnectorError
from connector.http.auth import BearerAuth
from connector.http.outcome import Effect, from_exception, where, wish
from connector.http.session import RemoteSession
from connector.salesforce.outcome import REMOTE, refusal


class RefusedRowsError(Exception):
    """A 400 whose body is the rows' results all the same: what some all-or-none refusals look like."""

    def __init__(self, rows: list[Any]) -> None:
        super().__init__("every row was refused")
        self.rows = rows


@dataclass(frozen=True)
class Connection:
    """`base` ends in /services/data/v62.0 without a slash; `where` names the org in sentences."""

    session: RemoteSession
    client: Salesforce
    instance_url: str
    version: str
    where: str

    @property
    def base_path(self) -> str:
        """/services/data/v62.0, as composite subrequests want it."""
        return f"/services/data/v{self.version}"

    def call(self, effect: Effect, method: str, path: str, **options: Any) -> Any:
        """The JSON answer to a call of a path below the version (None for an empty one).

        Raises ConnectorError by the tables, and RefusedRowsError.
        """
        try:
            return self.client.restful(path, method=method, **options)
        except SalesforceError as error:
            content: Any = error.content
            if error.status == 400 and are_row_results(content):
                raise RefusedRowsError(content) from None
            raise refusal(self.where, error.status, content, effect) from None
        except requests.RequestException as error:
            raise from_exception(self.where, error, effect) from None

    def open_stream(self, path: str, **options: Any) -> requests.Response:
        """The 200 answer to a GET of a path below the org's origin, with its body still on the wire."""
        try:
            response = self.session.get(f"{self.instance_url}{path}", stream=True, **options)
            if response.status_code != 200:
                with response:
                    raise _refused_stream(self.where, response)
        except requests.RequestException as error:
            raise from_exception(self.where, error, "read") from None
        return response

    def put_csv(self, path: str, body: Iterable[bytes]) -> None:
        """Puts CSV at a path below the version. `body` has its length, and is read anew for each time it is sent.

        Raises ConnectorError by the tables; UnknownOutcomeError when nobody knows whether it arrived.
        """
        headers = {"Content-Type": "text/csv; charset=UTF-8", "Accept": "application/json"}
        try:
            with self.session.put(f"{self.instance_url}{self.base_path}/{path}", data=body, headers=headers) as answer:
                if not answer.ok:
                    raise _refused_stream(self.where, answer, "write")
        except requests.RequestException as error:
            raise from_exception(self.where, error, "write") from None


def open_connection(session: RemoteSession, version: str) -> Connection:
    """Signs in and returns the connection. ConfigurationError when the session has no login of ours."""
    if not isinstance(session.auth, BearerAuth):
        raise ConfigurationError("The session has no login: open it by http.session.open_session.")
    token = session.auth.token()
    client = Salesforce(
        session_id=token.value,
        instance_url=token.instance_url,
        version=version,
        session=session,
        object_pairs_hook=dict,
    )
    return Connection(session, client, token.instance_url, version, where(REMOTE, token.instance_url))


def _refused_stream(name: str, response: requests.Response, effect: Effect = "read") -> ConnectorError:
    try:
        content: Any = response.json()
    except requests.exceptions.JSONDecodeError:
        content = response.text
    return refusal(name, response.status_code, content, effect, wish(response.headers))


def are_row_results(content: Any) -> bool:
    """Whether a body is a list of what came of rows, at least of one."""
    return (
        isinstance(content, list)
        and bool(content)
        and all(isinstance(row, dict) and "success" in row for row in content)
    )
