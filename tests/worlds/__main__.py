"""`python -m tests.worlds --runs N --seed S`: as many random worlds as wanted."""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
import traceback
from pathlib import Path

import structlog

from tests.worlds.world import Told, run_world


def main() -> int:
    """One line a failed world, then the sums. 1 when any world failed or differed, else 0."""
    options = _options()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    done: list[Told] = []
    broken = 0
    for seed in range(options.seed, options.seed + options.runs):
        with tempfile.TemporaryDirectory(prefix="world-") as folder:
            try:
                told = run_world(seed, Path(folder))
            except Exception as error:  # noqa: BLE001 - one broken world must not hide the others
                broken += 1
                _say(f"seed {seed}: {_where(error)}")
                continue
        done.append(told)
        if told.differences:
            _say(f"seed {seed}: {len(told.differences)} differences, first {told.differences[0]}")
        if options.events:
            _say("\n".join(f"  {event}" for event in told.events))
    found = sum(len(told.differences) for told in done)
    kills, failed = sum(told.kills for told in done), sum(told.failed for told in done)
    _say(
        f"{len(done) + broken} runs, {kills} pulls killed, {failed} pulls failed by faults, "
        f"{broken} runs broken, {found} differences"
    )
    return 1 if found or broken else 0


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
