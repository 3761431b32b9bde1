from dataclasses import replace
from datetime import UTC, datetime

import pytest

from zoomguard.domain.bag import NAMES
from zoomguard.domain.recordings import (
    KINDS,
    OTHER,
    FileState,
    FileView,
    ListedFile,
    ListedRecording,
    MediaKind,
    RecordingState,
    RecordingView,
    file_name,
    kind_of,
    looks_like,
)

AT = datetime(2026, 12, 1, 16, tzinfo=UTC)
FILE = ListedFile("k", "f1", "MP4", "shared_screen", "MP4", 10, "completed", AT, AT, "https://zoom.example/d")
BEGINNINGS = {
    "MP4": b"\0\0\0\x18ftypmp42",
    "M4A": b"\0\0\0\x1cftypM4A ",
    "TRANSCRIPT": b"WEBVTT\n",
    "CC": b"\xef\xbb\xbfWEBVTT\n",
    "CHAT": b"16:00:01\t Hello",
    "CHAT_MESSAGE": b'{"messages":[]}',
    "TIMELINE": b'{"timeline":[]}',
    "SUMMARY": b"{}",
    "CSV": b"a,b\n",
    "TB": b"\xff\xd8\xff\xe0",
}
PAGES = (b"<!DOCTYPE html><html>", b"\n  <html>", b"\xef\xbb\xbf<HTML>", b"<?xml version='1.0'?>", b"<head>")


def listed(*statuses: str) -> ListedRecording:
    files = tuple(replace(FILE, status=s) for s in statuses)
    return ListedRecording("u1==", 81234567890, "z1", "MATHS-7B S-7K2M", AT, files)


def test_a_recording_is_processing_as_long_as_one_file_is():
    assert listed("completed", "processing").processing
    assert not listed("completed", "").processing
    assert not listed().processing


def test_each_known_type_has_a_beginning_that_is_tried_here():
    assert set(BEGINNINGS) == set(KINDS)


@pytest.mark.parametrize(("type", "head"), BEGINNINGS.items())
def test_a_file_of_its_kind_looks_like_it(type: str, head: bytes):
    assert looks_like(kind_of(type), head)


@pytest.mark.parametrize("type", [*KINDS, "UNHEARD_OF"])
@pytest.mark.parametrize("page", PAGES)
def test_a_page_in_the_place_of_media_never_does(type: str, page: bytes):
    assert not looks_like(kind_of(type), page)


@pytest.mark.parametrize("type", [t for t, k in KINDS.items() if k.magic])
@pytest.mark.parametrize("head", [b"", b"\0" * 16, b'{"code":124}'])
def test_other_bytes_are_not_media(type: str, head: bytes):
    assert not looks_like(kind_of(type), head)


def test_an_unknown_type_is_kept_as_other():
    assert kind_of("UNHEARD_OF") is OTHER
    assert looks_like(OTHER, b"anything")


@pytest.mark.parametrize("kind", [*KINDS.values(), OTHER], ids=lambda k: k.name)
def test_every_name_in_the_bag_is_one_of_the_agreed(kind: MediaKind):
    taken: set[str] = set()
    for _ in range(12):
        name = file_name(kind, frozenset(taken))
        assert name not in taken
        assert NAMES.fullmatch(f"data/{name}")
        taken.add(name)
    assert f"{kind.name}.{kind.extension}" in taken
    assert f"{kind.name}-12.{kind.extension}" in taken


def test_a_recording_is_shown_without_a_link_or_a_topic():
    view = RecordingView(
        "01R", "R-7K2M", "01S", "S-7K2M", "MATHS-7B", RecordingState.ARCHIVED, AT, None,
        (FileView("01F", "video.mp4", FileState.VERIFIED, 10, "ab"),),
    )  # fmt: skip
    shown = view.as_json()
    assert shown["retain_until"] is None
    assert shown["files"] == [
        {"id": "01F", "name": "video.mp4", "state": "verified", "size": 10, "sha256": "ab", "why": None, "bag": 1}
    ]
    assert replace(view, retain_until_at=AT).as_json()["retain_until"] == "2026-12-01T16:00:00Z"


def test_names_do_not_end_where_a_thousand_files_of_a_kind_are_in_a_bag() -> None:
    taken: set[str] = set()
    for _ in range(1002):
        taken.add(file_name(kind_of("MP4"), frozenset(taken)))
    assert len(taken) == 1002 and all(NAMES.fullmatch(f"data/{name}") for name in taken)
