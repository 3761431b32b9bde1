"""Where service and client spend their CPU during a block, by `perf` (Linux; on Debian the package linux-perf)."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LINE = re.compile(r"\s*([\d.]+)%\s+(\S+)\s+\[.\]\s+(.+?)(?:\s+-)*\s*")
MOST_LINES = 12


@contextmanager
def profiled(folder: Path, service: int) -> Iterator[tuple[str, ...]]:
    """Gives the words before a client's command that have it recorded too; prints both at the end."""
    if shutil.which("perf") is None:
        raise SystemExit("perf is missing (on Debian: apt-get install linux-perf).")
    argv = ["perf", "record", "-q", "-F", "2000", "-o"]
    with subprocess.Popen([*argv, str(folder / "service"), "-p", str(service)], stderr=subprocess.DEVNULL) as perf:
        time.sleep(0.5)  # It does not say when it has begun.
        try:
            yield (*argv, str(folder / "client"), "--")
        finally:
            perf.send_signal(signal.SIGINT)
            perf.wait(60)
    for who in ("service", "client"):
        print(f"{who}: share of its CPU")
        for name, share in _shares(folder / who).most_common(MOST_LINES):
            print(f"  {share:>5.1f} %  {name}")


def _shares(data: Path) -> Counter[str]:
    argv = ["perf", "report", "--stdio", "-i", str(data), "--sort", "dso,symbol"]
    said = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    shares: Counter[str] = Counter()
    for match in filter(None, map(LINE.fullmatch, said.splitlines())):
        # Symbols of a stripped library are addresses: they count by library.
        symbol = "" if match[3].startswith("0x") else match[3]
        shares[f"{match[2]:<24} {symbol}"] += float(match[1])  # type: ignore[assignment]
    return shares
