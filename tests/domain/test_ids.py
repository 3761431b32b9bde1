from datetime import UTC, datetime, timedelta

import pytest

from zoomguard.domain.ids import CROCKFORD, is_short, is_ulid, short, token, token_digest, ulid

AT = datetime(2026, 12, 1, 16, tzinfo=UTC)


def test_a_ulid_has_26_letters_and_tells_its_millisecond():
    """The specification's own example: millisecond 1469918176385."""
    at = datetime(2016, 7, 30, 22, 36, 16, tzinfo=UTC) + timedelta(milliseconds=385)
    made = ulid(at)
    assert made[:10] == "01ARYZ6S41"
    assert is_ulid(made)


def test_ulids_sort_by_time_and_are_never_the_same():
    made = [ulid(AT + timedelta(milliseconds=n)) for n in range(50)]
    assert made == sorted(made)
    assert len({ulid(AT) for _ in range(500)}) == 500


@pytest.mark.parametrize("text", ["", "8" + "0" * 25, "0" * 25, "0" * 27, "0" * 25 + "I", "0" * 26 + "\n"])
def test_what_is_no_ulid_is_told(text: str):
    assert not is_ulid(text)


@pytest.mark.parametrize("prefix", ["S", "R", "K", "I"])
def test_a_short_id_can_be_spoken(prefix: str):
    for _ in range(50):
        made = short(prefix)
        assert is_short(made)
        assert set(made[2:]) <= set(CROCKFORD)


@pytest.mark.parametrize("text", ["S-7K2", "S-7K2MM", "X-7K2M", "s-7k2m", "S-7K2U", "S-7K2M\n", "S7K2M"])
def test_what_is_no_short_id_is_told(text: str):
    assert not is_short(text)


def test_tokens_say_what_they_are_for_and_only_their_digest_is_kept():
    one, other = token("zgs"), token("zgs")
    assert one.startswith("zgs_")
    assert len(one) >= 4 + 43
    assert token_digest(one) != token_digest(other)
    assert token_digest("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
