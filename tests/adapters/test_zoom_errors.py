"""Every refusal of Zoom's, one row each, and what is done about limits, weather and nonsense."""

from collections.abc import Iterator

import pytest
import responses

from tests.adapters.scripted_server import (
    Reply,
    SteadyClock,
    answer,
    edge,
    free,
    in_turn,
    scripted,
    with_token,
)
from zoomguard.adapters.http import Http
from zoomguard.adapters.zoom_calls import ZoomCalls, segment, uuid_segment
from zoomguard.adapters.zoom_errors import TABLE
from zoomguard.adapters.zoom_token import ZoomToken
from zoomguard.domain.errors import OutcomeUnknown, OutsideFailed

API = "https://api.zoom.us/v2"
ROWS = [
    (401, 124, "Invalid access token.", "ZOOM_TOKEN", False),
    (401, 4741, "Token revoked.", "ZOOM_TOKEN", False),
    (401, 4700, "Token cannot be empty.", "ZOOM_TOKEN", False),
    (400, 4700, "Invalid access token, does not contain scopes:[user:read:admin]", "ZOOM_SCOPES", True),
    (400, 4711, "Invalid access token, does not contain scopes:[a:b]", "ZOOM_SCOPES", True),
    (400, 200, "No permission.", "ZOOM_NOT_PERMITTED", True),
    (401, 200, "Invalid api key or secret.", "ZOOM_CREDENTIALS", True),
    (400, 300, "The next page token is invalid or expired.", "ZOOM_PAGE_TOKEN", False),
    (400, 300, "Validation Failed.", "ZOOM_REFUSED_REQUEST", True),
    (404, 300, "Meeting id is wrong.", "ZOOM_REFUSED_REQUEST", True),
    (404, 404, "Not found.", "ZOOM_NOT_FOUND", True),
    (404, 1001, "User does not exist: a@b.example.", "ZOOM_NO_USER", True),
    (400, 1010, "User does not belong to this account.", "ZOOM_NO_USER", True),
    (400, 1113, "Unable to assign", "ZOOM_ALTERNATIVE_HOST", True),
    (400, 1114, 'Unable to assign "a@b.example" as an alternative host', "ZOOM_ALTERNATIVE_HOST", True),
    (400, 1115, "Unable to assign", "ZOOM_ALTERNATIVE_HOST", True),
    (403, 2305, "Summaries restricted.", "ZOOM_NOT_PERMITTED", True),
    (400, 3000, "Cannot access.", "ZOOM_REFUSED_HERE", True),
    (404, 3001, "Meeting does not exist: 1.", "ZOOM_NO_MEETING", True),
    (400, 3161, "Not allowed to host.", "ZOOM_HOST_MAY_NOT", True),
    (404, 3301, "This recording does not exist.", "ZOOM_NO_RECORDING", False),
    (400, 3309, "Storage full.", "ZOOM_STORAGE_FULL", True),
    (400, 3310, "In use.", "ZOOM_RECORDING_IN_USE", True),
    (400, 4400, "Polls disabled.", "ZOOM_NOT_PERMITTED", True),
    (400, 4501, "Disabled.", "ZOOM_NOT_PERMITTED", True),
    (400, 12702, "Older than a year.", "ZOOM_TOO_OLD", True),
    (403, 403, "Not permitted.", "ZOOM_NOT_PERMITTED", True),
    (400, 99999, "New.", "ZOOM_REFUSED_REQUEST", True),
    (401, None, "", "ZOOM_TOKEN", False),
    (403, None, "", "ZOOM_NOT_PERMITTED", True),
    (404, None, "", "ZOOM_NOT_FOUND", True),
    (408, None, "", "ZOOM_UNAVAILABLE", False),
    (409, None, "", "ZOOM_REFUSED_REQUEST", True),
    (500, None, "", "ZOOM_UNAVAILABLE", False),
    (500, 3001, "Meeting does not exist.", "ZOOM_UNAVAILABLE", False),
    (502, None, "", "ZOOM_UNAVAILABLE", False),
    (503, None, "", "ZOOM_UNAVAILABLE", False),
    (504, None, "", "ZOOM_UNAVAILABLE", False),
    (599, None, "", "ZOOM_UNAVAILABLE", False),
]


@pytest.fixture
def zoom() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.post("https://zoom.us/oauth/token", json={"access_token": "token-1", "expires_in": 3600})
        yield mock


@pytest.fixture
def clock() -> SteadyClock:
    return SteadyClock()


@pytest.fixture
def calls(clock: SteadyClock) -> ZoomCalls:
    http = Http(free)
    token = ZoomToken(http, "https://zoom.us", "account-1", "client-1", "secret-1", clock)
    return ZoomCalls(http, token, API, clock, clock.sleep)


@pytest.mark.parametrize(("status", "number", "said", "code", "permanent"), ROWS)
def test_a_refusal_has_its_stable_code(
    zoom: responses.RequestsMock,
    calls: ZoomCalls,
    status: int,
    number: int | None,
    said: str,
    code: str,
    permanent: bool,
) -> None:
    zoom.get(f"{API}/users/u", json={"code": number, "message": said}, status=status)
    with pytest.raises(OutsideFailed) as caught:
        calls.read("/users/u")
    assert (caught.value.code, caught.value.permanent) == (code, permanent)
    assert caught.value.message and caught.value.remedy
    assert "a@b.example" not in caught.value.message + caught.value.remedy


def test_every_row_of_the_table_is_tried() -> None:
    tried = {row[1] for row in ROWS} | {row[0] for row in ROWS}
    assert {row.number or row.status for row in TABLE} <= tried


@pytest.mark.parametrize(("status", "number"), [(400, 300), (404, 3001), (403, 403), (409, None)])
def test_a_change_that_zoom_refuses_has_surely_not_happened(
    zoom: responses.RequestsMock, calls: ZoomCalls, status: int, number: int | None
) -> None:
    zoom.post(f"{API}/x", json={"code": number, "message": ""}, status=status)
    with pytest.raises(OutsideFailed) as caught:
        calls.call("POST", "/x", body={}, changes=True)
    assert not isinstance(caught.value, OutcomeUnknown)


@pytest.mark.parametrize("status", [302, 408, 500, 502, 503, 504, 520])
def test_a_change_answered_by_a_server_error_is_unknown_and_never_repeated(
    zoom: responses.RequestsMock, calls: ZoomCalls, clock: SteadyClock, status: int
) -> None:
    made = zoom.post(f"{API}/x", json={"code": 300, "message": ""}, status=status)
    with pytest.raises(OutcomeUnknown):
        calls.call("POST", "/x", body={}, changes=True)
    assert (made.call_count, clock.slept) == (1, [])


def test_missing_scopes_and_wrong_fields_are_named(zoom: responses.RequestsMock, calls: ZoomCalls) -> None:
    said = "Token does not contain scopes:[user:read:user:admin, hunter 2, meeting:read:meeting]."
    zoom.get(f"{API}/a", json={"code": 4711, "message": said}, status=400)
    with pytest.raises(OutsideFailed, match=r"meeting:read:meeting, user:read:user:admin\)"):
        calls.read("/a")
    errors = [{"field": "settings.x", "message": "hunter-2"}, {"field": "a@b.example and more"}]
    zoom.get(f"{API}/b", json={"code": 300, "message": "", "errors": errors}, status=400)
    with pytest.raises(OutsideFailed) as caught:
        calls.read("/b")
    assert "settings.x" in caught.value.message
    assert "hunter" not in caught.value.message and "@" not in caught.value.message


def test_reads_wait_out_bad_weather_twice(zoom: responses.RequestsMock, calls: ZoomCalls, clock: SteadyClock) -> None:
    zoom.get(f"{API}/x", status=503)
    zoom.get(f"{API}/x", body=ConnectionResetError())
    zoom.get(f"{API}/x", json={"id": 1})
    assert calls.read("/x") == {"id": 1}
    assert len(clock.slept) == 2 and sum(clock.slept) < 4


def test_reads_give_up_after_three_tries(zoom: responses.RequestsMock, calls: ZoomCalls) -> None:
    asked = zoom.get(f"{API}/x", status=500)
    with pytest.raises(OutsideFailed):
        calls.read("/x")
    assert asked.call_count == 3


@pytest.mark.parametrize("body", [b"<html>sign in</html>", b"[1]", b"{", b"\xff", b"[" * 100_000, b'"x"'])
@pytest.mark.parametrize(("changes", "kind"), [(True, OutcomeUnknown), (False, OutsideFailed)])
def test_fault_17_nonsense_with_200_is_never_a_success(
    zoom: responses.RequestsMock, calls: ZoomCalls, body: bytes, changes: bool, kind: type[OutsideFailed]
) -> None:
    asked = zoom.add(responses.PATCH if changes else responses.GET, f"{API}/x", body=body)
    with pytest.raises(OutsideFailed) as caught:
        calls.call("PATCH" if changes else "GET", "/x", changes=changes)
    assert type(caught.value) is kind
    assert asked.call_count == 1


def test_answers_without_a_body_are_fine_for_changes_and_none_for_reads(
    zoom: responses.RequestsMock, calls: ZoomCalls
) -> None:
    zoom.patch(f"{API}/x", status=204)
    zoom.get(f"{API}/x", status=200)
    assert calls.call("PATCH", "/x", body={}, changes=True) is None
    with pytest.raises(OutsideFailed):
        calls.read("/x")


def test_pages_are_asked_for_with_the_same_parameters() -> None:
    first, last = {"rows": [{"n": 1}], "next_page_token": "p2"}, {"rows": [{"n": 2}], "next_page_token": ""}
    with scripted(with_token(in_turn(answer(first), answer(last)))) as server:
        rows = list(edge(server).calls.items("/x", "rows", {"type": "upcoming", "trash": False}))
        assert rows == [{"n": 1}, {"n": 2}]
        assert [a.path for a in server.asked[1:]] == [
            "/v2/x?type=upcoming&trash=false&page_size=300",
            "/v2/x?type=upcoming&trash=false&page_size=300&next_page_token=p2",
        ]


def test_a_list_that_turns_in_a_circle_ends(zoom: responses.RequestsMock, calls: ZoomCalls) -> None:
    asked = zoom.get(f"{API}/x", json={"rows": [{}], "next_page_token": "again"})
    with pytest.raises(OutsideFailed) as caught:
        list(calls.items("/x", "rows"))
    assert (caught.value.code, asked.call_count) == ("ZOOM_PAGES", 2)


@pytest.mark.parametrize("page", [{}, {"rows": None}, {"rows": {}}, {"rows": ["x"]}])
def test_an_answer_without_its_list_is_not_an_empty_list(
    zoom: responses.RequestsMock, calls: ZoomCalls, page: dict[str, object]
) -> None:
    zoom.get(f"{API}/x", json=page)
    with pytest.raises(OutsideFailed):
        list(calls.items("/x", "rows"))


@pytest.mark.parametrize(
    ("uuid", "on_the_wire"),
    [
        ("aDYlohsHRtCd4ii1uC2+hA==", "aDYlohsHRtCd4ii1uC2%2BhA%3D%3D"),
        ("L0AGOEPVR9m5WSOOs/d+FQ==", "L0AGOEPVR9m5WSOOs%2Fd%2BFQ%3D%3D"),
        ("/ajXp112QmuoKj4854875==", "%252FajXp112QmuoKj4854875%253D%253D"),
        ("a//b+c==", "a%252F%252Fb%252Bc%253D%253D"),
    ],
)
def test_a_uuid_reaches_the_wire_encoded_by_zooms_rule(uuid: str, on_the_wire: str) -> None:
    with scripted(with_token(lambda asked: answer({}))) as server:
        edge(server).calls.read(f"/meetings/{uuid_segment(uuid)}/recordings")
        assert server.asked[-1].path == f"/v2/meetings/{on_the_wire}/recordings"


@pytest.mark.parametrize("text", ["", ".", ".."])
def test_an_id_that_climbs_out_of_its_path_is_refused(text: str) -> None:
    with pytest.raises(OutsideFailed):
        segment(text)


def test_a_bare_401_is_met_with_one_new_token() -> None:
    with scripted(with_token(in_turn(Reply(401), answer({"id": 1})))) as server:
        assert edge(server).calls.read("/x") == {"id": 1}
        assert [a.headers.get("Authorization") for a in server.asked if a.path == "/v2/x"] == [
            "Bearer token-1",
            "Bearer token-2",
        ]
