"""The machine's clock and a clock behind a URL."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.adapters.wire import Canned, canned
from tests.servers.shared import free_port
from zoomguard.adapters import clock
from zoomguard.adapters.clock import SystemClock, UrlClock
from zoomguard.domain.errors import OutsideFailed, SettingsWrong

START = datetime(2026, 11, 23, 9, tzinfo=UTC)


@pytest.fixture
def server() -> Iterator[Canned]:
    with canned() as made:
        says(made, "2026-11-23T09:00:00Z")
        yield made


def says(server: Canned, now: object) -> None:
    server.body = json.dumps({"now": now}).encode()


class Stopwatch:
    """Stands in for the machine's monotonic seconds; stands still until a test moves it."""

    def __init__(self) -> None:
        self.at_s = 1000.0

    def monotonic(self) -> float:
        return self.at_s

    def run(self, s: float = clock.ASK_EVERY_S) -> None:
        self.at_s += s


@pytest.fixture(autouse=True)
def stopwatch(monkeypatch: pytest.MonkeyPatch) -> Stopwatch:
    made = Stopwatch()
    monkeypatch.setattr(clock, "time", made)
    return made


def test_the_machines_time_is_aware_utc() -> None:
    before = datetime.now(UTC)
    assert before <= SystemClock().now() <= datetime.now(UTC)
    assert SystemClock().now().tzinfo is UTC


def test_the_url_says_the_time_and_it_runs_on_in_between(server: Canned, stopwatch: Stopwatch) -> None:
    there = UrlClock(f"{server.url}/sandbox/clock")
    first = there.now()
    assert (first, first.tzinfo) == (START, UTC)
    stopwatch.run(0.04)
    assert there.now() == START + timedelta(seconds=0.04)
    assert [(a.method, a.path) for a in server.asked] == [("GET", "/sandbox/clock")]


def test_a_clock_that_moved_forward_is_followed_at_once(server: Canned, stopwatch: Stopwatch) -> None:
    there = UrlClock(server.url)
    there.now()
    says(server, "2026-12-01T18:00:00+02:00")
    stopwatch.run()
    assert there.now() == datetime(2026, 12, 1, 16, tzinfo=UTC)


def test_time_runs_on_while_the_clock_does_not_answer(server: Canned, stopwatch: Stopwatch) -> None:
    there = UrlClock(server.url)
    there.now()
    server.status = 503
    stopwatch.run()
    assert there.now() == START + timedelta(seconds=clock.ASK_EVERY_S)
    assert len(server.asked) == 2


def test_the_way_of_an_answer_does_not_turn_time_back(server: Canned, stopwatch: Stopwatch) -> None:
    there = UrlClock(server.url)
    there.now()
    stopwatch.run()
    says(server, (START + timedelta(seconds=0.05)).isoformat())
    assert there.now() == START + timedelta(seconds=clock.ASK_EVERY_S)


@pytest.mark.parametrize(
    "answer", [b"", b"[]", b"{}", b"null", b'{"now": 1}', b'{"now": "2026-11-23T09:00:00"}', b"<html>"]
)
def test_a_clock_that_never_answered_rightly_is_an_error(server: Canned, answer: bytes) -> None:
    there = UrlClock(server.url)
    server.body = answer
    with pytest.raises(OutsideFailed, match="clock"):
        there.now()
    says(server, "2026-11-23T09:00:00Z")
    assert there.now() >= START


def test_a_clock_that_is_not_there_is_an_error() -> None:
    with pytest.raises(OutsideFailed) as failed:
        UrlClock(f"http://127.0.0.1:{free_port()}/clock").now()
    assert "127.0.0.1" not in failed.value.message


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/clock",
        "http://192.0.2.1/clock",
        "http://clock.example/",
        "http://127.0.0.1.evil.example/",
        "http://127.0.0.1@evil.example/",
        "file:///etc/passwd",
        "",
    ],
)
def test_only_loopback_may_say_the_time(url: str) -> None:
    with pytest.raises(SettingsWrong):
        UrlClock(url)


def test_many_threads_ask_once(server: Canned) -> None:
    there = UrlClock(server.url)
    readings: list[datetime] = []
    threads = [threading.Thread(target=lambda: readings.append(there.now())) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(readings) == 20
    assert len(server.asked) == 1
