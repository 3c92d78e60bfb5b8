"""levels: every change of the score that decides, and where it crosses a threshold (LC-1, SC-4)."""

from __future__ import annotations

from datetime import datetime

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


def again_steps(rules: RuleSet, as_of: datetime, run: Run) -> None:
    """Makes `again_steps`, the same of lives that began anew; pid is `life` of recycled_spans, which it reads."""
    run(compose(_FILE, "again_people"), {})
    run(compose(_FILE, "again_events"), {})
    run(compose(_FILE, "again_awards"), {})
    fold("again", rules.scoring, as_of, run)
    _steps(rules, "again", run)


def crossed(life: str, threshold: int, word: int, bit: int) -> str:
    """SQL for where the score of a life rises to a threshold (`bit`), and where it falls below it (minus `bit`)."""
    return compose(_FILE, "crossed", life=life, threshold=threshold, word=word, bit=bit)


def _steps(rules: RuleSet, life: str, run: Run) -> None:
    deciding = rules.lifecycle.hot.decides
    if deciding.within_days is not None:
        run(compose(_FILE, "window_steps", life=life, window=deciding.within_days * DAY_US), {})
        return
    run(compose(_FILE, "steps", life=life, **_silence_holes(silence_of(rules.scoring))), {})


def _silence_holes(silence: Silence) -> dict[str, str]:
    return {
        "months": silence.months("clock", "last"),
        "takes_first": silence.takes("earned"),
        "takes_next": silence.takes("after"),
        "ends": silence.ends("clock", "nth"),
    }
