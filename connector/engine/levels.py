"""levels: every change of the score that decides, and where it crosses a threshold (LC-1, SC-4)."""

from __future__ import annotations

from datetime import datetime
from types import MappingProxyType

from connector.domain.running import Run
from connector.engine.composing import compose
from connector.engine.moments import DAY_US
from connector.engine.score import fold
from connector.engine.silence import Silence, silence_of
from connector.rules.load import RuleSet

_FILE = "levels"


def steps(rules: RuleSet, run: Run) -> None:
    """Makes the temporary table `score_steps(pid, k, before, after)`: the changes of the running score.

    `k` is twice the microsecond since 1970, and one more for what is no month of silence: that comes first at one
    instant. Reads the tables of `live`.
    """
    _steps(rules, "score", run)


def again_lives(run: Run) -> None:
    """Makes again_people, again_events and again_awards: lives that began anew, from recycled_spans."""
    for part in ("again_people", "again_events", "again_awards"):
        run(compose(_FILE, part), {})


def again_steps(rules: RuleSet, as_of: datetime, run: Run) -> None:
    """Makes `again_steps`, the same of lives that began anew, all of them; pid is `life` of recycled_spans."""
    fold("again", rules.scoring, as_of, run)
    _steps(rules, "again", run)


def crossed(life: str, threshold: int, place: tuple[int, int]) -> str:
    """SQL for where the score of a life rises to a threshold, and where it falls below it.

    `place`: the integer and the bit that are set, and taken back.
    """
    return _crossed(life, str(threshold), "", place)


def crossed_bar(rules: RuleSet, life: str, place: tuple[int, int]) -> str:
    """The same for what hot asks of each: one threshold, or a person's own."""
    if not any(one.hot_at_least for one in rules.lifecycle.lead_times):
        return crossed(life, rules.lifecycle.hot.at_least, place)
    return _crossed(life, "bar.hot_at_least", compose(_FILE, "bars", living=_LIVING[life]), place)


def _crossed(life: str, threshold: str, bars: str, place: tuple[int, int]) -> str:
    word, bit = place
    return compose(_FILE, "crossed", life=life, threshold=threshold, bars=bars, word=word, bit=bit)


def _steps(rules: RuleSet, life: str, run: Run) -> None:
    deciding = rules.lifecycle.hot.decides
    more = ""
    if deciding.with_attributes:
        run(compose(_FILE, "extra", life=life, living=_LIVING[life]), {})
        begun = "since" if deciding.within_days is not None else "2 * since + 1"
        more = f"UNION ALL SELECT pid, {begun}, 0 FROM {life}_extra"
    if deciding.within_days is not None:
        run(compose(_FILE, "window_steps", life=life, more=more, window=deciding.within_days * DAY_US), {})
    else:
        run(compose(_FILE, "steps", life=life, more=more, **_silence_holes(silence_of(rules.scoring))), {})
    if deciding.with_attributes or rules.scoring.floor:
        run(compose(_FILE, "lifted", life=life, **_lifted_holes(rules, life)), {})


_LIVING = MappingProxyType(
    {"score": "SELECT pid, person_id FROM score_people", "again": "SELECT life AS pid, person_id FROM recycled_spans"}
)


def _lifted_holes(rules: RuleSet, life: str) -> dict[str, str]:
    floor = rules.scoring.floor
    given = f"{life}_extra" if rules.lifecycle.hot.decides.with_attributes else ""
    nothing = "SELECT NULL::BIGINT AS pid, 0::BIGINT AS extra, NULL::BIGINT AS since WHERE FALSE"
    return {
        "before": f"greatest(step.before, {floor.at_least})" if floor else "step.before",
        "after": f"greatest(step.after, {floor.at_least})" if floor else "step.after",
        "given": f"SELECT * FROM {given}" if given else nothing,
    }


def _silence_holes(silence: Silence) -> dict[str, str]:
    return {
        "months": silence.months("clock", "last"),
        "takes_first": silence.takes("(fold.before + knot.points)"),
        "takes_next": silence.takes("(before + taken)"),
        "ends": silence.ends("clock", "nth"),
    }
