"""What was measured of the copy, as a table of 80 columns or as JSON, and whether the bounds hold."""

from __future__ import annotations

import statistics
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.bench.sides import BOUNDS, COPY, FLOOR, OURS, Bound

WIDTH = 80
BUSY = 1.5  # a load average above which figures are not to be trusted
HELD, BROKEN, NOT_MEASURED = 0, 1, 3


@dataclass
class Figures:
    """Side -> one figure a round; `missing`: side -> programs that are not there."""

    size: int
    rounds: int
    missing: dict[str, tuple[str, ...]]
    cpu_s_per_gb: dict[str, list[float]] = field(default_factory=dict)
    wall_s: dict[str, list[float]] = field(default_factory=dict)
    load: float = 0.0
    versions: list[str] = field(default_factory=list)

    def per_gb(self, sides: tuple[str, ...]) -> list[float] | None:
        """CPU seconds per GB, a figure a round, of these sides together; None where one was not measured."""
        if any(side not in self.cpu_s_per_gb for side in sides):
            return None
        return [sum(each) for each in zip(*(self.cpu_s_per_gb[side] for side in sides), strict=True)]

    def ratio(self, bound: Bound) -> float | None:
        """Our median over theirs."""
        ours, theirs = self.per_gb((OURS,)), self.per_gb(bound.sides)
        return statistics.median(ours) / statistics.median(theirs) if ours and theirs else None

    def held(self, bound: Bound) -> bool | None:
        """Whether a bound holds; None where there is none, or nothing to compare with."""
        ratio = self.ratio(bound)
        return None if ratio is None or bound.most is None else ratio <= bound.most


def verdict(figures: Figures) -> int:
    """The exit code: a broken bound counts for more than one that could not be looked at."""
    bounds = [bound for bound in BOUNDS if bound.most is not None]
    if any(figures.held(bound) is False for bound in bounds):
        return BROKEN
    return NOT_MEASURED if any(figures.held(bound) is None for bound in bounds) else HELD


def document(figures: Figures) -> dict[str, object]:
    """For other programs; ratios are the result, seconds what they rest on."""
    ratios = {
        bound.name: {"ratio": figures.ratio(bound), "bound": bound.most, "aim": bound.aim, "held": figures.held(bound)}
        for bound in BOUNDS
    }
    commands = {side.name: side.command for side in COPY + FLOOR}
    settings = {"size_bytes": figures.size, "rounds": figures.rounds, "load_average_before": figures.load}
    measured = {"cpu_s_per_gb": figures.cpu_s_per_gb, "wall_s": figures.wall_s, "not_measured": figures.missing}
    return settings | {"versions": figures.versions, "ratios": ratios} | measured | {"commands": commands}


def text(figures: Figures) -> str:
    """For people."""
    return "\n".join([*_head(figures), "", *_table(figures), "", *_wall(figures), "", *_commands()])


def _head(figures: Figures) -> Iterator[str]:
    yield f"Copy of {figures.size / 1e6:.0f} MB, TLS on both sides, in turns, medians of {figures.rounds}."
    yield "CPU seconds (user + system, all processes of a side) per GB, a 1 MB run off."
    yield from textwrap.wrap(" · ".join(figures.versions), WIDTH)
    yield f"Load average before: {figures.load:.2f}."
    if figures.load > BUSY:
        yield f"WARNING: above {BUSY}; this machine is busy. Measure again when it is quiet."


def _table(figures: Figures) -> Iterator[str]:
    yield f"{'side':<25} {'CPU s/GB':>8} {'least-most':>12} {'ours/side':>10} {'bound':>6} {'aim':>5} {'held':>5}"
    yield _line(OURS, figures.per_gb((OURS,)))
    for bound in BOUNDS:
        ratio, held = figures.ratio(bound), figures.held(bound)
        said = f"{ratio:>10.2f}" if ratio is not None else " " * 10
        limits = f"{_number(bound.most):>6} {_number(bound.aim):>5}"
        word = {True: "yes", False: "NO", None: ""}[held]
        yield f"{_line(bound.name, figures.per_gb(bound.sides))} {said} {limits} {word:>5}".rstrip()
        if len(bound.sides) > 1:
            yield from (_line(f"  {side}", figures.per_gb((side,))) for side in bound.sides)
    for side, programs in figures.missing.items():
        line = f"{side}: NOT MEASURED, {', '.join(programs)} not there (python -m tests.bench.tools)."
        yield from textwrap.wrap(line, WIDTH)


def _line(name: str, each: list[float] | None) -> str:
    if each is None:
        return f"{name:<25} {'-':>8} {'':>12}"
    spread = f"{min(each):.2f}-{max(each):.2f}"
    return f"{name:<25} {statistics.median(each):>8.2f} {spread:>12}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def _wall(figures: Figures) -> Iterator[str]:
    walls = {side: statistics.median(each) for side, each in figures.wall_s.items()}
    if OURS not in walls:
        return
    yield "Wall time of the whole command, start-up with it, ours/side (no bound):"
    others = [side.name for side in COPY if side.name != OURS and side.name in walls]
    yield from (f"  {name:<23} {walls[OURS] / walls[name]:.2f}" for name in others)


def _commands() -> Iterator[str]:
    yield "Commands (bash -o pipefail; addresses, keys, authority in the environment):"
    for side in COPY + FLOOR:
        yield f"  {side.name}"
        yield from textwrap.wrap(side.command, WIDTH, initial_indent="    ", subsequent_indent="      ")
