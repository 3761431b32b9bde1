"""Zoom serves a file wrongly, changes it, or brings it late (faults 35 to 37 and 41 to 43)."""

import tempfile
from pathlib import Path
from typing import Any

import pytest

from tests.archive import rows
from tests.archive.bucket import Bucket
from tests.archive.lessons import MB, TWO_PARTS, at_zoom, held, outside, switch, wait, zoom_tells
from tests.house import TEACHER, Home
from zoomguard.adapters import http
from zoomguard.domain.recordings import FileState

CUT = 17 * MB


def film(home: Home, session: str) -> dict[str, Any]:
    """The film as Zoom has it in truth."""
    return at_zoom(home, session, "show", file="MP4")[0]


def archived(bucket: Bucket, tmp_path: Path, path: str = "data/video.mp4") -> list[str]:
    """The SHA-256 of that file in each bag that has it."""
    folder = Path(tempfile.mkdtemp(dir=tmp_path))
    entries = [bag.payload_entries() for bag in bucket.bags(folder).values()]
    return [entry[path]["sha256"] for entry in entries if path in entry]


def lists_of_one(home: Home) -> int:
    return len([c for c in home.zoom_calls("/recordings") if c.startswith("GET /v2/meetings/")])


def ranges(home: Home) -> list[str | None]:
    return [c["range"] for c in home.sandbox.calls() if c["path"].startswith("/cdn/")]


def only_the_film(home: Home) -> str:
    (recording,) = home.sandbox._zoom.state.recordings.values()
    return f"GET /rec/download/{recording.files[0].key}"


# Resuming -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["range_wrong", "etag_changed"])
def test_fault_35_what_does_not_go_on_where_it_was_cut_begins_at_its_first_byte_and_ends_whole(
    home: Home, bucket: Bucket, tmp_path: Path, fault: str
) -> None:
    short = held(home, size_bytes=TWO_PARTS)
    before = film(home, short)["sha256"]
    switch(home, "truncated", times=1, after_bytes=CUT)
    switch(home, fault)
    assert home.app.archive.run().exit == "done"
    asked = ranges(home)
    assert f"bytes={CUT}-" in asked and None in asked[asked.index(f"bytes={CUT}-") + 1 :]
    now = film(home, short)["sha256"]
    assert (now == before) == (fault == "range_wrong")
    assert archived(bucket, tmp_path) == [now]
    assert lists_of_one(home) == 1, "begun anew at once, not after a size that came out wrong"
    assert bucket.unfinished() == [] and rows.incidents(home) == []


def test_fault_35_what_changed_after_it_was_archived_is_kept_beside_it_and_told(
    home: Home, bucket: Bucket, tmp_path: Path
) -> None:
    short = held(home)
    home.app.archive.run()
    first, before = bucket.versions(), film(home, short)["sha256"]
    (changed,) = at_zoom(home, short, "replace", file="MP4")
    tally = home.app.archive.run()
    assert (tally.copied, tally.sealed, tally.exit) == (1, 1, "done")
    assert archived(bucket, tmp_path) == [before, changed["sha256"]] and before != changed["sha256"]
    assert [v for v in bucket.versions() if "/b001/" in v.key] == first
    assert rows.incidents(home) == [("content_changed", ["opened"])]
    assert home.app.archive.run().copied == 0
    assert rows.incidents(home) == [("content_changed", ["opened"])]


def test_fault_35_a_size_that_only_wavered_in_zooms_list_is_no_other_file(home: Home) -> None:
    held(home)
    home.app.archive.run()
    switch(home, "wrong_size")
    home.app.archive.discover()
    home.sandbox.faults.clear()
    tally = home.app.archive.run()
    assert (tally.copied, tally.sealed, tally.exit) == (4, 1, "done"), "kept once more: the bytes alone tell"
    assert rows.incidents(home) == []


def test_fault_41_a_download_that_stands_still_is_cut_and_goes_on(
    home: Home, bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = held(home, size_bytes=TWO_PARTS)
    assert http.READ_S == 30  # for nobody who runs tests
    monkeypatch.setattr(home.app.archive.parts.recordings._downloads._http, "_read_s", 0.5)
    switch(home, "stalled", times=1, after_bytes=CUT, for_s=600)
    assert home.app.archive.run().exit == "done"
    (resumed,) = [r for r in ranges(home) if r]
    assert int(resumed.removeprefix("bytes=").removesuffix("-")) > CUT // 2
    assert archived(bucket, tmp_path) == [film(home, short)["sha256"]]


# Something else in the place of the file ----------------------------------------------------------------------------


@pytest.mark.parametrize("page", [{}, {"content_type": "video/mp4"}])
def test_fault_36_a_page_is_answered_by_one_fresh_list_and_one_more_try_in_the_same_run(
    home: Home, bucket: Bucket, tmp_path: Path, page: dict[str, str]
) -> None:
    short = held(home)
    switch(home, "html_instead_of_media", on=only_the_film(home), times=1, **page)
    assert home.app.archive.run().exit == "done"
    assert (lists_of_one(home), rows.downloads(home)) == (2, 5)
    assert archived(bucket, tmp_path) == [film(home, short)["sha256"]]


def test_fault_36_a_page_that_stays_is_not_asked_for_without_end(home: Home) -> None:
    held(home)
    switch(home, "html_instead_of_media", on=only_the_film(home))
    assert home.app.archive.run().exit == "postponed"
    assert (lists_of_one(home), rows.downloads(home)) == (2, 5)


def test_fault_37_a_size_that_was_wrong_is_right_in_one_fresh_list(home: Home, bucket: Bucket) -> None:
    short = held(home)
    at_zoom(home, short, "grow", file="MP4", listed_in_s=2)
    fetched = home.app.archive.parts.recordings.open

    def slow(*asked: Any) -> Any:
        wait(home, seconds=3)
        return fetched(*asked)

    home.app.archive.parts.recordings.open = slow
    assert home.app.archive.run().exit == "done"
    assert lists_of_one(home) == 2 and len(bucket.sealed()) == 1
    assert all(f.size == f.zoom_size for f in rows.files(home))


@pytest.mark.parametrize("wrong", ["page", "size"])
def test_fault_36_and_37_what_stays_wrong_is_missing_after_a_day_and_the_rest_is_sealed(
    home: Home, bucket: Bucket, wrong: str
) -> None:
    short = held(home)
    if wrong == "page":
        switch(home, "html_instead_of_media", on=only_the_film(home))
    else:
        at_zoom(home, short, "grow", file="MP4")
    for hours in (0, 12):
        wait(home, hours=hours)
        tally = home.app.archive.run()
        assert (tally.exit, tally.sealed, rows.incidents(home)) == ("postponed", 0, [])
    wait(home, hours=13)
    tally = home.app.archive.run()
    assert (tally.exit, tally.sealed) == ("wrong", 1)
    assert rows.incidents(home) == [("file_missing", ["opened"])]
    assert sorted(v.path for v in bucket.versions() if v.path.startswith("data/")) == [
        "data/audio.m4a",
        "data/chat.txt",
        "data/transcript.vtt",
    ]
    assert [f.state for f in rows.files(home) if f.type == "MP4"] == [FileState.MISSING]
    assert home.app.archive.run().exit == "wrong", "until somebody has settled it"
    assert rows.incidents(home) == [("file_missing", ["opened"])]
    rows.close_all_incidents(home)
    assert home.app.archive.run().exit == "done"
    assert rows.incidents(home) == [("file_missing", ["opened", "closed"])]


def test_fault_36_a_missing_file_that_is_asked_for_by_hand_is_archived_in_a_second_bag(
    home: Home, bucket: Bucket, tmp_path: Path
) -> None:
    short = held(home)
    switch(home, "html_instead_of_media", on=only_the_film(home))
    home.app.archive.run()
    wait(home, hours=25)
    assert home.app.archive.run().exit == "wrong"
    home.sandbox.faults.clear()
    assert home.app.archive.run().exit == "wrong", "Zoom says nothing new of it"
    tally = home.app.archive.run(session=short)
    assert (tally.exit, tally.copied, tally.sealed) == ("done", 1, 1)
    assert archived(bucket, tmp_path) == [film(home, short)["sha256"]]
    assert rows.incidents(home) == [("file_missing", ["opened", "arrived"])]


def test_a_missing_file_is_no_matter_of_a_run_for_another_session(home: Home) -> None:
    short = held(home)
    switch(home, "html_instead_of_media", on=only_the_film(home))
    home.app.archive.run()
    wait(home, hours=25)
    tally = home.app.archive.run()
    assert (tally.exit, [kind for _, kind in tally.open_incidents]) == ("wrong", ["file_missing"])
    other = held(home, "2026-12-04 16:00")
    alone = home.app.archive.run(session=other)
    assert (alone.exit, alone.sealed, alone.open_incidents) == ("done", 1, ())
    again = home.app.archive.run(session=short)
    assert (again.exit, again.open_incidents) == ("wrong", tally.open_incidents)


# Late files ---------------------------------------------------------------------------------------------------------


def test_fault_42_a_transcript_of_which_zoom_tells_weeks_later_gets_a_bag_and_the_old_one_stays(
    home: Home, bucket: Bucket, tmp_path: Path
) -> None:
    short = held(home, files=["MP4", "M4A", "CHAT"])
    home.app.archive.run()
    first = bucket.versions()
    (late,) = at_zoom(home, short, "add", kind="TRANSCRIPT", ready_in_s=30 * 86_400)
    for _ in range(4):
        wait(home, days=8)
        assert home.app.archive.run().copied == 0, "its lesson lies before the overlap"
    zoom_tells(home, "recording.transcript_completed", {"uuid": rows.recordings(home)[0].uuid})
    home.do_due("hear_recording")
    home.do_due("archive_recording")
    assert archived(bucket, tmp_path, "data/transcript.vtt") == [late["sha256"]]
    assert [v for v in bucket.versions() if "/b001/" in v.key] == first
    assert {v.key.split("/")[4] for v in bucket.versions()} == {"b001", "b002"}


def test_an_event_about_a_recording_before_our_time_or_of_nobody_of_ours_opens_nothing(
    home: Home, bucket: Bucket
) -> None:
    (uuid,) = outside(home, TEACHER, start="2026-11-20T16:00:00+00:00")
    (other,) = outside(home, TEACHER, start="2026-11-23T08:00:00+00:00", minutes=10)
    for each in (uuid, other, "no-such-uuid==", "../../users"):
        zoom_tells(home, "recording.completed", {"uuid": each})
    home.do_due("hear_recording")
    home.do_due("archive_recording")
    assert (rows.recordings(home), bucket.versions(), rows.downloads(home)) == ([], [], 0)


def test_fault_43_a_file_that_comes_between_two_looks_gets_its_bag_and_nothing_is_ever_deleted_at_zoom(
    home: Home, bucket: Bucket, tmp_path: Path
) -> None:
    short = held(home, files=["MP4", "CHAT"])
    asked = len(home.zoom_calls())
    home.app.archive.discover()
    (first,) = at_zoom(home, short, "add", kind="M4A")
    home.do_due("archive_recording")
    (second,) = at_zoom(home, short, "add", kind="TRANSCRIPT")
    for _ in range(9):
        home.app.archive.run()
        wait(home, days=1)
    assert archived(bucket, tmp_path, "data/audio.m4a") == [first["sha256"]]
    assert archived(bucket, tmp_path, "data/transcript.vtt") == [second["sha256"]]
    assert {c.split()[0] for c in home.zoom_calls()[asked:] if "/oauth/" not in c} == {"GET"}
