"""What a webhook says: strict reading, and no secret left in what is kept."""

import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from zoomguard.domain import watch
from zoomguard.domain.errors import BadInput

ENDED = {
    "event": "meeting.ended",
    "event_ts": 1_796_140_800_250,
    "payload": {"account_id": "A-1", "object": {"id": "91234567890", "uuid": "abc/def==", "topic": "MATHS-7B"}},
}


def nested(levels: int) -> bytes:
    """An event with so many levels in all."""
    inner = b"1"
    for _ in range(levels - 1):
        inner = b"[" + inner + b"]"
    return b'{"event":"meeting.ended","x":' + inner + b"}"


def test_an_event_is_read_with_its_time_and_its_meeting() -> None:
    said = watch.parse(json.dumps(ENDED).encode())
    assert watch.happened_at(said) == datetime(2026, 12, 1, 16, 0, 0, 250_000, UTC)
    assert watch.meeting_number(said) == 91234567890
    assert watch.meeting_uuid(said) == "abc/def=="
    assert watch.account_of(said) == "A-1"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'"meeting.ended"',
        b'{"event": 1}',
        b'{"event": "Meeting Ended"}',
        b'{"event": "meeting.ended\\n"}',
        b'{"event": "a", "event": "b"}',
        b'{"event": "a", "payload": {"x": 1, "x": 2}}',
        b'{"event": "a", "x": NaN}',
        b'{"event": "a", "x": -Infinity}',
        b'{"event": "a", "x": 1e999}',
        b'{"event": "a", "x": "\xff"}',
        b'\xef\xbb\xbf{"event": "a"}',
        b'{"event": "a"} {}',
        b'{"event": "a", "x": ' + b"9" * 5000 + b"}",
        nested(33),
        nested(100_000),
    ],
)
def test_a_body_that_is_not_strictly_an_event_is_refused(body: bytes) -> None:
    with pytest.raises(BadInput) as refused:
        watch.parse(body)
    assert refused.value.code == "BAD_EVENT"


def test_thirty_two_levels_are_read() -> None:
    assert watch.parse(nested(32))["event"] == "meeting.ended"


@pytest.mark.parametrize("stamp", [None, True, -1, 1.5, "1796140800250", 10**18])
def test_an_impossible_time_is_no_time(stamp: object) -> None:
    assert watch.happened_at({"event": "a", "event_ts": stamp}) is None


@pytest.mark.parametrize("number", [None, True, 1.0, -5, "12a", "", "1" * 19, 10**30, ["1"]])
def test_what_is_no_meeting_number_is_none(number: object) -> None:
    assert watch.meeting_number({"payload": {"object": {"id": number}}}) is None


@pytest.mark.parametrize("payload", [None, [], "x", {"object": None}, {"object": {"uuid": 5}, "account_id": 5}])
def test_a_payload_of_another_shape_names_nothing(payload: object) -> None:
    said = {"event": "a", "payload": payload}
    assert (watch.meeting_uuid(said), watch.meeting_number(said), watch.account_of(said)) == ("", None, "")


def test_no_secret_is_left_in_an_event() -> None:
    secrets: list[Any] = [f"geheim-{n}" for n in range(20)]
    some = iter(secrets)
    event = {
        "event": "recording.completed",
        "download_token": next(some),
        "payload": {
            "account_id": "A-1",
            "object": {
                "id": 5,
                "password": next(some),
                "Recording_Play_Passcode": next(some),
                "h323_password": next(some),
                "join_url": next(some),
                "registrant_join_url": next(some),
                "start_url": next(some),
                "share_url": next(some),
                "host_key": next(some),
                "dynamic_host_key": next(some),
                "invite_links": [next(some)],
                "agenda": f"come to https://zoom.us/j/5?pwd={next(some)} now",
                "recording_files": [
                    {"download_url": f"https://zoom.us/rec/dl/1?access_token={next(some)}", "play_url": next(some)}
                ],
                "settings": {"registration_url": next(some), "zak": next(some)},
            },
            "old_object": {"encrypted_password": next(some), "chat_join_url": next(some)},
        },
    }
    kept = watch.without_secrets(event)
    assert "geheim" not in json.dumps(kept)
    assert kept["payload"]["object"]["recording_files"][0]["download_url"] == "https://zoom.us/rec/dl/1?(cut)"
    assert kept["payload"]["object"]["agenda"] == "come to https://zoom.us/j/5?(cut) now"
    assert kept["payload"]["object"]["id"] == 5


def test_what_is_no_secret_stays_as_it_is() -> None:
    assert watch.without_secrets(ENDED) == ENDED


@pytest.mark.parametrize("piece", ["x", "://", "a://b?c ", "_url", "?://"])
def test_the_largest_body_is_freed_of_secrets_in_no_time(piece: str) -> None:
    text = piece * (1024 * 1024 // len(piece))
    began_s = time.process_time()
    watch.without_secrets({"topic": text, text: ""})
    assert time.process_time() - began_s < 3


def test_a_fraction_in_an_event_is_read() -> None:
    assert watch.parse(b'{"event": "meeting.ended", "x": 1.5}')["x"] == 1.5
