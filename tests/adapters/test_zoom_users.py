"""What Zoom says of a host or an observer."""

import pytest

from tests.adapters.scripted_server import Asked, Reply, answer, edge, scripted, with_token
from zoomguard.adapters.zoom_users import ZoomUsers
from zoomguard.domain.errors import OutsideFailed
from zoomguard.domain.meeting_plan import HostPosture, PasscodeRule

USER: dict[str, object] = {"id": "u-1", "email": "T.Host@college.example", "type": 2, "status": "active"}
SECURITY: dict[str, object] = {
    "waiting_room": True,
    "waiting_room_settings": {"participants_to_place_in_waiting_room": 0},
    "meeting_password_requirement": {
        "length": 8,
        "have_special_character": True,
        "only_allow_numeric": False,
        "consecutive_characters_length": 4,
    },
}


def _posture(user: Reply, security: object = SECURITY, email: str = "t.host@college.example") -> HostPosture | None:
    def zoom(asked: Asked) -> Reply:
        return answer({"meeting_security": security}) if "/settings" in asked.path else user

    with scripted(with_token(zoom)) as server:
        found = ZoomUsers(edge(server).calls).posture(email)
        paths = [a.path for a in server.asked[1:]]
    wanted = ["/v2/users/t.host%40college.example", "/v2/users/u-1/settings?option=meeting_security"]
    assert paths == wanted[: len(paths)]
    return found


def _with(**changed: object) -> HostPosture:
    found = _posture(answer({**USER, **changed}))
    assert found is not None
    return found


def test_a_licensed_active_host_is_described() -> None:
    rule = PasscodeRule(8, True, False, 4)
    assert _posture(answer(USER)) == HostPosture("u-1", "t.host@college.example", True, True, rule, True)


@pytest.mark.parametrize(("status", "number"), [(404, 1001), (400, 1010)])
def test_a_user_unknown_to_the_account_is_none(status: int, number: int) -> None:
    assert _posture(answer({"code": number, "message": "x"}, status)) is None


@pytest.mark.parametrize(("status", "number"), [(404, 404), (400, 300), (400, 4711), (403, 403)])
def test_any_other_refusal_is_not_taken_for_an_unknown_user(status: int, number: int) -> None:
    with pytest.raises(OutsideFailed):
        _posture(answer({"code": number, "message": "x"}, status))


@pytest.mark.parametrize(
    ("changed", "licensed"),
    [
        ({"type": 1}, False),
        ({"type": 99}, False),
        ({"type": "2"}, False),
        ({"type": 1, "license_info_list": [{"license_type": "ZOOM_WORKPLACE_BUNDLE"}]}, True),
        ({"type": 1, "license_info_list": [{"license_type": "MEETING"}]}, True),
        ({"type": 1, "license_info_list": [{"license_type": "PHONE"}, "x"]}, False),
    ],
)
def test_a_licence_is_a_type_or_a_bundle(changed: dict[str, object], licensed: bool) -> None:
    assert _with(**changed).licensed is licensed


@pytest.mark.parametrize("status", ["pending", "inactive", None])
def test_only_active_is_active(status: str | None) -> None:
    found = _with(status=status)
    assert (found.active, found.everyone_waits) == (False, None)


@pytest.mark.parametrize(
    ("security", "waits"),
    [
        (SECURITY, True),
        ({**SECURITY, "waiting_room": False}, False),
        ({**SECURITY, "waiting_room_settings": {"participants_to_place_in_waiting_room": 1}}, False),
        ({**SECURITY, "waiting_room_settings": {"participants_to_place_in_waiting_room": 2}}, False),
        ({**SECURITY, "waiting_room_settings": {"participants_to_place_in_waiting_room": False}}, False),
        ({**SECURITY, "waiting_room": "true"}, False),
        ({"waiting_room": False}, False),
        ({"waiting_room": True}, None),
        ({"waiting_room_settings": {"participants_to_place_in_waiting_room": 0}}, None),
        ({}, None),
        (None, None),
    ],
)
def test_everybody_waits_only_where_zoom_says_so(security: object, waits: bool | None) -> None:
    found = _posture(answer(USER), security)
    assert found is not None and found.everyone_waits is waits


def test_a_host_without_a_passcode_rule_has_the_plain_one() -> None:
    found = _posture(answer(USER), {})
    assert found is not None and found.passcode_rule == PasscodeRule()


def test_an_answer_without_an_id_is_not_a_user() -> None:
    with pytest.raises(OutsideFailed):
        _posture(answer({"status": "active"}))
