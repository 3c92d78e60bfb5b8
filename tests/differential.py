"""All features together, engine against plain references: `python -m tests.differential --lives 100000 --seed 0`.

Each rule set is drawn by a seed of its own, so that what is found can be tried again: `--lives 200 --seed <seed>`.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.whole_world import tried


def main() -> int:
    """Tries rule set after rule set; tells what differs, and ends with 1 if anything did."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lives", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--each", type=int, default=400, help="people a rule set")
    parser.add_argument("--moments", type=float, default=0.25, help="share of people whose past is told as well")
    asked = parser.parse_args()
    begun, lives, bad = time.monotonic(), 0, 0
    seed = asked.seed
    while lives < asked.lives:
        with tempfile.TemporaryDirectory() as folder:
            found = tried(seed, min(asked.each, asked.lives), Path(folder), asked.moments)
        bad += bool(found)
        for one in found[:5]:
            _say(f"seed {seed}: {one}")
        if found:
            _say(f"seed {seed}: {len(found)} differences")
        lives, seed = lives + min(asked.each, asked.lives), seed + 1
        _say(f"{lives} lives so far")
    spent = time.monotonic() - begun
    _say(f"{lives} lives, seeds {asked.seed} to {seed - 1}, {bad} rule sets differ, {spent:.0f} s")
    return 1 if bad else 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
