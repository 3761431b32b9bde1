import hashlib
from collections.abc import Iterator

import pytest

from zoomguard.sandbox.media import KINDS, Medium, media
from zoomguard.sandbox.people import CHILDREN

MIB = 1 << 20
GIB = 1 << 30


def film(size_bytes: int | None = None) -> Medium:
    return media(size_bytes)[0]


def whole(medium: Medium) -> bytes:
    return medium.read(0, medium.size_bytes)


def boxes(medium: Medium, start: int = 0) -> Iterator[tuple[str, int, int]]:
    """Name, place and length of the top boxes, read only by their headers."""
    while start < medium.size_bytes:
        header = medium.read(start, start + 16)
        length = int.from_bytes(header[:4], "big")
        length = int.from_bytes(header[8:16], "big") if length == 1 else length
        yield header[4:8].decode(), start, length
        start += length


def test_a_lesson_has_the_four_files_that_zoom_would_list() -> None:
    kinds = [(one.kind, one.extension, one.content_type) for one in media(None)]
    assert kinds == [
        ("MP4", "MP4", "video/mp4"),
        ("M4A", "M4A", "audio/mp4"),
        ("TRANSCRIPT", "VTT", "text/vtt"),
        ("CHAT", "TXT", "text/plain"),
    ]
    assert sum(one.size_bytes for one in media(None)) < 300_000


def test_every_file_begins_as_its_kind_must() -> None:
    mp4, m4a, transcript, chat = (whole(one) for one in media(None))
    assert mp4[4:8] == m4a[4:8] == b"ftyp"
    assert b"avc1" in mp4 and b"mp4a" in mp4
    assert b"mp4a" in m4a and b"avc1" not in m4a
    assert transcript.startswith(b"WEBVTT\n\n")
    assert chat.decode().count("\t") == 2 * chat.decode().count("\n")


def test_the_film_can_start_before_it_has_wholly_come() -> None:
    names = [name for name, _, _ in boxes(film())]
    assert names.index("moov") < names.index("mdat")


def test_no_child_of_the_school_is_named_in_a_file() -> None:
    text = b"".join(whole(one) for one in media(None, tuple(KINDS))[2:]).decode()
    assert not [one for one in CHILDREN if one.known_as in text or one.family_name in text]


@pytest.mark.parametrize("size_bytes", [200_000, 5 * MIB, 300 * MIB, 4 * GIB, 6 * GIB + 1])
def test_the_boxes_of_a_padded_film_end_exactly_at_its_size(size_bytes: int) -> None:
    padded = film(size_bytes)
    found = list(boxes(padded))
    name, start, length = found[-1]
    assert (name, start + length, padded.size_bytes) == ("free", size_bytes, size_bytes)
    assert found[:-1] == list(boxes(film()))


def test_the_smallest_padding_is_one_empty_box() -> None:
    original = whole(film())
    assert whole(film(len(original) + 8)) == original + b"\x00\x00\x00\x08free"
    assert whole(film(len(original))) == original


@pytest.mark.parametrize("extra", [-1, 1, 7])
def test_a_size_that_no_box_can_fill_is_refused(extra: int) -> None:
    with pytest.raises(ValueError, match=str(film().size_bytes)):
        media(film().size_bytes + extra)


def test_a_negative_size_is_refused() -> None:
    with pytest.raises(ValueError):
        media(-5)


def test_any_range_is_the_slice_of_the_whole() -> None:
    padded = film(400_001)
    body = whole(padded)
    end_of_film = film().size_bytes
    edges = [0, 1, end_of_film - 1, end_of_film, end_of_film + 3, end_of_film + 8, end_of_film + 65543]
    edges += [end_of_film + 65544, end_of_film + 65545, 399_999, 400_001, 500_000]
    assert len(body) == 400_001
    for start in edges:
        for stop in edges:
            if start <= stop:
                assert padded.read(start, stop) == body[start:stop], (start, stop)


@pytest.mark.parametrize(("start", "stop"), [(-1, 5), (5, 4), (-5, -1)])
def test_a_range_that_is_none_is_refused(start: int, stop: int) -> None:
    with pytest.raises(ValueError):
        film(5 * MIB).read(start, stop)


def test_two_parts_of_the_padding_are_never_alike() -> None:
    padded = film(5 * MIB)
    parts = [padded.read(MIB + start, MIB + start + 65536) for start in range(0, 2 * MIB, 65536)]
    assert len(set(parts)) == len(parts)


def test_the_hash_is_that_of_the_bytes_read() -> None:
    for medium in media(3 * MIB + 7):
        assert medium.sha256() == hashlib.sha256(whole(medium)).hexdigest()


def test_the_end_of_a_vast_film_is_read_without_holding_the_rest() -> None:
    vast = film(1000 * GIB)
    assert len(vast.read(1000 * GIB - 10, 1000 * GIB + 10)) == 10
