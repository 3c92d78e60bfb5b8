"""tracks: who is nurtured, or why not, and on which track (NU-2, EN-8)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from connector.domain.running import Run
from connector.engine.composing import compose, quoted
from connector.engine.offers import consent
from connector.engine.seasons import FISCAL_YEAR_STARTS, holds, next_change
from connector.rules.load import RuleSet
from connector.rules.nurture import Nurture, Season, Track

_FILE = "tracks"
_KEYS = ("stages", "buying_stages", "segments", "personas", "products", "seasons", "when")


def nurtured(rules: RuleSet, run: Run) -> None:
    """Makes the temporary table `nurtured(person_id, nurture, why)`, one row a person.

    `why` says what refuses it: screened, in_follow_up (hot), waits (lost, until the time is over), opportunity, won,
    disqualified, no_consent, short_lead_time; else what the person is: mql, recycled, registered, cold or another
    stage that the rules nurture. Reads decided, scored, qualified, grade_fit, screened and segmented, so `decide` goes
    before; it changes when they do.
    """
    stages = ", ".join(quoted(stage) for stage in rules.nurture.stages) or "NULL"
    run(compose(_FILE, "nurtured", stages=stages, consent=consent(rules)), {})


def tracks(rules: RuleSet, today: date, run: Run) -> None:
    """Makes the temporary tables `nurtured` and `tracked`.

    `tracked(person_id, track, list, why, next_change_at)`: the first track that fits a person who is nurtured, `track`
    null where none does. `why` lists the keys of the track that chose the person. `next_change_at` (UTC) is the next
    moment at which seasons or the product of interest can choose another track.

    `today` is the day asked about in the zone of the rules. Reads what `nurtured` reads, personified and interested, so
    `decide` and `offers` go before.
    """
    nurture, starts = rules.nurture, fiscal_year_starts(rules, run)
    nurtured(rules, run)
    chosen = [
        (place, track) for place, track in enumerate(nurture.tracks, 1) if _in_season(nurture, track, today, starts)
    ]
    cases = "".join(f" WHEN {_condition(track)} THEN {place}" for place, track in chosen)
    statement = compose(
        _FILE,
        "tracked",
        place=f"CASE{cases} END" if cases else "NULL::INTEGER",
        tracks=_texts([track.id for track in nurture.tracks]),
        lists=_texts([track.list for track in nurture.tracks]),
        reasons=", ".join(_reason(track) for track in nurture.tracks),
        turns=", ".join(
            _turn(rules, nurture.tracks[:place], today, starts) for place in range(1, len(nurture.tracks) + 1)
        ),
        last_turn=_turn(rules, nurture.tracks, today, starts),
    )
    run(statement, {})


def fiscal_year_starts(rules: RuleSet, run: Run) -> int:
    """The month in which the fiscal year begins: as the rules say, else as the org does where a season asks for it."""
    recycle = rules.lifecycle.recycle
    if recycle is not None and recycle.fiscal_year_starts is not None:
        return recycle.fiscal_year_starts
    if not any(
        season.of == "fiscal_year" and (season.years or season.halves or season.quarters)
        for season in rules.nurture.seasons
    ):
        return FISCAL_YEAR_STARTS
    ((month,),) = run("SELECT max(first_month) FROM fiscal_calendar", {})
    return FISCAL_YEAR_STARTS if month is None else int(month)


def _in_season(nurture: Nurture, track: Track, today: date, starts: int) -> bool:
    return not track.seasons or any(holds(season, today, starts) for season in _seasons(nurture, [track]))


def _seasons(nurture: Nurture, tracks_: Sequence[Track]) -> list[Season]:
    named = {name for track in tracks_ for name in track.seasons}
    return [season for season in nurture.seasons if season.id in named]


def _condition(track: Track) -> str:
    """SQL for whether a track is for a person; its seasons were looked at before."""
    tests = [
        f"{column} IN ({', '.join(quoted(word) for word in words)})"
        for column, words in (
            ("decided.stage", track.stages),
            ("coalesce(qualified.buying_stage, 'none')", track.buying_stages),
            ("segmented.segment", track.segments),
            ("personified.persona", track.personas),
            ("interested.product", track.products),
        )
        if words
    ]
    tests += [f"({track.when.sql})"] if track.when else []
    return " AND ".join(tests) or "TRUE"


def _reason(track: Track) -> str:
    given = [key for key in _KEYS if getattr(track, key)]
    return f"[{', '.join(quoted(key) for key in given)}]::VARCHAR[]"


def _turn(rules: RuleSet, tracks_: Sequence[Track], today: date, starts: int) -> str:
    """SQL for the first moment of the next day on which a season of these tracks begins or is over."""
    turn = next_change(_seasons(rules.nurture, tracks_), today, starts)
    if turn is None:
        return "NULL::TIMESTAMP"
    moment = datetime.combine(turn, time(), ZoneInfo(rules.scoring.time_zone)).astimezone(UTC)
    return f"TIMESTAMP '{moment.replace(tzinfo=None)}'"


def _texts(words: Sequence[str | None]) -> str:
    return ", ".join("NULL::VARCHAR" if word is None else quoted(word) for word in words)
