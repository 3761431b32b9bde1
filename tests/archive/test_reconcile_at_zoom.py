"""`archive reconcile` before Zoom: what it lists and we have not, what is gone, and what it did not say."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.archive import rows, tampering
from tests.archive.bucket import Bucket
from tests.archive.lessons import held, schedule, wait
from tests.house import TEACHER, Home
from zoomguard.application import archive_discovery, archive_findings
from zoomguard.domain.recordings import RecordingState


def outside(home: Home, meetings: int) -> list[str]:
    """Meetings that a teacher held and recorded alone; their UUIDs, oldest first."""
    home.clock.move_to(max(home.clock.now(), datetime(2026, 12, 1, 20, tzinfo=UTC)))
    asked = {"host": TEACHER, "meetings": meetings, "topic": "Extra {n}", "start": "2026-12-01T15:00:00Z"}
    uuids: list[str] = home.control("POST", "recordings", {"outside": asked})["uuids"]
    wait(home, hours=2)
    return uuids


def switch(home: Home, name: str, **more: Any) -> None:
    home.control("POST", "faults", {"name": name, **more})


def test_a_recording_that_discovery_s_window_missed_is_put_on_record_and_archived(home: Home, bucket: Bucket) -> None:
    """Zoom's list filters by the meeting's day, and this one was processed eleven days after it."""
    short = schedule(home)
    home.clock.move_to(datetime(2026, 12, 2, 12, tzinfo=UTC))
    home.app.archive.run()
    home.clock.move_to(datetime(2026, 12, 12, 12, tzinfo=UTC))
    home.app.archive.run()
    home.hold(short)
    with home.sandbox._zoom.state.lock:
        for recording in home.sandbox._zoom.state.recordings.values():
            for file in recording.files:
                file.start_at, file.end_at = (t.replace(month=12, day=1) for t in (file.start_at, file.end_at))
    assert home.app.archive.run().recordings == 0
    report = home.app.archive.reconcile()
    assert (report.exit, report.found_late, report.zoom_recordings) == ("done", 1, 1)
    assert [r.state for r in rows.recordings(home)] == [RecordingState.AVAILABLE]
    home.app.archive.run()
    assert len(bucket.sealed()) == 1
    assert home.app.archive.reconcile().found_late == 0


# Outside sessions ---------------------------------------------------------------------------------------------------


def test_each_recording_of_a_meeting_that_is_no_session_is_an_incident_and_is_not_opened(home: Home) -> None:
    uuids = outside(home, 3)
    report = home.app.archive.reconcile()
    assert report.exit == "wrong" and {f.done for f in report.findings} == {"not opened; it stays at Zoom"}
    assert sorted(f.subject for f in report.findings) == sorted(uuids)
    assert sorted(tampering.opened(home)) == sorted(("recording_outside", uuid) for uuid in uuids)
    assert rows.recordings(home) == [] and home.zoom_calls("/rec/", "/cdn/") == []
    assert not [c for c in home.zoom_calls("/recordings") if "/meetings/" in c]
    assert "Extra" not in str(report.as_json()) + "\n".join(report.lines())
    assert tampering.settle_all(home) == 3
    assert home.app.archive.reconcile().exit == "done"


def test_of_many_recordings_outside_sessions_fifty_a_night_become_incidents(home: Home) -> None:
    assert archive_findings.MOST_OF_A_KIND == 50
    uuids = outside(home, 120)
    counted = []
    for _ in range(3):
        report = home.app.archive.reconcile()
        counted.append((len(tampering.opened(home)), report.more.get("recording_outside", 0)))
        assert report.exit == "wrong"
    assert counted == [(50, 70), (100, 20), (120, 0)]
    assert {subject for _, subject in tampering.opened(home)} == set(uuids)
    assert len(report.lines()) > 120 and "and 70 more" not in report.lines()


def test_a_recording_outside_sessions_from_before_the_beginning_is_nobody_s_business(home: Home) -> None:
    outside(home, 1)
    tampering.change_row(home, "install", "1 = 1", watch_from_at="2026-12-02 00:00:00")
    report = home.app.archive.reconcile()
    assert (report.exit, report.zoom_recordings) == ("done", 0)


# Gone at Zoom -------------------------------------------------------------------------------------------------------


def test_a_recording_that_is_gone_before_it_is_archived_is_an_incident_and_recovering_it_heals(home: Home) -> None:
    short = held(home)
    home.app.archive.discover()
    home.control("POST", "recordings", {"session": short, "do": "trash"})
    report = home.app.archive.reconcile()
    (recording,) = rows.recordings(home)
    assert (report.exit, [(f.kind.value, f.subject) for f in report.findings]) == (
        "wrong",
        [("gone_at_zoom", recording.id)],
    )
    assert tampering.opened(home) == [("gone_at_zoom", recording.id)]
    with home.sandbox._zoom.state.lock:
        for one in home.sandbox._zoom.state.recordings.values():
            for file in one.files:
                file.trashed_at = None
    assert home.app.archive.reconcile().findings == []
    home.app.archive.run()
    assert rows.recordings(home)[0].state is RecordingState.ARCHIVED


def test_a_recording_that_is_gone_after_it_was_archived_is_no_finding(home: Home) -> None:
    short = held(home)
    home.app.archive.run()
    home.control("POST", "recordings", {"session": short, "do": "trash"})
    report = home.app.archive.reconcile()
    assert (report.exit, report.zoom_recordings) == ("done", 0)


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("list_500", {}),
        ("list_500", {"on": "GET /v2/meetings/"}),
        ("list_500", {"on": "GET /v2/"}),
        ("cut_connection", {"on": "GET /v2/"}),
        ("cut_connection", {"on": "GET /v2/meetings/"}),
        ("answer_lost", {"on": "GET /v2/meetings/"}),
        ("daily_limit", {"on": "GET /v2/"}),
    ],
)
def test_nothing_is_gone_because_zoom_did_not_answer(home: Home, name: str, more: dict[str, Any]) -> None:
    held(home)
    home.app.archive.discover()
    switch(home, name, **more)
    report = home.app.archive.reconcile()
    assert (report.exit, report.findings) == ("postponed", [])
    assert report.unknown and all(side.startswith("zoom ") for side in report.unknown)
    assert tampering.opened(home) == []
    assert "agree" not in "\n".join(report.lines())
    home.sandbox.faults.clear()
    assert home.app.archive.reconcile().exit == "done"


def test_the_bucket_is_compared_although_zoom_is_away(home: Home, bucket: Bucket) -> None:
    held(home)
    home.app.archive.run()
    tampering.write_over(bucket, "strange")
    switch(home, "list_500")
    report = home.app.archive.reconcile()
    assert (report.exit, [f.kind.value for f in report.findings]) == ("wrong", ["unknown_object"])
    assert report.unknown and report.bags_checked == 1


def test_a_host_whom_zoom_does_not_know_is_a_finding_where_lessons_were_held(home: Home) -> None:
    held(home)
    home.app.archive.run()
    assert home.app.archive.reconcile().exit == "done", "a teacher who never taught may have no account"
    switch(home, "host_unknown")
    report = home.app.archive.reconcile()
    assert (report.exit, [f.kind.value for f in report.findings]) == ("wrong", ["host_unknown"])
    assert tampering.opened(home) == [("host_unknown", report.findings[0].subject)]
    tampering.settle_all(home)
    assert home.app.archive.reconcile().exit == "done"


def test_one_host_who_cannot_be_listed_stops_no_other(home: Home) -> None:
    uuids = outside(home, 2)
    known = archive_discovery.hosts(home.app.archive.parts)
    away = next(h for h in known if h.at_zoom != TEACHER)
    assert len(known) > 1
    switch(home, "list_500", on=f"GET /v2/users/{away.at_zoom}/")
    report = home.app.archive.reconcile()
    assert (report.hosts, list(report.unknown)) == (len(known), [f"zoom host {known.index(away) + 1}"])
    assert sorted(f.subject for f in report.findings) == sorted(uuids)


def trash(home: Home, at: datetime | None) -> None:
    """All recordings go into Zoom's trash, or come back from there."""
    with home.sandbox._zoom.state.lock:
        for recording in home.sandbox._zoom.state.recordings.values():
            for file in recording.files:
                file.trashed_at = at


def test_a_recording_that_came_back_and_is_gone_again_is_a_new_matter(home: Home) -> None:
    held(home)
    home.app.archive.discover()
    trash(home, home.clock.now())
    assert home.app.archive.reconcile().exit == "wrong"
    rows.close_all_incidents(home)
    trash(home, None)
    assert home.app.archive.reconcile().exit == "done"
    trash(home, home.clock.now())
    assert home.app.archive.reconcile().exit == "wrong"
    assert rows.incidents(home) == [("gone_at_zoom", ["opened", "closed", "arrived"]), ("gone_at_zoom", ["opened"])]
