"""Meetings and registrants at the wire."""

from datetime import UTC, datetime

import pytest

from tests.adapters.scripted_server import Asked, Reply, Script, answer, edge, in_turn, scripted, with_token
from zoomguard.adapters.zoom_meetings import ZoomMeetings
from zoomguard.application.ports import MarkedMeeting, NewRegistrant, Registrant
from zoomguard.domain.errors import OutcomeUnknown, OutsideFailed, Throttled

NO_MEETING = answer({"code": 3001, "message": "Meeting does not exist: 85746065."}, 404)
PEOPLE = tuple(NewRegistrant(f"p{n}@r.example", "Ada", "L") for n in range(35))


def _asked(script: Script, act: str, *args: object) -> tuple[object, list[Asked]]:
    """What a method gives and what it asked, token calls left out."""
    with scripted(with_token(script)) as server:
        try:
            given = getattr(ZoomMeetings(edge(server).calls), act)(*args)
        except OutsideFailed as error:
            given = error
        return given, [a for a in server.asked if a.path != "/oauth/token"]


def _known(*addresses: str) -> Reply:
    rows = [{"id": a[:2], "email": a, "status": "approved", "join_url": "https://z/j"} for a in addresses]
    return answer({"registrants": rows, "next_page_token": ""})


@pytest.mark.parametrize("number", [97763643886, "97763643886"])
def test_creating_gives_the_number(number: object) -> None:
    request = {"topic": "Chess S-AAAA", "settings": {"waiting_room": True}}
    given, asked = _asked(lambda a: answer({"id": number}, 201), "create", "u/1", request)
    assert given == 97763643886
    assert (asked[0].method, asked[0].path, asked[0].document) == (
        "POST",
        "/v2/users/u%2F1/meetings",
        request,
    )
    assert asked[0].headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    "reply",
    [
        Reply(lost=True),
        answer({"id": None}, 201),
        answer({"id": True}, 201),
        Reply(201),
        Reply(500),
        Reply(200, b"<html>"),
        Reply(201, b'{"id": 1', length=99),
    ],
)
def test_faults_01_02_05_a_create_whose_answer_is_lost_is_unknown_and_sent_once(reply: Reply) -> None:
    given, asked = _asked(lambda a: reply, "create", "u", {})
    assert isinstance(given, OutcomeUnknown)
    assert len(asked) == 1


def test_reading_gives_the_meeting() -> None:
    document = {"id": 5, "uuid": "x==", "host_email": "A@b.example", "start_time": "2026-12-01T16:00:00Z"}
    given, asked = _asked(lambda a: answer(document), "read", 5)
    assert (given.number, given.host_email) == (5, "a@b.example")  # type: ignore[attr-defined]
    assert given.starts_at == datetime(2026, 12, 1, 16, tzinfo=UTC)  # type: ignore[attr-defined]
    assert asked[0].path == "/v2/meetings/5"


def test_a_meeting_that_zoom_does_not_have_reads_as_none() -> None:
    assert _asked(lambda a: NO_MEETING, "read", 5)[0] is None


@pytest.mark.parametrize("reply", [answer({"code": 404, "message": ""}, 404), answer({"topic": "x"}), Reply(204)])
def test_no_other_answer_reads_as_no_meeting(reply: Reply) -> None:
    assert isinstance(_asked(lambda a: reply, "read", 5)[0], OutsideFailed)


def test_an_update_is_one_patch() -> None:
    given, asked = _asked(lambda a: Reply(204), "update", 5, {"settings": {}})
    assert given is None
    assert [(a.method, a.path, a.document) for a in asked] == [("PATCH", "/v2/meetings/5", {"settings": {}})]


def test_deleting_sends_no_mail_and_gone_already_is_done() -> None:
    for reply in (Reply(204), NO_MEETING):
        given, asked = _asked(lambda a, r=reply: r, "delete", 5)  # type: ignore[misc]
        assert given is None
        assert asked[0].method == "DELETE"
        assert asked[0].path == "/v2/meetings/5?schedule_for_reminder=false&cancel_meeting_reminder=false"


def test_a_delete_whose_answer_is_lost_is_unknown() -> None:
    assert isinstance(_asked(lambda a: Reply(502), "delete", 5)[0], OutcomeUnknown)


def test_both_lists_of_a_host_are_merged_over_all_pages() -> None:
    pages = in_turn(
        answer({"meetings": [{"id": 1, "agenda": "zg:a"}], "next_page_token": "p2"}),
        answer({"meetings": [{"id": 2}], "next_page_token": ""}),
        answer({"meetings": [{"id": 1}, {"id": 2, "agenda": "zg:b"}, {"id": 3, "agenda": "zg:c"}]}),
    )
    given, asked = _asked(pages, "listed", "u")
    assert given == (MarkedMeeting(1, "zg:a"), MarkedMeeting(2, "zg:b"), MarkedMeeting(3, "zg:c"))
    assert [a.path.split("?")[1][:14] for a in asked] == [
        "type=upcoming&",
        "type=upcoming&",
        "type=scheduled",
    ]


def test_a_list_with_a_meeting_without_number_proves_nothing() -> None:
    given, _ = _asked(lambda a: answer({"meetings": [{"agenda": "x"}]}), "listed", "u")
    assert isinstance(given, OutsideFailed)


def test_people_are_registered_in_batches_of_thirty() -> None:
    given, asked = _asked(lambda a: answer({"registrants": []}, 201), "register", 5, PEOPLE)
    assert given is None
    assert [a.path for a in asked] == ["/v2/meetings/5/batch_registrants"] * 2
    bodies = [a.document for a in asked]
    assert [len(body["registrants"]) for body in bodies] == [30, 5]
    assert (bodies[0]["auto_approve"], bodies[0]["registrants_confirmation_email"]) == (True, False)
    assert bodies[0]["registrants"][0] == {"email": "p0@r.example", "first_name": "Ada", "last_name": "L"}


@pytest.mark.parametrize(
    "refusal",
    [
        answer({"code": 300, "message": "Validation Failed."}, 400),
        answer({"code": 3000, "message": "Cannot access."}, 400),
        answer({"code": 404, "message": "Not found."}, 404),
        Reply(404),
    ],
)
def test_where_zoom_refuses_the_batch_people_are_registered_one_by_one(refusal: Reply) -> None:
    script = in_turn(refusal, _known("P1@r.example"), answer({"registrant_id": "x"}, 201))
    given, asked = _asked(script, "register", 5, PEOPLE[:3])
    assert given is None
    singles = [a.document for a in asked if a.path == "/v2/meetings/5/registrants"]
    assert [s["email"] for s in singles] == ["p0@r.example", "p2@r.example"]  # p1 was there already
    assert all(s["auto_approve"] is True for s in singles)


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply(lost=True), OutcomeUnknown),
        (Reply(500), OutcomeUnknown),
        (Reply(200, b"<html>"), OutcomeUnknown),
        (NO_MEETING, OutsideFailed),
        (answer({"code": 4711, "message": "scopes:[a:b]"}, 400), OutsideFailed),
        (answer({"code": 429, "message": "daily rate limit"}, 429), Throttled),
    ],
)
def test_fault_11_nothing_else_makes_a_second_registration(reply: Reply, kind: type[OutsideFailed]) -> None:
    given, asked = _asked(lambda a: reply, "register", 5, PEOPLE[:3])
    assert type(given) is kind
    assert len(asked) == 1


def test_nobody_to_register_is_no_call() -> None:
    assert _asked(lambda a: Reply(500), "register", 5, ()) == (None, [])


def test_registrants_of_a_status_are_listed() -> None:
    given, asked = _asked(lambda a: _known("p1@r.example"), "registrants", 5, "approved")
    assert given == (Registrant("p1", "p1@r.example", "approved", "https://z/j"),)
    assert asked[0].path == "/v2/meetings/5/registrants?status=approved&page_size=300"


def test_a_registrant_that_cannot_be_told_is_not_left_out() -> None:
    given, _ = _asked(lambda a: answer({"registrants": [{"id": "x"}]}), "registrants", 5, "approved")
    assert isinstance(given, OutsideFailed)


# Ending, cancelling, the host's link

ENDED = Reply(204)
RUNS, WAITS = answer({"id": 5, "status": "started"}), answer({"id": 5, "status": "waiting"})
NOT_STARTED = answer({"code": 300, "message": "The meeting has not started."}, 400)


def test_ending_is_one_put() -> None:
    given, asked = _asked(lambda a: ENDED, "end", 5)
    assert given is None
    assert [(a.method, a.path, a.document) for a in asked] == [("PUT", "/v2/meetings/5/status", {"action": "end"})]


@pytest.mark.parametrize("replies", [(NO_MEETING,), (NOT_STARTED, WAITS), (NOT_STARTED, NO_MEETING)])
def test_where_nothing_runs_ending_is_done(replies: tuple[Reply, ...]) -> None:
    given, asked = _asked(in_turn(*replies), "end", 5)
    assert given is None
    assert [a.method for a in asked] == ["PUT", "GET"][: len(replies)]


@pytest.mark.parametrize(
    ("replies", "code"),
    [
        ((NOT_STARTED, RUNS), "ZOOM_REFUSED_REQUEST"),
        ((NOT_STARTED, answer({"id": 5})), "ZOOM_REFUSED_REQUEST"),
        ((NOT_STARTED, answer({"code": 4711, "message": "scopes:[a:b]"}, 400)), "ZOOM_SCOPES"),
        ((answer({"code": 4711, "message": "scopes:[a:b]"}, 400),), "ZOOM_SCOPES"),
    ],
)
def test_a_refusal_to_end_counts_where_the_meeting_may_run(replies: tuple[Reply, ...], code: str) -> None:
    given, _ = _asked(in_turn(*replies), "end", 5)
    assert isinstance(given, OutsideFailed)
    assert given.code == code


@pytest.mark.parametrize("act", ["end", "cancel_registrants"])
@pytest.mark.parametrize("reply", [Reply(lost=True), Reply(500), Reply(200, b"<html>")])
def test_an_end_or_a_cancellation_whose_answer_is_lost_is_unknown(reply: Reply, act: str) -> None:
    more = ((Registrant("r1", "p1@r.example", "approved", ""),),) if act == "cancel_registrants" else ()
    given, asked = _asked(lambda a: reply, act, 5, *more)
    assert isinstance(given, OutcomeUnknown)
    assert len(asked) == 1


def test_registrants_are_cancelled_by_id_and_address_thirty_at_a_time() -> None:
    people = tuple(Registrant(f"r{n}", f"p{n}@r.example", "approved", "https://z/j") for n in range(31))
    given, asked = _asked(lambda a: Reply(204), "cancel_registrants", 5, people)
    assert given is None
    assert [(a.method, a.path) for a in asked] == [("PUT", "/v2/meetings/5/registrants/status")] * 2
    bodies = [a.document for a in asked]
    assert [len(body["registrants"]) for body in bodies] == [30, 1]
    assert bodies[1] == {"action": "cancel", "registrants": [{"id": "r30", "email": "p30@r.example"}]}


def test_nobody_to_cancel_is_no_call() -> None:
    assert _asked(lambda a: Reply(500), "cancel_registrants", 5, ()) == (None, [])


def test_the_host_link_is_read_each_time() -> None:
    links = in_turn(answer({"start_url": "https://z/s/5?zak=1"}), answer({"start_url": "https://z/s/5?zak=2"}))
    with scripted(with_token(links)) as server:
        meetings = ZoomMeetings(edge(server).calls)
        assert [meetings.start_url(5), meetings.start_url(5)] == ["https://z/s/5?zak=1", "https://z/s/5?zak=2"]


@pytest.mark.parametrize("document", [{}, {"start_url": ""}, {"start_url": None}, {"start_url": "javascript:x"}])
def test_an_answer_without_the_host_link_is_no_link(document: dict[str, object]) -> None:
    given, _ = _asked(lambda a: answer(document), "start_url", 5)
    assert isinstance(given, OutsideFailed)
    assert "javascript" not in str(given)
