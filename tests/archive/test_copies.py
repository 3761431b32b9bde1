"""Several copies at a time, and what ends them before they are done."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.archive.bucket import Bucket
from tests.archive.lessons import held, switch
from tests.house import Home
from zoomguard.bootstrap import House, open_house

WAIT_S = 30
DAYS = ("2026-12-01 16:00", "2026-12-02 16:00", "2026-12-03 16:00", "2026-12-04 16:00")


def set_terms(home: Home, *changes: tuple[str, str]) -> None:
    terms = home.path / "terms.toml"
    text = terms.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    terms.write_text(text)


@contextmanager
def with_copies_at_once(home: Home, number: int) -> Iterator[House]:
    set_terms(home, ("at_once = 2", f"at_once = {number}"))
    with open_house(home.house.settings, home.clock) as house:
        yield house


class Gate:
    """Stands before a house's downloads: notes how many are open together, and holds back the first ones until so
    many are."""

    def __init__(self, house: House, expected: int) -> None:
        self.most = self.open = 0
        self.lock, self.together = threading.Lock(), threading.Barrier(expected)
        self.left = expected
        self.real = house.app.archive.parts.recordings.open
        house.app.archive.parts.recordings.open = self.through  # type: ignore[method-assign]

    @contextmanager
    def through(self, *asked: Any) -> Iterator[Any]:
        with self.lock:
            self.open += 1
            self.most, first = max(self.most, self.open), self.left > 0
            self.left -= first
        try:
            if first:
                self.together.wait(WAIT_S)
            with self.real(*asked) as download:
                yield download
        finally:
            with self.lock:
                self.open -= 1


@pytest.mark.parametrize("number", [1, 2, 3])
def test_so_many_recordings_are_copied_together_as_the_terms_say_and_no_more(home: Home, number: int) -> None:
    for start in DAYS:
        held(home, start)
    with with_copies_at_once(home, number) as house:
        gate = Gate(house, number)
        tally = house.app.archive.run()
    assert (tally.exit, tally.sealed, gate.most) == ("done", 4, number)


def test_one_that_zoom_asks_to_wait_lets_others_finish_and_begins_none(home: Home, bucket: Bucket) -> None:
    for start in DAYS:
        held(home, start)
    recordings = home.app.archive.parts.recordings
    listed, opened, lock = recordings.of_meeting, recordings.open, threading.Lock()
    asked: list[str] = []
    copying, refused = threading.Event(), threading.Event()

    def first_is_refused(uuid: str) -> Any:
        with lock:
            asked.append(uuid)
            is_first = len(asked) == 1
        if not is_first:
            return listed(uuid)
        assert copying.wait(WAIT_S)
        switch(home, "daily_limit", on="GET /v2/meetings/", times=1)
        try:
            return listed(uuid)
        finally:
            refused.set()

    def slow(*link: Any) -> Any:
        copying.set()
        assert refused.wait(WAIT_S)
        return opened(*link)

    recordings.of_meeting, recordings.open = first_is_refused, slow
    tally = home.app.archive.run()
    assert (tally.exit, tally.sealed, len(tally.postponed), len(asked)) == ("postponed", 1, 1, 2)
    recordings.of_meeting, recordings.open = listed, opened
    assert (home.app.archive.run().exit, len(bucket.sealed())) == ("done", 4)


def until(so: Callable[[], bool]) -> None:
    ends_at = time.monotonic() + WAIT_S
    while not so():
        assert time.monotonic() < ends_at
        time.sleep(0.02)
