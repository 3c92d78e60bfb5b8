"""Account Engagement (formerly Pardot): `connect` gives a reader a business unit; its wire stops here."""

from connector.account_engagement.connect import connect
from connector.account_engagement.outcome import UnknownFieldError
from connector.account_engagement.read import AccountEngagementReader

__all__ = ["AccountEngagementReader", "UnknownFieldError", "connect"]
