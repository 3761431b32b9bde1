"""Recordings as Zoom lists them at its worst: ids, names, kinds, numbers and repetitions."""

from __future__ import annotations

import logging
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
import sqlalchemy as sa

from tests.archive import rows
from tests.archive.bucket import Bucket
from tests.archive.lessons import at_zoom, held, outside, schedule, switch, wait
from tests.house import TEACHER, Home

TOPIC = "../../Ada K\u0159\u00e1l\\ ..%2f\r\nX-Amz-Tagging: a=b\x00\x1b[31m\u202e/secret-topic"
MANY = 2000


@pytest.mark.parametrize("like", ["/", "//", "+"])
def test_a_uuid_that_is_hard_to_put_into_a_path_is_found_read_and_archived(
    home: Home, bucket: Bucket, tmp_path: Path, like: str
) -> None:
    short = schedule(home)
    uuid = home.hold(short, uuid_like=like)["uuid"]
    assert (uuid[0] == like) or like in uuid
    assert home.app.archive.run().exit == "done"
    assert [r.uuid for r in rows.recordings(home)] == [uuid]
    (bag,) = bucket.bags(tmp_path / "bags").values()
    truth = {f["sha256"] for f in at_zoom(home, short, "show")}
    assert {bag.payload_entries()[p]["sha256"] for p in bag.payload_files()} == truth
    assert not [v.key for v in bucket.versions() if uuid in v.key or quote(uuid, safe="") in v.key]


def test_two_thousand_recordings_of_one_host_are_walked_though_page_tokens_end_in_the_middle(
    home: Home, bucket: Bucket
) -> None:
    wait(home, days=3)
    start = home.clock.now() - timedelta(days=2)
    uuids = outside(home, TEACHER, meetings=MANY, start=start.isoformat(), every_s=60, minutes=1)
    assert len(set(uuids)) == MANY
    held(home)
    switch(home, "page_token_expired", times=2)
    tally = home.app.archive.run()
    assert (tally.outside, tally.recordings, tally.sealed, tally.exit) == (MANY, 1, 1, "done")
    struck = [c for c in home.sandbox.calls() if c["status"] == 400 and c["path"].endswith("/recordings")]
    assert len(struck) == 2


def test_every_run_of_a_meeting_that_is_not_ours_is_counted_and_none_is_opened(home: Home, bucket: Bucket) -> None:
    wait(home, days=1)
    start = home.clock.now() - timedelta(hours=10)
    outside(home, TEACHER, meetings=3, start=start.isoformat(), every_s=7200, instances=True, topic=TOPIC)
    tally = home.app.archive.run()
    assert (tally.outside, tally.recordings, tally.exit) == (3, 0, "done")
    assert bucket.versions() == [] and rows.downloads(home) == 0
    assert not [c for c in home.zoom_calls("/recordings") if "/meetings/" in c]


def test_a_topic_of_somebodys_own_reaches_no_key_tag_log_error_or_output(
    home: Home, bucket: Bucket, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    short = held(home)
    state = home.sandbox._zoom.state
    with state.lock:
        for recording in state.recordings.values():
            recording.instance.meeting.fields["topic"] = TOPIC
    switch(home, "html_instead_of_media", times=2)
    said = "\n".join(line for _ in range(2) for line in home.app.archive.run().lines())
    assert "HTML_INSTEAD_OF_MEDIA" in said
    at_zoom(home, short, "replace", file="MP4")
    tally = home.app.archive.run()
    said += "\n".join(tally.lines()) + str(tally.as_json()) + "".join(capfd.readouterr()) + caplog.text
    said += "".join(map(str, rows.incidents(home)))
    for version in bucket.versions():
        said += version.key + str(bucket.head(version)["Metadata"]) + str(bucket.tags(version))
        said += bucket.read(version).decode(errors="replace")
    with home.house.database.reading() as tx:
        for name in ("recording", "recording_file", "incident", "audit_payload"):
            said += str(tx.all(sa.text(f"SELECT * FROM {name}")))
    assert len(bucket.sealed()) == 2
    for part in ("secret-topic", "X-Amz", "Kř", "\u202e"):
        assert part not in said, part


def test_files_without_id_size_or_state_and_of_unknown_kinds_are_archived_under_names_of_ours(
    home: Home, bucket: Bucket, tmp_path: Path
) -> None:
    short = held(home, files=["MP4", "MP4", "CC", "TIMELINE", "WHITEBOARD", "../HOLOGRAM"])
    tally = home.app.archive.run()
    assert (tally.exit, tally.copied, tally.sealed) == ("done", 6, 1)
    (bag,) = bucket.bags(tmp_path / "bags").values()
    entries = bag.payload_entries()
    assert sorted(bag.payload_files()) == [
        "data/captions.vtt",
        "data/other-2.bin",
        "data/other.bin",
        "data/timeline.json",
        "data/video-2.mp4",
        "data/video.mp4",
    ]
    assert sorted(entry["sha256"] for entry in entries.values()) == sorted(
        f["sha256"] for f in at_zoom(home, short, "show")
    )
    bare = [f for f in rows.files(home) if f.type in ("CC", "TIMELINE")]
    assert [f.zoom_size for f in bare] == [None, None] and all(f.size for f in bare)
    assert home.app.archive.run().copied == 0


@pytest.mark.parametrize("kind", ["MP4", "CC"])
def test_a_file_that_is_listed_twice_is_copied_once(home: Home, bucket: Bucket, kind: str) -> None:
    short = held(home, files=["MP4", "CC"])
    at_zoom(home, short, "repeat", file=kind)
    tally = home.app.archive.run()
    assert (tally.exit, tally.files, tally.copied, rows.downloads(home)) == ("done", 2, 2, 2)
    assert home.app.archive.run().copied == 0


def test_a_file_that_grows_between_its_listing_and_its_download_is_archived_as_it_is_then(
    home: Home, bucket: Bucket, tmp_path: Path
) -> None:
    short = held(home)
    home.app.archive.discover()
    (grown,) = at_zoom(home, short, "replace", file="MP4")
    home.do_due("archive_recording")
    (bag,) = bucket.bags(tmp_path / "bags").values()
    assert bag.payload_entries()["data/video.mp4"]["sha256"] == grown["sha256"]
    assert {f.size == f.zoom_size for f in rows.files(home)} == {True}
    assert rows.incidents(home) == [], "nothing had been archived before"
