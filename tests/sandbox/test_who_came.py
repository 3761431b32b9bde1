"""Lessons to which nobody, only the host, or the class came, as Zoom reports them afterwards."""

from typing import Any

from tests.sandbox.zoom_caller import ZoomCaller, scene, twice

NOBODY_INSIDE = [scene(-60, "waiting", "registrant:1"), scene(900, "left", "registrant:1"), scene(900, "ended")]
HOST_ALONE = [scene(0, "joined", "host"), scene(3000, "ended")]
CLASS = [
    scene(-120, "joined", "host"),
    scene(-60, "waiting", "registrant:1"),
    scene(0, "admitted", "registrant:1"),
    scene(0, "joined", "registrant:1"),
    scene(3000, "ended"),
]


def people(zoom: ZoomCaller, word: Any) -> Any:
    return zoom.call("GET", f"/past_meetings/{word}/participants", include_fields="registrant_id").json["participants"]


def test_a_lesson_that_was_not_begun_has_no_run_and_no_recording(zoom: ZoomCaller, number: int) -> None:
    zoom.sandbox.clock.advance(2 * 86_400)
    zoom.forget_token()
    for path in ("", "/participants"):
        assert zoom.call("GET", f"/past_meetings/{number}{path}").refusal == (404, 3001)
    assert zoom.call("GET", f"/past_meetings/{number}/instances").json["meetings"] == []
    assert zoom.call("GET", f"/meetings/{number}/recordings").refusal == (404, 3301)


def test_a_lesson_where_pupils_waited_in_vain_has_no_run_either(zoom: ZoomCaller, number: int) -> None:
    uuid = zoom.hold(number, events=NOBODY_INSIDE)["uuid"]
    for word in (number, twice(uuid)):
        assert zoom.call("GET", f"/past_meetings/{word}/participants").refusal == (404, 3001)
    assert zoom.call("GET", f"/past_meetings/{number}/instances").json["meetings"] == []
    assert zoom.recordings(uuid).refusal == (404, 3301)


def test_of_a_lesson_with_the_host_alone_no_participant_is_reported(zoom: ZoomCaller, number: int) -> None:
    uuid = zoom.hold(number, events=HOST_ALONE)["uuid"]
    assert people(zoom, number) == people(zoom, twice(uuid)) == []
    assert zoom.call("GET", f"/past_meetings/{twice(uuid)}").json["participants_count"] == 1
    assert zoom.recordings(uuid).json["recording_count"] == 4


def test_of_a_lesson_with_pupils_all_are_reported(zoom: ZoomCaller, number: int) -> None:
    uuid = zoom.hold(number, events=CLASS)["uuid"]
    rows = people(zoom, twice(uuid))
    assert [(one["status"], bool(one["registrant_id"])) for one in rows] == [
        ("in_meeting", False),
        ("in_waiting_room", True),
        ("in_meeting", True),
    ]
    assert [one["duration"] for one in rows] == [3120, 60, 3000]
