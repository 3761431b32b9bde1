"""The archive against the sandbox: what comes into the bucket, what does not, and how often."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.archive import rows
from tests.archive.bucket import Bucket
from tests.archive.lessons import TWO_PARTS, held, schedule, wait
from tests.house import TEACHER, Home, a_home
from tests.sandbox.zoom_caller import ZoomCaller
from zoomguard.adapters import zoom_calls
from zoomguard.adapters.zoom_scopes import NEEDED
from zoomguard.application.watch import Delivery
from zoomguard.bootstrap import open_house
from zoomguard.domain.archive import ArchiveTally
from zoomguard.domain.errors import NotThere
from zoomguard.domain.recordings import FileState, RecordingState


def test_the_duties_of_the_worker_archive_a_session(home: Home, bucket: Bucket, tmp_path: Path) -> None:
    held(home)
    home.app.work.put("discover_recordings", "all")
    home.do_due("discover_recordings")
    home.do_due("archive_recording")
    assert len(bucket.bags(tmp_path / "bags")) == 1
    assert home.do_due("discover_recordings", "archive_recording") == 0


def test_the_scopes_that_the_start_asks_for_are_enough_to_archive(home: Home, bucket: Bucket, tmp_path: Path) -> None:
    for scope in home.sandbox._zoom.state.scopes - set(NEEDED):
        home.sandbox.withhold_scope(scope)
    held(home)
    assert home.app.archive.run().exit == "done"
    assert len(bucket.bags(tmp_path / "bags")) == 1


# What is looked at --------------------------------------------------------------------------------------------------


def test_recordings_outside_sessions_are_counted_and_not_opened(home: Home, bucket: Bucket) -> None:
    zoom = ZoomCaller(home.sandbox)
    number = zoom.create(TEACHER, topic="Private").json["id"]
    home.hold(str(number))
    tally = home.app.archive.run()
    assert (tally.outside, tally.recordings, tally.exit) == (1, 0, "done")
    assert bucket.versions() == [] and rows.recordings(home) == []
    assert home.zoom_calls("/rec/", "/cdn/") == []
    assert not [c for c in home.zoom_calls("/recordings") if "/meetings/" in c]


def test_nothing_before_watch_from_is_looked_into(home: Home) -> None:
    held(home)
    with home.house.database.engine.begin() as connection:
        connection.execute(sa.text("UPDATE install SET watch_from_at = '2026-12-02 00:00:00'"))
    for since in (None, datetime(2026, 11, 1, tzinfo=UTC).date()):
        tally = home.app.archive.run(since)
        assert (tally.recordings, tally.outside, tally.exit) == (0, 0, "done")
    assert rows.recordings(home) == []
    asked = [c["query"]["from"] for c in home.sandbox.calls() if "from" in c["query"]]
    assert all(day >= "2026-12-02" for day in asked), asked


def test_every_form_of_uuid_and_every_page_is_taken(
    home: Home, bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zoom_calls, "PAGE_SIZE", 2)
    shorts = [schedule(home, f"2026-12-0{day} 16:00") for day in (1, 2, 3, 4, 6)]
    uuids = [home.hold(short)["uuid"] for short in shorts]
    assert any(u.startswith("/") for u in uuids) and any("//" in u for u in uuids)
    tally = home.app.archive.run()
    assert (tally.recordings, tally.copied, tally.sealed, tally.exit) == (5, 20, 5, "done")
    assert len(bucket.bags(tmp_path / "bags")) == 5
    assert {r.uuid for r in rows.recordings(home)} == set(uuids)


def test_two_instances_of_one_meeting_are_two_recordings(home: Home, bucket: Bucket) -> None:
    short = held(home)
    home.hold(short)
    tally = home.app.archive.run()
    assert (tally.recordings, tally.sealed) == (2, 2)
    assert len({r.session_id for r in rows.recordings(home)}) == 1
    assert len(bucket.sealed()) == 2


def test_the_recordings_of_a_host_who_left_are_still_found(home: Home) -> None:
    held(home)
    with home.house.database.engine.begin() as connection:
        connection.execute(sa.text("UPDATE person SET active = false"))
        connection.execute(sa.text("UPDATE role SET until_on = '2026-11-30'"))
    assert home.app.archive.run().sealed == 1


def test_a_host_who_is_unknown_at_zoom_stops_no_other(home: Home) -> None:
    held(home)
    with home.sandbox._zoom.state.lock:
        users = home.sandbox._zoom.state.users
        gone = next(i for i, u in users.items() if u.email == "h.lindqvist@northmoor.example")
        del users[gone]
    tally = home.app.archive.run()
    assert tally.sealed == 1
    assert set(tally.postponed.values()) <= {"ZOOM_NO_USER"}


def test_an_outage_of_weeks_loses_nothing(home: Home) -> None:
    home.app.archive.run()
    held(home)
    wait(home, days=45)
    tally = home.app.archive.run()
    assert (tally.sealed, tally.exit) == (1, "done")


def test_a_look_from_a_later_day_on_leaves_no_gap_for_the_next(home: Home) -> None:
    """A recording that was processed late carries its meeting's day: each look overlaps the one before."""
    home.app.archive.run()
    short = schedule(home)
    home.clock.move_to(datetime(2026, 12, 2, 12, tzinfo=UTC))
    home.app.archive.run()
    home.hold(short)
    with home.sandbox._zoom.state.lock:  # held on the first of December, in the lists only since the twelfth
        for recording in home.sandbox._zoom.state.recordings.values():
            for file in recording.files:
                file.start_at, file.end_at = (t.replace(month=12, day=1) for t in (file.start_at, file.end_at))
    home.clock.move_to(datetime(2026, 12, 12, 12, tzinfo=UTC))
    assert home.app.archive.run(since=datetime(2026, 12, 2, tzinfo=UTC).date()).recordings == 0
    assert home.app.archive.run().recordings == 1


def test_only_the_session_that_was_named_is_copied(home: Home, bucket: Bucket) -> None:
    first, second = held(home, "2026-12-01 16:00"), held(home, "2026-12-02 16:00")
    assert home.app.archive.run(session=second.lower()).sealed == 1
    assert home.app.archive.run(session=second).copied == 0
    assert home.app.archive.run(session=first).sealed == 1
    assert len(bucket.sealed()) == 2


def test_a_run_for_one_session_says_nothing_of_others(home: Home) -> None:
    missing, mine = held(home, processing_s=400 * 86_400), held(home, "2026-12-02 16:00")
    waiting = held(home, "2026-12-03 16:00", transcript_s=86_000)
    soon = held(home, "2026-12-03 17:00", processing_s=86_000)
    everything = home.app.archive.run()
    assert (everything.exit, everything.missing, everything.expected) == ("wrong", (missing,), (soon,))
    assert len(everything.waiting) == 1
    only = home.app.archive.run(session=mine)
    assert (only.exit, only.missing, only.expected, only.waiting) == ("done", (), (), ())
    assert home.app.archive.run(session=missing).missing == (missing,)
    assert home.app.archive.run(session=soon).expected == (soon,)
    assert len(home.app.archive.run(session=waiting).waiting) == 1


def test_an_unknown_session_is_refused_before_anybody_is_asked(home: Home) -> None:
    asked = len(home.sandbox.calls())
    for wrong in ("S-ZZZZ", "", "'; drop table recording"):
        with pytest.raises(NotThere):
            home.app.archive.run(session=wrong)
    assert len(home.sandbox.calls()) == asked


# What should be there and is not ------------------------------------------------------------------------------------


def told_that_it_started(home: Home, short: str) -> None:
    with home.house.database.reading() as tx:
        number = tx.first(sa.text(f"SELECT meeting_number FROM video_session WHERE short_id = '{short}'"))[0]
    said = {"event": "meeting.started", "event_ts": 1796140800000, "payload": {"object": {"id": str(number)}}}
    home.app.watch.receive((Delivery(b"1796140800", json.dumps(said).encode(), said),))


def test_a_held_session_without_a_recording_is_expected_and_after_a_day_missing(home: Home, bucket: Bucket) -> None:
    short = held(home, processing_s=48 * 3600)
    told_that_it_started(home, short)
    tally = home.app.archive.run()
    assert (tally.expected, tally.missing, tally.exit) == ((short,), (), "done")
    wait(home, hours=25)
    tally = home.app.archive.run()
    assert (tally.expected, tally.missing, tally.exit) == ((), (short,), "wrong")
    wait(home, hours=24)
    tally = home.app.archive.run()
    assert (tally.missing, tally.exit, len(bucket.sealed())) == ((), "done", 1)


def test_a_session_that_nobody_saw_begin_is_never_missing(home: Home) -> None:
    short = schedule(home)
    assert home.app.archive.run().expected == ()
    home.clock.move_to(datetime(2026, 12, 1, 17, 30, tzinfo=UTC))
    assert home.app.archive.run().expected == (short,)
    wait(home, hours=25)
    tally = home.app.archive.run()
    assert (tally.expected, tally.missing, tally.exit) == ((), (), "done")


def test_a_session_that_was_cancelled_while_it_ran_is_missed_all_the_same(home: Home) -> None:
    short = schedule(home)
    told_that_it_started(home, short)
    home.clock.move_to(datetime(2026, 12, 1, 16, 10, tzinfo=UTC))
    home.app.sessions.cancel(home.who(TEACHER), short)
    wait(home, hours=26)
    assert home.app.archive.run().missing == (short,)


# Two at once --------------------------------------------------------------------------------------------------------


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.needs_postgres)])
def either_home(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Home]:
    url = request.getfixturevalue("postgres_url") if request.param == "postgres" else ""
    with a_home(tmp_path / "home", database_url=url) as opened:
        yield opened


def test_two_runs_at_the_same_time_copy_once(either_home: Home, tmp_path: Path) -> None:
    home = either_home
    bucket = Bucket(home.sandbox.settings()["ZOOMGUARD_S3_ENDPOINT_URL"])
    held(home, "2026-12-01 16:00", size_bytes=TWO_PARTS)
    held(home, "2026-12-02 16:00")
    tallies: list[ArchiveTally] = []
    together = threading.Barrier(2)
    with open_house(home.house.settings, home.clock) as second:

        def run(app: object) -> None:
            together.wait(10)
            tallies.append(app.archive.run())  # type: ignore[attr-defined]

        threads = [threading.Thread(target=run, args=(app,)) for app in (home.app, second.app)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert [t.exit for t in tallies] == ["done", "done"]
    assert sum(t.copied for t in tallies) == 8 and sum(t.sealed for t in tallies) == 2
    assert rows.downloads(home) == 8
    assert len(bucket.bags(tmp_path / "bags")) == 2
    assert {r.state for r in rows.recordings(home)} == {RecordingState.ARCHIVED}
    assert {f.state for f in rows.files(home)} == {FileState.VERIFIED}
