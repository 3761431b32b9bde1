"""Bytes on their way to a reader: all of them only where they are the bag's."""

import hashlib
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoomguard.application.recording_bytes import Checked
from zoomguard.domain.errors import IntegrityFailed

CHUNKS = st.lists(st.binary(min_size=1, max_size=5), max_size=6)
FILM = b"0123456789"


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def given_out(checked: Iterator[bytes]) -> tuple[bytes, bool]:
    """What came, and whether it ended well."""
    came = b""
    try:
        for chunk in checked:
            came += chunk
    except IntegrityFailed:
        return came, False
    return came, True


@given(CHUNKS)
def test_what_agrees_comes_whole(chunks: list[bytes]) -> None:
    content = b"".join(chunks)
    checked = Checked(iter(chunks), len(content), sha256(content))
    assert given_out(checked) == (content, True)
    assert (checked.given, checked.differs) == (len(content), False)


@given(CHUNKS, st.binary(max_size=12))
def test_of_what_does_not_agree_nobody_gets_all_but_where_it_is_the_bags_with_more_behind_it(
    chunks: list[bytes], bag: bytes
) -> None:
    content = b"".join(chunks)
    checked = Checked(iter(chunks), len(bag), sha256(bag))
    came, well = given_out(checked)
    assert well is (content == bag) and checked.differs is not well and checked.given == len(came)
    assert well or len(came) < len(bag) or came == bag


@pytest.mark.parametrize("chunks", [[b"01234"], [], [b"01234", b"56789", b"x"], [b"0123456789x"]])
def test_a_range_of_another_length_is_kept_back(chunks: list[bytes]) -> None:
    came, well = given_out(Checked(iter(chunks), len(FILM), ""))
    assert not well and FILM.startswith(came)


def test_a_range_is_not_judged_by_what_is_in_it() -> None:
    assert given_out(Checked(iter([b"other"]), 5, "")) == (b"other", True)
