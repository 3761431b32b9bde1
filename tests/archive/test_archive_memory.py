"""How much memory copies take, two at a time in two buffers each: the same for small films as for large ones."""

from pathlib import Path

import pytest

from tests.archive.children import apart
from tests.archive.lessons import MB, held

SMALL_BYTES = 40 * MB


@pytest.mark.deep
def test_two_copies_at_once_take_as_much_memory_for_large_films_as_for_small_ones(
    tmp_path: Path, localstack_url: str, deep: bool
) -> None:
    peaks_mb, idle_mb = [], 0.0
    with apart(tmp_path, localstack_url) as there:
        for day, size_bytes in enumerate((SMALL_BYTES, 300 * MB if deep else 90 * MB), 1):
            for hour in (14, 16):
                held(there.home, f"2026-12-0{day} {hour}:00", size_bytes=size_bytes)
            ended = there.run()
            last = ended.last
            assert last["exit"] == "done" and ended.turns > 1, ended
            peaks_mb.append(last["peak_kb"] / 1000)
            idle_mb = max(idle_mb, last["idle_kb"] / 1000)
        assert there.large == set()
    figures = f"idle {idle_mb:.1f} MB, peaks {peaks_mb[0]:.1f} and {peaks_mb[1]:.1f} MB"
    print(figures)
    assert abs(peaks_mb[1] - peaks_mb[0]) < 10, figures
    assert max(peaks_mb) - idle_mb < 100, figures
