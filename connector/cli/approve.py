"""`connector approve`: what waits for somebody's word, and the word (TU-2)."""

from __future__ import annotations

import os
import pwd
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import click
from rich.console import Console
from rich.markup import escape

from connector import flow
from connector.bootstrap import machine_time
from connector.cli.asking import evaluated
from connector.cli.render import table
from connector.cli.shared import Options, console, echo_json, json_option, place_options, river_of
from connector.domain.plan import Waiting
from connector.errors import ConfigurationError
from connector.planning.approvals import KINDS, TOSS_UPS, waiting_toss_ups
from connector.reporting.explanation import find_person
from connector.reporting.waiting import HandOver, hand_overs_waiting
from connector.river import River
from connector.store.approvals import Said, Word, give_word, waiting_since, words

MOST_SHOWN = 20
NAMES: Mapping[str, str] = {
    TOSS_UPS: "Hand-overs to field sales",
    "status": "Statuses",
    "tasks": "Tasks to make",
    "opportunities": "Opportunities to make",
    "closings": "Tasks to close",
    "updates": "Fields of records",
    "prospects": "Fields of prospects",
    "memberships": "Members of lists",
}


@dataclass(frozen=True)
class Asked:
    """What waits, the hand-overs among it in words, since when, and which words stand."""

    waiting: tuple[Waiting, ...]
    hand_overs: tuple[HandOver, ...]
    since: Mapping[tuple[str, str], datetime]
    said: tuple[Said, ...]


@click.command()
@click.argument("persons", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All that waits, or all of a --kind.")
@click.option("--kind", type=click.Choice(KINDS), help="Only this kind.")
@click.option("--reject", is_flag=True, help="Say no. It does not come again until it has ended and begins anew.")
@click.option("--reason", help="Why; needed with --reject.")
@click.option("--by", help="Who gives the word; else the user of this machine.")
@place_options
@json_option
@click.pass_obj
def approve(
    options: Options,
    persons: tuple[str, ...],
    everything: bool,
    kind: str | None,
    reject: bool,
    reason: str | None,
    by: str | None,
    as_json: bool,
) -> int:
    """Show what waits for somebody's word, or give the word; the next plan carries it out.

    PERSONS are named by e-mail address or any record id; a subject, as the list shows it, is that alone.
    """
    _make_sense(persons, everything=everything, reject=reject, reason=reason)
    with river_of(options.settings(), quiet=as_json, remote=False) as river:
        asked = _asked(river, kind)
        given = _meant(river, asked.waiting, persons, kind, everything=everything)
        count, word = 0, _word(reject)
        if given:
            count = give_word(river.store, given, word, by or _user(), (reason or "").strip() or None, machine_time())
        left = tuple(one for one in asked.waiting if one not in set(given))
        if as_json:
            echo_json({"word": word if given else None, "given": count, **document(asked, left)})
        else:
            _show(console(), asked, left, given, word)
    return 0


def _make_sense(persons: Sequence[str], *, everything: bool, reject: bool, reason: str | None) -> None:
    if persons and everything:
        raise ConfigurationError("Name people, or give --all; not both.")
    if reject and not (persons or everything):
        raise ConfigurationError("Say whom --reject is about: name people, or give --all.")
    if reject and not (reason or "").strip():
        raise ConfigurationError("Say why with --reason: whoever wonders later why nothing happened wants to know.")


def _word(reject: bool) -> Word:
    return "rejected" if reject else "approved"


def _user() -> str:
    number = os.getuid()
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"user {number}"


def _asked(river: River, kind: str | None) -> Asked:
    """What waits by what the store knows, the hand-overs first."""
    moment = evaluated(river, None)
    org = river.store.run("SELECT org_id FROM org LIMIT 1")
    planned = flow.plan(river, str(org[0][0]) if org else "", moment)
    run = river.store.run
    since = waiting_since(run)
    found = sorted((*waiting_toss_ups(run), *planned.waiting), key=lambda one: (KINDS.index(one.kind), one))
    waiting = tuple(one for one in found if kind in (None, one.kind))
    handing = hand_overs_waiting(run, river.rules, river.mapping.fields.language)
    kept = tuple(one for one in handing if kind in (None, TOSS_UPS))
    return Asked(waiting, kept, since, tuple(words(run)))


def _meant(
    river: River, waiting: Sequence[Waiting], persons: Sequence[str], kind: str | None, *, everything: bool
) -> list[Waiting]:
    """What the word is about. ConfigurationError for somebody of whom nothing waits."""
    if everything:
        return list(waiting)
    given: list[Waiting] = []
    for named in dict.fromkeys(persons):
        subjects = [one for one in waiting if one.subject == named]
        if subjects:
            given += subjects
            continue
        person = find_person(river.store.run, named)
        if person is None:
            raise ConfigurationError(f"Nobody living in the mirror has the address or record id {named!r}.")
        mine = [one for one in waiting if one.person_id == person]
        if not mine:
            what = f" of the kind {kind}" if kind else ""
            raise ConfigurationError(f"Nothing{what} waits of {named!r}. `connector approve` lists what waits.")
        given += mine
    return given


def document(asked: Asked, left: Sequence[Waiting]) -> dict[str, Any]:
    """What waits still, and the words that stand, for machines."""
    handing = {one.person_id: one for one in asked.hand_overs}
    return {
        "counts": dict(Counter(one.kind for one in left)),
        "waiting": [
            {
                "kind": one.kind,
                "subject": one.subject,
                "person_id": one.person_id,
                "what": one.what or None,
                "since": _since(asked, one),
                "hand_over": _hand_over(handing.get(one.person_id)) if one.kind == TOSS_UPS else None,
            }
            for one in left
        ],
        "said": [
            {
                "kind": one.kind,
                "subject": one.subject,
                "person_id": one.person_id,
                "word": one.word,
                "by": one.said_by,
                "at": one.said_at.isoformat(),
                "reason": one.reason,
            }
            for one in asked.said
        ],
    }


def _since(asked: Asked, one: Waiting) -> str | None:
    since = asked.since.get((one.kind, one.subject))
    return since.isoformat() if since else None


def _hand_over(one: HandOver | None) -> dict[str, Any] | None:
    if one is None:
        return None
    return {
        "name": one.name,
        "company": one.company,
        "record": one.record,
        "tier": one.tier,
        "grade": one.grade,
        "score": one.score,
        "met": list(one.met),
        "missing": list(one.missing),
        "required": one.required,
    }


def _show(shown: Console, asked: Asked, left: Sequence[Waiting], given: Sequence[Waiting], word: Word) -> None:
    if given:
        kinds = ", ".join(f"{NAMES[kind]} {count:,}" for kind, count in Counter(one.kind for one in given).items())
        then = "The next plan carries it out." if word == "approved" else "It does not come again while it lasts."
        shown.print(f"{word.capitalize()}: {kinds}. {then}\n")
    if not left:
        shown.print("Nothing waits for an approval.")
    handing = [one for one in asked.hand_overs if any(wait.subject == one.person_id for wait in left)]
    if handing:
        _show_hand_overs(shown, handing, asked)
    for kind in KINDS[1:]:
        mine = [one for one in left if one.kind == kind]
        if mine:
            rows = table(f"{NAMES[kind]} ({len(mine):,})", "subject", "what", right=())
            for one in mine[:MOST_SHOWN]:
                rows.add_row(escape(one.subject), escape(one.what))
            shown.print(rows)
            _show_rest(shown, len(mine))
    if left and not given:
        shown.print("`connector approve WHO` (e-mail address or record id) or --all says yes; --reject --reason … no.")


def _show_hand_overs(shown: Console, handing: Sequence[HandOver], asked: Asked) -> None:
    heads = ("who", "record", "tier", "grade", "score", "met", "missing", "since")
    rows = table(f"{NAMES[TOSS_UPS]} ({len(handing):,})", *heads, right=("score",))
    for one in handing[:MOST_SHOWN]:
        who = " · ".join(text for text in (one.name, one.company) if text) or one.person_id
        since = asked.since.get((TOSS_UPS, one.person_id))
        rows.add_row(
            escape(who), one.record or "–", one.tier or "–", one.grade or "–", f"{one.score:,}",
            escape(", ".join(one.met)), escape(", ".join(one.missing)) or "–", f"{since:%Y-%m-%d}" if since else "–",
        )  # fmt: skip
    for column in rows.columns:
        column.overflow = "fold"
    shown.print(rows)
    _show_rest(shown, len(handing))


def _show_rest(shown: Console, count: int) -> None:
    left = count - MOST_SHOWN
    shown.print(f"… and {left:,} more\n" if left > 0 else "")
