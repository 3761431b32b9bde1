"""Where our own copy spends processor time: by stage and thread, and by library and symbol where perf is there.

Both after a small copy in the same process, so that imports and boto3's descriptions are not in it. cProfile would
mislead: it sees Python's calls, and most of the time goes in C.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator

from tests.bench import tools
from tests.bench.rig import Rig
from tests.bench.sides import COPY, OURS
from tests.bench.stages import WHOLE

OURSELVES = next(side for side in COPY if side.name == OURS)
# perf's key `pid` tells threads apart.
VIEWS = {"thread": "pid", "library": "dso", "symbol": "dso,symbol"}


def show(rig: Rig, size: int) -> int:
    """Prints both views."""
    said = json.loads(rig.run(OURSELVES, size, f"{OURSELVES.command} --stages").output)
    print(f"CPU by thread and stage, ms per GB of a copy of {size / 1e6:.0f} MB")
    print("\n".join(_stages(said["stages"], size)))
    if tools.found("perf") is None:
        print("perf is not there: libraries and symbols are not shown.")
        return 0
    samples = rig.folder / "perf.data"
    rig.run(OURSELVES, size, f'{OURSELVES.command} --perf "{samples}"')
    for name, sort in VIEWS.items():
        print(f"\nSamples by {name}, %")
        print(_report(str(samples), sort))
    return 0


def _stages(stages: list[tuple[str, str, float]], size: int) -> Iterator[str]:
    wholes = {thread: seconds for thread, stage, seconds in stages if stage == WHOLE}
    for thread, stage, seconds in stages:
        yield f"  {thread[:30]:<30} {stage:<26} {_ms(seconds, size):>8.0f}"
    for thread, whole in wholes.items():
        known = sum(seconds for of, stage, seconds in stages if of == thread and stage != WHOLE)
        rest = "the rest (SHA-256 if here)"
        yield f"  {thread[:30]:<30} {rest:<26} {_ms(whole - known, size):>8.0f}"


def _ms(seconds: float, size: int) -> float:
    return seconds * 1e12 / size


def _report(samples: str, sort: str) -> str:
    command = ["perf", "report", "-i", samples, "--stdio", "-q", "--no-children", "--sort", sort]
    said = subprocess.run([*command, "--percent-limit", "0.7"], capture_output=True, text=True, check=True).stdout
    # Where a library has no symbols, each address would be a line.
    return "\n".join(line.rstrip()[:80] for line in said.splitlines() if line.strip() and " 0x0" not in line)
