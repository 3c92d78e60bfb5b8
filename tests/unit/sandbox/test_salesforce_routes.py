"""No handler is forgotten: what a module answers, the sandbox answers, and nothing earlier catches it."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

from connector.sandbox import salesforce
from connector.sandbox.routes import ROUTES
from connector.sandbox.salesforce import replication, rows
from connector.sandbox.salesforce.subrequest import CALLABLE

pytestmark = pytest.mark.requirement("SY-1")

MODULES = [entry.name for entry in pkgutil.iter_modules(salesforce.__path__)]


@pytest.mark.parametrize("name", MODULES)
def test_every_route_of_a_module_is_served(name: str) -> None:
    module = importlib.import_module(f"connector.sandbox.salesforce.{name}")
    assert set(getattr(module, "ROUTES", ())) <= set(ROUTES)


@pytest.mark.parametrize("routes", [ROUTES, CALLABLE])
def test_named_resources_come_before_ids(routes: tuple[object, ...]) -> None:
    assert max(routes.index(entry) for entry in replication.ROUTES) < min(routes.index(entry) for entry in rows.ROUTES)
