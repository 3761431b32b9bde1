"""A file that was missing, came back on Zoom's list, and never came whole all the same."""

from tests.archive import rows
from tests.archive.lessons import held, wait
from tests.archive.operations import LATE_S
from tests.house import DSL, Home
from zoomguard.domain.recordings import FileState


def given_up(home: Home) -> None:
    """A transcript was promised for more than a day."""
    held(home, transcript_s=LATE_S)
    home.app.archive.run()
    wait(home, hours=25)
    assert home.app.archive.run().exit == "wrong"


def never_whole(home: Home) -> None:
    """Zoom lists it at last, and serves a page in its place for more than a day."""
    wait(home, hours=6)
    home.control("POST", "faults", {"name": "html_instead_of_media", "on": True})
    home.app.archive.run()
    wait(home, hours=25)


def transcript(home: Home) -> FileState:
    return next(f.state for f in rows.files(home) if f.type == "TRANSCRIPT")


def test_a_missing_file_that_is_only_listed_has_not_arrived(home: Home) -> None:
    given_up(home)
    never_whole(home)
    tally = home.app.archive.run()
    assert transcript(home) is FileState.MISSING
    assert (tally.exit, [kind for _, kind in tally.open_incidents]) == ("wrong", ["file_missing"])


def test_a_file_that_is_missing_again_after_its_incident_was_closed_opens_another(home: Home) -> None:
    given_up(home)
    (incident,) = home.app.incidents.list(home.who(DSL))
    home.app.incidents.close(home.who(DSL), incident.short_id, "Zoom has promised it for today.")
    never_whole(home)
    tally = home.app.archive.run()
    assert transcript(home) is FileState.MISSING
    assert (tally.exit, [kind for _, kind in tally.open_incidents]) == ("wrong", ["file_missing"])


def test_a_missing_file_that_came_whole_has_arrived(home: Home) -> None:
    given_up(home)
    wait(home, hours=6)
    assert home.app.archive.run().exit == "done"
    (incident,) = home.app.incidents.list(home.who(DSL))
    history = home.app.incidents.show(home.who(DSL), incident.short_id).history
    assert [line.what for line in history if line.what != "told"] == ["opened", "arrived"]


def test_a_film_that_could_not_be_copied_for_three_days_is_told_of_and_tried_on(home: Home) -> None:
    """A line that is cut each time may be ours: nothing is given up, and somebody must know before Zoom deletes it."""
    held(home)
    home.control("POST", "faults", {"name": "truncated"})
    for hours in (0, 30, 30):
        wait(home, hours=hours)
        assert home.app.archive.run().exit == "postponed"
    wait(home, hours=13)
    tally = home.app.archive.run()
    assert (tally.exit, {kind for _, kind in tally.open_incidents}) == ("wrong", {"copy_overdue"})
    (incident, *_) = home.app.incidents.list(home.who(DSL))
    assert incident.detail["reason"] == "CONNECTION_LOST"
    home.sandbox.faults.clear()
    tally = home.app.archive.run()
    assert (tally.exit, tally.sealed) == ("done", 1)
    history = home.app.incidents.show(home.who(DSL), incident.short_id).history
    assert [line.what for line in history if line.what != "told"] == ["opened", "arrived"]
