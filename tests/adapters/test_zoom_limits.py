"""Zoom's three limits, and how long each is waited for."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import responses

from tests.adapters.scripted_server import SteadyClock, free
from zoomguard.adapters.http import Http
from zoomguard.adapters.zoom_calls import ZoomCalls
from zoomguard.adapters.zoom_limits import moment
from zoomguard.adapters.zoom_token import ZoomToken
from zoomguard.domain.errors import Throttled

API = "https://api.zoom.us/v2"
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 24, tzinfo=UTC)
PER_SECOND = {"code": 429, "message": "You have reached the maximum per-second rate limit for this API."}
DAILY = {"code": 429, "message": "You have reached the maximum daily rate limit for this API."}
HOST_DAY = {
    "code": 429,
    "message": "You have exceeded the daily rate limit (100) of Meeting Create/Update API requests permitted "
    "for the user a@b.example.",
}
REGISTRANT_DAY = {
    "code": 429,
    "message": "You have exceeded the daily rate limit (3) of Add meeting registrant API requests permitted "
    "for the registrant a@b.example.",
}


@pytest.fixture
def zoom() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.post("https://zoom.us/oauth/token", json={"access_token": "token-1", "expires_in": 3600})
        yield mock


@pytest.fixture
def clock() -> SteadyClock:
    return SteadyClock(NOW)


@pytest.fixture
def calls(clock: SteadyClock) -> ZoomCalls:
    http = Http(free)
    token = ZoomToken(http, "https://zoom.us", "account-1", "client-1", "secret-1", clock)
    return ZoomCalls(http, token, API, clock, clock.sleep)


@pytest.mark.parametrize(
    ("headers", "waited"),
    [
        ({"Retry-After": "2"}, 2.0),
        ({"Retry-After": "Mon, 23 Nov 2026 09:00:03 GMT"}, 3.0),
        ({"Retry-After": "2026-11-23T09:00:04Z"}, 4.0),
        ({"Retry-After": "2026-11-23T10:00:01+01:00"}, 1.0),
        ({"X-RateLimit-Reset": "1"}, 1.0),
        ({"X-RateLimit-Reset": str(int(NOW.timestamp()) + 2)}, 2.0),
    ],
)
def test_fault_13_a_limit_per_second_is_waited_for_as_told(
    zoom: responses.RequestsMock, calls: ZoomCalls, clock: SteadyClock, headers: dict[str, str], waited: float
) -> None:
    zoom.post(f"{API}/x", json=PER_SECOND, status=429, headers=headers)
    zoom.post(f"{API}/x", json={"id": 1}, status=201)
    assert calls.call("POST", "/x", body={}, changes=True) == {"id": 1}
    assert clock.slept == [waited]


def test_a_limit_per_second_that_says_nothing_is_waited_for_three_times_at_most(
    zoom: responses.RequestsMock, calls: ZoomCalls, clock: SteadyClock
) -> None:
    asked = zoom.get(f"{API}/x", json=PER_SECOND, status=429)
    with pytest.raises(Throttled) as caught:
        calls.read("/x")
    assert (asked.call_count, len(clock.slept), caught.value.code) == (4, 3, "ZOOM_RATE_LIMIT")
    assert caught.value.retry_at == clock.at + timedelta(seconds=30)


def test_a_wait_of_more_than_five_seconds_is_left_to_the_caller(
    zoom: responses.RequestsMock, calls: ZoomCalls, clock: SteadyClock
) -> None:
    zoom.get(f"{API}/x", json=PER_SECOND, status=429, headers={"Retry-After": "6"})
    with pytest.raises(Throttled) as caught:
        calls.read("/x")
    assert (caught.value.retry_at, clock.slept) == (NOW + timedelta(seconds=6), [])


@pytest.mark.parametrize(
    ("document", "headers", "code", "retry_at"),
    [
        (DAILY, {"Retry-After": "2026-11-24T00:00:00Z"}, "ZOOM_DAILY_LIMIT", MIDNIGHT),
        (DAILY, {"Retry-After": "2026-11-24T00:00:00"}, "ZOOM_DAILY_LIMIT", MIDNIGHT),
        (DAILY, {"Retry-After": "54000"}, "ZOOM_DAILY_LIMIT", MIDNIGHT),
        (DAILY, {"Retry-After": "Tue, 24 Nov 2026 00:00:00 GMT"}, "ZOOM_DAILY_LIMIT", MIDNIGHT),
        (DAILY, {"Retry-After": "soon"}, "ZOOM_DAILY_LIMIT", MIDNIGHT),
        (DAILY, {"Retry-After": "2126-01-01T00:00:00Z"}, "ZOOM_DAILY_LIMIT", NOW + timedelta(days=2)),
        (DAILY, {"Retry-After": "2020-01-01T00:00:00Z"}, "ZOOM_DAILY_LIMIT", NOW + timedelta(minutes=1)),
        ({}, {"X-RateLimit-Type": "Daily-limit"}, "ZOOM_DAILY_LIMIT", MIDNIGHT),
        (HOST_DAY, {}, "ZOOM_HOST_DAILY_LIMIT", MIDNIGHT),
        (
            HOST_DAY,
            {"Retry-After": "2026-11-23T12:00:00Z"},
            "ZOOM_HOST_DAILY_LIMIT",
            NOW + timedelta(hours=3),
        ),
        (REGISTRANT_DAY, {}, "ZOOM_REGISTRANT_DAILY_LIMIT", MIDNIGHT),
    ],
)
def test_fault_14_a_limit_of_the_day_says_when_to_go_on_and_is_not_tried_again(
    zoom: responses.RequestsMock,
    calls: ZoomCalls,
    clock: SteadyClock,
    document: dict[str, object],
    headers: dict[str, str],
    code: str,
    retry_at: datetime,
) -> None:
    asked = zoom.post(f"{API}/x", json=document, status=429, headers=headers)
    with pytest.raises(Throttled) as caught:
        calls.call("POST", "/x", body={}, changes=True)
    assert (caught.value.code, caught.value.retry_at) == (code, retry_at)
    assert (asked.call_count, clock.slept) == (1, [])
    assert "@" not in caught.value.message


@pytest.mark.parametrize("text", ["", "soon", "-1", "1e999", "2026-13-01T00:00:00Z", "nan", "\x00"])
def test_a_moment_that_is_none_is_none(text: str) -> None:
    assert moment(text, NOW) is None
