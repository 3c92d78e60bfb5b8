"""Every path of the sandbox, gathered from the modules that answer them."""

from __future__ import annotations

from connector.sandbox import change_log, control
from connector.sandbox.account_engagement import routes as account_engagement
from connector.sandbox.bulk import routes as bulk
from connector.sandbox.bulk_v1 import routes as bulk_v1
from connector.sandbox.faults import control as faults
from connector.sandbox.salesforce import (
    batch,
    by_hand,
    collections,
    composite,
    describe,
    identity,
    limits,
    oauth,
    query,
    replication,
    rows,
    setup,
    soap,
    tree,
    versions,
)

ROUTES = (
    *control.ROUTES,
    *change_log.ROUTES,
    *faults.ROUTES,
    *by_hand.ROUTES,
    *setup.ROUTES,
    *oauth.ROUTES,
    *identity.ROUTES,
    *soap.ROUTES,
    *versions.ROUTES,
    *query.ROUTES,
    *collections.ROUTES,
    *composite.ROUTES,
    *batch.ROUTES,
    *tree.ROUTES,
    *limits.ROUTES,
    *describe.ROUTES,
    *replication.ROUTES,
    *bulk.ROUTES,
    *bulk_v1.ROUTES,
    *rows.ROUTES,
    *account_engagement.ROUTES,
)
