"""The content catalogue, content.yaml: what a page, an asset or a search term is about (SY-5, SC-7)."""

from __future__ import annotations

import difflib
import fnmatch
import re
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, get_args
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator, model_validator

from connector.errors import ConfigurationError, Problem, in_order
from connector.rules.source import Source, read

Kind = Literal[
    "page", "form_submit", "inquiry", "quote_request", "content_download", "demo_view", "video_view",
    "webinar_register", "webinar_attend", "event_attend", "search", "survey_answer", "email",
]  # fmt: skip
BuyingStage = Literal["information_gathering", "interest", "comparison", "decision"]
AssetKind = Literal[
    "form", "form_handler", "landing_page", "file", "custom_redirect", "email", "webinar", "video", "event", "campaign"
]
OFFERED = frozenset({"content_download", "demo_view", "video_view", "webinar_register"})
"""Kinds of content that can be offered to somebody; a form or a page is no offer."""
_ASSET_KINDS: tuple[str, ...] = get_args(AssetKind)


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str | int) else value


Patterns = Annotated[tuple[str, ...], BeforeValidator(_as_list, json_schema_input_type=str | int | list[str])]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Names(_Strict):
    """How people call it, in Japanese and English."""

    ja: str
    en: str


class Match(_Strict):
    """What an item is recognised by: any one pattern is enough. `*` stands for anything, case does not count.

    url     host and path without scheme, query, fragment and closing slash; a pattern that begins with / is a path
    title   the page's title
    asset   kind:name or kind:id, kinds as in AssetKind
    search  words of a search term: the term holds the pattern
    """

    url: Patterns = ()
    title: Patterns = ()
    asset: Patterns = ()
    search: Patterns = ()

    @field_validator("asset")
    @classmethod
    def _with_a_kind(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in patterns:
            if pattern.partition(":")[0] not in _ASSET_KINDS or not pattern.partition(":")[2]:
                raise ValueError(f"`{pattern}` is not kind:name; kinds are {', '.join(_ASSET_KINDS)}")
        return patterns

    @model_validator(mode="after")
    def _something(self) -> Match:
        if not (self.url or self.title or self.asset or self.search):
            raise ValueError("it matches nothing: give url, title, asset or search")
        return self


Purpose = Literal["inquiry", "thanks"]


class ContentAction(_Strict):
    """What using an item asks of us (CD-3): `kind` is the purpose, `destination` where it goes, in the team's words."""

    kind: Purpose
    channel: Literal["call", "email"] | None = None
    destination: str | None = None


def _as_action(value: object) -> object:
    return {"kind": value} if isinstance(value, str) else value


class ContentItem(_Strict):
    """One thing that people see or use. `kind` is the activity that using its form, file or video means."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_-]*$")
    name: Names
    match: Match
    kind: Kind = "page"
    theme: str | None = Field(default=None, pattern=r"^[a-z][a-z0-9_]*$")
    product: str | None = None
    persona: str | None = None
    stage: BuyingStage | None = None
    from_stage: BuyingStage | None = None
    """The least stage of buying at which a person may be offered it."""
    action: (
        Annotated[ContentAction, BeforeValidator(_as_action, json_schema_input_type=ContentAction | Purpose)] | None
    ) = None

    @property
    def activity(self) -> str | None:
        """The activity type that using this asset means; None leaves it to the remote's own word."""
        return None if self.kind in {"page", "email", "search"} else self.kind


class Content(_Strict):
    """content.yaml: the items in order; the first that matches is it."""

    version: Literal[1]
    content: tuple[ContentItem, ...]

    @field_validator("content")
    @classmethod
    def _ids_once(cls, items: tuple[ContentItem, ...]) -> tuple[ContentItem, ...]:
        ids = [item.id for item in items]
        twice = sorted({one for one in ids if ids.count(one) > 1})
        if twice:
            raise ValueError(f"the id `{twice[0]}` is given to more than one item")
        return items

    def page(self, url: str, title: str | None = None) -> ContentItem | None:
        """The item of a page, by its address, else by its title."""
        found = self._matchers["url"].first(plain_url(url))
        return found or (self._matchers["title"].first(title.strip()) if title else None)

    def asset(self, kind: str, id_: str | None, name: str | None, url: str | None = None) -> ContentItem | None:
        """The item of an asset of Account Engagement or a campaign, by name or id, else by its own address."""
        for word in (name, id_):
            found = self._matchers["asset"].first(f"{kind}:{' '.join(word.split())}") if word else None
            if found:
                return found
        return self._matchers["url"].first(plain_url(url)) if url else None

    def term(self, term: str) -> ContentItem | None:
        """The item that a search term asks for."""
        return self._matchers["search"].first(" ".join(term.split()))

    @cached_property
    def _matchers(self) -> dict[str, _Matcher]:
        return {
            "url": _Matcher((item, [_url_expression(one) for one in item.match.url]) for item in self.content),
            "title": _Matcher((item, [_expression(one) for one in item.match.title]) for item in self.content),
            "asset": _Matcher((item, [_expression(one) for one in item.match.asset]) for item in self.content),
            "search": _Matcher((item, [_expression(f"*{one}*") for one in item.match.search]) for item in self.content),
        }


class _Matcher:
    """All patterns of one sort as one expression, tried in the order of the catalogue."""

    def __init__(self, entries: Iterable[tuple[ContentItem, Sequence[str]]]) -> None:
        each = [(item, expression) for item, group in entries for expression in group]
        self._items = [item for item, _ in each]
        self._expression = re.compile("|".join(f"(?P<m{place}>{text})" for place, (_, text) in enumerate(each)))

    def first(self, text: str) -> ContentItem | None:
        if not self._items:
            return None
        match = self._expression.fullmatch(text.lower())
        return self._items[int(match.lastgroup[1:])] if match and match.lastgroup else None


def plain_url(url: str) -> str:
    """An address as patterns see it: host and path, lower case, without scheme, query, fragment, closing slash."""
    parts = urlsplit(url if "//" in url else f"//{url}")
    return f"{parts.netloc}{parts.path}".lower().rstrip("/") + ("" if parts.path.strip("/") else "/")


def load_content(path: Path) -> Content:
    """Reads content.yaml. Raises ConfigurationError with every problem and its place."""
    source = read(path)
    problems = list(source.problems)
    if not problems:
        try:
            return Content.model_validate(source.data)
        except ValidationError as error:
            problems = [_problem(source, detail["loc"], detail["msg"], detail["type"]) for detail in error.errors()]
    count = f"{len(problems)} things are wrong" if len(problems) > 1 else "One thing is wrong"
    raise ConfigurationError(f"{count} with the content catalogue {path}.", in_order(problems))


def _problem(source: Source, loc: tuple[int | str, ...], message: str, kind: str) -> Problem:
    unknown = kind == "extra_forbidden"
    place = source.place(loc, of_key=unknown)
    key = f"`{loc[-1]}`" if loc else "the file"
    if unknown:
        known = [name for model in (ContentItem, Match, Names, Content) for name in model.model_fields]
        close = difflib.get_close_matches(str(loc[-1]), known, n=1, cutoff=0.5)
        advice = f"Did you mean `{close[0]}`?" if close else "See docs/content.md."
        return Problem(source.file, place.line, place.column, f"There is no key {key} here.", advice)
    if kind == "missing":
        return Problem(source.file, place.line, place.column, f"{key} is missing.", "See docs/content.md.")
    words = message.removeprefix("Value error, ").rstrip(".")
    return Problem(source.file, place.line, place.column, f"{key} is wrong: {words}.")


def _expression(pattern: str) -> str:
    return fnmatch.translate(pattern.lower())


def _url_expression(pattern: str) -> str:
    """A path begins at the host's end, so that /pricing is not found in /blog/pricing."""
    plain = pattern if pattern == "/" else pattern.rstrip("/")
    return f"[^/]*{_expression(plain)}" if pattern.startswith("/") else _expression(plain)
