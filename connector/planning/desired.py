"""What should stand in each record: the decisions about a person, laid on every live record of that person."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from connector.domain.running import Run
from connector.rules.model import TierRule

Language = Literal["ja", "en"]

REASON_LENGTH = 255

_WORDS = {
    "ja": {
        "attribute": "属性：",
        "behaviour": "行動：",
        "time": "時期：",
        "score": "スコア",
        "parts": "（経路%+d 行動%+d 休眠%+d）",
        "grade": "グレード",
        "since": "からホット",
        "last": "最終行動 ",
        "with": "、",
        "bar": "｜",
    },
    "en": {
        "attribute": "Fit: ",
        "behaviour": "Behaviour: ",
        "time": "Time: ",
        "score": "score ",
        "parts": " (source %+d, behaviour %+d, inactivity %+d)",
        "grade": "grade ",
        "since": "hot since ",
        "last": "last active ",
        "with": ", ",
        "bar": " | ",
    },
}


def desire(run: Run, tiers: Iterable[TierRule], language: Language, zone: str) -> None:
    """Makes `desired`, a row a target: (object, record_id, person_id, score, grade, tier, stage, status, reason, why).

    `status` is the stage, or toss_up for those who are with field sales and no deal yet. Reads people, scored, graded,
    tiered, decided, toss_ups and company_accounts. Accounts carry only their company's tier.
    """
    run(_PERSONS.format(reason=_reason(tiers, language, zone), length=REASON_LENGTH), {})
    run(_TARGETS, {})


_PERSONS = """
CREATE OR REPLACE TEMP TABLE desired_persons AS
SELECT
    people.person_id, people.lead_ids, people.contact_ids, scored.score, graded.grade, tiered.tier, decided.stage,
    CASE WHEN tossed.person_id IS NOT NULL AND decided.stage IN ('registered', 'cold', 'hot') THEN 'toss_up'
        ELSE decided.stage END AS status,
    left({reason}, {length}) AS reason
FROM people
JOIN scored USING (person_id)
JOIN decided USING (person_id)
LEFT JOIN graded USING (person_id)
LEFT JOIN tiered ON tiered.company_id = people.company_id
LEFT JOIN (SELECT person_id, state FROM toss_ups) AS tossed
    ON tossed.person_id = people.person_id
    AND (tossed.state = 'handed_over' OR (tossed.state = 'due' AND (decided.may_call OR decided.may_email)))
"""

_TARGETS = """
CREATE OR REPLACE TEMP TABLE desired AS
SELECT 'Lead' AS object, unnest(lead_ids) AS record_id, person_id, score, grade, tier, stage, status, reason,
    reason AS why
FROM desired_persons
UNION ALL
SELECT 'Contact', unnest(contact_ids), person_id, score, grade, tier, stage, status, reason, reason FROM desired_persons
UNION ALL
SELECT 'Account', account_id, company_id, NULL, NULL, tier, NULL, NULL, NULL, coalesce(tier, 'no tier')
FROM company_accounts LEFT JOIN tiered USING (company_id)
"""


def _reason(tiers: Iterable[TierRule], language: Language, zone: str) -> str:
    """What somebody is, did, and when, in one line, as an SQL expression: the three axes of every decision (LC-8).

    Nothing in it changes from day to day by itself, so that it is written only when something happened.
    """
    words = _WORDS[language]
    names = " ".join(
        f"WHEN '{tier.id}' THEN '{_quoted(tier.name.ja if language == 'ja' else tier.name.en)}'" for tier in tiers
    )
    tier = f"CASE tiered.tier {names} END" if names else "NULL"
    sums = "scored.score_source, scored.score_behaviour, scored.score_inactivity"
    since, last = (
        f"strftime(timezone('{zone}', timezone('UTC', {moment})), '%Y-%m-%d')"
        for moment in ("decided.hot_since", "scored.last_activity_at")
    )
    hot = f"{since} || '{words['since']}'" if language == "ja" else f"'{words['since']}' || {since}"
    axes = (
        ("attribute", f"concat_ws('{words['with']}', '{words['grade']}' || graded.grade, {tier})"),
        ("behaviour", f"'{words['score']}' || scored.score || printf('{words['parts']}', {sums})"),
        ("time", f"concat_ws('{words['with']}', {hot}, '{words['last']}' || {last})"),
    )
    told = ", ".join(f"'{words[axis]}' || nullif({text}, '')" for axis, text in axes)
    return f"concat_ws('{words['bar']}', {told})"


def _quoted(text: str) -> str:
    return text.replace("'", "''")
