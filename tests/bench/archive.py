"""Our copy from Zoom to S3 beside what others would use: processor seconds per GB, in turns, as ratios.

Source and sink are servers of the run's own under TLS. A run of 1 MB of the same side is taken off each, so start-up
is not compared. Leaves with 0 where every bound holds, 1 where one does not, 3 where a side could not be measured.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.bench import archive_profile, archive_report, tools
from tests.bench.archive_report import Figures
from tests.bench.rig import Rig, a_rig
from tests.bench.sides import COPY, FLOOR, Side

SMALL_BYTES = 1_000_000
ROUNDS, SIZE_MB = 5, 300


def main() -> int:
    """Measures, or with --profile shows where our own time goes."""
    chosen = _chosen()
    size, load = chosen.size * 1_000_000, os.getloadavg()[0]
    with a_rig() as rig:
        if chosen.profile:
            return archive_profile.show(rig, size)
        figures = measure(rig, COPY + FLOOR, chosen.rounds, size)
    figures.load, figures.versions = load, [v for v in map(tools.version, tools.VERSION) if v]
    print(json.dumps(archive_report.document(figures), indent=2) if chosen.json else archive_report.text(figures))
    return archive_report.verdict(figures)


def measure(rig: Rig, sides: tuple[Side, ...], rounds: int, size: int) -> Figures:
    """All sides in turns, so that whatever else the machine does falls on each."""
    figures = Figures(size, rounds, {side.name: side.missing() for side in sides if side.missing()})
    there = [side for side in sides if not side.missing()]
    for number in range(rounds):
        for side in there:
            with _told(f"round {number + 1} of {rounds}: {side.name}"):
                small, whole = rig.run(side, SMALL_BYTES), rig.run(side, size)
            per_gb = (whole.cpu_s - small.cpu_s) / (size - SMALL_BYTES) * 1e9
            figures.cpu_s_per_gb.setdefault(side.name, []).append(per_gb)
            figures.wall_s.setdefault(side.name, []).append(whole.wall_s)
    return figures


@contextmanager
def _told(line: str) -> Iterator[None]:
    """One line on a terminal while it runs."""
    if sys.stderr.isatty():
        print(f"\r{line:<79}", end="", file=sys.stderr, flush=True)
    yield
    if sys.stderr.isatty():
        print(f"\r{'':<79}\r", end="", file=sys.stderr, flush=True)


def _chosen() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench archive", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--size", type=int, default=SIZE_MB, metavar="MB", help="of the file, above 1")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--profile", action="store_true", help="where our own processor time goes; no other side")
    chosen = parser.parse_args()
    if chosen.rounds < 1 or chosen.size < 2:
        parser.error("--rounds from 1, --size from 2")
    return chosen


if __name__ == "__main__":
    sys.exit(main())
