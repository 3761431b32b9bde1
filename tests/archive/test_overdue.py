"""What is not in the archive three days after it was found is told of, whatever is in the way, and tried on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from tests.archive import rows, tampering
from tests.archive.bucket import Bucket
from tests.archive.lessons import held, switch, two_at_once, wait
from tests.house import DSL, Home
from zoomguard.adapters import zoom_calls
from zoomguard.application.archive import Archive
from zoomguard.domain.errors import Throttled
from zoomguard.domain.incidents import IncidentView
from zoomguard.domain.recordings import FileState, ListedRecording

OF_MEETING = "GET /v2/meetings/*/recordings"


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits between two tries of a call."""
    monkeypatch.setattr(zoom_calls, "PAUSES_S", (0.0, 0.0))


def told(home: Home) -> list[IncidentView]:
    return [i for i in home.app.incidents.list(home.who(DSL)) if i.kind.value == "copy_overdue"]


def what_happened(home: Home, incident: IncidentView) -> list[str]:
    history = home.app.incidents.show(home.who(DSL), incident.short_id).history
    return [line.what for line in history if line.what != "told"]


def test_a_recording_whose_list_zoom_never_gives_is_told_of(home: Home) -> None:
    held(home)
    home.app.archive.discover()
    switch(home, "html_200", on=OF_MEETING)
    for hours in (1, 35, 35):
        wait(home, hours=hours)
        assert home.app.archive.run().exit == "postponed"
    wait(home, hours=2)
    assert home.app.archive.run().exit == "wrong"
    (incident,) = told(home)
    assert incident.detail["reason"] == "NOT_TRIED"
    home.sandbox.faults.clear()
    wait(home, hours=25)
    assert home.app.archive.run().exit == "done"
    assert what_happened(home, incident) == ["opened", "arrived"]


def test_a_recording_that_hangs_in_another_run_is_told_of(home: Home) -> None:
    held(home)
    home.app.archive.discover()
    (recording,) = rows.recordings(home)
    with home.app.archive.parts.claims.claim(recording.id):
        wait(home, hours=71)
        assert home.app.archive.run().exit == "done"
        wait(home, hours=2)
        assert home.app.archive.run().exit == "wrong"
    assert [i.detail["reason"] for i in told(home)] == ["NOT_TRIED"]


def test_the_service_tells_of_it_too(home: Home) -> None:
    held(home)
    home.app.archive.discover()
    wait(home, hours=73)
    home.app.archive.discover()
    assert len(told(home)) == 1


def test_who_closed_it_while_it_fails_hears_of_it_again_after_three_days(home: Home) -> None:
    held(home)
    switch(home, "truncated")
    for hours in (0, 73):
        wait(home, hours=hours)
        home.app.archive.run()
    before = len(told(home))
    rows.close_all_incidents(home)
    wait(home, hours=71)
    home.app.archive.run()
    assert (before > 0, told(home)) == (True, [])
    wait(home, hours=2)
    assert home.app.archive.run().exit == "wrong"
    assert len(told(home)) == before


def test_a_bag_that_cannot_be_sealed_is_told_of(home: Home, bucket: Bucket) -> None:
    """Somebody wrote under the key of a tag file of a bag that is not there yet."""
    held(home, transcript_s=3600)
    home.app.archive.run()
    wait(home, hours=2)
    (bag,) = rows.bags(home)
    tampering.write_over(bucket, bag.prefix + "bagit.txt", b"x")
    for hours in (0, 71):
        wait(home, hours=hours)
        home.app.archive.run()
        assert told(home) == []
    wait(home, hours=2)
    assert home.app.archive.run().exit == "wrong"
    assert [i.detail["reason"] for i in told(home)] == ["NOT_SEALED"]


class OneListADay:
    """What Zoom still lets us ask, where another program of the account has used up the rest."""

    def __init__(self, real: Any) -> None:
        self.real, self.left = real, 1

    def listed(self, host: str, since: date, until: date) -> Iterable[ListedRecording]:
        if not self.left:
            raise Throttled("Zoom's limit of requests is reached.", None)
        self.left -= 1
        listed: Iterable[ListedRecording] = self.real.listed(host, since, until)
        return listed

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


def test_where_one_host_a_day_can_be_looked_at_each_has_its_turn(home: Home) -> None:
    parts = home.app.archive.parts
    for session in two_at_once(home):
        home.hold(session)
    for _ in range(2):
        Archive(replace(parts, recordings=OneListADay(parts.recordings))).run()
        wait(home, hours=25)
    assert len(rows.recordings(home)) == 2


def test_a_file_is_not_given_up_at_its_first_try_however_long_it_waited_for_us(home: Home) -> None:
    held(home)
    home.app.archive.discover()
    wait(home, hours=30)
    switch(home, "html_instead_of_media")
    assert home.app.archive.run().exit == "postponed"
    wait(home, hours=25)
    home.sandbox.faults.clear()
    assert home.app.archive.run().exit == "done"
    assert {f.state for f in rows.files(home)} == {FileState.VERIFIED}
