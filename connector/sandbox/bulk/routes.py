"""Which paths of Bulk API 2.0 are answered."""

from __future__ import annotations

from connector.sandbox.bulk import ingest, query
from connector.sandbox.routing import route
from connector.sandbox.salesforce.payload import answered

_QUERY = "/services/data/v{version}/jobs/query"
_INGEST = "/services/data/v{version}/jobs/ingest"

ROUTES = (
    route("POST", _QUERY, answered(query.create), "salesforce"),
    route("GET", _QUERY, answered(query.list_all), "salesforce"),
    route("GET", _QUERY + "/{job}", answered(query.read), "salesforce"),
    route("PATCH", _QUERY + "/{job}", answered(query.change), "salesforce"),
    route("DELETE", _QUERY + "/{job}", answered(query.delete), "salesforce"),
    route("GET", _QUERY + "/{job}/results", answered(query.results), "salesforce"),
    route("GET", _QUERY + "/{job}/resultPages", answered(query.result_pages), "salesforce"),
    route("POST", _INGEST, answered(ingest.create), "salesforce"),
    route("GET", _INGEST, answered(ingest.list_all), "salesforce"),
    route("GET", _INGEST + "/{job}", answered(ingest.read), "salesforce"),
    route("PATCH", _INGEST + "/{job}", answered(ingest.change), "salesforce"),
    route("DELETE", _INGEST + "/{job}", answered(ingest.delete), "salesforce"),
    route("PUT", _INGEST + "/{job}/batches", answered(ingest.upload), "salesforce"),
    route("GET", _INGEST + "/{job}/successfulResults", answered(ingest.successful), "salesforce"),
    route("GET", _INGEST + "/{job}/failedResults", answered(ingest.failed), "salesforce"),
    route("GET", _INGEST + "/{job}/unprocessedRecords", answered(ingest.unprocessed), "salesforce"),
)
