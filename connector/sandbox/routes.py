"""Every path of the sandbox, gathered from the modules that answer them."""

from __future__ import annotations

import importlib
import pkgutil

from connector.sandbox import account_engagement, control, salesforce
from connector.sandbox.routing import Route


def _routes() -> tuple[Route, ...]:
    found: list[Route] = list(control.ROUTES)
    for package in (salesforce, account_engagement):
        for entry in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            found.extend(getattr(importlib.import_module(entry.name), "ROUTES", ()))
    return tuple(found)


ROUTES = _routes()
