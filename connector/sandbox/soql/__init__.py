"""SOQL over the sandbox's database: `execute` a text in an `Environment`, get a `Result` or a `SoqlError`."""

from __future__ import annotations

from connector.sandbox.soql.draft import ResultColumn
from connector.sandbox.soql.environment import Environment
from connector.sandbox.soql.errors import SoqlError
from connector.sandbox.soql.execute import Result, execute

__all__ = ["Environment", "Result", "ResultColumn", "SoqlError", "execute"]
