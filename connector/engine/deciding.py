"""deciding: which score decides who is hot, against which threshold, and when it last rose to it (LC-1, SC-4, SC-8).

The score that decides is the ledger's or a window's, with or without the points for who somebody is. Where these, or a
threshold of their own (lead times), differ from person to person, each life has a bar: what is asked of whom.
"""

from __future__ import annotations

from connector.domain.running import Run
from connector.engine.composing import compose
from connector.engine.moments import DAY_US
from connector.rules.load import RuleSet

_FILE = "deciding"
LIVES = ("score", "recycled")


def crossings(rules: RuleSet, now: int, run: Run) -> None:
    """Makes the temporary tables `score_crossings(pid, crossed)` and `recycled_crossings`, the same of second lives.

    For those at or over the threshold at `now`: the last moment (both in microseconds since 1970) at which the score
    that decides rose to it. With bars, `score_bars(pid, at_least, extra, since)` and `recycled_bars` are made as well:
    `extra` points count from `since`, the first activity of the life, on. Reads the tables of lives and windows;
    `attributed` and `segmented` where the rules name them.
    """
    decides = rules.lifecycle.hot.decides
    for life in LIVES:
        if has_bars(rules):
            run(compose(_FILE, "bars", life=life, **_bar_holes(rules)), {})
        holes = {"life": life, **_tests(rules, life)}
        if decides.within_days is None:
            run(compose(_FILE, "ledger_crossings", **holes), {})
        else:
            column, window = f"window_{decides.within_days}d", decides.within_days * DAY_US
            more = f"UNION ALL SELECT pid, since, 0 FROM {life}_bars WHERE extra <> 0" if has_bars(rules) else ""
            run(compose(_FILE, "window_crossings", column=column, window=window, more=more, now=now, **holes), {})


def plain_crossings(life: str, at_least: int | None, run: Run) -> None:
    """The same of one life's ledger and a threshold for everybody; None: nobody crosses it."""
    threshold = "NULL" if at_least is None else str(at_least)
    run(compose(_FILE, "ledger_crossings", life=life, **_plain(threshold)), {})


def decided_columns(rules: RuleSet) -> dict[str, str]:
    """SQL for the columns of `scored` that decide: holes of the statement that makes it."""
    decides, floor = rules.lifecycle.hot.decides, rules.scoring.floor
    ledger = "coalesce(again.after, fold.after)"
    if decides.within_days is not None:
        name = f"window_{decides.within_days}d"
        ledger = f"coalesce(CASE WHEN again.pid IS NULL THEN recent.{name} ELSE recent_again.{name} END, 0)"
    bars = has_bars(rules)
    extra = "CASE WHEN again.pid IS NULL THEN bar.extra ELSE bar_again.extra END"
    joins = "".join(
        f"LEFT JOIN {life}_bars AS {name} ON {name}.pid = who.pid\n"
        for life, name in zip(LIVES, ("bar", "bar_again"), strict=True)
    )
    return {
        "score": f"greatest(fold.after, {floor.at_least})" if floor else "fold.after",
        "deciding": _floored(rules, ledger) + (f" + {extra}" if bars else ""),
        "hot_at_least": "bar.at_least" if bars else f"{rules.lifecycle.hot.at_least}::BIGINT",
        "bars": joins if bars else "",
    }


def has_bars(rules: RuleSet) -> bool:
    """Whether what is asked differs from person to person."""
    life = rules.lifecycle
    return life.hot.decides.with_attributes or any(one.hot_at_least for one in life.lead_times)


def _bar_holes(rules: RuleSet) -> dict[str, str]:
    wanted = rules.lifecycle.hot.decides.with_attributes
    own = any(one.hot_at_least for one in rules.lifecycle.lead_times)
    general = rules.lifecycle.hot.at_least
    return {
        "at_least": f"coalesce(segmented.hot_at_least, {general})" if own else str(general),
        "segmented": "LEFT JOIN segmented ON segmented.person_id = who.person_id" if own else "",
        "extra": "coalesce(attributed.score_attribute, 0)" if wanted else "0",
        "attributed": "LEFT JOIN attributed ON attributed.person_id = who.person_id" if wanted else "",
    }


def _tests(rules: RuleSet, life: str) -> dict[str, str]:
    """SQL for whether a score is at or over what is asked: `now`, at an instant, and before what happens at it."""
    if not has_bars(rules):
        return _plain(str(rules.lifecycle.hot.at_least))
    at, before = (f"CASE WHEN t {word} bar.since THEN bar.extra ELSE 0 END" for word in (">=", ">"))
    return {
        "joins": f"JOIN {life}_bars AS bar USING (pid)",
        "over_now": f"{_floored(rules, 'after')} + bar.extra >= bar.at_least",
        "over": f"{_floored(rules, 'score')} + {at} >= bar.at_least",
        "over_before": f"{_floored(rules, 'score - points')} + {before} >= bar.at_least",
        "dip_times": "unnest([first, last + 1])",
        "may_dip": "TRUE",
    }


def _plain(threshold: str) -> dict[str, str]:
    return {
        "joins": "",
        "over_now": f"after >= {threshold}",
        "over": f"score >= {threshold}",
        "over_before": f"score - points >= {threshold}",
        "dip_times": "t",
        "may_dip": "losses > 0",
    }


def _floored(rules: RuleSet, score: str) -> str:
    floor = rules.scoring.floor
    return f"greatest({score}, {floor.at_least})" if floor else f"({score})"
