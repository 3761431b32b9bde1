from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoomguard.domain.signatures import challenge_answer, is_fresh, is_signed, receipt, sign

SECRET, BODY = "the-secret-token", b'{"event":"meeting.started"}'
NOW = datetime(2026, 12, 1, 16, tzinfo=UTC)
STAMP = str(int(NOW.timestamp())).encode()


def signature(secret: str = SECRET, stamp: bytes = STAMP, body: bytes = BODY) -> bytes:
    return b"v0=" + sign(secret, b"v0:" + stamp + b":" + body).encode()


def test_a_message_is_signed_as_rfc_4231_says():
    """Test case 2 of RFC 4231."""
    expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert sign("Jefe", b"what do ya want for nothing?") == expected


def test_a_delivery_under_the_present_or_the_previous_secret_is_zooms():
    assert is_signed((SECRET,), STAMP, BODY, signature())
    assert is_signed(("new", SECRET), STAMP, BODY, signature())


def test_a_delivery_under_another_secret_or_none_is_not():
    assert not is_signed((SECRET,), STAMP, BODY, signature("another"))
    assert not is_signed((), STAMP, BODY, signature())


@given(st.integers(0, len(BODY) - 1), st.integers(1, 255))
def test_any_changed_byte_is_found(at: int, by: int):
    changed = bytearray(BODY)
    changed[at] ^= by
    assert not is_signed((SECRET,), STAMP, bytes(changed), signature())


@pytest.mark.parametrize(
    ("stamp", "given_signature"),
    [
        (STAMP, b""),
        (STAMP, signature()[3:]),
        (STAMP, signature().upper()),
        (STAMP, signature() + b"\n"),
        (STAMP, b"v0=" + "é".encode() * 32),
        (b"", signature(stamp=b"")),
        (b"soon", signature(stamp=b"soon")),
        (STAMP + b"\n", signature(stamp=STAMP + b"\n")),
    ],
)
def test_headers_of_another_form_are_refused(stamp: bytes, given_signature: bytes):
    assert not is_signed((SECRET,), stamp, BODY, given_signature)


@pytest.mark.parametrize(
    ("age", "fresh"),
    [
        (timedelta(0), True),
        (timedelta(minutes=100), True),
        (timedelta(minutes=100, seconds=1), False),
        (-timedelta(seconds=300), True),
        (-timedelta(seconds=301), False),
    ],
)
def test_a_delivery_is_fresh_as_long_as_zoom_repeats_it(age: timedelta, fresh: bool):
    assert is_fresh(str(int((NOW - age).timestamp())).encode(), NOW) is fresh


def test_the_same_delivery_has_the_same_receipt_and_another_has_not():
    assert receipt(STAMP, BODY) == receipt(STAMP, BODY)
    assert len({receipt(STAMP, BODY), receipt(b"1", BODY), receipt(STAMP, b"")}) == 3


def test_a_challenge_is_answered_with_the_token_and_its_hmac():
    answer = challenge_answer(SECRET, "q-Y_7")
    assert answer == {"plainToken": "q-Y_7", "encryptedToken": sign(SECRET, b"q-Y_7")}


@pytest.mark.parametrize("plain", ["", "v0:1700000000:{}", "a" * 129, "tok\n", "é", None, 7])
def test_a_challenge_that_could_sign_an_event_is_not_answered(plain: object):
    assert challenge_answer(SECRET, plain) is None
