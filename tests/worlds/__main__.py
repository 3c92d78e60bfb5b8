"""`python -m tests.worlds --runs N --seed S`: as many random worlds as wanted."""

from __future__ import annotations

import argparse
import faulthandler
import logging
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from tests.worlds.cycles import run_cycles
from tests.worlds.processes import run_processes
from tests.worlds.world import Told, run_world

KINDS: Mapping[str, Callable[[int, Path], Told]] = {
    "pulls": run_world,
    "cycles": run_cycles,
    "processes": run_processes,
}
LONGEST_WORLD = 600.0
"""Real seconds after which a world counts as stuck: then it is shown where, and the run ends."""


@dataclass
class Sums:
    """What all worlds together went through and found. `defects`: a line for each world that ended badly."""

    worlds: Counter[str] = field(default_factory=Counter)
    met: Counter[str] = field(default_factory=Counter)
    written: Counter[str] = field(default_factory=Counter)
    kills: int = 0
    failed: int = 0
    defects: list[str] = field(default_factory=list)

    def add(self, told: Told) -> None:
        self.kills += told.kills
        self.failed += told.failed
        self.met += told.met
        self.written += told.written

    def lines(self) -> list[str]:
        """The sums, and which faults struck how often."""
        worlds = ", ".join(f"{count} of {kind}" for kind, count in sorted(self.worlds.items()))
        met = ", ".join(f"{kind} {count}" for kind, count in self.met.most_common())
        ended = f"{self.kills} runs killed, {self.failed} runs ended by faults; {len(self.defects)} worlds with defects"
        written = ", ".join(f"{kind} {count}" for kind, count in self.written.most_common())
        return [
            f"worlds: {worlds or 'none'}; {ended}",
            f"faults met: {met or 'none'}",
            f"written: {written or 'nothing'}",
        ]


def main() -> int:
    """A line a minute and one for each defect, then the sums and all defects, also when interrupted.

    1 when any world ended badly, else 0.
    """
    options, sums = _options(), Sums()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    started = told_at = time.monotonic()
    try:
        for place in range(options.runs or sys.maxsize):
            if options.minutes and time.monotonic() - started > options.minutes * 60:
                break
            kind = options.kinds[place % len(options.kinds)]
            _one(kind, options.seed + place, sums, events=options.events)
            if time.monotonic() - told_at >= 60:
                told_at = time.monotonic()
                _say(f"{(told_at - started) / 60:.0f} min, next seed {options.seed + place + 1}: {sums.lines()[0]}")
    except KeyboardInterrupt:
        _say("interrupted")
    _say("\n".join((*sums.lines(), *sums.defects)))
    return 1 if sums.defects else 0


def _one(kind: str, seed: int, sums: Sums, *, events: bool) -> None:
    """One world. One that breaks must not hide the others."""
    faulthandler.dump_traceback_later(LONGEST_WORLD, exit=True)
    with tempfile.TemporaryDirectory(prefix="world-", ignore_cleanup_errors=True) as folder:
        try:
            told = KINDS[kind](seed, Path(folder))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what is looked for
            told = Told(seed, differences=[_where(error)])
    faulthandler.cancel_dump_traceback_later()
    sums.worlds[kind] += 1
    sums.add(told)
    if told.differences:
        more = f" (and {len(told.differences) - 1} more)" if len(told.differences) > 1 else ""
        sums.defects.append(f"--kinds {kind} --seed {seed}: {told.differences[0][:600]}{more}")
        _say(sums.defects[-1])
    if events:
        _say("\n".join(f"  {event}" for event in (*told.events, *told.differences)))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/worlds", description=__doc__)
    parser.add_argument("--runs", type=int, help="how many worlds (40, or as many as fit into --minutes)")
    parser.add_argument("--minutes", type=float, help="begin no world after so many minutes")
    parser.add_argument("--seed", type=int, default=1, help="the seed of the first; each next one is one more (1)")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS), help="which, in turn (all of them)")
    parser.add_argument("--events", action="store_true", help="show what happened in each world")
    options = parser.parse_args()
    if options.runs is None and options.minutes is None:
        options.runs = 40
    return options


def _where(error: Exception) -> str:
    """The error with the innermost place of ours, in one line."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "site-packages" not in frame.filename]
    place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"
    return f"{type(error).__name__} at {place}: {' '.join(str(error).split())[:500]}"


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
