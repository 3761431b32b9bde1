"""The bench of the fetch: a service's time is read from outside, and the exit code says whether the bound holds."""

import os
import subprocess
import sys
import time

import pytest

from tests.archive.reviewing import cpu_s_of
from tests.bench.fetch import ANCHOR, BOTH, LINES, MOST_RATIO, report

BURN = "import hashlib; hashlib.sha256(bytes(300_000_000)); print(flush=True); input()"


def test_the_time_of_a_running_process_is_read_from_outside() -> None:
    with subprocess.Popen([sys.executable, "-c", BURN], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as burning:
        assert burning.stdin is not None and burning.stdout is not None
        burning.stdout.readline()
        seen_s = cpu_s_of(burning.pid)
        burning.stdin.write(b"\n")
        burning.stdin.flush()
        _, status, used = os.wait4(burning.pid, 0)
        burning.returncode = os.waitstatus_to_exitcode(status)
    assert 0 < seen_s <= used.ru_utime + used.ru_stime + 0.02 and seen_s > used.ru_utime / 2
    assert cpu_s_of(os.getpid()) == pytest.approx(time.process_time(), abs=0.5)


@pytest.mark.parametrize(("factor", "code"), [(0.99, 0), (1.01, 1)])
def test_the_exit_code_says_whether_the_bound_holds(factor: float, code: int) -> None:
    each = {
        (name, size): [1.0, 1.0] if size == "small" else [2.0, 2.0] for name in LINES for size in ("small", "large")
    }
    each |= {(BOTH, "small"): [0.0, 0.0], (BOTH, "large"): [MOST_RATIO * factor] * 2}
    assert (ANCHOR, "small") in each and report(each) == code
