#!/usr/bin/env python3
"""How fast a backfill is read, against a plain download of the same: seconds, calls, memory.

    .venv/bin/python benchmarks/pull.py [--people 500000] [--activities 5000000] [--changed 1000] [--json]

The sandbox and its world are in a process of their own (`pull_world.py`). In this one:

1. a first pull into an empty store, as `connector pull` does it, comparing apart;
2. the same questions asked by plain requests that write the answers to files and do nothing else (`plain_download.py`):
   the same bulk queries, exports and chains of pages, with as many at a time;
3. an hour later, with some rows changed: a pull of those; and one when nothing has changed.

The ratios compare figures of one run on one machine, so that they mean something elsewhere too. Linux only.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cycle import access, cpu_seconds, forget_peak, machine, peak_megabytes
from plain_download import Recorder, download
from pull_tables import show

from connector import flow
from connector.cli.shared import Options, river_of
from connector.pulling.reading import Pulled
from connector.river import River, here

PEOPLE, ACTIVITIES, CHANGED = 500_000, 5_000_000, 1_000
ROWS_A_BULK_PAGE, ROWS_A_QUERY_PAGE, ROWS_AN_ENGAGEMENT_PAGE = 50_000, 2_000, 1_000
ROWS_AN_EXPORT_FILE = 1_000_000


@dataclass(frozen=True)
class Spent:
    """What a stretch of work took. `megabytes`: read off the wire; `peak_mb`: the most memory of this process."""

    seconds: float
    own_cpu: float
    sandbox_cpu: float
    megabytes: float
    calls: int
    peak_mb: float


@dataclass(frozen=True)
class Read:
    """One pull: what it took, and what came of it, for streams that brought rows."""

    spent: Spent
    rows: int
    added: int
    streams: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class Measured:
    """A whole run. `least_calls`: see `least_calls`; `world_seconds`: until the sandbox answered."""

    people: int
    activities: int
    world_seconds: float
    load_before: float
    first: Read
    plain: Spent
    changed: Read
    still: Read
    least_calls: int
    store_mb: float

    @property
    def ratios(self) -> dict[str, float]:
        """Ours to the least: wall time to the plain download's, both also less the sandbox's processor time; calls."""
        first, plain = self.first.spent, self.plain
        return {
            "wall": first.seconds / plain.seconds,
            "wall less the sandbox's cpu": _less(first) / _less(plain),
            "bytes": first.megabytes / plain.megabytes,
            "calls": first.calls / self.least_calls,
        }


@dataclass
class Meter:
    """Measures stretches of work. `sandbox`: its process id; `calls`: made so far."""

    sandbox: int
    recorder: Recorder
    calls: Callable[[], int] = lambda: 0

    def of(self, work: Callable[[], Any]) -> tuple[Any, Spent]:
        forget_peak()
        times, wall = os.times(), time.monotonic()
        theirs, read, calls = cpu_seconds(self.sandbox), self.recorder.bytes, self.calls()
        result = work()
        now = os.times()
        return result, Spent(
            time.monotonic() - wall,
            now.user + now.system - times.user - times.system,
            cpu_seconds(self.sandbox) - theirs,
            (self.recorder.bytes - read) / 1e6,
            self.calls() - calls,
            peak_megabytes("self"),
        )


def main() -> None:
    """Measures one size and shows it."""
    asked = _arguments()
    found = measure(asked.people, asked.activities, asked.changed, asked.folder)
    document = {"schema": 1, "machine": machine(), **asdict(found), "ratios": found.ratios}
    if asked.json:
        print(json.dumps(document, ensure_ascii=False, indent=1))
    else:
        show(document)


def measure(people: int, activities: int, changed: int, folder: Path | None) -> Measured:
    """Makes a world, reads it, downloads it, changes it, reads it again."""
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="connector-benchmark-", dir=folder) as name:
        state = Path(name)
        with world(state, people, activities) as (process, world_seconds), Recorder.at_work() as recorder:
            settings = Options(str(state)).settings(log_level="warning", **access(state))
            with river_of(settings, quiet=True) as river:
                meter = Meter(process.pid, recorder, lambda: sum(here(river).calls().values()))
                recorder.questions.clear()
                _say(f"world of {people:,} people: {world_seconds:.0f} s")
                first = _read(meter, river)
                _say(f"first pull: {first.spent}")
                questions = tuple(recorder.questions)
                token = str(recorder.authorization)
                _, plain = meter.of(lambda: download(questions, token, settings.ca_file, state / "plain"))
                _say(f"plain download: {plain}")
                _tell(process, f"change {changed}")
                later = _read(meter, river)
                still = _read(meter, river)
            store = (state / "default.duckdb").stat().st_size / 1e6
            return Measured(
                people, activities, world_seconds, load, first, plain, later, still, least_calls(first.streams), store
            )


def least_calls(streams: Sequence[Mapping[str, Any]]) -> int:
    """The fewest API calls by which these rows could be had, nothing counted, listed, waited for or cleaned up.

    Salesforce: a page of 2,000 rows a call, or a bulk query (create it, look once, a page of 50,000 rows a call).
    Account Engagement: a page of 1,000 rows a call, or where an export was possible (create it, look once, fetch it).
    A stream that brought nothing costs a call: one has to ask.
    """
    least = 0
    for one in streams:
        rows = int(one["rows"])
        if str(one["stream"]).startswith("salesforce"):
            least += min(_calls(rows, ROWS_A_QUERY_PAGE), 2 + _calls(rows, ROWS_A_BULK_PAGE))
        elif one["road"] == "export":
            least += 2 + _calls(rows, ROWS_AN_EXPORT_FILE)
        else:
            least += _calls(rows, ROWS_AN_ENGAGEMENT_PAGE)
    return least


@contextmanager
def world(state: Path, people: int, activities: int) -> Iterator[tuple[subprocess.Popen[str], float]]:
    """The sandbox in a process of its own, and how many seconds it took until it answered."""
    command = [sys.executable, str(Path(__file__).with_name("pull_world.py")), "--state", str(state / "sandbox")]
    command += ["--people", str(people), "--activities", str(activities)]
    started = time.monotonic()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            _hear(process, "ready")
            yield process, time.monotonic() - started
        finally:
            process.terminate()
            process.wait()


def _tell(process: subprocess.Popen[str], line: str) -> None:
    if process.stdin is None:
        raise ValueError("the sandbox takes no input")
    process.stdin.write(f"{line}\n")
    process.stdin.flush()
    _hear(process, "done")


def _hear(process: subprocess.Popen[str], word: str) -> None:
    line = process.stdout.readline() if process.stdout else ""
    if line.strip() != word:
        raise SystemExit(f"The sandbox did not say {word!r}; see the lines above.")


def _read(meter: Meter, river: River) -> Read:
    pulled, spent = meter.of(lambda: flow.pull(river))
    return Read(
        spent,
        sum(one.rows for one in pulled),
        sum(one.added for one in pulled),
        tuple(_stream(one) for one in pulled),
    )


def _stream(pulled: Pulled) -> Mapping[str, Any]:
    return {
        "stream": pulled.stream,
        "rows": pulled.rows,
        "added": pulled.added,
        "road": pulled.road,
        "calls": pulled.calls,
    }


def _say(sentence: str) -> None:
    """How far it is: the whole size takes long."""
    print(sentence, file=sys.stderr, flush=True)


def _calls(rows: int, a_call: int) -> int:
    return max(1, -(-rows // a_call))


def _less(spent: Spent) -> float:
    return max(spent.seconds - spent.sandbox_cpu, 0.001)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Reading a large org, against a plain download of the same.")
    parser.add_argument("--people", type=int, default=PEOPLE, metavar="N", help="Leads, and as many prospects")
    parser.add_argument("--activities", type=int, default=ACTIVITIES, metavar="N", help="half of them on either side")
    parser.add_argument("--changed", type=int, default=CHANGED, metavar="N", help="Leads that change afterwards")
    parser.add_argument("--json", action="store_true", help="one JSON document instead of tables")
    parser.add_argument("--folder", type=Path, help="where world and store are kept while measuring")
    return parser.parse_args()


if __name__ == "__main__":
    main()
