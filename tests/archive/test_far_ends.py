"""Zoom gives a file an end that cannot be."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.archive import rows
from tests.archive.lessons import held
from tests.house import Home


@pytest.mark.parametrize("year", [2099, 9999])
def test_an_end_still_to_come_locks_nothing_for_longer(home: Home, monkeypatch: pytest.MonkeyPatch, year: int) -> None:
    held(home)
    zoom = home.app.archive.parts.recordings
    listed = zoom.listed

    def far(*window: object) -> object:
        for one in listed(*window):
            files = (replace(f, recorded_to_at=datetime(year, 12, 31, tzinfo=UTC)) for f in one.files)
            yield replace(one, files=tuple(files))

    monkeypatch.setattr(zoom, "listed", far)
    home.app.archive.run()
    (recording,) = rows.recordings(home)
    assert recording.retain_until_at <= home.clock.now() + timedelta(days=91)
