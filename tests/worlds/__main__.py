"""`python -m tests.worlds --runs N --seed S`: as many random worlds as wanted."""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
import traceback
from dataclasses import dataclass
from pathlib import Path

import structlog

from tests.worlds.world import Told, run_world


@dataclass
class Sums:
    """What all worlds together went through and found."""

    runs: int = 0
    kills: int = 0
    failed: int = 0
    broken: int = 0
    differences: int = 0

    def add(self, told: Told) -> None:
        self.kills += told.kills
        self.failed += told.failed
        self.differences += len(told.differences)


def main() -> int:
    """One line a world that failed, then the sums, also when interrupted. 1 when any world failed, else 0."""
    options, sums = _options(), Sums()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        for seed in range(options.seed, options.seed + options.runs):
            _one(seed, sums, events=options.events)
    except KeyboardInterrupt:
        _say("interrupted")
    _say(
        f"{sums.runs} runs, {sums.kills} pulls killed, {sums.failed} pulls failed by faults, "
        f"{sums.broken} runs broken, {sums.differences} differences"
    )
    return 1 if sums.broken or sums.differences else 0


def _one(seed: int, sums: Sums, *, events: bool) -> None:
    with tempfile.TemporaryDirectory(prefix="world-") as folder:
        try:
            told = run_world(seed, Path(folder))
        except Exception as error:  # noqa: BLE001 - one broken world must not hide the others
            sums.broken += 1
            _say(f"seed {seed}: {_where(error)}")
        else:
            sums.add(told)
            if told.differences:
                _say(f"seed {seed}: {len(told.differences)} differences, first {told.differences[0]}")
            if events:
                _say("\n".join(f"  {event}" for event in told.events))
    sums.runs += 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/worlds", description=__doc__)
    parser.add_argument("--runs", type=int, default=40, help="how many worlds (40)")
    parser.add_argument("--seed", type=int, default=1, help="the seed of the first; each next one is one more (1)")
    parser.add_argument("--events", action="store_true", help="show what happened in each world")
    return parser.parse_args()


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
