"""Whose recordings are looked for, from when on, and what an outage of Zoom's leaves behind."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
import sqlalchemy as sa

from tests.archive import rows
from tests.archive.bucket import Bucket
from tests.archive.lessons import at_zoom, held, move_to, outside, schedule, switch, wait
from tests.house import OBSERVER, TEACHER, Home
from zoomguard.adapters import zoom_calls
from zoomguard.sandbox.people import STAFF

LISTS = "GET /v2/users/{}/recordings"


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits between two tries of a call."""
    monkeypatch.setattr(zoom_calls, "PAUSES_S", (0.0, 0.0))


def lists(home: Home) -> list[dict[str, Any]]:
    """Every call for a host's list."""
    calls = home.sandbox.calls()
    return [c for c in calls if c["path"].startswith("/v2/users/") and c["path"].endswith("/recordings")]


def asked_for(home: Home) -> set[str]:
    """The hosts whose lists were asked for, by address."""
    users = home.sandbox._zoom.state.users.values()
    addresses = {u.id: u.email for u in users}
    words = {c["path"].split("/")[3].replace("%40", "@") for c in lists(home)}
    return {addresses.get(w, w) for w in words}


def host_of(home: Home, session: str) -> str:
    with home.house.database.reading() as tx:
        query = sa.text("SELECT host_zoom_id FROM video_session WHERE short_id = :short").bindparams(short=session)
        return str(tx.first(query)[0])


def cursors(home: Home) -> dict[str, str]:
    with home.house.database.reading() as tx:
        return dict(tuple(r) for r in tx.all(sa.text("SELECT name, value FROM cursor WHERE name LIKE 'recordings/%'")))


def test_only_hosts_who_teach_are_ever_asked_for(home: Home) -> None:
    held(home)
    teachers = {one.email for one in STAFF if "teacher" in one.roles}
    outside(home, OBSERVER)
    tally = home.app.archive.run()
    assert asked_for(home) == teachers and OBSERVER not in teachers
    assert (tally.hosts, tally.outside) == (len(teachers), 0)


def test_a_former_teacher_and_one_who_is_not_active_are_looked_at_still(home: Home) -> None:
    held(home)
    before = {one.email for one in STAFF if "teacher" in one.roles}
    with home.house.database.engine.begin() as connection:
        connection.execute(sa.text("UPDATE person SET active = false"))
        connection.execute(sa.text("UPDATE role SET until_on = '2026-11-30' WHERE role = 'teacher'"))
    assert home.app.archive.run().sealed == 1
    assert asked_for(home) == before


def test_a_host_whom_zoom_does_not_know_is_told_once_and_stops_no_other(home: Home, bucket: Bucket) -> None:
    stays = schedule_for(home, "h.lindqvist@northmoor.example")
    home.hold(stays)
    gone = held(home, "2026-12-02 18:00")
    switch(home, "host_unknown", on=LISTS.format(host_of(home, gone)))
    for _ in range(3):
        tally = home.app.archive.run()
        assert (tally.exit, tally.postponed, len(bucket.sealed())) == ("wrong", {}, 1)
        assert rows.incidents(home) == [("host_unknown", ["opened"])]
    rows.close_all_incidents(home)
    assert home.app.archive.run().exit == "done"
    assert rows.incidents(home) == [("host_unknown", ["opened", "closed"])]


def test_the_lesson_of_a_host_whom_zoom_does_not_know_is_missed_and_keeps_nobody_elses_from_being_judged(
    home: Home,
) -> None:
    gone = held(home)
    other = schedule_for(home, "h.lindqvist@northmoor.example")
    home.hold(other)
    at_zoom(home, other, "trash")
    switch(home, "host_unknown", on=LISTS.format(host_of(home, gone)))
    wait(home, hours=25)
    assert home.app.archive.run().missing == tuple(sorted((gone, other)))


def schedule_for(home: Home, teacher: str) -> str:
    answer = home.schedule(
        teacher, start="2026-12-02 16:00", observer="o.mbeki@northmoor.example", children=("C-0110",)
    )
    assert answer.session is not None, answer
    return answer.session.short_id


# Time ---------------------------------------------------------------------------------------------------------------


def test_nothing_is_asked_for_from_before_our_time_and_nothing_of_it_taken(home: Home, bucket: Bucket) -> None:
    held(home)
    outside(home, TEACHER, start="2026-11-22T23:00:00+00:00", minutes=10)
    home.app.archive.run(date(2020, 1, 1))
    assert {c["query"]["from"] for c in lists(home)} == {"2026-11-23"}
    assert len(rows.recordings(home)) == len(bucket.sealed()) == 1


def test_a_list_that_fails_leaves_its_cursor_and_the_next_run_goes_on_from_there(home: Home) -> None:
    held(home)
    home.app.archive.run()
    short = held(home, "2026-12-02 16:00")
    before = cursors(home)
    mine = next(name for name in before if name.startswith("recordings/") and host_of(home, short) in name)
    switch(home, "list_500", on=LISTS.format(host_of(home, short)))
    tally = home.app.archive.run()
    assert (tally.exit, tally.sealed, set(tally.postponed.values())) == ("postponed", 0, {"ZOOM_UNAVAILABLE"})
    after = cursors(home)
    assert {name for name in before if after[name] == before[name]} - {"recordings/judged"} == {mine}
    home.sandbox.faults.clear()
    assert (home.app.archive.run().sealed, cursors(home)[mine] > before[mine]) == (1, True)


def test_after_an_outage_of_forty_days_every_day_is_looked_at_and_nothing_was_called_missing(
    home: Home, bucket: Bucket
) -> None:
    home.app.archive.run()
    short = held(home)
    switch(home, "list_500")
    for _ in range(4):
        wait(home, days=10)
        tally = home.app.archive.run()
        assert (tally.exit, tally.missing, rows.incidents(home)) == ("postponed", (), [])
    home.sandbox.faults.clear()
    before = len(lists(home))
    assert (home.app.archive.run().exit, len(bucket.sealed())) == ("done", 1)
    host = host_of(home, short)
    asked = [c["query"] for c in lists(home)[before:] if host in c["path"]]
    windows = [(date.fromisoformat(q["from"]), date.fromisoformat(q["to"])) for q in asked]
    assert all(last - first < timedelta(days=28) for first, last in windows)
    assert windows[0][0] <= date(2026, 11, 28) and windows[-1][1] > home.clock.now().date()
    assert all(later[0] - earlier[1] == timedelta(days=1) for earlier, later in pairwise(windows))


def test_a_run_that_looks_only_at_later_days_calls_nothing_missing(home: Home) -> None:
    home.app.archive.run()
    short = schedule(home)
    home.hold(short)
    move_to(home, 2026, 12, 3, 9)
    assert home.app.archive.run(date(2026, 12, 3)).missing == ()
    assert rows.incidents(home) == []
    tally = home.app.archive.run()
    assert (tally.sealed, tally.missing, rows.incidents(home)) == (1, (), [])
