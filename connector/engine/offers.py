"""offers: who somebody is, what for and what was seen → the next content to offer (NU-1)."""

from __future__ import annotations

from datetime import datetime

from connector.domain.running import Run
from connector.engine.composing import compose, quoted
from connector.engine.moments import as_column
from connector.engine.personas import personify
from connector.engine.score import counts
from connector.rules.load import RuleSet

_FILE = "offers"


def offers(rules: RuleSet, as_of: datetime, run: Run) -> None:
    """Makes the temporary tables `personified` (see personas), `interested`, `offered_to` and `next_offers`.

    `interested(person_id, product, next_change_at)`: the product whose content the person used most in the last days.
    `offered_to(person_id, rank, persona, product)`: those to whom content may be offered at all, `rank` being their
    stage of buying (0: none yet). Nobody is among them who was screened out, opted out, or lacks the consent that the
    rules ask for.
    `next_offers(person_id, content, why)`: the first item of the catalogue, of those that the person may see and has
    not seen, at the person's stage of buying or the next; what is for the person's persona and product goes before.
    `why` lists what speaks for it: stage or next_stage, persona, product.

    Reads decided, qualified, screened, grade_fit, activities, content_stages and content_offers. `interested` alone
    changes by time.
    """
    personify(rules, run)
    moment = {"as_of": as_column(as_of)}
    scoring = rules.scoring
    types = ", ".join(quoted(word) for word in scoring.activity_types)
    holes = {"types": types, "not_noise": counts(scoring, run), "days": rules.nurture.interest.within_days}
    run(compose(_FILE, "interested", **holes), moment)
    run(compose(_FILE, "offered_to", consent=consent(rules)), {})
    ((last_place,),) = run(compose(_FILE, "last_place"), {})
    run(compose(_FILE, "offers", last_place=last_place), moment)


def consent(rules: RuleSet) -> str:
    """SQL for whether a person (`fit`) gave the consent that the rules ask for, beside not having opted out."""
    asked = rules.nurture.consent
    return f"coalesce({asked.sql}, FALSE)" if asked else "TRUE"
