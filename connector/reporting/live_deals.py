"""What it takes to make opportunities, against an org: rights, the key, the stage (TU-4)."""

from __future__ import annotations

from collections.abc import Iterator

from connector.reporting.live_finding import Level, LiveFinding
from connector.rules.mapping import FIELDS_FILE
from connector.rules.opportunities import KEY_LENGTH
from connector.rules.written import Written
from connector.salesforce.description import FieldDescription
from connector.salesforce.org_shown import OrgShown

_DEAL = "Opportunity"
_SENT = ("Name", "StageName", "CloseDate", "AccountId", "ContactId", "OwnerId")


def check_deals(written: Written, org: OrgShown) -> Iterator[LiveFinding]:
    """What keeps opportunities from being made, where the mapping makes any."""
    rule, shown = written.fields.deals_made, org.descriptions.get(_DEAL)
    if rule is None or shown is None:
        return
    if not (shown.createable and shown.updateable):
        advice = "Give the user the rights to create and edit them."
        yield _finding(written, "error", "object_read_only", "", "This user may not make opportunities.", advice)
    sent = (*_SENT, "Amount") if rule.amount is not None else _SENT
    for name in sent:
        field = shown.field(name)
        if field is None or not field.createable:
            sentence = f"Opportunities are made with `{name}`, which this user may not set."
            yield _finding(written, "error", "read_only", name, sentence, "Give the user the right to edit it.")
    yield from _key(written, rule.key_field, shown.field(rule.key_field))
    stage = next((one for one in org.stages if one.word == rule.stage), None)
    if org.stages and stage is None:
        sentence = f"Opportunities are made at `{rule.stage}`, which is no stage of the org."
        yield _finding(
            written, "error", "picklist", "StageName", sentence, "Write the name as the org has it.", "stage"
        )
    elif stage is not None and stage.is_closed:
        sentence = f"Opportunities are made at `{rule.stage}`, a stage of those that are closed."
        yield _finding(written, "error", "picklist", "StageName", sentence, "Name one that is open.", "stage")


def _key(written: Written, name: str, key: FieldDescription | None) -> Iterator[LiveFinding]:
    if key is None:
        advice = "Create it (`connector check --live --metadata DIR` writes its files)."
        sentence = f"Opportunity has no field `{name}` that this user may see: none can be made."
        yield _finding(written, "error", "field_missing", name, sentence, advice, "key_field")
    elif not (key.external_id and key.unique):
        sentence = f"`{name}` is no unique external id: an opportunity could be made twice."
        yield _finding(written, "error", "external_id", name, sentence, "Tick External ID and Unique.", "key_field")
    elif key.length < KEY_LENGTH:
        sentence = f"`{name}` takes {key.length} characters; keys have up to {KEY_LENGTH}."
        yield _finding(written, "error", "length", name, sentence, "Make the field longer.", "key_field")


def _finding(
    written: Written, level: Level, kind: str, field: str, sentence: str, advice: str, line: str = ""
) -> LiveFinding:
    path = ("salesforce", _DEAL, "create", *([line] if line else []))
    place = written.sources[FIELDS_FILE].place(path)
    return LiveFinding(level, kind, _DEAL, field, FIELDS_FILE, place.line, place.column, sentence, advice)
