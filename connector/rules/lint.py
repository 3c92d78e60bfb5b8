"""Advice about rules that work, but hardly as they are meant to (AD-6): told by their text, without any data.

Errors are told when rules are read (rules/load.py); what is told here stops nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from connector.rules.lint_apart import about_apart
from connector.rules.lint_cadence import about_cadence
from connector.rules.lint_conditions import about_conditions
from connector.rules.lint_content import about_content
from connector.rules.lint_lifecycle import about_lifecycle
from connector.rules.lint_nurture import about_nurture
from connector.rules.lint_recycle import about_recycle
from connector.rules.lint_scoring import about_scoring
from connector.rules.lint_stages import about_stages
from connector.rules.written import Finding, Written


def lint(rules: Written, is_business_day: Callable[[date], bool], today: date) -> list[Finding]:
    """All advice about the rules, in the order of files and lines.

    `is_business_day`: by the calendar of the same rules; `today`: the first day on which a cadence might start, in the
    zone of the rules.
    """
    found = [
        *about_conditions(rules),
        *about_apart(rules),
        *about_scoring(rules),
        *about_lifecycle(rules),
        *about_recycle(rules),
        *about_stages(rules),
        *about_content(rules),
        *about_nurture(rules),
        *about_cadence(rules, is_business_day, today),
    ]
    return sorted(found, key=lambda one: (one.file, one.line, one.column, one.sentence))
