"""A change or a request that Salesforce refuses, in its words."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

_STATUS: Mapping[str, int] = MappingProxyType(
    {
        "ENTITY_IS_DELETED": 404,
        "NOT_FOUND": 404,
        "METHOD_NOT_ALLOWED": 405,
    }
)


class RefusedError(Exception):
    """One error: `code` is Salesforce's, `fields` the API names concerned.

    `fields` is None where Salesforce's row API leaves the key out. `status` is the HTTP status that the row API
    answers with; None stands for the usual one of the code.
    """

    def __init__(
        self, code: str, message: str, fields: tuple[str, ...] | None = (), *, status: int | None = None
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.fields = fields
        self.status = status or _STATUS.get(code, 400)

    def as_error(self) -> dict[str, Any]:
        """The entry of an error array in the row API and around it."""
        entry: dict[str, Any] = {"message": self.message, "errorCode": self.code}
        return entry if self.fields is None else {**entry, "fields": list(self.fields)}

    def as_row_error(self) -> dict[str, Any]:
        """The entry of `errors` in one record's result of a collection."""
        return {"statusCode": self.code, "message": self.message, "fields": list(self.fields or ())}
