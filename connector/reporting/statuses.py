"""The words of the org's picklists against the dictionary of statuses (LC-7)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from connector.domain.running import Run
from connector.rules.fields import Fields
from connector.rules.statuses import Object, Status

Kind = Literal["not_in_dictionary", "not_in_org", "contradicts"]

_PLACES: Mapping[Object, tuple[str, str, str]] = {
    "lead": ("mirror_salesforce_lead_status", "mirror_salesforce_lead", "status"),
    "opportunity": ("mirror_salesforce_opportunity_stage", "mirror_salesforce_opportunity", "stage_name"),
}
"""Where the picklist of an object is mirrored, and the records that use it: table, table, column."""


@dataclass(frozen=True)
class StatusWord:
    """A word about which org and dictionary differ; `records` is how many live records have it now."""

    kind: Kind
    object: Object
    word: str
    records: int

    @property
    def sentence(self) -> str:
        """What is wrong and what to do, for people."""
        where = "Lead.Status" if self.object == "lead" else "Opportunity.StageName"
        if self.kind == "not_in_dictionary":
            return (
                f"{where} `{self.word}` ({self.records:,} records) is not in the dictionary: "
                "add it to `status_dictionary` in fields.yaml."
            )
        if self.kind == "not_in_org":
            return f"{where} has no value `{self.word}`, which the dictionary describes: correct it, or take it out."
        return f"{where} `{self.word}` is marked as closed or won in the org otherwise than `means` says: correct one."


def status_words(run: Run, fields: Fields) -> list[StatusWord]:
    """Where the mirrored picklists and the dictionary differ, leads first; nothing for an object of which the
    dictionary says nothing, or whose picklist was not pulled yet."""
    tables = {str(row[0]) for row in run("SELECT table_name FROM duckdb_tables()", {})}
    found: list[StatusWord] = []
    for name in _PLACES:
        words = fields.words_of(name)
        picklist, records, column = _PLACES[name]
        if words and {picklist, records} <= tables:
            found += _compared(run, name, words, _used(run, records, column))
    return found


def _compared(run: Run, name: Object, words: Sequence[Status], used: Mapping[str, tuple[str, int]]) -> list[StatusWord]:
    there = dict(_picklist(run, name))
    if not there:
        return []
    described = {_plain(one.word): one for one in words}
    spoken = {_plain(word): (word, 0) for word in there} | dict(used)
    told: list[StatusWord] = []
    for plain, (word, count) in sorted(spoken.items()):
        if plain not in described:
            told.append(StatusWord("not_in_dictionary", name, word, count))
    marks = {_plain(word): mark for word, mark in there.items()}
    for plain, one in described.items():
        if plain not in marks:
            told.append(StatusWord("not_in_org", name, one.word, used.get(plain, ("", 0))[1]))
        elif marks[plain] is not None and one.means != marks[plain]:
            told.append(StatusWord("contradicts", name, one.word, used.get(plain, ("", 0))[1]))
    return told


def _picklist(run: Run, name: Object) -> Iterator[tuple[str, str | None]]:
    """The values of a picklist, each with the stage that its own marks tell: of leads none do."""
    table = _PLACES[name][0]
    if name == "lead":
        for (word,) in run(f"SELECT DISTINCT api_name FROM \"{table}\" WHERE _until IS NULL AND api_name <> ''", {}):
            yield str(word), None
        return
    mark = "CASE WHEN is_won THEN 'won' WHEN is_closed THEN 'lost' ELSE 'opportunity' END"
    live = "_until IS NULL AND api_name <> '' AND coalesce(is_active, TRUE)"
    for word, meaning in run(f'SELECT api_name, any_value({mark}) FROM "{table}" WHERE {live} GROUP BY api_name', {}):
        yield str(word), str(meaning)


def _used(run: Run, table: str, column: str) -> dict[str, tuple[str, int]]:
    """The words that live records have, with their number, by the word without regard to case and edges."""
    rows = run(
        f'SELECT any_value("{column}"), count(*) FROM "{table}" WHERE _until IS NULL AND "{column}" <> \'\' '
        f'AND NOT coalesce(is_deleted, FALSE) GROUP BY lower(trim("{column}"))',
        {},
    )
    return {_plain(str(word)): (str(word), int(count)) for word, count in rows}


def _plain(word: str) -> str:
    return word.strip().casefold()
