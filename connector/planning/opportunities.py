"""Opportunities at a hand-over: the open one is linked to the task, or one is made where the mapping says so (TU-4).

A lead has none: only a rep converts it, and the platform refuses a task that is about a lead and an opportunity.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, timedelta

from connector.domain.plan import OpportunityCreation, PlainValue, TaskCreation
from connector.domain.running import Run
from connector.engine.cadence import CadenceStep
from connector.planning.tasks import FollowUp, task_key
from connector.planning.toss_up import CHANNEL
from connector.rules.opportunities import OpportunityRule

OPPORTUNITY = "opportunity"
"""The last part of the key of an opportunity, where a task has its channel, and its word in the journal."""
MADE_FOR = timedelta(days=7)
"""So long after a hand-over its opportunity is made: switching it on makes none for all the hand-overs of before."""
_CONTACT, _QUEUE = "003", "00G"


def linked(run: Run, tasks: Iterable[TaskCreation]) -> tuple[TaskCreation, ...]:
    """The tasks; those that hand a contact over are about the deal, too, where there is no doubt which one it is.

    That is the one open deal in which the contact has a role, or, where it has none in any, the one open deal of its
    account. Reads contacts, opportunities and contact roles as the mirror has them.
    """
    given = tuple(tasks)
    contacts = sorted({str(one.values["WhoId"]) for one in given if _hands_a_contact_over(one)})
    if not contacts:
        return given
    deals = {str(contact): str(deal) for contact, deal in run(_ONE_DEAL, {"contacts": contacts})}
    return tuple(
        replace(one, values={**one.values, "WhatId": deals[who]})
        if _hands_a_contact_over(one) and (who := str(one.values["WhoId"])) in deals
        else one
        for one in given
    )


def _hands_a_contact_over(task: TaskCreation) -> bool:
    return task.key.endswith(f":{CHANNEL}") and str(task.values.get("WhoId")).startswith(_CONTACT)


def create_opportunities(
    run: Run, rule: OpportunityRule | None, due: Iterable[tuple[FollowUp, CadenceStep]], org_id: str, today: date
) -> tuple[OpportunityCreation, ...]:
    """What is made for the hand-overs `due`, by key: for contacts of whose account no deal is open, one an account.

    None is made twice, whatever people did with it since. `today` is a day in the zone of the rules. Reads people,
    owner_names, the mirror and the journal.
    """
    if rule is None:
        return ()
    steps = [pair for pair in due if pair[0].who_id.startswith(_CONTACT) and pair[0].start >= today - MADE_FOR]
    if not steps:
        return ()
    given = {"persons": [one.person_id for one, _ in steps], "contacts": [one.who_id for one, _ in steps]}
    found = {str(row[0]): row[1:] for row in run(_ACCOUNTS, given)}
    keys = {one.person_id: task_key(org_id, one, replace(step, channel=OPPORTUNITY)) for one, step in steps}
    made = {str(key) for (key,) in run(_MADE, {"keys": list(keys.values()), "kind": OPPORTUNITY})}
    away = {str(owner) for (owner,) in run("SELECT owner_id FROM owner_names WHERE NOT is_active", {})}
    wanted = [
        (follow_up, *found[follow_up.person_id])
        for follow_up, _ in steps
        if follow_up.person_id in found and keys[follow_up.person_id] not in made
    ]
    return tuple(
        sorted(
            (
                _creation(rule, keys[one.person_id], one, (account, company, _owner(rule, one, owner, away)), today)
                for one, account, company, owner in _one_an_account(wanted)
            ),
            key=lambda one: one.key,
        )
    )


_Wanted = tuple[FollowUp, str, str | None, str | None]
"""Whom it is about, the account, the company's name and the owner of the record."""


def _one_an_account(wanted: Iterable[_Wanted]) -> Iterator[_Wanted]:
    seen: set[str] = set()
    for one in sorted(wanted, key=lambda entry: entry[0].person_id):
        if one[1] not in seen:
            seen.add(one[1])
            yield one


def _owner(rule: OpportunityRule, follow_up: FollowUp, record: str | None, away: set[str]) -> str | None:
    """Whose it becomes: a user who is active, since no queue owns opportunities; None leaves it to our own."""
    named = follow_up.owner_id if rule.owner == "assign_to" else record
    chosen = (one for one in (named, record) if one and not one.startswith(_QUEUE) and one not in away)
    return next(chosen, None)


def _creation(
    rule: OpportunityRule, key: str, follow_up: FollowUp, whose: tuple[str, str | None, str | None], today: date
) -> OpportunityCreation:
    account, company, owner = whose
    values: dict[str, PlainValue] = {
        "Name": rule.name_for(company or ""),
        "StageName": rule.stage,
        "CloseDate": rule.closes_on(today).isoformat(),
        "AccountId": account,
        "ContactId": follow_up.who_id,
    }
    if owner is not None:
        values["OwnerId"] = owner
    if rule.amount is not None:
        values["Amount"] = rule.amount
    why = f"handed over to field sales on {follow_up.start.isoformat()}"
    return OpportunityCreation(key, rule.key_field, follow_up.person_id, values, why)


_OPEN = "NOT coalesce(deal.is_deleted, FALSE) AND NOT coalesce(deal.is_closed, FALSE)"
_ONE_DEAL = f"""
WITH wanted AS (SELECT unnest($contacts::VARCHAR[]) AS contact_id),
deals AS (
    SELECT wanted.contact_id, deal.id AS deal_id,
        deal.contact_id = wanted.contact_id OR EXISTS (
            FROM seen_salesforce_opportunity_contact_role AS role
            WHERE role.opportunity_id = deal.id AND role.contact_id = wanted.contact_id
                AND NOT coalesce(role.is_deleted, FALSE)
        ) AS has_role
    FROM wanted
    JOIN seen_salesforce_contact AS contact ON contact.id = wanted.contact_id
    JOIN seen_salesforce_opportunity AS deal ON deal.account_id = contact.account_id AND {_OPEN}
)
SELECT contact_id, coalesce(any_value(deal_id) FILTER (has_role), any_value(deal_id)) AS deal_id
FROM deals
GROUP BY contact_id
HAVING count(*) FILTER (has_role) = 1 OR (count(*) = 1 AND count(*) FILTER (has_role) = 0)
"""
# What we made is no reason to make another before the mirror has it.
_ACCOUNTS = f"""
SELECT wanted.person_id, contact.account_id, people.company, people.owner_id
FROM (SELECT unnest($persons::VARCHAR[]) AS person_id, unnest($contacts::VARCHAR[]) AS contact_id) AS wanted
JOIN seen_salesforce_contact AS contact ON contact.id = wanted.contact_id AND NOT coalesce(contact.is_deleted, FALSE)
JOIN people ON people.person_id = wanted.person_id
WHERE contact.account_id IS NOT NULL
    AND NOT EXISTS (
        FROM seen_salesforce_opportunity AS deal WHERE deal.account_id = contact.account_id AND {_OPEN})
    AND NOT EXISTS (
        FROM journal
        WHERE journal.kind = 'opportunity' AND journal.outcome = 'done'
            AND json_extract_string(journal.values_after, '$.AccountId') = contact.account_id
            AND journal.record NOT IN (SELECT key FROM seen_salesforce_opportunity WHERE key IS NOT NULL))
"""
_MADE = """
SELECT DISTINCT record FROM journal
WHERE kind = $kind AND outcome = 'done' AND record IN (SELECT unnest($keys::VARCHAR[]))
"""
