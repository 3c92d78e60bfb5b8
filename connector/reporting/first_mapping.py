"""A first fields.yaml for an org, from the shipped one and what the org itself shows (AD-3).

What the shipped file names and the org has stays as it is, with its comments. Where the org has another field for it,
that one is taken and marked as a guess. What it lacks becomes a comment that says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from connector.domain.streams import BY_NAME
from connector.reporting.first_guesses import WORDS, guessed
from connector.reporting.first_words import (
    CHECK,
    closed_task_line,
    dictionary_lines,
    meant,
    source_lines,
    status_lines,
    written_status,
)
from connector.rules.fields import Fields
from connector.rules.mapping import Mapping as FieldMapping
from connector.rules.source import KeyPath
from connector.salesforce.description import Description
from connector.salesforce.org_shown import OrgShown

How = Literal["mapped", "guessed", "left_out", "written", "not_written"]
_LACKS = "この組織にない項目。 this org has no such field"
_MAKE = "項目を作成後に有効化。 not there yet: `connector check --live --metadata DIR` writes it for deployment"
_NO_WORDS = "ホットとナーチャリングにあたる値がない。 this org has no status for hot and none for cold"


@dataclass(frozen=True)
class Choice:
    """What became of one line: `name` is the attribute or our value, `field` the org's field, None without one."""

    how: How
    object: str
    name: str
    field: str | None
    label: str | None = None


@dataclass
class _Draft:
    """The lines of the file by their number in the shipped one; what is not named stays."""

    mapping: FieldMapping
    lines: list[str]
    changed: dict[int, list[str]] = field(default_factory=dict)
    after: dict[int, list[str]] = field(default_factory=dict)
    choices: list[Choice] = field(default_factory=list)

    def span(self, path: KeyPath) -> tuple[int, int]:
        """The first and the last line of an entry."""
        places = [self.mapping.source.keys[path]]
        places += [place for key, place in self.mapping.source.values.items() if key[: len(path)] == path]
        return min(one.line for one in places), max(one.line for one in places)

    def put(self, span: tuple[int, int], lines: list[str]) -> None:
        for number in range(span[0], span[1] + 1):
            self.changed[number] = []
        self.changed[span[0]] = lines

    def comment_out(self, span: tuple[int, int], why: str) -> None:
        """The lines as comments, with the reason behind the first."""
        for number in range(span[0], span[1] + 1):
            line = self.lines[number - 1]
            indent = len(line) - len(line.lstrip())
            reason = f"  # {why}" if number == span[0] else ""
            self.changed[number] = [f"{line[:indent]}# {line[indent:].split('  #')[0]}{reason}"]

    def text(self) -> str:
        found: list[str] = []
        for number, line in enumerate(self.lines, start=1):
            found += self.changed.get(number, [line])
            found += self.after.get(number, [])
        return "\n".join(found) + "\n"


def first_mapping(shipped: FieldMapping, text: str, org: OrgShown) -> tuple[str, list[Choice]]:
    """The text of fields.yaml, and what was chosen for each line. `text`: the shipped file."""
    draft = _Draft(shipped, text.splitlines())
    for name in shipped.fields.salesforce:
        shown = org.descriptions.get(name)
        if shown is not None:
            _read(draft, name, shown)
            _written(draft, name, shown, org)
    _words(draft, org, text)
    return draft.text(), draft.choices


def _read(draft: _Draft, name: str, shown: Description) -> None:
    entries = draft.mapping.fields.salesforce[name].read
    kinds = BY_NAME[f"salesforce.{name}"].attributes
    taken = {entry.field for entry in entries.values() if shown.field(entry.field)}
    chosen: dict[str, str | None] = {}
    for attribute, entry in entries.items():
        found = shown.field(entry.field)
        if found is not None:
            chosen[attribute] = found.name
            draft.choices.append(Choice("mapped", name, attribute, found.name, found.label))
            continue
        guess = guessed(attribute, kinds.get(attribute, entry.type), shown, taken)
        chosen[attribute] = None if guess is None else guess.name
        taken |= {guess.name} if guess else set()
        how: How = "left_out" if guess is None else "guessed"
        draft.choices.append(Choice(how, name, attribute, chosen[attribute], guess.label if guess else None))
    if draft.span(("salesforce", name, "read"))[0] == draft.mapping.source.values[("salesforce", name, "read")].line:
        _put_flow(draft, name, chosen)
    else:
        _put_lines(draft, name, chosen, shown)
        _put_more(draft, name, shown, taken)


def _put_lines(draft: _Draft, name: str, chosen: dict[str, str | None], shown: Description) -> None:
    """A line an attribute."""
    for attribute, found in chosen.items():
        was = draft.mapping.fields.salesforce[name].read[attribute].field
        span = draft.span(("salesforce", name, "read", attribute))
        if found is None:
            draft.comment_out(span, _MAKE if was.startswith("Connector_") else _LACKS)
        elif found.lower() != was.lower():
            draft.put(span, [_guess_line(attribute, found, shown)])
    if not any(chosen.values()):
        key = draft.mapping.source.keys[("salesforce", name, "read")].line
        draft.changed[key] = [f"{draft.lines[key - 1]} {{}}"]


def _guess_line(attribute: str, found: str, shown: Description) -> str:
    label = shown.fields[found].label.replace("\n", " ")
    return f"      {attribute}: {found}  # {label}: {CHECK}"


def _put_more(draft: _Draft, name: str, shown: Description, taken: set[str]) -> None:
    """Attributes that the shipped file leaves out, where this org has a field that looks like it."""
    read = draft.mapping.fields.salesforce[name].read
    kinds = BY_NAME[f"salesforce.{name}"].attributes
    last = draft.span(("salesforce", name, "read"))[1]
    for attribute in (one for one in WORDS if one in kinds and one not in read):
        guess = guessed(attribute, kinds[attribute], shown, taken)
        if guess is not None:
            taken.add(guess.name)
            draft.after.setdefault(last, []).append(_guess_line(attribute, guess.name, shown))
            draft.choices.append(Choice("guessed", name, attribute, guess.name, guess.label))


def _put_flow(draft: _Draft, name: str, chosen: dict[str, str | None]) -> None:
    """All attributes in one line: `read: {name: Name, type: Type}`."""
    missing = [attribute for attribute, found in chosen.items() if found is None]
    if not missing:
        return
    read = draft.mapping.fields.salesforce[name].read
    kept = ", ".join(f"{attribute}: {found}" for attribute, found in chosen.items() if found is not None)
    left = ", ".join(f"{attribute}: {read[attribute].field}" for attribute in missing)
    lines = [f"    # {left}  # {_LACKS}", f"    read: {{{kept}}}"]
    draft.put(draft.span(("salesforce", name, "read")), lines)


def _written(draft: _Draft, name: str, shown: Description, org: OrgShown) -> None:
    writes = draft.mapping.fields.salesforce[name].write
    kept = 0
    for field_name, entry in writes.items():
        span = draft.span(("salesforce", name, "write", field_name))
        found = shown.field(field_name)
        if found is None or not found.updateable:
            draft.comment_out(span, _MAKE)
            draft.choices.append(Choice("not_written", name, entry.value, None))
            continue
        if entry.value == "status":
            words = meant(org.lead_statuses, draft.mapping.fields)
            written = written_status(words, draft.mapping.fields)
            if written is None:
                draft.comment_out(span, _NO_WORDS)
                draft.choices.append(Choice("not_written", name, entry.value, found.name, found.label))
                continue
            if any(one.is_guess for one in words) or not _has_all(draft.mapping.fields, org):
                draft.put(span, status_lines(field_name, words, written))
        kept += 1
        draft.choices.append(Choice("written", name, entry.value, found.name, found.label))
    if writes and not kept:
        key = draft.mapping.source.keys[("salesforce", name, "write")].line
        draft.changed[key] = [f"{draft.lines[key - 1]} {{}}"]


def _has_all(fields: Fields, org: OrgShown) -> bool:
    """Whether the org has each word of the shipped order."""
    there = {one.word for one in org.lead_statuses}
    return set(fields.salesforce["Lead"].write["Status"].order or ()) <= there


def _words(draft: _Draft, org: OrgShown, text: str) -> None:
    fields, source = draft.mapping.fields, draft.mapping.source
    if org.lead_statuses:
        words = meant(org.lead_statuses, fields)
        draft.put(draft.span(("status_dictionary",)), dictionary_lines(words, org.stages, source, text))
    task = org.descriptions.get("Task")
    status = task.field("Status") if task else None
    line = closed_task_line(status.values if status else (), fields.tasks.closed_status)
    if line is not None and ("tasks", "closed_status") in source.keys:
        draft.put(draft.span(("tasks", "closed_status")), [line])
    lead = org.descriptions.get("Lead")
    sources = lead.field("LeadSource") if lead else None
    if sources is not None:
        draft.put(draft.span(("sources",)), source_lines(sources.values, fields))


def told(choices: list[Choice]) -> Iterator[str]:
    """A sentence for each line that somebody has to look at."""
    for one in choices:
        if one.how == "guessed":
            yield f"{one.object}.{one.name}: guessed `{one.field}` ({one.label}), please check."
        elif one.how == "left_out":
            yield f"{one.object}.{one.name}: this org shows no such field; the line is a comment."
        elif one.how == "not_written" and one.field is None:
            yield f"{one.object}: `{one.name}` is not written, for the field is not there yet."
        elif one.how == "not_written":
            yield f"{one.object}: `{one.name}` is not written, for `{one.field}` has no words for hot and cold."
