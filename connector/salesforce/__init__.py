"""Salesforce: `connect` gives a reader and a writer; the shapes and the errors of its wire stop here."""

from connector.salesforce.connect import connect
from connector.salesforce.description import Description, FieldDescription
from connector.salesforce.read import Limit, Organization, SalesforceReader
from connector.salesforce.write import NOT_SENT, ROWS_A_CALL, UNMODIFIED_ROWS_A_CALL, SalesforceWriter

__all__ = [
    "NOT_SENT",
    "ROWS_A_CALL",
    "UNMODIFIED_ROWS_A_CALL",
    "Description",
    "FieldDescription",
    "Limit",
    "Organization",
    "SalesforceReader",
    "SalesforceWriter",
    "connect",
]
