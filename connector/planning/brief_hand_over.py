"""What a brief says for the hand-over: what to ask of this product's customers, and who converts the lead (TU-4)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from connector.domain.running import Run
from connector.domain.statements import quoted
from connector.domain.vocabulary import Language
from connector.engine.lines import in_segment
from connector.rules.lifecycle import TossUp

CONVERT: Mapping[Language, str] = MappingProxyType(
    {
        "ja": "商談化する場合は、このリードを取引開始（コンバージョン）してください。"
        "ステータスを変えるだけでは商談になりません。",
        "en": "If a deal comes of it, please convert this lead: a status alone makes no opportunity.",
    }
)
_BULLETS: Mapping[Language, tuple[str, str]] = MappingProxyType({"ja": ("・", "："), "en": ("- ", ": ")})


MOST_NAMED = 3
_OPEN_DEAL: Mapping[Language, str] = MappingProxyType({"ja": "進行中の商談：", "en": "Open deal: "})


def script_lines(run: Run, toss_up: TossUp | None, language: Language) -> dict[str, list[str]]:
    """By person of `briefed` what to ask for the criteria that are missing, by the script of the person's segment.

    A segment's own script goes before the one for everybody, criterion by criterion. Reads qualified and grade_fit.
    """
    if toss_up is None or not (toss_up.script or any(part.script for part in toss_up.segments)):
        return {}
    cases = " ".join(f"WHEN {in_segment(part)} THEN {quoted(part.id)}" for part in toss_up.segments)
    rows = run(_MISSING.format(segment=f"CASE {cases} END" if cases else "NULL"), {})
    names = {one.id: getattr(one.name, language) for one in toss_up.criteria}
    own = {part.id: part.script for part in toss_up.segments}
    bullet, colon = _BULLETS[language]
    found: dict[str, list[str]] = {}
    for person, segment, missing in rows:
        script = {**toss_up.script, **own.get(segment, {})}
        lines = [
            f"{bullet}{names[one]}{colon}{getattr(line, language)}" for one in missing for line in script.get(one, ())
        ]
        if lines:
            found[str(person)] = lines
    return found


def convert_lines(run: Run, language: Language) -> dict[str, list[str]]:
    """The people of `briefed` who are leads alone: a rep converts them, we never do."""
    return {str(person): [CONVERT[language]] for (person,) in run(_LEADS, {})}


def deal_lines(run: Run, language: Language) -> dict[str, list[str]]:
    """By person of `briefed` the open deals of the company, the first to close first: name and stage."""
    rows = run(_NAMED, {"most": MOST_NAMED})
    found: dict[str, list[str]] = {}
    for person, name, stage in rows:
        told = f"（{stage}）" if language == "ja" else f" ({stage})"
        found.setdefault(str(person), []).append(f"{_OPEN_DEAL[language]}{name}{told if stage else ''}")
    return found


_MISSING = """
SELECT qualified.person_id, {segment} AS segment, qualified.toss_up_missing
FROM qualified SEMI JOIN briefed USING (person_id)
JOIN grade_fit AS fit USING (person_id)
WHERE len(qualified.toss_up_missing) > 0
"""
_LEADS = """
SELECT person_id FROM people SEMI JOIN briefed USING (person_id)
WHERE len(lead_ids) > 0 AND len(contact_ids) = 0
"""
_NAMED = """
WITH accounts AS (
    SELECT one.person_id, contact.account_id
    FROM (SELECT person_id, unnest(contact_ids) AS contact_id FROM people SEMI JOIN briefed USING (person_id)) AS one
    JOIN seen_salesforce_contact AS contact ON contact.id = one.contact_id
    WHERE contact.account_id IS NOT NULL
    UNION
    SELECT people.person_id, owned.account_id
    FROM people SEMI JOIN briefed USING (person_id)
    JOIN company_accounts AS owned USING (company_id)
)
SELECT person_id, deal.name, deal.stage_name
FROM accounts
JOIN seen_salesforce_opportunity AS deal ON deal.account_id = accounts.account_id
WHERE NOT coalesce(deal.is_deleted, FALSE) AND NOT coalesce(deal.is_closed, FALSE) AND deal.name IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY person_id ORDER BY deal.close_date NULLS LAST, deal.id) <= $most
ORDER BY person_id, deal.close_date NULLS LAST, deal.id
"""
