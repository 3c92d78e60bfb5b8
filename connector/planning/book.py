"""What admins wrote, as planning needs it."""

from __future__ import annotations

from dataclasses import dataclass

from connector.rules.content import Content
from connector.rules.fields import Fields
from connector.rules.load import RuleSet


@dataclass(frozen=True)
class Book:
    """The rules, the mapping of fields and the catalogue of content. `no_tasks`: why no task may be made just now."""

    rules: RuleSet
    fields: Fields
    content: Content
    no_tasks: str | None = None
