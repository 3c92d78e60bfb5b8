"""A mapping and its rules against both remotes as they are now: all findings at once, and what has changed (AD-2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from connector.account_engagement.unit_shown import UnitShown
from connector.reporting.drift import Described, Drift, drift
from connector.reporting.live_engagement import check_units
from connector.reporting.live_fields import check_fields
from connector.reporting.live_finding import LiveFinding, sorted_findings
from connector.reporting.live_names import check_names
from connector.reporting.mapping_patch import mapping_patch
from connector.rules.mapping import FIELDS_FILE
from connector.rules.mapping import Mapping as FieldMapping
from connector.rules.written import Written
from connector.salesforce.org_shown import OrgShown


@dataclass(frozen=True)
class LiveCheck:
    """`patch`: a unified diff of fields.yaml for what is most likely renamed; empty without any."""

    findings: tuple[LiveFinding, ...]
    drifts: tuple[Drift, ...]
    patch: str

    @property
    def is_sound(self) -> bool:
        """Whether nothing would fail."""
        return not any(one.level == "error" for one in self.findings)


def live_check(
    mapping: FieldMapping,
    written: Written,
    org: OrgShown,
    units: Sequence[UnitShown],
    before: Described,
    text: str,
) -> LiveCheck:
    """Every finding. `before`: what the org said at the last check; `text`: fields.yaml as it is written."""
    drifts = drift(mapping.fields, before, org)
    findings = [
        *check_fields(mapping, written.rules, org),
        *check_names(written, org),
        *check_units(written, units),
    ]
    renamed = {(one.object, one.field): one.renamed_to for one in drifts if one.renamed_to is not None}
    patch = mapping_patch(text, mapping.source, mapping.fields, renamed) if renamed else ""
    return LiveCheck(tuple(sorted_findings(_with_new_names(findings, renamed))), tuple(drifts), patch)


def _with_new_names(findings: Iterable[LiveFinding], renamed: Mapping[tuple[str, str], str]) -> Iterator[LiveFinding]:
    """What is known of the past gives a better guess than names that look alike."""
    for one in findings:
        new = renamed.get((one.object, one.field))
        if new is None or one.kind != "field_missing" or one.file != FIELDS_FILE:
            yield one
        else:
            advice = f"It is most likely named `{new}` now: the patch below corrects the mapping."
            yield LiveFinding(
                one.level, one.kind, one.object, one.field, one.file, one.line, one.column, one.sentence, advice
            )
