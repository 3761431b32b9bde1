"""Lessons whose recording does not come: expected for a day, then missing where pupils had come."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from tests.archive import rows
from tests.archive.bucket import Bucket
from tests.archive.lessons import at_zoom, held, move_to, schedule, switch, two_at_once, wait
from tests.archive.test_hosts import LISTS, host_of
from tests.house import DSL, Home
from zoomguard.adapters import zoom_calls
from zoomguard.application.archive import Archive
from zoomguard.domain.recordings import RecordingState

NEVER_S = 400 * 86_400


def scene(at_s: float, kind: str, who: str = "") -> dict[str, Any]:
    return {"at_s": at_s, "kind": kind, "who": who}


WAITED_IN_VAIN = [scene(-60, "waiting", "registrant:1"), scene(900, "left", "registrant:1"), scene(900, "ended")]
HOST_ALONE = [scene(0, "joined", "host"), scene(3000, "ended")]
HOST_AND_WHO_WAITED = [
    scene(0, "joined", "host"),
    scene(10, "waiting", "registrant:1"),
    scene(900, "left", "registrant:1"),
    scene(3000, "ended"),
]


def asked_who_came(home: Home) -> int:
    return len(home.zoom_calls("/past_meetings/"))


def test_scenario_51_a_recording_that_never_comes_is_expected_then_a_problem_and_keeps_its_history(
    home: Home, bucket: Bucket
) -> None:
    short = held(home, processing_s=60 * 3600)
    move_to(home, 2026, 12, 2, 7)
    tally = home.app.archive.run()
    assert (tally.expected, tally.missing, tally.exit) == ((short,), (), "done")
    move_to(home, 2026, 12, 2, 17)
    for _ in range(2):
        tally = home.app.archive.run()
        assert (tally.expected, tally.missing, tally.exit) == ((), (short,), "wrong")
        assert rows.incidents(home) == [("recording_missing", ["opened"])]
    move_to(home, 2026, 12, 4, 9)
    tally = home.app.archive.run()
    assert (tally.missing, tally.open_incidents, tally.exit, len(bucket.sealed())) == ((), (), "done", 1)
    assert rows.incidents(home) == [("recording_missing", ["opened", "arrived"])]
    (still_open,) = home.app.incidents.list(home.who(DSL))
    assert home.app.incidents.show(home.who(DSL), still_open.short_id).session == short


def test_a_missing_recording_is_a_problem_until_somebody_settles_it(home: Home) -> None:
    held(home, processing_s=NEVER_S)
    wait(home, hours=25)
    assert home.app.archive.run().exit == "wrong"
    wait(home, days=30)
    assert home.app.archive.run().exit == "wrong"
    rows.close_all_incidents(home)
    wait(home, days=1)
    assert home.app.archive.run().exit == "done"
    assert rows.incidents(home) == [("recording_missing", ["opened", "closed"])]


@pytest.mark.parametrize("script", [None, WAITED_IN_VAIN, HOST_ALONE, HOST_AND_WHO_WAITED])
def test_a_lesson_without_pupils_is_no_problem(home: Home, script: list[dict[str, Any]] | None) -> None:
    short = schedule(home)
    if script is not None:
        home.hold(short, events=script, processing_s=NEVER_S)
    move_to(home, 2026, 12, 1, 18)
    assert home.app.archive.run().expected == (short,)
    move_to(home, 2026, 12, 2, 18)
    tally = home.app.archive.run()
    assert (tally.expected, tally.missing, tally.exit, rows.incidents(home)) == ((), (), "done", [])
    assert asked_who_came(home) > 0


def test_where_zoom_does_not_say_who_came_the_lesson_is_left_for_the_next_run_and_stops_no_other(home: Home) -> None:
    first = held(home, processing_s=NEVER_S)
    second = held(home, "2026-12-02 16:00", processing_s=NEVER_S)
    with home.sandbox._zoom.state.lock:
        runs = sorted(home.sandbox._zoom.state.recordings.values(), key=lambda r: r.instance.span)
    switch(home, "html_200", on=f"GET /v2/past_meetings/{runs[0].instance.meeting.number}/instances")
    wait(home, hours=25)
    for _ in range(2):
        tally = home.app.archive.run()
        assert (tally.exit, tally.postponed, tally.missing) == ("wrong", {first: "ZOOM_ANSWER"}, (second,))
    only = home.app.archive.run(session=second)
    assert (only.postponed, only.missing) == ({}, (second,))
    assert home.app.archive.run(session=first).postponed == {first: "ZOOM_ANSWER"}
    home.sandbox.faults.clear()
    assert home.app.archive.run().missing == tuple(sorted((first, second)))
    assert rows.incidents(home) == [("recording_missing", ["opened"])] * 2


def test_a_service_that_was_away_for_ten_days_judges_every_lesson_once(home: Home) -> None:
    home.app.archive.run()
    held(home)
    missed = held(home, "2026-12-02 16:00", processing_s=NEVER_S)
    empty = schedule(home, "2026-12-03 16:00")
    home.hold(empty, events=HOST_ALONE, processing_s=NEVER_S)
    wait(home, days=10)
    tally = home.app.archive.run()
    assert (tally.sealed, tally.missing) == (1, (missed,))
    asked = asked_who_came(home)
    assert asked > 0
    wait(home, days=1)
    assert home.app.archive.run().missing == (missed,)
    assert asked_who_came(home) == asked
    assert rows.incidents(home) == [("recording_missing", ["opened"])]


def test_the_hourly_look_of_the_service_finds_what_is_missing_too(home: Home) -> None:
    held(home, processing_s=NEVER_S)
    wait(home, hours=25)
    home.app.archive.discover()
    assert rows.incidents(home) == [("recording_missing", ["opened"])]


def test_nothing_is_called_missing_while_the_lists_of_its_host_fail(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zoom_calls, "PAUSES_S", (0.0, 0.0))
    held(home)
    switch(home, "list_500")
    wait(home, hours=25)
    assert (home.app.archive.run().exit, rows.incidents(home), asked_who_came(home)) == ("postponed", [], 0)
    home.sandbox.faults.clear()
    assert (home.app.archive.run().exit, rows.incidents(home)) == ("done", [])


def test_a_recording_that_zoom_lists_without_any_file_is_missing_after_a_day_and_may_still_come(home: Home) -> None:
    short = held(home)
    kinds = ("MP4", "M4A", "TRANSCRIPT", "CHAT")
    for kind in kinds:
        at_zoom(home, short, "drop", file=kind)
    assert home.app.archive.run().exit == "done"
    wait(home, hours=25)
    tally = home.app.archive.run()
    assert (tally.exit, [kind for _, kind in tally.open_incidents]) == ("wrong", ["file_missing"])
    at_zoom(home, short, "add", kind="MP4")
    tally = home.app.archive.run()
    assert (tally.exit, tally.copied, tally.sealed) == ("done", 1, 1)
    assert rows.incidents(home) == [("file_missing", ["opened", "arrived"])]


def test_without_a_teacher_on_record_a_night_is_not_quiet(home: Home) -> None:
    held(home)
    home.app.archive.run()
    with home.house.database.engine.begin() as connection:
        connection.execute(sa.text("UPDATE role SET role = 'observer' WHERE role = 'teacher'"))
        connection.execute(sa.text("UPDATE video_session SET host_zoom_id = ''"))
    tally = home.app.archive.run()
    assert (tally.exit, tally.postponed) == ("postponed", {"hosts": "NO_TEACHERS"})
    report = home.app.archive.reconcile()
    assert (report.exit, report.unknown) == ("postponed", {"zoom": "NO_TEACHERS"})


def test_two_lessons_that_end_at_the_same_minute_are_both_judged_where_one_list_fails(home: Home) -> None:
    """Both recordings were thrown away before we looked."""
    first, second = two_at_once(home)
    for short in (first, second):
        home.hold(short)
        at_zoom(home, short, "trash")
    wait(home, hours=25)
    switch(home, "list_500", on=LISTS.format(host_of(home, second)))
    assert home.app.archive.run().missing == (first,)
    home.sandbox.faults.clear()
    assert home.app.archive.run().missing == tuple(sorted((first, second)))


class Ahead:
    """The machine's clock set wrongly."""

    def __init__(self, home: Home, by: timedelta) -> None:
        self.home, self.by = home, by

    def now(self) -> datetime:
        return self.home.clock.now() + self.by


def test_a_run_whose_clock_was_ahead_silences_nothing(home: Home) -> None:
    Archive(replace(home.app.archive.parts, clock=Ahead(home, timedelta(days=400)))).discover()
    short = held(home, processing_s=NEVER_S)
    held(home, "2026-12-02 16:00")
    for _ in range(2):
        wait(home, hours=25)
        assert home.app.archive.run().missing == (short,)
    assert [r.state for r in rows.recordings(home)] == [RecordingState.ARCHIVED]
    assert rows.incidents(home) == [("recording_missing", ["opened"])]


def test_each_time_that_a_lesson_was_begun_anew_must_have_its_recording(home: Home) -> None:
    """The teacher lost the line, and Zoom ran the meeting once more."""
    short = schedule(home)
    home.hold(short)
    home.hold(short, processing_s=30 * 3600)
    home.app.archive.run()
    wait(home, hours=25)
    tally = home.app.archive.run()
    assert (tally.exit, tally.missing, len(rows.recordings(home))) == ("wrong", (short,), 1)
    wait(home, hours=6)
    assert (home.app.archive.run().exit, len(rows.recordings(home))) == ("done", 2)
    assert rows.incidents(home) == [("recording_missing", ["opened", "arrived"])]


def test_a_lesson_that_was_begun_anew_and_is_recorded_whole_is_no_problem(home: Home) -> None:
    short = schedule(home)
    home.hold(short)
    home.hold(short)
    home.hold(short, events=HOST_ALONE, processing_s=NEVER_S)
    wait(home, hours=25)
    assert (home.app.archive.run().exit, rows.incidents(home)) == ("done", [])
