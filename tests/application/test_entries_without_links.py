"""A child whom Zoom registered without a link of their own."""

from dataclasses import replace

import pytest

from tests.application.lessons import mail, meetings, until_quiet
from tests.house import Home
from zoomguard.domain.errors import Refused


def test_an_entry_that_lets_nobody_in_is_no_entry(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    zoom = home.app.sessions.creation.entries.parts.meetings
    registrants = zoom.registrants

    def without_a_link(number: int, status: str) -> tuple[object, ...]:
        first, *others = registrants(number, status)
        return (replace(first, join_url=""), *others)

    monkeypatch.setattr(zoom, "registrants", without_a_link)
    with pytest.raises(Refused) as refused:
        home.schedule()
    assert [f.rule for f in refused.value.findings] == ["VC-IDENTITY"]
    until_quiet(home)
    assert meetings(home) == mail(home) == []
