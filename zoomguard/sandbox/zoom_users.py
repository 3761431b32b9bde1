"""The make-believe Zoom's users and their settings."""

from datetime import datetime
from typing import Any

from zoomguard.sandbox.people import ZoomUser
from zoomguard.sandbox.wire import Answer, json_answer
from zoomguard.sandbox.zoom_errors import invalid
from zoomguard.sandbox.zoom_state import Call, Route, User, ZoomState, stamp

STATUSES = ("active", "inactive", "pending")
OPTIONS = ("meeting_authentication", "recording_authentication", "meeting_security")

PASSCODE_RULE: dict[str, Any] = {
    "length": 8,
    "have_letter": True,
    "have_number": True,
    "have_special_character": False,
    "have_upper_and_lower_characters": False,
    "only_allow_numeric": False,
    "consecutive_characters_length": 0,
    "weak_enhance_detection": False,
}


def users_from(people: tuple[ZoomUser, ...], created_at: datetime) -> list[User]:
    """The account's users; personal meeting numbers have ten digits."""
    return [
        User(one.id, one.email, one.first_name, one.last_name, one.licensed, 5_000_000_001 + n, created_at)
        for n, one in enumerate(people)
    ]


def breaks_passcode_rule(passcode: str) -> bool:
    """Whether a passcode breaks the account's rule."""
    letters = any(one.isalpha() for one in passcode)
    return len(passcode) < PASSCODE_RULE["length"] or not letters or not any(map(str.isdigit, passcode))


def _get(state: ZoomState, call: Call) -> Answer:
    user = state.user(call.params["user"])
    return json_answer(200, _user(user) | _details(state, user))


def _list(state: ZoomState, call: Call) -> Answer:
    status = call.query.get("status", "active")
    if status not in STATUSES:
        raise invalid("status")
    chosen = [user for user in state.users.values() if user.status == status]
    page, fields = state.pages.page(call.ask, chosen)
    return json_answer(200, fields | {"page_number": 1, "users": [_user(one) for one in page]})


def _settings(state: ZoomState, call: Call) -> Answer:
    user = state.user(call.params["user"])
    option = call.query.get("option")
    if option is None:
        return json_answer(200, _plain_settings(user))
    if option not in OPTIONS:
        raise invalid("option")
    if option == "meeting_security":
        return json_answer(200, {"meeting_security": _security()})
    return json_answer(200, {option: False, "authentication_options": []})


def _user(user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "email": user.email,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "display_name": user.name,
        "type": 2 if user.licensed else 1,
        "status": user.status,
        "pmi": user.pmi,
        "timezone": user.timezone,
        "verified": 1,
        "role_id": "2",
        "created_at": stamp(user.created_at),
    }


def _details(state: ZoomState, user: User) -> dict[str, Any]:
    return {
        "account_id": state.account_id,
        "role_name": "Member",
        "use_pmi": False,
        "language": "en-US",
        "personal_meeting_url": f"{state.origin}/j/{user.pmi}",
    }


def _security() -> dict[str, Any]:
    return {
        "auto_security": True,
        "embed_password_in_join_link": True,
        "encryption_type": "enhanced_encryption",
        "end_to_end_encrypted_meetings": False,
        "meeting_password": True,
        "meeting_password_requirement": PASSCODE_RULE,
        "phone_password": True,
        "pmi_password": True,
        "require_password_for_scheduled_meeting": True,
        "waiting_room": True,
        "waiting_room_settings": {
            "participants_to_place_in_waiting_room": 0,
            "users_who_can_admit_participants_from_waiting_room": 0,
            "whitelisted_domains_for_waiting_room": "",
        },
    }


def _plain_settings(user: User) -> dict[str, Any]:
    return {
        "feature": {"meeting_capacity": 300 if user.licensed else 100, "large_meeting": False},
        "schedule_meeting": {
            "audio_type": "voip",
            "embed_password_in_join_link": True,
            "host_video": True,
            "join_before_host": False,
            "meeting_password_requirement": PASSCODE_RULE,
            "participants_video": False,
            "personal_meeting": False,
            "require_password_for_instant_meetings": True,
            "require_password_for_pmi_meetings": "all",
            "require_password_for_scheduled_meetings": True,
            "require_password_for_scheduling_new_meetings": True,
            "use_pmi_for_instant_meetings": False,
            "use_pmi_for_scheduled_meetings": False,
            "continuous_meeting_chat": {"enable": False, "can_add_external_users": False},
        },
        "in_meeting": _in_meeting(),
        "recording": _recording(user),
    }


def _in_meeting() -> dict[str, Any]:
    off = (
        "allow_live_streaming annotation auto_saving_chat breakout_room breakout_room_schedule "
        "e2e_encryption far_end_camera_control file_transfer private_chat remote_control remote_support "
        "whiteboard"
    ).split()
    return dict.fromkeys(off, False) | {
        "allow_host_to_enable_focus_mode": True,
        "allow_participants_chat_with": 2,
        "allow_users_save_chats": 1,
        "allow_users_to_delete_messages_in_meeting_chat": False,
        "attention_mode_focus_mode": True,
        "chat": True,
        "co_host": True,
        "screen_sharing": True,
        "waiting_room": True,
        "who_can_share_screen": "host",
        "meeting_summary_with_ai_companion": {"enable": False, "auto_enable": False},
        "ai_companion_questions": {"enable": False, "auto_enable": False},
    }


def _recording(user: User) -> dict[str, Any]:
    return {
        "auto_delete_cmr": True,
        "auto_delete_cmr_days": 90,
        "auto_recording": "cloud" if user.licensed else "none",
        "cloud_recording": user.licensed,
        "host_pause_stop_recording": True,
        "local_recording": False,
        "record_audio_file": True,
        "record_speaker_view": True,
        "recording_audio_transcript": True,
        "recording_disclaimer": True,
        "save_chat_text": True,
    }


ROUTES = (
    Route("GET", "/v2/users", "user:read:list_users:admin", "MEDIUM", _list),
    Route("GET", "/v2/users/{user}", "user:read:user:admin", "LIGHT", _get),
    Route("GET", "/v2/users/{user}/settings", "user:read:settings:admin", "MEDIUM", _settings),
)
