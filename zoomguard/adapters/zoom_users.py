"""People in the Zoom account: GET /users/{userId} and its security settings."""

from __future__ import annotations

from collections.abc import Mapping

from zoomguard.adapters import zoom_errors
from zoomguard.adapters.zoom_calls import Json, ZoomCalls, segment
from zoomguard.domain.errors import OutsideFailed
from zoomguard.domain.meeting_plan import HostPosture, PasscodeRule

LICENSED = 2  # user type: 1 Basic, 2 Licensed, 4 unassigned, 99 none
LICENCES = frozenset({"MEETING", "ZOOM_WORKPLACE_BUNDLE"})
EVERYONE = 0  # participants_to_place_in_waiting_room: 0 all, 1 outsiders, 2 outsiders but for listed domains


class ZoomUsers:
    """Users of the account, by e-mail."""

    def __init__(self, calls: ZoomCalls) -> None:
        self._calls = calls

    def posture(self, email: str) -> HostPosture | None:
        """Licence, activity, passcode rule and waiting room of a user, or None where Zoom knows nobody."""
        try:
            user = self._calls.read(f"/users/{segment(email)}")
        except OutsideFailed as error:
            if error.code == "ZOOM_NO_USER":
                return None
            raise
        zoom_user_id = user.get("id")
        if not isinstance(zoom_user_id, str) or not zoom_user_id:
            raise zoom_errors.unusable(200, changes=False)
        active = user.get("status") == "active"
        security = self._security(zoom_user_id) if active else {}
        return HostPosture(
            zoom_user_id=zoom_user_id,
            email=str(user.get("email") or email).lower(),
            licensed=_licensed(user),
            active=active,
            passcode_rule=_passcode_rule(security),
            everyone_waits=_everyone_waits(security),
        )

    def _security(self, zoom_user_id: str) -> Mapping[str, object]:
        path, query = f"/users/{segment(zoom_user_id)}/settings", {"option": "meeting_security"}
        return _inner(self._calls.read(path, query), "meeting_security")


def _licensed(user: Json) -> bool:
    """A bundle may show in `type` or in the list of licences only: either counts."""
    held = user.get("license_info_list")
    rows = [row for row in held if isinstance(row, Mapping)] if isinstance(held, list) else []
    return user.get("type") == LICENSED or any(row.get("license_type") in LICENCES for row in rows)


def _everyone_waits(security: Mapping[str, object]) -> bool | None:
    """Whether the host's rooms make everybody wait; None where Zoom does not say."""
    waits = security.get("waiting_room")
    who = _inner(security, "waiting_room_settings").get("participants_to_place_in_waiting_room")
    if waits is None or (waits is True and who is None):
        return None
    return waits is True and who == EVERYONE and not isinstance(who, bool)


def _passcode_rule(security: Mapping[str, object]) -> PasscodeRule:
    asked = _inner(security, "meeting_password_requirement")
    return PasscodeRule(
        length=_whole(asked.get("length")),
        have_special_character=asked.get("have_special_character") is True,
        only_allow_numeric=asked.get("only_allow_numeric") is True,
        consecutive_characters_length=_whole(asked.get("consecutive_characters_length")),
    )


def _inner(document: Mapping[str, object], name: str) -> Mapping[str, object]:
    inner = document.get(name)
    return inner if isinstance(inner, Mapping) else {}


def _whole(value: object) -> int:
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0
