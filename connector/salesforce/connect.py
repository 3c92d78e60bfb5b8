"""From settings to the two faces of an org: one that reads and one that writes."""

from __future__ import annotations

from connector.http.retry import Retry
from connector.http.session import RemoteSession
from connector.salesforce.connection import open_connection
from connector.salesforce.read import SalesforceReader
from connector.salesforce.write import SalesforceWriter
from connector.settings import Settings


def connect(settings: Settings, session: RemoteSession, retry: Retry) -> tuple[SalesforceReader, SalesforceWriter]:
    """Signs in. `session` comes from `http.session.open_session`.

    ConfigurationError when a setting is missing or the login is refused, RetryError when nobody answers.
    """
    version = settings.salesforce().api_version
    connection = retry.read("salesforce.login", lambda: open_connection(session, version))
    return SalesforceReader(connection, retry), SalesforceWriter(connection, retry)
