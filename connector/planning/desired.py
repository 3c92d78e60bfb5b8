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
        "score": "スコア",
        "source": "経路",
        "behaviour": "行動",
        "inactivity": "休眠",
        "grade": "グレード",
        "last": "最終行動",
        "is": "＝",
        "bar": "｜",
    },
    "en": {
        "score": "Score ",
        "source": "source ",
        "behaviour": "behaviour ",
        "inactivity": "inactivity ",
        "grade": "Grade ",
        "last": "last active ",
        "is": " = ",
        "bar": " | ",
    },
}


def desire(run: Run, tiers: Iterable[TierRule], language: Language, zone: str) -> None:
    """Makes `desired`: (object, record_id, person_id, score, grade, tier, stage, reason, why), one row a target.

    Reads people, scored, graded, tiered, decided and company_accounts. Accounts carry only their company's tier.
    """
    run(_PERSONS.format(reason=_reason(tiers, language, zone), length=REASON_LENGTH), {})
    run(_TARGETS, {})


_PERSONS = """
CREATE OR REPLACE TEMP TABLE desired_persons AS
SELECT
    people.person_id, people.lead_ids, people.contact_ids, scored.score, graded.grade, tiered.tier, decided.stage,
    left({reason}, {length}) AS reason
FROM people
JOIN scored USING (person_id)
JOIN decided USING (person_id)
LEFT JOIN graded USING (person_id)
LEFT JOIN tiered ON tiered.company_id = people.company_id
"""

_TARGETS = """
CREATE OR REPLACE TEMP TABLE desired AS
SELECT 'Lead' AS object, unnest(lead_ids) AS record_id, person_id, score, grade, tier, stage, reason, reason AS why
FROM desired_persons
UNION ALL
SELECT 'Contact', unnest(contact_ids), person_id, score, grade, tier, stage, reason, reason FROM desired_persons
UNION ALL
SELECT 'Account', account_id, company_id, NULL, NULL, tier, NULL, NULL, coalesce(tier, 'no tier')
FROM company_accounts LEFT JOIN tiered USING (company_id)
"""


def _reason(tiers: Iterable[TierRule], language: Language, zone: str) -> str:
    """The figures behind a score and a grade in one line, as an SQL expression."""
    words = _WORDS[language]
    names = " ".join(
        f"WHEN '{tier.id}' THEN '{_quoted(tier.name.ja if language == 'ja' else tier.name.en)}'" for tier in tiers
    )
    tier = f"CASE tiered.tier {names} END" if names else "NULL"
    parts = (
        f"'{words['source']}' || printf('%+d', scored.score_source)",
        f"'{words['behaviour']}' || printf('%+d', scored.score_behaviour)",
        f"'{words['inactivity']}' || printf('%+d', scored.score_inactivity)",
    )
    day = f"strftime(timezone('{zone}', timezone('UTC', scored.last_activity_at)), '%Y-%m-%d')"
    return (
        f"concat_ws('{words['bar']}', '{words['score']}' || scored.score || '{words['is']}' || "
        f"concat_ws(' ', {', '.join(parts)}), '{words['grade']}' || graded.grade, {tier}, "
        f"'{words['last']}' || {day})"
    )


def _quoted(text: str) -> str:
    return text.replace("'", "''")
