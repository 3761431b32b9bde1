from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from zoomguard.domain.work import LONGEST_PAUSE, pause_after


def test_pauses_begin_at_five_seconds_and_double():
    assert [pause_after(n).total_seconds() for n in (1, 2, 3, 4)] == [5, 10, 20, 40]


@given(st.integers(1, 10_000))
def test_pauses_never_shrink_and_never_pass_the_longest(attempts: int):
    assert timedelta(0) < pause_after(attempts) <= pause_after(attempts + 1) <= LONGEST_PAUSE
