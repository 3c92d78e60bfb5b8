"""`python -m tests.chaos --runs N --seed S`: as many random runs as wanted, and what was counted in all of them."""

from __future__ import annotations

import argparse
import faulthandler
import logging
import os
import sys
import threading
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog

from connector.sandbox.serve import RunningSandbox
from tests.chaos.counts import Counts
from tests.chaos.kinds import KINDS
from tests.chaos.land import sandbox
from tests.chaos.story import Told

LONGEST_RUN = 600.0
"""Real seconds after which a run counts as stuck: then it is shown where, and all ends."""
RUNS_A_SANDBOX = 50
"""So many worlds one sandbox has, one after the other: its memory is not for ever."""


@dataclass
class Sums:
    """What all runs together went through and found. `defects`: a line for each run that ended badly."""

    runs: Counter[str] = field(default_factory=Counter)
    met: Counter[str] = field(default_factory=Counter)
    written: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    kills: int = 0
    failed: int = 0
    same_second: int = 0
    raced: int = 0
    broken: int = 0
    defects: list[str] = field(default_factory=list)

    def add(self, kind: str, told: Told) -> None:
        self.runs[kind] += 1
        self.kills += told.kills
        self.failed += told.failed
        self.met += told.met
        self.written += told.written
        self.same_second += len(told.found.same_second)
        self.raced += len(told.found.raced)
        for word, lines in told.found.by_word().items():
            self.found[word] += len(lines)

    @property
    def lines(self) -> list[str]:
        """The sums; the last line has the runs and the counts in words."""
        met = ", ".join(f"{kind} {count}" for kind, count in self.met.most_common() if count)
        written = ", ".join(f"{kind} {count}" for kind, count in self.written.most_common())
        kinds = ", ".join(f"{count} of {kind}" for kind, count in sorted(self.runs.items()))
        counted = " · ".join(f"{word} {self.found[word]}" for word in Counts().by_word())
        broken = f" · runs that broke {self.broken}" if self.broken else ""
        return [
            f"{kinds or 'nothing'}; {self.failed} attempts ended by faults",
            f"faults met: {met or 'none'}",
            f"written: {written or 'nothing'}",
            f"apart: {self.same_second} edits within one second, {self.raced} refusals after the connector's last look",
            f"runs {sum(self.runs.values())} kills {self.kills} faults {sum(self.met.values())} · {counted}{broken}",
        ]


def main() -> int:
    """A line a minute and one for each defect, then the sums, also when interrupted.

    1 when anything was counted that must be 0, or a run broke; else 0.
    """
    options, sums = _options(), Sums()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        _all(options, sums)
    except KeyboardInterrupt:
        _say("interrupted")
    _say("\n".join((*sums.defects, *sums.lines)))
    return 1 if sums.defects else 0


def _all(options: argparse.Namespace, sums: Sums) -> None:
    started = told_at = time.monotonic()
    seeds = range(options.seed, options.seed + (options.runs or sys.maxsize - options.seed))
    for first in range(seeds.start, seeds.stop, RUNS_A_SANDBOX):
        with TemporaryDirectory(prefix="chaos-", ignore_cleanup_errors=True) as place, sandbox(Path(place)) as running:
            for seed in range(first, min(first + RUNS_A_SANDBOX, seeds.stop)):
                if options.minutes and time.monotonic() - started > options.minutes * 60:
                    return
                _one(running, options.kinds[seed % len(options.kinds)], seed, sums, events=options.events)
                if time.monotonic() - told_at >= 60:
                    told_at = time.monotonic()
                    _say(f"{(told_at - started) / 60:.0f} min, next seed {seed + 1}: {sums.lines[-1]}")


def _one(running: RunningSandbox, kind: str, seed: int, sums: Sums, *, events: bool) -> None:
    """One run. One that breaks must not hide the others."""
    watch = threading.Timer(LONGEST_RUN, _stuck, (kind, seed, sums))
    watch.daemon = True
    watch.start()
    told = Told(seed)
    with TemporaryDirectory(prefix="run-", ignore_cleanup_errors=True) as folder:
        try:
            KINDS[kind](running, told, Path(folder))
            defects = told.found.defects
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what is looked for
            sums.broken += 1
            defects = [_where(error)]
    watch.cancel()
    sums.add(kind, told)
    if defects:
        more = f" (and {len(defects) - 1} more)" if len(defects) > 1 else ""
        sums.defects.append(f"--kinds {kind} --runs 1 --seed {seed}: {defects[0][:600]}{more}")
        _say(sums.defects[-1])
    if events:
        _say("\n".join(f"  {event}" for event in (*told.events, *defects)))


def _stuck(kind: str, seed: int, sums: Sums) -> None:
    """A run that does not end ends them all, and tells all that is known."""
    faulthandler.dump_traceback()
    sums.broken += 1
    sums.defects.append(f"--kinds {kind} --runs 1 --seed {seed}: stuck for {LONGEST_RUN:.0f} seconds")
    _say("\n".join((*sums.defects, *sums.lines)))
    os._exit(1)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/chaos", description=__doc__)
    parser.add_argument("--runs", type=int, help="how many runs (40, or as many as fit into --minutes)")
    parser.add_argument("--minutes", type=float, help="begin no run after so many minutes")
    parser.add_argument("--seed", type=int, default=1, help="the seed of the first; each next one is one more (1)")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS), help="which, in turn (all of them)")
    parser.add_argument("--events", action="store_true", help="show what happened in each run")
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
