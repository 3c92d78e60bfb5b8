"""Account Engagement's refusals: a number, a sentence, and a coarse HTTP status."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from connector.sandbox.wire import Response, json_response

CONTENT_TYPE = "application/json"
"""Without a charset: one client of the field compares the header with `==`."""

_TOO_MANY_FILTERS = "The max number of 3 distinct fields with filters was exceeded for this query."

_TEXTS: Mapping[int, tuple[int, str]] = MappingProxyType(
    {
        3: (400, "Invalid prospect ID"),
        4: (400, "Invalid prospect email address"),
        9: (400, "A prospect with the specified email address already exists"),
        10: (400, "Invalid user ID"),
        13: (400, "One or more required parameters are missing"),
        16: (400, "Invalid ID"),
        18: (400, "Invalid value"),
        22: (400, "Unsupported feature in this version of the API"),
        38: (400, "Invalid campaign ID"),
        39: (400, "Invalid profile ID"),
        46: (405, "This API user lacks sufficient permissions for the operation"),
        49: (401, "Access Denied"),
        50: (400, "Invalid boolean"),
        51: (400, "Invalid parameter"),
        52: (400, "Invalid parameter range"),
        54: (400, "Email address is already in use"),
        55: (400, "Invalid list ID"),
        56: (400, "Invalid number entered for field"),
        57: (400, "Invalid date entered for field"),
        58: (400, "That prospect is already a member of that list. Update the membership instead."),
        60: (405, "Invalid HTTP request method"),
        61: (400, "Invalid prospect account id"),
        66: (429, "You have exceeded your concurrent request limit. Please wait, before trying again"),
        88: (400, "Please use version 4 of the API for this account"),
        89: (400, "This account cannot use version 4 of the API"),
        97: (400, "The folder ID provided does not exist"),
        109: (404, "The requested record was not found."),
        122: (429, "Daily API rate limit met"),
        125: (400, "Cannot accept both user_id and crm_owner_fid."),
        130: (400, "Invalid field in the CSV"),
        150: (400, "Input needs to be valid JSON"),
        151: (400, "Unsupported content-type"),
        152: (400, "Request body can't be empty"),
        153: (400, "Missing required property in request"),
        154: (400, "Invalid property in request"),
        155: (400, "The import is not open"),
        156: (400, "The import has no data"),
        158: (400, "A file is required"),
        159: (400, "The file is no valid CSV"),
        160: (400, "The import has as many batches as it may have"),
        161: (400, "Invalid import state"),
        163: (400, "More than one file was sent"),
        164: (400, "The daily number of batches is used up"),
        181: (400, "A required header is missing"),
        182: (400, "Invalid header value"),
        184: (401, "access_token is invalid, unknown, or malformed"),
        192: (404, "Object specified does not exist"),
        198: (404, "Endpoint not found"),
        199: (
            401,
            "Authentication using an api_key is no longer supported. Use Salesforce OAuth access token instead.",
        ),
        201: (400, "Business Unit specified in Pardot-Business-Unit-Id header not found or inactive."),
        205: (400, "Action name is either missing or incorrect"),
        206: (400, "Invalid action argument value"),
        207: (400, "Missing required action argument"),
        208: (400, "Unknown action argument"),
        209: (400, f"Too many fields have filters: {_TOO_MANY_FILTERS}"),
        210: (400, "Page token has expired."),
        211: (400, "Page token is invalid."),
        219: (400, "Deleted records can't be updated. Please undelete before updating."),
        224: (400, "Invalid fields for request type"),
        226: (400, "The CSV's header does not match the fields of the import"),
        227: (400, "The CSV's header does not match that of the other batches"),
        231: (400, "The max file size is below the minimum of 10000000 bytes"),
        232: (400, "The max file size is above the maximum of 200000000 bytes"),
    }
)


class RefusalError(Exception):
    """A call that Account Engagement refuses, on its way to the client.

    The HTTP status is documented for few codes; the others follow the rule that 400 is a bad request, 404 a
    missing record, 405 an operation that is not allowed.
    """

    def __init__(self, code: int, detail: str = "", *, headers: Mapping[str, str] | None = None) -> None:
        self.code = code
        self.status, text = _TEXTS[code]
        self.text = f"{text}: {detail}" if detail else text
        self.headers = headers or {}
        super().__init__(f"{code} {self.text}")

    @property
    def response(self) -> Response:
        return json_response(
            self.status,
            {"code": self.code, "message": self.text},
            headers=self.headers,
            content_type=CONTENT_TYPE,
        )


def answer(status: int, value: Any, headers: Mapping[str, str] | None = None) -> Response:
    """`value` as JSON, with the exact content type."""
    return json_response(status, value, headers=headers, content_type=CONTENT_TYPE)


def unknown_field(name: str) -> RefusalError:
    """A name in `fields` that the object does not have."""
    return RefusalError(51, f"fields. It contains an invalid or unknown field: {name}.")


def unknown_parameter(name: str) -> RefusalError:
    """A query parameter that the collection does not take."""
    return RefusalError(51, f"Parameter {name} is invalid.")


def invalid_value(name: str, why: str) -> RefusalError:
    """A query parameter whose value does not fit."""
    return RefusalError(51, f"{name}. {why}")
