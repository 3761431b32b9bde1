from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoomguard.domain.retention import retain_until

MOMENTS = st.datetimes(
    datetime.fromisoformat("2020-01-01"), datetime.fromisoformat("2100-01-01"), timezones=st.just(UTC)
)


@given(MOMENTS, st.integers(1, 3650))
def test_retention_never_ends_early_and_at_most_a_second_late(end_at: datetime, days: int):
    until = retain_until(end_at, days)
    late = until - (end_at + timedelta(days=days))
    assert timedelta(0) <= late < timedelta(seconds=1)
    assert until.microsecond == 0
    assert until.tzinfo is UTC


@pytest.mark.parametrize("days", [0, -1])
def test_less_than_a_day_is_refused(days: int):
    with pytest.raises(ValueError, match="at least one day"):
        retain_until(datetime(2026, 12, 1, tzinfo=UTC), days)
