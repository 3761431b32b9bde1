"""What the service itself needs for a lesson of 1 child and of 30: seconds, SQL statements and calls to Zoom.

All of it in one run on one machine, with the sandbox on loopback in the place of Zoom: what a figure means is its
ratio to the one beside it.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from tests.bench.classes import add_class, statements
from tests.house import START, Home, a_home

SIZES = (1, 30)
ROUNDS = 7
PROMISED_S = 5.0  # for 30 children


@dataclass(frozen=True)
class Cost:
    """What one lesson took."""

    seconds: float
    statements: int
    calls: int


def main() -> int:
    """Prints the figures; 1 where 30 children took longer than is promised, or more statements than one child."""
    with tempfile.TemporaryDirectory() as folder, a_home(Path(folder) / "home") as home:
        classes = {size: add_class(home, f"CLASS-{size}", size) for size in SIZES}
        home.schedule()  # Zoom's token and the connections are there from here on.
        costs: dict[int, list[Cost]] = {size: [] for size in SIZES}
        # In turns, so that whatever else the machine does falls on both.
        for day in range(1, 1 + ROUNDS):
            for hour, (size, name) in enumerate(classes.items(), 10):
                costs[size].append(_lesson(home, name, f"{START + timedelta(days=day):%Y-%m-%d} {hour}:00"))
    return _report(costs)


def _lesson(home: Home, name: str, start: str) -> Cost:
    calls, begun = len(home.sandbox.calls()), time.perf_counter()
    with statements(home) as sent:
        home.schedule(children=(), course="", group=name, start=start)
    return Cost(time.perf_counter() - begun, sent.total(), len(home.sandbox.calls()) - calls)


def _report(costs: dict[int, list[Cost]]) -> int:
    medians = {size: statistics.median(c.seconds for c in each) for size, each in costs.items()}
    print(f"zoomguard schedule --group CLASS, ask to scheduled, {ROUNDS} lessons each (SQLite, sandbox on loopback)")
    print(f"{'children':>8} {'median s':>9} {'worst s':>8} {'statements':>11} {'calls to Zoom':>14}")
    for size, each in costs.items():
        sent, calls = _range(c.statements for c in each), _range(c.calls for c in each)
        print(f"{size:>8} {medians[size]:>9.3f} {_worst(each):>8.3f} {sent:>11} {calls:>14}")
    few, many = SIZES
    print(f"ratio of {many} children to {few}: {medians[many] / medians[few]:.2f} in seconds")
    worst, equal = _worst(costs[many]), len({c.statements for each in costs.values() for c in each}) == 1
    print(f"statements {'equal' if equal else 'NOT EQUAL'}; {PROMISED_S:g} s promised for {many}, worst {worst:.3f}")
    return 0 if equal and worst < PROMISED_S else 1


def _worst(each: list[Cost]) -> float:
    return max(c.seconds for c in each)


def _range(counted: Iterable[int]) -> str:
    found = sorted(counted)
    return f"{found[0]}" if found[0] == found[-1] else f"{found[0]}-{found[-1]}"


if __name__ == "__main__":
    sys.exit(main())
