"""Answers of Zoom and S3 with values that no calendar, column or URL takes: an error of theirs, never a fault."""

import json

import pytest

from zoomguard.adapters import s3_facts, s3_listing
from zoomguard.adapters.zoom_calls import uuid_segment
from zoomguard.adapters.zoom_recordings import recording_of
from zoomguard.domain.errors import OutsideFailed
from zoomguard.domain.times import parse_iso
from zoomguard.tables.recordings import AGAIN, RecordingFile, zoom_key

EDGES = ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00")
ROW = {"uuid": "u", "id": 5, "start_time": "2026-11-02T10:00:00Z"}
ENTRY = (
    "<Version><Key>a</Key><VersionId>v</VersionId><Size>1</Size><IsLatest>true</IsLatest>"
    "<LastModified>{}</LastModified></Version>"
)


@pytest.mark.parametrize("text", EDGES)
def test_a_moment_that_no_calendar_reaches_is_none(text: str) -> None:
    with pytest.raises(ValueError):
        parse_iso(text)


@pytest.mark.parametrize("uuid", ["u\ud800", "u\x00"])
def test_a_recording_whose_uuid_no_database_takes_cannot_be_read(uuid: str) -> None:
    assert recording_of(json.loads(json.dumps({**ROW, "uuid": uuid}))) is None
    with pytest.raises(OutsideFailed):
        uuid_segment(uuid)


def test_a_size_that_no_column_takes_is_unknown() -> None:
    files = [{"id": "f", "file_type": "M\x00", "file_size": 1 << 63}, {"id": "g", "file_size": (1 << 63) - 1}]
    found = recording_of({**ROW, "recording_files": files})
    assert found is not None
    assert [(f.type, f.size) for f in found.files] == [("", None), ("", (1 << 63) - 1)]


def test_an_id_that_looks_like_our_number_of_a_later_file_is_another_file() -> None:
    found = recording_of(
        {**ROW, "recording_files": [{"id": "a", "file_type": "MP4"}, {"id": "a~2", "file_type": "MP4"}]}
    )
    assert found is not None
    rows = [RecordingFile(zoom_file_key=f"{file.key}{again}") for file in found.files for again in ("", f"{AGAIN}2")]
    assert [zoom_key(row) for row in rows] == [file.key for file in found.files for _ in range(2)]


@pytest.mark.parametrize("text", ["", "-1", "9" * 5000, "\u0661"])
def test_a_length_that_is_no_number_of_bytes_is_an_error_of_s3s(text: str) -> None:
    with pytest.raises(OutsideFailed):
        s3_facts.size_in({"content-length": text})


def test_a_lock_until_no_calendar_reaches_is_an_error_of_s3s() -> None:
    with pytest.raises(OutsideFailed):
        s3_facts.retain_until_in({f"{s3_facts.LOCK}retain-until-date": EDGES[0]})


def page(inner: str) -> s3_listing._Page:
    read = s3_listing._Page()
    read.read(f"<ListVersionsResult><EncodingType>url</EncodingType>{inner}</ListVersionsResult>".encode())
    return read


def test_a_page_that_goes_on_after_what_is_no_text_is_no_list() -> None:
    with pytest.raises(OutsideFailed):
        page("<NextKeyMarker>%FF</NextKeyMarker>").following()


@pytest.mark.parametrize("text", EDGES)
def test_a_version_stored_when_no_calendar_reaches_is_no_list(text: str) -> None:
    with pytest.raises(OutsideFailed):
        list(page(ENTRY.format(text)).in_order())
