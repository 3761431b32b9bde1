"""How much memory a copy takes: the same for a small film as for a large one."""

from pathlib import Path

import pytest

from tests.archive.children import apart
from tests.archive.lessons import MB, held

SMALL_BYTES = 30 * MB


@pytest.mark.deep
def test_a_copy_takes_as_much_memory_for_a_large_film_as_for_a_small_one(
    tmp_path: Path, localstack_url: str, deep: bool
) -> None:
    peaks_mb, idle_mb = [], 0.0
    with apart(tmp_path, localstack_url) as there:
        for day, size_bytes in enumerate((SMALL_BYTES, 300 * MB if deep else 90 * MB), 1):
            held(there.home, f"2026-12-0{day} 16:00", size_bytes=size_bytes)
            last = there.run().last
            assert last["exit"] == "done", last
            peaks_mb.append(last["peak_kb"] / 1000)
            idle_mb = max(idle_mb, last["idle_kb"] / 1000)
        assert there.large == set()
    figures = f"idle {idle_mb:.1f} MB, peaks {peaks_mb[0]:.1f} and {peaks_mb[1]:.1f} MB"
    print(figures)
    assert abs(peaks_mb[1] - peaks_mb[0]) < 10, figures
    assert max(peaks_mb) - idle_mb < 100, figures
