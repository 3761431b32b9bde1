"""The most memory that our copy ever holds, for files of 30 MB, 300 MB and 3 GB: it must not grow with the file."""

from __future__ import annotations

import argparse
import json
import os
import sys

from tests.bench.rig import Rig, a_rig
from tests.bench.sides import COPY, OURS

SIZES_MB = (30, 300, 3000)
MOST_SPREAD_MB = 8.0


def main() -> int:
    """Prints each peak and its ratio to the smallest file's; 1 where they are further apart than 8 MB."""
    parser = argparse.ArgumentParser(prog="scripts/bench memory", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true")
    chosen, load = parser.parse_args(), os.getloadavg()[0]
    with a_rig() as rig:
        peaks = {size: peak_mb(rig, size * 1_000_000) for size in SIZES_MB}
    spread = max(peaks.values()) - min(peaks.values())
    if chosen.json:
        print(json.dumps({"peak_mb": peaks, "spread_mb": spread, "bound_mb": MOST_SPREAD_MB, "load_average": load}))
    else:
        _print(peaks, spread)
    return 0 if spread <= MOST_SPREAD_MB else 1


def peak_mb(rig: Rig, size: int) -> float:
    """VmHWM of our process at the end of one copy, in MB."""
    ours = next(side for side in COPY if side.name == OURS)
    return float(json.loads(rig.run(ours, size).output)["peak_kib"]) * 1024 / 1e6


def _print(peaks: dict[int, float], spread: float) -> None:
    print("Peak memory of our copy (VmHWM of its process, imports with it), TLS both sides")
    print(f"{'file MB':>8} {'peak MB':>8} {'ratio to the smallest':>22}")
    for size, peak in peaks.items():
        print(f"{size:>8} {peak:>8.1f} {peak / peaks[SIZES_MB[0]]:>22.3f}")
    held = "held" if spread <= MOST_SPREAD_MB else "NOT HELD"
    print(f"furthest apart {spread:.1f} MB, at most {MOST_SPREAD_MB:g}: {held}")


if __name__ == "__main__":
    sys.exit(main())
