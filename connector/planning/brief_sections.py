"""The sections of a brief: what is known of each person, line by line, for everybody who is briefed at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from connector.domain.running import Run
from connector.domain.vocabulary import ACTIVITY_NAMES, VIA_NAMES, word
from connector.engine.explain import reasons, rule_names
from connector.engine.moments import as_column, from_column
from connector.engine.offers import offers
from connector.planning.book import Book
from connector.planning.brief_hand_over import convert_lines, deal_lines, script_lines
from connector.planning.brief_words import MARKS, WORDS
from connector.rules.names import Name
from connector.rules.recycle import LossReason

MAIN_REASONS = 5
LAST_ACTIONS = 3
LISTS = 3

Section = Mapping[str, list[str]]


class Sections:
    """Reads what was decided about the people of the relation `briefed`, and puts it into words."""

    def __init__(self, run: Run, book: Book, as_of: datetime) -> None:
        self._run, self._book, self._as_of = run, book, as_of
        self._language = book.fields.language
        self._words = WORDS[self._language]
        self._zone = ZoneInfo(book.rules.scoring.time_zone)
        self._content = {
            item.id: item.name.ja if self._language == "ja" else item.name.en for item in book.content.content
        }

    def all(self) -> dict[str, Section]:
        """Every section: person → lines."""
        return {
            "who": self._who(),
            "state": self._state(),
            "crm": self._crm(),
            "consent": self._consent(),
            "reasons": self._reasons(),
            "actions": self._actions(),
            "heard": self._heard(),
            "toss_up": self._toss_up(),
            "missing": self._missing(),
            "script": script_lines(self._run, self._book.rules.lifecycle.toss_up, self._language),
            "convert": convert_lines(self._run, self._language),
            "deals": deal_lines(self._run, self._language),
            "offer": self._offer(),
            "grade": self._grade(),
            "lists": self._lists(),
        }

    def headlines(self) -> dict[str, str]:
        """The figures of each person in a few words."""
        found = {}
        for person, score, grade, tier in self._rows(
            "SELECT person_id, score, grade, tier FROM desired_persons SEMI JOIN briefed USING (person_id)"
        ):
            gap = "" if self._language == "ja" else " "
            figures = f"{self._words['score'].lower()}{gap}{score}"
            graded = f"{self._words['grade']}{gap}{grade}" if grade else None
            listed = (figures, graded, self._tier(tier))
            found[str(person)] = ("・" if self._language == "ja" else ", ").join(one for one in listed if one)
        return found

    def _who(self) -> Section:
        rows = self._rows(
            """
            SELECT person_id, company, department, title, tier
            FROM people SEMI JOIN briefed USING (person_id)
            JOIN (SELECT person_id, tier FROM desired_persons) USING (person_id)
            """
        )
        bar = self._words["bar"]
        told = {
            person: bar.join(one for one in (company, department, title, self._tier(tier)) if one)
            for person, company, department, title, tier in rows
        }
        return {person: [line] for person, line in told.items() if line}

    def _state(self) -> Section:
        """Stage, score with its three parts, grade and last activity; then what the last days brought."""
        stages = self._book.rules.lifecycle.stages
        found: dict[str, list[str]] = {}
        for person, stage, hot_since, reason, week, month in self._rows(
            """
            SELECT person_id, decided.stage, decided.hot_since, desired.reason, scored.window_7d, scored.window_30d
            FROM decided SEMI JOIN briefed USING (person_id)
            JOIN (SELECT person_id, reason FROM desired_persons) AS desired USING (person_id)
            JOIN scored USING (person_id)
            """
        ):
            named = self._name(stages[stage].name) if stage in stages else str(stage)
            if hot_since is not None:
                day, since = self._day(hot_since), self._words["since"]
                named += f"（{day}{since}）" if self._language == "ja" else f" {since} {day}"
            days = ((7, week), (30, month))
            lately = self._words["with"].join(
                f"{self._words['days'].format(days=count)} {points:+d}" for count, points in days
            )
            found[person] = [self._words["bar"].join((named, lately)), str(reason or "")]
        return found

    def _crm(self) -> Section:
        found: dict[str, list[str]] = defaultdict(list)
        names = {one.id: one.name for one in _loss_reasons(self._book)}
        for person, reason, rule, due_at in self._rows(
            "SELECT person_id, reason, rule, due_at FROM recycling SEMI JOIN briefed USING (person_id)"
        ):
            why = reason or (self._name(names[rule]) if rule in names else None)
            told = self._words["lost"] + (f"{self._words['colon']}{why}" if why else "")
            if due_at is not None:
                told += f"{self._words['with']}{self._words['again']} {self._day(due_at)}"
            found[person].append(told)
        for person, day in self._rows(
            "SELECT person_id, day FROM not_before SEMI JOIN briefed USING (person_id) WHERE held"
        ):
            found[person].append(f"{self._words['not_before']}{day}")
        return found

    def _consent(self) -> Section:
        found = {}
        for person, may_call, may_email in self._rows(
            "SELECT person_id, may_call, may_email FROM decided SEMI JOIN briefed USING (person_id)"
        ):
            refused = [self._words[key] for key, may in (("no_call", may_call), ("no_email", may_email)) if not may]
            if refused:
                found[person] = [f"{self._words['note']}{self._words['with'].join(refused)}"]
        return found

    def _reasons(self) -> Section:
        """The rules that gave most."""
        rules = self._book.rules
        reasons(rules, self._as_of, self._run, "briefed")
        names = rule_names(rules.scoring)
        found: dict[str, list[str]] = defaultdict(list)
        for person, rule, points, times in self._rows(
            "SELECT person_id, rule, points, times FROM reasons WHERE points > 0 "
            "QUALIFY row_number() OVER (PARTITION BY person_id ORDER BY points DESC, rule) <= $most "
            "ORDER BY person_id, points DESC, rule",
            most=MAIN_REASONS,
        ):
            found[person].append(f"{self._words['bullet']}{self._name(names[rule])} ×{times} {points:+d}")
        return found

    def _actions(self) -> Section:
        """What was done last, by people and not by machines."""
        counted = ", ".join(f"'{kind}'" for kind in self._book.rules.scoring.activity_types)
        found: dict[str, list[str]] = defaultdict(list)
        for person, at, kind, item, url in self._rows(
            f"""
            SELECT person_id, occurred_at, type, content, regexp_replace(url, '[?#].*$', '')
            FROM activities SEMI JOIN briefed USING (person_id)
            WHERE occurred_at <= $as_of AND type IN ({counted}) AND machine IS NOT TRUE
            QUALIFY row_number() OVER (PARTITION BY person_id ORDER BY occurred_at DESC, activity_id) <= $most
            ORDER BY person_id, occurred_at DESC, activity_id
            """,
            as_of=as_column(self._as_of),
            most=LAST_ACTIONS,
        ):
            what = self._content.get(item, url or "")
            found[person].append(
                f"{self._words['bullet']}{self._time(at)} {word(ACTIVITY_NAMES, kind, self._language)} {what}".rstrip()
            )
        return found

    def _heard(self) -> Section:
        """What was heard, each with its evidence: who said it to whom, where and when; soft answers are marked."""
        items = {item.id: item.name for item in self._book.rules.lifecycle.hearing}
        order = {item: place for place, item in enumerate(items)}
        found: dict[str, list[tuple[int, str]]] = defaultdict(list)
        for person, item, value, said_by, heard_by, via, at, acceptable in self._rows(
            """
            SELECT person_id, item, value, said_by, heard_by, via, "at", list_contains(acceptable, item)
            FROM heard SEMI JOIN briefed USING (person_id) JOIN heard_items USING (person_id) ORDER BY person_id, item
            """
        ):
            name = self._name(items[item]) if item in items else str(item)
            people = " → ".join(one for one in (said_by, heard_by) if one)
            where = word(VIA_NAMES, via, self._language)
            evidence = self._words["with"].join(one for one in (people, where, self._day(at) if at else "") if one)
            soft = "" if acceptable else f" {self._words['note']}{self._words['soft']}"
            told = f"{self._words['bullet']}{name}{self._words['colon']}{value}{self._bracketed(evidence)}{soft}"
            found[person].append((order.get(item, len(order)), told))
        return {person: [line for _, line in sorted(lines)] for person, lines in found.items()}

    def _toss_up(self) -> Section:
        toss_up = self._book.rules.lifecycle.toss_up
        names = {one.id: self._name(one.name) for one in (toss_up.criteria if toss_up else ())}
        found: dict[str, list[str]] = {}
        for person, met, missing in self._rows(
            "SELECT person_id, toss_up_met, toss_up_missing FROM qualified SEMI JOIN briefed USING (person_id)"
        ):
            lines = [f"{MARKS['met']} {names[one]}" for one in met] + [
                f"{MARKS['missed']} {names[one]}" for one in missing
            ]
            if lines:
                found[person] = lines
        return found

    def _missing(self) -> Section:
        """What is still to be asked, with the question."""
        items = {item.id: item for item in self._book.rules.lifecycle.hearing}
        found: dict[str, list[str]] = {}
        for person, ask in self._rows("SELECT person_id, ask FROM hearing_asks SEMI JOIN briefed USING (person_id)"):
            lines = []
            for one in ask or ():
                item = items.get(one)
                question = f"{self._words['colon']}{self._name(item.ask)}" if item and item.ask else ""
                lines.append(f"{self._words['bullet']}{self._name(item.name) if item else one}{question}")
            if lines:
                found[person] = lines
        return found

    def _offer(self) -> Section:
        """The next content to offer, where there is a catalogue."""
        if not self._rows("SELECT 1 FROM duckdb_tables() WHERE temporary AND table_name = 'content_offers'"):
            return {}
        offers(self._book.rules, self._as_of, self._run)
        rows = self._rows("SELECT person_id, content FROM next_offers SEMI JOIN briefed USING (person_id)")
        return {person: [f"{self._words['offer']}{self._content.get(item, item)}"] for person, item in rows}

    def _grade(self) -> Section:
        """The grade and how each of its criteria came out."""
        profiles = {one.id: one for one in self._book.rules.tiers.grade.profiles}
        found = {}
        for person, grade, profile, met, missed in self._rows(
            "SELECT person_id, grade, profile, met, missed FROM graded SEMI JOIN briefed USING (person_id)"
        ):
            if grade is None or profile not in profiles:
                continue
            outcomes = {**dict.fromkeys(met, "met"), **dict.fromkeys(missed, "missed")}
            lines = (
                f"{MARKS[outcomes.get(one.id, 'unknown')]}{self._name(one.name)}" for one in profiles[profile].criteria
            )
            gap = "" if self._language == "ja" else " "
            head = f"{self._words['grade'].capitalize()}{gap}{grade}{self._words['colon']}"
            found[person] = [head + " ".join(lines)]
        return found

    def _lists(self) -> Section:
        """The latest lists of each person, with the segment and the last day of its follow-up."""
        found: dict[str, list[str]] = defaultdict(list)
        for person, at, name, segment, until in self._rows(
            f"""
            SELECT person_id, happened_at, name, segment_{self._language}, follow_up_until
            FROM list_follow_ups SEMI JOIN briefed USING (person_id)
            WHERE happened_at IS NULL OR happened_at <= $as_of
            QUALIFY row_number() OVER (PARTITION BY person_id ORDER BY happened_at DESC NULLS LAST, name) <= $most
            ORDER BY person_id, happened_at DESC NULLS LAST, name
            """,
            as_of=as_column(self._as_of),
            most=LISTS,
        ):
            limit = f"{self._words['until']} {until}" if until else None
            day = self._day(at) if at else None
            found[person].append(self._words["bullet"] + " ".join(one for one in (day, name, segment, limit) if one))
        return found

    def _rows(self, statement: str, **given: object) -> list[tuple[Any, ...]]:
        return self._run(statement, given)

    def _name(self, name: Name) -> str:
        return name.ja if self._language == "ja" else name.en

    def _tier(self, tier: str | None) -> str | None:
        return next((self._name(one.name) for one in self._book.rules.tiers.tiers if one.id == tier), None)

    def _bracketed(self, text: str) -> str:
        if not text:
            return ""
        return f"（{text}）" if self._language == "ja" else f" ({text})"

    def _time(self, moment: datetime) -> str:
        return f"{from_column(moment).astimezone(self._zone):%Y-%m-%d %H:%M}"

    def _day(self, moment: datetime) -> str:
        return f"{from_column(moment).astimezone(self._zone):%Y-%m-%d}"


def _loss_reasons(book: Book) -> tuple[LossReason, ...]:
    recycle = book.rules.lifecycle.recycle
    return recycle.reasons if recycle else ()
