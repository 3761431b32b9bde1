"""Our nightly comparison with the bucket beside boto3's listing alone: processor seconds, and requests per object.

A page server of the run's own stands in S3's place, in plain HTTP. Leaves with 0 where the bound holds, 1 where not,
3 where our side could not be measured.
"""

from __future__ import annotations

import argparse
import atexit
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.bench import accounting
from tests.bench.bags import NAMES
from tests.bench.serving import running

ROUNDS, RECORDINGS, FEW = 3, 10_000, 100
BOUND = 1.2
FLAT_MB = 8
BUSY = 1.5
LISTING = "GET versions"
FOLDER = Path(tempfile.mkdtemp(prefix="zoomguard-bench-"))
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)
Command = Callable[[str, str, int], list[str] | None]


def boto3_alone(endpoint: str, bucket: str, recordings: int) -> list[str] | None:
    """The other side."""
    return [sys.executable, "-m", "tests.bench.boto_listing", endpoint, bucket]


def ours(endpoint: str, bucket: str, recordings: int) -> list[str] | None:
    """Our comparison over that bucket, where the database knows the same bags: a thirtieth of them falls due."""
    home = FOLDER / f"home-{recordings}"
    command = [sys.executable, "-m", "tests.bench.our_reconcile"]
    if not home.exists():
        subprocess.run([*command, "prepare", str(home), str(recordings)], check=True)
    spare = FOLDER / "spare"
    shutil.rmtree(spare, ignore_errors=True)
    shutil.copytree(home, spare)
    return [*command, "run", str(spare), endpoint, bucket]


SIDES: dict[str, Command] = {"ours": ours, "boto3 paginator alone": boto3_alone}


@dataclass(frozen=True)
class Cost:
    """Of one run, a run over few recordings taken off the seconds; requests as the server counted them; `peak_kb` as
    our side tells of itself, 0 where nothing is told."""

    cpu_s: float
    requests: dict[str, int]
    peak_kb: int = 0


@dataclass
class Figures:
    """Side -> its costs, one a round; a side without any was not measured."""

    recordings: int
    rounds: int
    load: float
    costs: dict[str, list[Cost]] = field(default_factory=dict)
    peak_kb_of_a_tenth: int = 0

    def cpu_s(self, side: str) -> float | None:
        """The median."""
        each = self.costs[side]
        return statistics.median(cost.cpu_s for cost in each) if each else None

    def ratio(self) -> float | None:
        """Ours over the other side's."""
        ours_s, theirs_s = map(self.cpu_s, SIDES)
        return ours_s / theirs_s if ours_s is not None and theirs_s else None


def main() -> int:
    """Measures in turns and prints ratios."""
    chosen = _chosen()
    figures = Figures(chosen.recordings, chosen.rounds, os.getloadavg()[0], {name: [] for name in SIDES})
    with running("tests.bench.version_pages") as endpoint:
        for number in range(chosen.rounds):
            for place, name in enumerate(SIDES):
                cost = _measured(name, endpoint, chosen.recordings, f"{place}x{number}")
                figures.costs[name] += [cost] if cost else []
        tenth = _run("ours", endpoint, max(FEW, chosen.recordings // 10), "tenth")
        figures.peak_kb_of_a_tenth = tenth.peak_kb if tenth else 0
    ratio = figures.ratio()
    print(json.dumps(asdict(figures) | {"ratio": ratio, "bound": BOUND}, indent=2) if chosen.json else _text(figures))
    return 3 if ratio is None else 0 if ratio <= BOUND else 1


def _measured(name: str, endpoint: str, recordings: int, run: str) -> Cost | None:
    few = _run(name, endpoint, FEW, f"{run}few")
    if few is None:
        return None
    whole = _run(name, endpoint, recordings, run)
    return Cost(whole.cpu_s - few.cpu_s, whole.requests, whole.peak_kb) if whole else None


def _run(name: str, endpoint: str, recordings: int, label: str) -> Cost | None:
    bucket = f"recordings-{recordings}-{label}"
    command = SIDES[name](endpoint, bucket, recordings)
    if command is None:
        return None
    kept = {n: v for n, v in os.environ.items() if not n.lower().endswith("_proxy") and not n.startswith("AWS_")}
    spent = accounting.run(command, kept)
    with urllib.request.urlopen(f"{endpoint}/-/{bucket}", timeout=30) as answer:
        requests = json.load(answer)
    pages = -(-recordings * len(NAMES) // 1000)
    if requests.get(LISTING, 0) < pages:
        raise RuntimeError(f"{name}: {requests} requests, where the listing has {pages} pages.")
    return Cost(spent.cpu_s, requests, _peak_kb(spent.output))


def _peak_kb(output: str) -> int:
    told = json.loads(output) if output.startswith("{") else {}
    return int(told.get("peak_kb", 0))


def _text(figures: Figures) -> str:
    objects, ratio = figures.recordings * len(NAMES), figures.ratio()
    lines = [f"{figures.recordings} recordings, {objects} objects; in turns, medians of {figures.rounds}."]
    lines += [f"CPU seconds, a run over {FEW} recordings taken off. Load average before: {figures.load:.2f}."]
    if figures.load > BUSY:
        lines += [f"WARNING: above {BUSY}; this machine is busy. Measure again when it is quiet."]
    lines += ["", f"{'side':<24} {'CPU s':>8} {'pages':>8} {'other requests an object':>25}"]
    lines += [_line(name, figures, objects) for name in SIDES]
    if ratio is not None:
        lines += ["", f"ours / boto3 alone: {ratio:.2f}, at most {BOUND}: {'held' if ratio <= BOUND else 'NOT HELD'}"]
        grown_mb = (figures.costs["ours"][-1].peak_kb - figures.peak_kb_of_a_tenth) / 1000
        lines += [f"peak memory of ours beyond a tenth of the recordings: {grown_mb:+.1f} MB, at most {FLAT_MB}"]
    return "\n".join([*lines, "", "Other side: python -m tests.bench.boto_listing ENDPOINT BUCKET"])


def _line(side: str, figures: Figures, objects: int) -> str:
    cpu_s = figures.cpu_s(side)
    if cpu_s is None:
        return f"{side}: NOT MEASURED, there is no command for it yet."
    asked = figures.costs[side][-1].requests
    pages = asked.get(LISTING, 0)
    return f"{side:<24} {cpu_s:>8.2f} {pages:>8} {(sum(asked.values()) - pages) / objects:>25.4f}"


def _chosen() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench reconcile", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--recordings", type=int, default=RECORDINGS, help=f"above {FEW}")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    if chosen.rounds < 1 or chosen.recordings <= FEW:
        parser.error(f"--rounds from 1, --recordings above {FEW}")
    return chosen


if __name__ == "__main__":
    sys.exit(main())
