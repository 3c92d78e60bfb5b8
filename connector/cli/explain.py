"""`connector explain PERSON`: every point, criterion, claim, transition and write, with its evidence (AD-8)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import date, datetime
from typing import Any

import click

from connector import flow
from connector.cli.asking import moment_asked, moment_told
from connector.cli.explained import show
from connector.cli.shared import Options, console, echo_json, json_option, place_options, river_of
from connector.cli.wording import WIDTH, wording_of
from connector.domain.vocabulary import Language
from connector.engine.evidence import ClaimLine, Evidence, ItemLine, RequirementLine
from connector.engine.explain import Fit, LedgerLine
from connector.engine.life import LifeLine
from connector.engine.next_action import next_actions
from connector.errors import ConfigurationError
from connector.reporting.apart_keys import APART_KEYS
from connector.reporting.explanation import (
    Explanation,
    Horizon,
    Planned,
    Write,
    explanation_of,
    find_person,
    planned_for,
)
from connector.reporting.standing import Action
from connector.river import River
from connector.store.past import freeze_runs
from connector.store.tiers import TierChange


@click.command()
@click.argument("person")
@click.option("--as-of", "as_of", help="All that is known now and had happened by then (ISO 8601).")
@click.option("--as-known-at", "known_at", help="Only what had been seen by then (ISO 8601).")
@click.option("--language", type=click.Choice(["ja", "en"]), help="Of the text; else that of fields.yaml.")
@place_options
@json_option
@click.pass_obj
def explain(
    options: Options, person: str, as_of: str | None, known_at: str | None, language: Language | None, as_json: bool
) -> int:
    """Explain a person, named by e-mail address or any record id."""
    with river_of(options.settings(), quiet=as_json, remote=False) as river:
        moment = moment_asked(river, as_of or known_at)
        horizon = Horizon(
            moment_told(as_of, river) if as_of else None, moment_told(known_at, river) if known_at else None
        )
        found = explained(river, person, moment, horizon)
        if found is None:
            raise ConfigurationError(
                f"Nobody living in the mirror has the address or record id {person!r}. "
                "`connector status` shows how far the mirror has been read."
            )
        if as_json:
            echo_json(document(found))
        else:
            shown = console()
            shown.width = min(shown.width, WIDTH)
            show(shown, found, wording_of(river.rules, river.content, language or river.mapping.fields.language))
    return 0


def explained(river: River, person: str, moment: datetime, horizon: Horizon) -> Explanation | None:
    """Evaluates everybody as of a time, and explains one of them; None for nobody living.

    What would be written is planned where the question is about now: the records of a past time are not there to be
    compared with.
    """
    run = river.store.run
    past = horizon.happened_by or horizon.recorded_by
    flow.mirror(river, as_of=horizon.happened_by, known_at=horizon.recorded_by)
    if past:
        freeze_runs(river.store, past)
    flow.enrich(river, moment, remember=False)
    flow.score(river, moment)
    flow.decide(river, moment)
    next_actions(river.rules, moment, flow.today(river, moment), run, river.store.load)
    person_id = find_person(run, person)
    found = explanation_of(run, river.rules, moment, person_id, horizon) if person_id else None
    org_id = river.store.value("SELECT org_id FROM org LIMIT 1")
    if found is None or past or org_id is None:
        return found
    return replace(found, planned=planned_for(flow.plan(river, str(org_id), moment), found.person.person_id))


def document(found: Explanation) -> dict[str, Any]:
    """The explanation for machines. `ledger` points add up to `score`."""
    person = found.person
    return {
        "as_of": found.as_of.isoformat(),
        "person_id": person.person_id,
        "name": person.name,
        "company": person.company,
        "records": list(person.records),
        "stage": person.stage,
        "stage_rule": person.stage_rule,
        "hot_since": _iso(person.hot_since),
        "score": person.score,
        "score_source": person.score_source,
        "score_behaviour": person.score_behaviour,
        "score_inactivity": person.score_inactivity,
        "ledger": [_ledger_document(line) for line in found.ledger],
        **_fit_document(found.fit),
        "transitions": [
            {"at": _iso(moment), "from": before, "to": after, "reason": reason}
            for moment, before, after, reason in found.transitions
        ],
        "cadences": [{"cadence": name, "start": start, "end_reason": end} for name, start, end in found.cadences],
        "writes": [_write_document(write) for write in found.writes],
        "lists": [{**asdict(one), "happened_at": _iso(one.happened_at)} for one in found.lists],
        "score_deciding": person.score_deciding,
        "score_floor": person.score_floor,
        "consent": {"opted_out": person.opted_out, "do_not_call": person.do_not_call},
        **_evidence_document(found.evidence),
        "next_action": _action_document(found.next_action),
        "standing": dict(found.standing),
        **{name: dict(found.apart).get(name) for name in APART_KEYS},
        "planned": _planned_document(found.planned),
        "life": [_turn_document(turn) for turn in found.life],
        "tier_history": [_tier_document(change) for change in found.tiers],
    }


def _evidence_document(found: Evidence | None) -> dict[str, Any]:
    if not found:
        return {"qualification": None, "requirements": [], "hearing": []}
    return {
        "qualification": asdict(found.verdict),
        "requirements": [_requirement_document(line) for line in found.requirements],
        "hearing": [_item_document(item) for item in found.items],
    }


def _requirement_document(line: RequirementLine) -> dict[str, Any]:
    claims = [_claim_document(claim) for claim in line.claims]
    return {"decision": line.decision, "id": line.id, "name": line.name.model_dump(), "met": line.met, "claims": claims}


def _claim_document(claim: ClaimLine) -> dict[str, Any]:
    shown = [
        {key: _iso(cell) if isinstance(cell, date) else cell for key, cell in row.items()} for row in claim.evidence
    ]
    return {**asdict(replace(claim, evidence=())), "evidence": shown}


def _item_document(item: ItemLine) -> dict[str, Any]:
    told = {name: getattr(item, name) for name in ("id", "state", "needed", "value", "said_by", "heard_by", "via")}
    return {**told, "at": _iso(item.at)}


def _action_document(action: Action | None) -> dict[str, Any] | None:
    if not action:
        return None
    return {**asdict(action), "due": _iso(action.due), "ask": list(action.ask), "why_parts": list(action.why_parts)}


def _turn_document(turn: LifeLine) -> dict[str, Any]:
    told = {name: getattr(turn, name) for name in ("kind", "score")}
    rules = {"rules": list(turn.rules), "undated": list(turn.undated)}
    return {"at": _iso(turn.at), "from": turn.from_stage, "to": turn.to_stage, **told, **rules}


def _tier_document(change: TierChange) -> dict[str, Any]:
    told = {"tier": change.tier, "tier_rule": change.tier_rule, "moved_by": list(change.moved_by)}
    return {"since": _iso(change.since), **told, "rules_hash": change.rules_hash, "facts": dict(change.facts)}


def _planned_document(planned: Planned | None) -> dict[str, Any] | None:
    if not planned:
        return None
    return {
        "records": [
            {"object": one.object, "record": one.record_id, "changes": [asdict(change) for change in one.changes]}
            for one in planned.records
        ],
        "tasks": [{"key": one.key, "values": dict(one.values), "why": one.why} for one in planned.tasks],
        "withheld": [{"step": one.step, "reason": one.reason} for one in planned.withheld],
    }


def _ledger_document(line: LedgerLine) -> dict[str, Any]:
    return {
        "at": _iso(line.at),
        "rule": line.rule_id,
        "points": line.points,
        "total": line.running_total,
        "what": line.what,
        "activity_id": line.activity_id,
        "uncut": line.uncut,
    }


def _write_document(write: Write) -> dict[str, Any]:
    return {
        "at": _iso(write.at),
        "object": write.object,
        "record": write.record,
        "before": dict(write.before),
        "after": dict(write.after),
        "outcome": write.outcome,
    }


def _fit_document(fit: Fit | None) -> Mapping[str, Any]:
    if fit is None:
        return {"grade": None, "tier": None, "criteria": []}
    return {
        "grade": fit.grade,
        "grade_thirds": fit.thirds,
        "tier": fit.tier,
        "tier_rule": fit.tier_rule,
        "criteria": [
            {"id": line.id, "outcome": line.outcome, "thirds": line.thirds, "evidence": dict(line.evidence)}
            for line in fit.criteria
        ],
    }


def _iso(moment: date | None) -> str | None:
    return None if moment is None else moment.isoformat()
