"""Which paths of Bulk API 2.0 are answered."""

from __future__ import annotations

from connector.sandbox.bulk import query
from connector.sandbox.routing import route
from connector.sandbox.salesforce.payload import answered

_QUERY = "/services/data/v{version}/jobs/query"

ROUTES = (
    route("POST", _QUERY, answered(query.create), "salesforce"),
    route("GET", _QUERY, answered(query.list_all), "salesforce"),
    route("GET", _QUERY + "/{job}", answered(query.read), "salesforce"),
    route("PATCH", _QUERY + "/{job}", answered(query.change), "salesforce"),
    route("DELETE", _QUERY + "/{job}", answered(query.delete), "salesforce"),
    route("GET", _QUERY + "/{job}/results", answered(query.results), "salesforce"),
    route("GET", _QUERY + "/{job}/resultPages", answered(query.result_pages), "salesforce"),
)
