"""What a reviewer's fetch through the service costs: CPU seconds per GB of service and client, whole processes.

The other side is `curl | sha256sum` from the same S3 server, which asks for no right, keeps no record and no copy.
(`sha256sum` may know less of the processor than OpenSSL does: `curl | openssl` is shown beside it, and SHA-256 alone,
which service and client each do once.) All in turns in one run, medians, a film of 1 MB taken off one of 300 MB: what
a figure means is its ratio. Leaves with 1 where the bound does not hold.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.archive import rows
from tests.archive.bucket import Bucket
from tests.archive.lessons import MB, held
from tests.archive.reviewing import Reviewing, reviewing
from tests.bench import accounting
from tests.bench.fetch_profile import profiled
from tests.e2e.town import ROOT
from tests.house import Home, a_home
from tests.servers import plain_s3

SIZES = {"small": 1 * MB, "large": 300 * MB}
ROUNDS = 5
ANCHOR, BOTH, ALONE = "curl | sha256sum", "service and client", "SHA-256 alone (hashlib)"
LINES = {ANCHOR: "curl -sf '{url}' | sha256sum", "curl | openssl": "curl -sf '{url}' | openssl dgst -sha256"}
MOST_RATIO = 1.5


@dataclass
class Run:
    """The recordings by size, the folder and address of the S3 that all read from, and the CPU seconds taken."""

    home: Home
    folder: Path
    s3_url: str = ""
    shorts: dict[str, str] = field(default_factory=dict)
    films: dict[str, str] = field(default_factory=dict)
    took: dict[tuple[str, str], list[float]] = field(default_factory=lambda: defaultdict(list))


def main() -> int:
    """Measures, or with --profile shows where the time goes."""
    asked = _asked()
    trees = {"": ROOT} | {f" of {Path(tree).name}": Path(tree) for tree in asked.against}
    with tempfile.TemporaryDirectory() as folder, a_home(Path(folder) / "home") as home:
        run = Run(home, Path(folder))
        _archive(run)
        with _s3(run):
            if asked.profile:
                _profile(run)
                return 0
            for turn in range(asked.rounds):
                _others(run)
                # A file is written faster into memory that another has just left: nobody always comes first.
                for name, tree in _turned(list(trees.items()), turn):
                    _fetch(run, name, tree)
    return report(run.took)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench fetch", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument(
        "--against", metavar="TREE", action="append", default=[], help="another checkout, in the same run"
    )
    parser.add_argument("--profile", action="store_true", help="where service and client spend their time (perf)")
    return parser.parse_args()


def _turned(contenders: list[tuple[str, Path]], turn: int) -> list[tuple[str, Path]]:
    first = turn % len(contenders)
    return contenders[first:] + contenders[:first]


def _archive(run: Run) -> None:
    """Both recordings archived by the real archive, and their bucket laid out as files."""
    for day, (size, size_bytes) in enumerate(SIZES.items(), 1):
        held(run.home, f"2026-12-0{day} 16:00", size_bytes=size_bytes)
        assert run.home.app.archive.run().exit == "done"
        recording = rows.recordings(run.home)[-1]
        film = next(f for f in rows.files(run.home) if f.recording_id == recording.id and f.size == size_bytes)
        run.shorts[size] = recording.short_id
        run.films[size] = f"{film.place}?versionId={film.s3_version_id}"
    bucket = Bucket(run.home.sandbox.settings()["ZOOMGUARD_S3_ENDPOINT_URL"])
    plain_s3.keep(bucket.s3, bucket.name, run.folder / "s3")


@contextmanager
def _s3(run: Run) -> Iterator[None]:
    """A lean S3 in a process of its own, whose time is nobody's."""
    argv = [sys.executable, "-m", "tests.servers.plain_s3", str(run.folder / "s3")]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, cwd=ROOT) as server:
        assert server.stdout is not None
        run.s3_url = server.stdout.readline().decode().strip()
        try:
            yield
        finally:
            server.kill()


def _others(run: Run) -> None:
    for size, film in run.films.items():
        for name, line in LINES.items():
            command = line.format(url=f"{run.s3_url}/zoomguard-sandbox/{film}")
            run.took[name, size].append(accounting.run(["/bin/sh", "-c", command], os.environ).cpu_s)
        begun_s = time.process_time()
        digest = hashlib.sha256()
        for _ in range(SIZES[size] // MB):
            digest.update(bytes(MB))
        run.took[ALONE, size].append(time.process_time() - begun_s)


def _fetch(run: Run, name: str, tree: Path) -> None:
    with reviewing(run.home, run.s3_url, tree=tree) as service:
        _fetch_one(run, service, "small")  # What is made once for each process is there from here on.
        for size in SIZES:
            served, client = _fetch_one(run, service, size)
            run.took["service" + name, size].append(served)
            run.took["client" + name, size].append(client)
            run.took[BOTH + name, size].append(served + client)


def _fetch_one(run: Run, service: Reviewing, size: str, *under: str) -> tuple[float, float]:
    """The CPU seconds of the service and of the client."""
    target = run.folder / "copies"
    before_s = service.cpu_s
    fetched = service.fetch(run.shorts[size], target, *under)
    assert fetched.code == 0, fetched.err
    shutil.rmtree(target)
    return service.cpu_s - before_s, fetched.cpu_s


def _profile(run: Run) -> None:
    with reviewing(run.home, run.s3_url) as service:
        _fetch_one(run, service, "small")
        assert service.service is not None
        with profiled(run.folder, service.service.pid) as under:
            _fetch_one(run, service, "large", *under)


def per_gb(took: dict[tuple[str, str], list[float]], who: str) -> list[float]:
    """CPU seconds per GB of each round, what a small film takes taken off."""
    rounds = zip(took[who, "small"], took[who, "large"], strict=True)
    return [(large - small) * 1000 * MB / (SIZES["large"] - SIZES["small"]) for small, large in rounds]


def report(took: dict[tuple[str, str], list[float]]) -> int:
    """Prints the figures; 1 where the bound does not hold."""
    anchor = statistics.median(per_gb(took, ANCHOR))
    print("zoomguard recordings fetch of 300 MB: CPU s/GB, ratios to the first line")
    print(f"{'':<32} {'median':>7} {'lowest':>7} {'highest':>7} {'ratio':>6}")
    for who in (*LINES, *(name for name, size in took if size == "small" and name not in LINES)):
        each = per_gb(took, who)
        median = statistics.median(each)
        print(f"{who:<32} {median:>7.2f} {min(each):>7.2f} {max(each):>7.2f} {median / anchor:>6.2f}")
    ratio = statistics.median(per_gb(took, BOTH)) / anchor
    print(f"the first line is: {LINES[ANCHOR].format(url='URL')}")
    print(f"{BOTH}: {ratio:.2f} of it; at most {MOST_RATIO:g} ({'holds' if ratio <= MOST_RATIO else 'BROKEN'})")
    return 0 if ratio <= MOST_RATIO else 1


if __name__ == "__main__":
    sys.exit(main())
