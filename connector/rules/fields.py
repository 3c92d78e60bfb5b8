"""The mapping of fields: which field of the org stands behind which attribute, and what may be written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from connector.domain.streams import BY_NAME, AttributeType, Column, MappedStream, Remote, Stream
from connector.rules.engagement import NativeGrade, UnitId, check_engagement_write
from connector.rules.kinds import Strict, problem
from connector.rules.opportunities import OpportunityRule
from connector.rules.statuses import SAID_BY_A_LEAD, Object, Status
from connector.rules.writing import Modes, OurTasks

Policy = Literal["never", "if_blank", "if_unchanged", "always"]
Value = Literal["score", "grade", "tier", "stage", "reason", "scored_at", "status", "track", "owner"]

_OF_PERSONS: tuple[Value, ...] = ("score", "grade", "tier", "stage", "reason", "scored_at", "status", "owner")
WRITTEN_TO: Mapping[str, tuple[Value, ...]] = MappingProxyType(
    {
        "salesforce.Lead": _OF_PERSONS,
        "salesforce.Contact": _OF_PERSONS,
        "salesforce.Account": ("tier",),
        "account_engagement.prospects": ("score", "grade", "tier", "stage", "reason", "track"),
        "account_engagement.list_memberships": ("track",),
    }
)
"""The objects that are written to, and which of our values may go there."""

STAMPS: frozenset[Value] = frozenset({"scored_at"})
"""Values that are written only beside another change."""

Kind = Literal["records", "tasks", "opportunities", "closings", "deletions", "prospects", "memberships"]
"""What a plan does, by kind: as many as the guard may count."""

Share = Annotated[float, Field(ge=0, le=1)]

_ATTRIBUTE = re.compile(r"[a-z][a-z0-9_]*")
_WRITTEN_TYPES: Mapping[str, AttributeType] = {"score": "number", "scored_at": "instant"}


class ReadField(Strict):
    """A field that is read: its name in the org, and its type when it is not text."""

    field: str
    type: AttributeType = "text"


def _spelled_out(value: object) -> object:
    return {"field": value} if isinstance(value, str) else value


_FieldOrName = Annotated[ReadField, BeforeValidator(_spelled_out, json_schema_input_type=str | ReadField)]


class WriteField(Strict):
    """A field that is written: which of our values, when, and in which words of the org."""

    value: Value
    policy: Policy = "if_unchanged"
    values: dict[str, str] | None = None
    order: list[str] | None = None
    """The org's words from first to last: a value is only ever moved forward, save hot → cold by us."""
    release_after_days: Annotated[int, Field(ge=1)] | None = None
    """A value of a person stays for so long; then ours is written again. None: for ever."""


class ObjectFields(Strict):
    read: dict[str, _FieldOrName] = Field(default_factory=dict)
    write: dict[str, WriteField] = Field(default_factory=dict)
    create: OpportunityRule | None = None
    """Of Opportunity alone: what is made at a hand-over. None: nothing is."""


class Guard(Strict):
    """How much one run may overwrite before it asks for a word.

    Shares are of the records of the object that have a value already; `at_least` is the number of records below
    which shares say nothing. `tasks_per_owner` is a count for one run; `reviews_per_owner_a_day`
    limits the review tasks of those hot since longer: the others wait for another day. `fields`: shares of single
    fields, as in Lead.Status; `kinds`: counts for one run; `backward`: the share of stages that are moved back.
    """

    at_least: int = 200
    overwrite: float = 0.6
    status: float = 0.1
    tasks_per_owner: int = 60
    reviews_per_owner_a_day: int = 10
    fields: dict[str, Share] = Field(default_factory=dict)
    kinds: dict[Kind, Annotated[int, Field(ge=0)]] = Field(default_factory=dict)
    backward: Share | None = None


class Fields(Strict):
    """fields.yaml."""

    version: Literal[1]
    salesforce: dict[str, ObjectFields]
    account_engagement: dict[str, ObjectFields] = Field(default_factory=dict)
    sources: dict[str, list[str]] = Field(default_factory=dict)
    statuses: dict[Literal["opportunity", "won", "lost", "disqualified"], list[str]] = Field(default_factory=dict)
    status_dictionary: tuple[Status, ...] = ()
    language: Literal["ja", "en"] = "ja"
    """The language of texts that are written into the CRM."""
    guard: Guard = Guard()
    native_grade: dict[UnitId, NativeGrade] = Field(default_factory=dict)
    """Business unit → the profile criteria that drive the native grade there. None: the native grade is left alone."""
    tasks: OurTasks = OurTasks()
    modes: Modes = Modes()

    @model_validator(mode="after")
    def _known_objects_and_attributes(self) -> Fields:
        for remote in ("salesforce", "account_engagement"):
            for name, fields in self.objects(remote).items():
                stream = BY_NAME.get(_stream_name(remote, name))
                if stream is None:
                    known = ", ".join(entry.object for entry in BY_NAME.values() if entry.remote == remote)
                    raise problem(f"{remote}.{name} is not an object that the connector reads.", f"Objects: {known}.")
                if fields.create is not None and stream.name != "salesforce.Opportunity":
                    raise problem(f"{stream.name}.create: only opportunities are made.", "Leave it out.")
                for attribute, read in fields.read.items():
                    _check_attribute(stream, attribute, read)
                for field, write in fields.write.items():
                    _check_write(stream, field, write)
        return self

    @model_validator(mode="after")
    def _native_grade_is_read(self) -> Fields:
        prospects = self.account_engagement.get("prospects", ObjectFields())
        if self.native_grade and all(one.field != "grade" for one in prospects.read.values()):
            raise problem(
                "`native_grade` needs the native grade as it stands.", "Add `native_grade: grade` to prospects.read."
            )
        return self

    @model_validator(mode="after")
    def _one_place_says_what_a_status_means(self) -> Fields:
        if self.statuses and self.words_of("lead"):
            raise problem(
                "`statuses` and `status_dictionary` both say what lead statuses mean.",
                "Keep the dictionary: its `means` says the same.",
            )
        words = [(one.object, one.word.strip().casefold()) for one in self.status_dictionary]
        double = next((one for one in words if words.count(one) > 1), None)
        if double is not None:
            raise problem(f"`status_dictionary` has `{double[1]}` of {double[0]} twice.", "Keep one of them.")
        meant = {one.word: one.means for one in self.words_of("lead") if one.means}
        for field, write in self._status_writes():
            for stage, word in (write.values or {}).items():
                if word in meant and meant[word] != stage:
                    raise problem(
                        f"{field} writes `{word}` for `{stage}`; the dictionary says that it means `{meant[word]}`.",
                        "Correct one of them.",
                    )
        return self

    @model_validator(mode="after")
    def _guarded_fields_are_written(self) -> Fields:
        written = [f"{name}.{field}" for name, fields in self.salesforce.items() for field in fields.write]
        for name in self.guard.fields:
            if name not in written:
                raise problem(f"guard.fields.{name}: nothing is written to it.", f"Written are {', '.join(written)}.")
        return self

    def _status_writes(self) -> Iterator[tuple[str, WriteField]]:
        """The fields of leads in which the stage stands in the org's own words."""
        for field, write in self.salesforce.get("Lead", ObjectFields()).write.items():
            if write.value == "status":
                yield f"salesforce.Lead.write.{field}", write

    def objects(self, remote: str) -> dict[str, ObjectFields]:
        return self.salesforce if remote == "salesforce" else self.account_engagement

    @cached_property
    def streams(self) -> tuple[MappedStream, ...]:
        """The streams that the mapping names, with their columns: system first, then read, then written."""
        return tuple(
            _mapped(BY_NAME[_stream_name(remote, name)], fields)
            for remote in ("salesforce", "account_engagement")
            for name, fields in self.objects(remote).items()
        )

    @property
    def deals_made(self) -> OpportunityRule | None:
        """What is made at a hand-over; None where no opportunity is."""
        return self.salesforce.get("Opportunity", ObjectFields()).create

    @cached_property
    def source_of(self) -> dict[str, str]:
        """The org's word for where a person came from → the source that rules know."""
        return {word: source for source, words in self.sources.items() for word in words}

    @cached_property
    def crm_status_of(self) -> Mapping[str, str]:
        """The org's lead status → what it says about the buying cycle."""
        told = {one.word: one.means for one in self.words_of("lead") if one.means and one.means in SAID_BY_A_LEAD}
        return told or {word: status for status, words in self.statuses.items() for word in words}

    def words_of(self, name: Object) -> tuple[Status, ...]:
        """What the dictionary says of the words of leads or opportunities."""
        return tuple(one for one in self.status_dictionary if one.object == name)

    def extra_attributes(self, remote: Remote, name: str) -> dict[str, AttributeType]:
        """The attributes that the admin added to an object, with their types."""
        stream = BY_NAME[_stream_name(remote, name)]
        fields = self.objects(remote).get(name)
        return {
            attribute: read.type
            for attribute, read in (fields.read.items() if fields else ())
            if attribute not in stream.attributes
        }


def _stream_name(remote: str, name: str) -> str:
    return f"{remote}.{name.replace('-', '_')}"


def _check_attribute(stream: Stream, attribute: str, read: ReadField) -> None:
    place = f"{stream.name}.read.{attribute}"
    if not _ATTRIBUTE.fullmatch(attribute):
        raise problem(f"{place}: an attribute is named in small letters, digits and _, beginning with a letter.")
    if attribute in stream.system:
        raise problem(f"{place}: this attribute is always read.", "Leave it out.")
    if not re.fullmatch(r"\w+(\.\w+)*", read.field):
        raise problem(f"{place}: `{read.field}` is not the API name of a field.")
    known = stream.attributes.get(attribute)
    if known and read.type not in {"text", known}:
        raise problem(f"{place}: the connector reads this attribute as {known}.", "Leave the type out.")


def _check_write(stream: Stream, field: str, write: WriteField) -> None:
    place = f"{stream.name}.write.{field}"
    allowed = WRITTEN_TO.get(stream.name)
    if allowed is None:
        places = ", ".join(WRITTEN_TO)
        raise problem(f"{place}: the connector does not write to {stream.name}.", f"It writes to {places}.")
    if write.value not in allowed:
        raise problem(f"{place}: `{write.value}` is not written to {stream.name}.", f"Possible: {', '.join(allowed)}.")
    if write.value == "owner" and (field != "OwnerId" or write.values is not None or write.order is not None):
        raise problem(f"{place}: `owner` is written as an id.", "Write it to OwnerId, without `values` and `order`.")
    check_engagement_write(stream, field, write.policy, plain=write.values is None and write.order is None)


def _mapped(stream: Stream, fields: ObjectFields) -> MappedStream:
    system = [Column(name, field, kind) for name, (field, kind) in stream.system.items()]
    read = [
        Column(attribute, entry.field, stream.attributes.get(attribute, entry.type))
        for attribute, entry in fields.read.items()
    ]
    if fields.create is not None and "key" not in fields.read:
        read.append(Column("key", fields.create.key_field, "text"))
    covered = {column.field for column in (*system, *read)}
    written = [
        Column(field, field, _WRITTEN_TYPES.get(entry.value, "text"))
        for field, entry in fields.write.items()
        if field not in covered
    ]
    return MappedStream(stream, (*system, *read, *written))
