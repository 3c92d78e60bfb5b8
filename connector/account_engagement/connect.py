"""From settings to one reader a business unit."""

from __future__ import annotations

from collections.abc import Sequence

from connector.account_engagement.connection import UnitConnection
from connector.account_engagement.read import AccountEngagementReader
from connector.account_engagement.write import AccountEngagementWriter
from connector.http.retry import Retry
from connector.http.session import RemoteSession
from connector.settings import Settings


def connect(settings: Settings, session: RemoteSession, retry: Retry) -> tuple[AccountEngagementReader, ...]:
    """A reader for each business unit of the settings, in their order; none when none is named.

    `session` comes from `http.session.open_session`: the token of the Salesforce org opens both.
    """
    access = settings.account_engagement()
    if access is None:
        return ()
    return tuple(
        AccountEngagementReader(UnitConnection(session, access.url, unit, retry, access.calls_at_once))
        for unit in access.business_unit_ids
    )


def writers(readers: Sequence[AccountEngagementReader]) -> dict[str, AccountEngagementWriter]:
    """Beside each reader who writes to its business unit, by unit: together they make no more calls at one time."""
    return {one.unit: AccountEngagementWriter(one.connection) for one in readers}
