"""When the organisation's fiscal year starts."""

from __future__ import annotations

from connector.sandbox.soql.environment import Environment

_FIELD = "FiscalYearStartMonth"


def fiscal_month(environment: Environment) -> int:
    """The fiscal year's first month as Organization says it; January where it says nothing."""
    organisation = environment.catalogue.object("Organization")
    if organisation is None or organisation.field(_FIELD) is None:
        return 1
    row = environment.connection.execute(f'SELECT "{_FIELD}" FROM "Organization" LIMIT 1').fetchone()
    return int(row[0]) if row is not None and row[0] else 1
