"""The archive against the sandbox: what comes into the bucket, what does not, and how often."""

import json
import re
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.archive import rows
from tests.archive.bucket import Bucket
from tests.house import TEACHER, Home, a_home
from tests.sandbox.zoom_caller import ZoomCaller
from zoomguard.adapters import zoom_calls
from zoomguard.application.watch import Delivery
from zoomguard.bootstrap import open_house
from zoomguard.domain.archive import ArchiveTally
from zoomguard.domain.bag import KEY
from zoomguard.domain.errors import NotThere
from zoomguard.domain.recordings import FileState, RecordingState
from zoomguard.sandbox.people import CHILDREN, GUARDIANS, STAFF

MB = 1_000_000
THREE_PARTS = 40 * MB


def held(home: Home, start: str = "2026-12-01 16:00", **script: object) -> str:
    """A session that was scheduled and held; its short id."""
    short = schedule(home, start)
    home.hold(short, **script)
    return short


def schedule(home: Home, start: str = "2026-12-01 16:00") -> str:
    answer = home.schedule(start=start)
    assert answer.session is not None, answer
    return answer.session.short_id


def wait(home: Home, **time: float) -> None:
    home.clock.advance(timedelta(**time).total_seconds())


@pytest.fixture(scope="module")
def archived(tmp_path_factory: pytest.TempPathFactory) -> "object":
    """An installation that has archived one session with a film of three parts."""
    with a_home(tmp_path_factory.mktemp("archived") / "home") as home:
        held(home, size_bytes=THREE_PARTS)
        tally = home.app.archive.run()
        assert tally.exit == "done", tally
        yield home


@pytest.fixture(scope="module")
def full(archived: Home) -> Bucket:
    return Bucket(archived.sandbox.settings()["ZOOMGUARD_S3_ENDPOINT_URL"])


def test_a_held_session_becomes_one_valid_bag(archived: Home, full: Bucket, tmp_path: Path) -> None:
    (bag,) = full.bags(tmp_path).values()
    assert set(bag.payload_files()) == {f"data/{n}" for n in ("video.mp4", "audio.m4a", "transcript.vtt", "chat.txt")}
    assert bag.info["External-Identifier"] == bag.info["Bag-Group-Identifier"] == rows.recordings(archived)[0].id
    video = next(f for f in archived.sandbox._zoom.state.recordings.values()).files[0].medium
    assert video.size_bytes == THREE_PARTS
    assert bag.payload_entries()["data/video.mp4"]["sha256"] == video.sha256()
    assert full.unfinished() == []


def test_the_mark_of_a_bag_is_put_last(full: Bucket) -> None:
    by_time = sorted(full.versions(), key=lambda v: v.at)
    assert by_time[-1].path == "tagmanifest-sha256.txt"
    assert by_time[-1].at > by_time[-2].at
    payload = [v.path.startswith("data/") for v in by_time]
    assert payload == sorted(payload, reverse=True), "the payload comes before the tag files"


def test_every_version_is_locked_until_the_end_of_retention(archived: Home, full: Bucket) -> None:
    """moto drops the lock of a multipart upload, so that the video proves the repair."""
    kept = {v.path: v for v in full.versions()}
    said = json.loads(full.read(kept["metadata/recording.json"]))
    until_at = datetime.fromisoformat(said["retain_until"])
    ends_at = datetime.fromisoformat(said["retention_start"])
    assert until_at == ends_at + timedelta(days=90) and until_at.tzinfo is not None and not until_at.microsecond
    assert len(kept) == 9
    for version in kept.values():
        head = full.head(version)
        assert (head["ObjectLockMode"], head["ObjectLockRetainUntilDate"]) == ("GOVERNANCE", until_at), version.path


def test_keys_metadata_and_tags_are_as_agreed_and_hold_our_ids_only(archived: Home, full: Bucket) -> None:
    (recording,), files = rows.recordings(archived), {f.name: f.id for f in rows.files(archived)}
    assert recording.retain_until_at is not None
    until = recording.retain_until_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    for version in full.versions():
        assert KEY.fullmatch(version.key)
        assert version.key.split("/")[1:5] == ["2026", recording.session_id, recording.id, "b001"]
        head = full.head(version)
        metadata = head["Metadata"]
        assert set(metadata) == {"schema", "recording-id", "file-id", "retention-class", "retain-until"}
        assert metadata["recording-id"] == recording.id
        assert (metadata["retention-class"], metadata["retain-until"]) == ("routine", until)
        assert full.tags(version) == {"zg-class": "routine", "zg-retain-until": until}
        if version.path.startswith("data/"):
            assert metadata["file-id"] == files[version.path.removeprefix("data/")]


def test_no_name_and_no_address_leaves_with_a_bag(full: Bucket) -> None:
    people = (*CHILDREN, *GUARDIANS, *STAFF)
    words = {w for p in people for w in (p.known_as, p.family_name, p.email, getattr(p, "reference", "")) if len(w) > 2}
    told = ""
    for version in full.versions():
        told += f"{version.key} {full.head(version)['Metadata']} {full.tags(version)} "
        if not version.path.startswith("data/"):
            told += full.read(version).decode()
    for word in words:
        assert not re.search(rf"(?<![A-Za-z0-9]){re.escape(word)}(?![A-Za-z0-9])", told, re.IGNORECASE), word


def test_recording_json_says_what_was_agreed(archived: Home, full: Bucket) -> None:
    kept = {v.path: v for v in full.versions()}
    said = json.loads(full.read(kept["metadata/recording.json"]))
    assert said["schema"] == "zoomguard/recording/1"
    assert said["coverage"] == {"state": "unknown"}
    assert len(said["consent_event_ids"]) >= 10
    assert len(said["session"]["child_ids"]) == 5
    assert {f["path"]: f["s3_version_id"] for f in said["files"]} == {
        p: v.version_id for p, v in kept.items() if p.startswith("data/")
    }
    assert all(f["size"] == f["zoom_size"] for f in said["files"])
    assert not {"hold", "holds", "disposal", "state"} & set(said)


def test_a_second_run_copies_nothing_and_asks_for_no_bytes(archived: Home, full: Bucket) -> None:
    versions, asked = full.versions(), rows.downloads(archived)
    tally = archived.app.archive.run()
    assert (tally.exit, tally.copied, tally.sealed, tally.safe) == ("done", 0, 0, 4)
    assert full.versions() == versions
    assert rows.downloads(archived) == asked == 4


def test_the_duties_of_the_worker_archive_a_session(home: Home, bucket: Bucket, tmp_path: Path) -> None:
    held(home)
    home.app.work.put("discover_recordings", "all")
    home.do_due("discover_recordings")
    home.do_due("archive_recording")
    assert len(bucket.bags(tmp_path / "bags")) == 1
    assert home.do_due("discover_recordings", "archive_recording") == 0


# Late files ---------------------------------------------------------------------------------------------------------


def test_a_bag_waits_for_a_transcript_that_zoom_is_at_work_on(home: Home, bucket: Bucket, tmp_path: Path) -> None:
    held(home, transcript_s=3600)
    tally = home.app.archive.run()
    assert (tally.copied, tally.sealed, bucket.sealed()) == (3, 0, [])
    wait(home, minutes=61)
    tally = home.app.archive.run()
    assert (tally.copied, tally.sealed) == (1, 1)
    (bag,) = bucket.bags(tmp_path / "bags").values()
    assert "data/transcript.vtt" in bag.payload_files()


def test_a_late_transcript_becomes_a_second_bag_and_the_first_stays_as_it_is(
    home: Home, bucket: Bucket, tmp_path: Path
) -> None:
    held(home, transcript_s=30 * 3600)
    home.app.archive.run()
    wait(home, hours=25)
    assert home.app.archive.run().sealed == 1
    first = bucket.versions()
    wait(home, hours=6)
    tally = home.app.archive.run()
    assert (tally.copied, tally.sealed, tally.exit) == (1, 1, "done")
    assert [v for v in bucket.versions() if "/b001/" in v.key] == first
    one, two = bucket.bags(tmp_path / "bags").values()
    assert list(two.payload_files()) == ["data/transcript.vtt"]
    assert one.info["Bag-Group-Identifier"] == two.info["Bag-Group-Identifier"]
    assert (one.info["Bag-Count"], two.info["Bag-Count"]) == ("1 of ?", "2 of ?")
    assert rows.recordings(home)[0].state is RecordingState.ARCHIVED


def test_an_archived_recording_stays_archived_while_its_transcript_is_awaited(home: Home, bucket: Bucket) -> None:
    held(home, transcript_s=30 * 3600)
    home.app.archive.run()
    wait(home, hours=25)
    home.app.archive.run()
    (recording,) = rows.recordings(home)
    assert recording.state is RecordingState.ARCHIVED
    again_at = home.app.archive.archive_recording(recording.id)
    assert again_at is not None, "the transcript is still awaited"
    assert rows.recordings(home)[0].state is RecordingState.ARCHIVED
    wait(home, hours=6)
    assert home.app.archive.archive_recording(recording.id) is None
    assert len(bucket.sealed()) == 2


def test_a_recording_that_somebody_else_finished_meanwhile_stays_archived(home: Home) -> None:
    """A run lists what is pending first; another run may be done with it before its turn comes."""
    held(home)
    home.app.archive.run()
    (recording,) = rows.recordings(home)
    assert home.app.archive._one(recording.id, recording.short_id, ArchiveTally(), lambda *_: None)
    assert rows.recordings(home)[0].state is RecordingState.ARCHIVED


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
    asked = [c["query"]["from"] for c in home.sandbox.calls() if c["path"].startswith("/v2/users/") and "from" in c["query"]]
    assert all(day >= "2026-12-02" for day in asked), asked


def test_every_form_of_uuid_and_every_page_is_taken(
    home: Home, bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zoom_calls, "PAGE_SIZE", 2)
    shorts = [schedule(home, f"2026-12-0{day} 16:00") for day in (1, 2, 3, 4, 7)]
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
        connection.execute(sa.text("UPDATE role_held SET until_on = '2026-11-30'"))
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


# Two at once --------------------------------------------------------------------------------------------------------


def test_two_runs_at_the_same_time_copy_once(home: Home, bucket: Bucket, tmp_path: Path) -> None:
    held(home, "2026-12-01 16:00", size_bytes=THREE_PARTS)
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
