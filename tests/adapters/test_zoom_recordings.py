"""Lists of recordings."""

from datetime import UTC, date, datetime

import pytest

from tests.adapters.scripted_server import Asked, Reply, Scripted, answer, edge, in_turn, scripted, with_token
from zoomguard.adapters.hosts import Hosts
from zoomguard.adapters.zoom_recordings import ZoomRecordings, recording_of
from zoomguard.domain.errors import OutsideFailed

FILE: dict[str, object] = {
    "id": "f-1",
    "file_type": "MP4",
    "recording_type": "active_speaker",
    "file_extension": "MP4",
    "file_size": 7220,
    "status": "completed",
    "recording_start": "2026-11-20T16:00:00Z",
    "recording_end": "2026-11-20T16:45:00Z",
    "download_url": "https://zoom.us/rec/download/a",
}
ROW: dict[str, object] = {
    "uuid": "/a//b+c==",
    "id": 97763643886,
    "host_id": "u-1",
    "topic": "Chess",
    "start_time": "2026-11-20T16:00:00Z",
    "recording_files": [FILE],
}


def _recordings(server: Scripted) -> ZoomRecordings:
    ours = edge(server)
    return ZoomRecordings(ours.calls, ours.http, ours.token, Hosts((server.place,), (), sandbox=True))


def test_recordings_are_listed_in_windows_that_zoom_does_not_cut() -> None:
    pages = [answer({"meetings": [{**ROW, "uuid": uuid}], "next_page_token": ""}) for uuid in ("/a//b+c==", "d==")]
    with scripted(with_token(in_turn(*pages))) as server:
        found = list(_recordings(server).listed("h@b.example", date(2026, 10, 1), date(2026, 11, 20)))
        assert [r.uuid for r in found] == ["/a//b+c==", "d=="]
        assert [a.path for a in server.asked[1:]] == [
            "/v2/users/h%40b.example/recordings?from=2026-10-01&to=2026-10-28&page_size=300",
            "/v2/users/h%40b.example/recordings?from=2026-10-29&to=2026-11-20&page_size=300",
        ]


def test_a_row_is_read_with_all_its_files() -> None:
    voice = {"id": "v-1", "file_type": "M4A", "file_name": "Ada's voice"}
    found = recording_of({**ROW, "participant_audio_files": [voice]})
    assert found is not None
    assert (found.meeting_number, found.started_at) == (97763643886, datetime(2026, 11, 20, 16, tzinfo=UTC))
    video, audio = found.files
    assert (video.key, video.zoom_file_id, video.size, video.status) == ("f-1", "f-1", 7220, "completed")
    assert video.recorded_to_at == datetime(2026, 11, 20, 16, 45, tzinfo=UTC)
    assert (audio.key, audio.recording_type, audio.size) == ("v-1", "audio_only_each_participant", None)
    assert "Ada" not in repr(found)


def test_files_without_an_id_are_told_by_kind_and_start() -> None:
    caption = {"file_type": "CC", "recording_start": "2026-11-20T16:00:00Z", "download_url": "https://z/1"}
    other = {**caption, "download_url": "https://z/2"}
    found = recording_of({**ROW, "recording_files": [caption, other, caption, {"file_type": "TIMELINE"}]})
    assert found is not None
    assert [f.key for f in found.files] == [
        "CC:2026-11-20T16:00:00Z",
        "CC:2026-11-20T16:00:00Z:2",
        "TIMELINE:",
    ]
    assert [f.zoom_file_id for f in found.files] == [None] * 3
    assert not found.processing


def test_a_recording_without_a_start_takes_that_of_its_first_file() -> None:
    found = recording_of({**ROW, "start_time": ""})
    assert found is not None and found.started_at == datetime(2026, 11, 20, 16, tzinfo=UTC)


def test_a_row_that_cannot_be_read_is_told_after_the_others() -> None:
    page = answer({"meetings": [{"topic": "?"}, ROW]})
    with scripted(with_token(lambda asked: page)) as server:
        given = _recordings(server).listed("u", date(2026, 11, 1), date(2026, 11, 2))
        assert next(given).uuid == "/a//b+c=="
        with pytest.raises(OutsideFailed):
            next(given)


def test_one_recording_is_listed_by_its_uuid_with_a_token_of_its_own() -> None:
    with scripted(with_token(lambda asked: answer(ROW))) as server:
        found = _recordings(server).of_meeting("/a//b+c==")
        assert found is not None and found.uuid == "/a//b+c=="
        path = "/v2/meetings/%252Fa%252F%252Fb%252Bc%253D%253D/recordings"
        assert server.asked[-1].path == f"{path}?include_fields=download_access_token&ttl=14400"


def test_a_meeting_without_a_recording_is_none_and_another_meeting_is_an_error() -> None:
    with scripted(with_token(lambda asked: answer({"code": 3301, "message": "x"}, 404))) as server:
        assert _recordings(server).of_meeting("x==") is None
    with scripted(with_token(lambda asked: answer(ROW))) as server, pytest.raises(OutsideFailed):
        _recordings(server).of_meeting("x==")


ENDED = answer({"code": 300, "message": "The next page token is invalid or expired."}, 400)


def _page(*uuids: str, then: str = "") -> Reply:
    return answer({"meetings": [{**ROW, "uuid": uuid} for uuid in uuids], "next_page_token": then})


def _listed(server: Scripted) -> list[str]:
    """What is listed of one window, as far as it goes."""
    found: list[str] = []
    for recording in _recordings(server).listed("h", date(2026, 11, 1), date(2026, 11, 20)):
        found.append(recording.uuid)
    return found


def test_a_list_that_zoom_ends_in_the_middle_is_begun_anew_and_gives_each_recording_once() -> None:
    first, second = _page("a", "b", then="t-1"), _page("b", "c", then="t-2")
    replies = (first, second, ENDED, _page("z", "a", then="t-3"), _page("b", "b", "c"))
    with scripted(with_token(in_turn(*replies))) as server:
        assert _listed(server) == ["a", "b", "c", "z"]
        assert ["next_page_token=" in a.path for a in server.asked[1:]] == [False, True, True, False, True]


def test_a_list_that_zoom_ends_each_time_is_given_up() -> None:
    def script(asked: Asked) -> Reply:
        return ENDED if "next_page_token" in asked.path else _page("a", then="t")

    with scripted(with_token(script)) as server:
        with pytest.raises(OutsideFailed) as caught:
            _listed(server)
        assert (caught.value.code, caught.value.permanent) == ("ZOOM_PAGE_TOKEN", False)
        assert len(server.asked) == 1 + 2 * 4


def test_a_first_page_that_is_called_expired_is_not_asked_for_again() -> None:
    """No token of ours was in it: what Zoom refuses here it would refuse again."""
    with scripted(with_token(in_turn(ENDED))) as server:
        with pytest.raises(OutsideFailed) as caught:
            _listed(server)
        assert (caught.value.code, len(server.asked)) == ("ZOOM_PAGE_TOKEN", 2)
