"""The narrow calls through which the thinking reaches the local engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

Run = Callable[[str, Mapping[str, object]], list[tuple[Any, ...]]]
"""Runs one SQL statement with named parameters ($name) and gives its rows."""

Load = Callable[[str, Sequence[str], Sequence[Sequence[object]]], None]
"""Makes a temporary table of text columns from a name, column names and rows, replacing one of that name."""
