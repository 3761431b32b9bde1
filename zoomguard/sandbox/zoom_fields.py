"""What a meeting may carry: Zoom's fields with their types, lengths and choices, and the defaults."""

import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any, TypeAlias, Union

Check = Callable[[Any], bool]
Shape: TypeAlias = Union[Check, dict[str, "Shape"], list["Shape"]]  # noqa: UP007 (it holds itself)


def flag(value: Any) -> bool:
    return isinstance(value, bool)


def text(longest: int = 2048) -> Check:
    return lambda value: isinstance(value, str) and len(value) <= longest


def whole(lowest: int, highest: int) -> Check:
    return lambda value: type(value) is int and lowest <= value <= highest


def one_of(*choices: str | int) -> Check:
    return lambda value: any(type(value) is type(one) and value == one for one in choices)


def start_time(value: Any) -> bool:
    return isinstance(value, str) and bool(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ?", value))


def passcode(value: Any) -> bool:
    return isinstance(value, str) and bool(re.fullmatch(r"[A-Za-z0-9@\-_*!#]{0,10}", value))


def email(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= 128 and bool(re.fullmatch(r"[^@\s]+@[^@\s]+", value))


FLAGS = """
allow_host_control_participant_mute_state allow_multiple_devices alternative_host_manage_cloud_recording
alternative_host_manage_meeting_summary alternative_host_update_polls alternative_hosts_email_notification
auto_start_ai_companion_questions auto_start_meeting_summary close_registration cn_meeting device_testing
disable_participant_video email_in_attendee_report email_notification focus_mode host_save_video_order
host_video in_meeting internal_meeting join_before_host meeting_authentication mute_upon_entry
participant_focused_meeting participant_video private_meeting push_change_to_calendar
registrants_confirmation_email registrants_email_notification request_permission_to_unmute_participants
show_join_info show_share_button use_pmi waiting_room watermark
""".split()

SETTINGS: dict[str, Shape] = {
    **dict.fromkeys(FLAGS, flag),
    "alternative_hosts": text(),
    "approval_type": one_of(0, 1, 2),
    "approved_or_denied_countries_or_regions": {
        "enable": flag,
        "method": one_of("approve", "deny"),
        "approved_list": [text(2)],
        "denied_list": [text(2)],
    },
    "audio": one_of("both", "telephony", "voip", "thirdParty"),
    "audio_conference_info": text(2048),
    "authentication_domains": text(),
    "authentication_exception": [{"email": email, "name": text()}],
    "authentication_option": text(),
    "auto_add_recording_to_video_management": {"enable*": flag},
    "auto_recording": one_of("local", "cloud", "none"),
    "breakout_room": {"enable": flag, "rooms": [{"name": text(), "participants": [text()]}]},
    "calendar_type": one_of(1, 2),
    "contact_email": text(),
    "contact_name": text(),
    "continuous_meeting_chat": {
        "enable": flag,
        "auto_add_invited_external_users": flag,
        "auto_add_meeting_participants": flag,
    },
    "encryption_type": one_of("enhanced_encryption", "e2ee"),
    "global_dial_in_countries": [text(2)],
    "jbh_time": one_of(0, 5, 10, 15),
    "meeting_invitees": [{"email": email}],
    "question_and_answer": {
        "enable": flag,
        "allow_submit_questions": flag,
        "allow_anonymous_questions": flag,
        "question_visibility": one_of("answered", "all"),
        "attendees_can_comment": flag,
        "attendees_can_upvote": flag,
    },
    "registration_type": one_of(1, 2, 3),
    "summary_template_id": text(),
    "waiting_room_options": {
        "mode*": one_of("follow_setting", "custom"),
        "who_goes_to_waiting_room": one_of(
            "everyone",
            "users_not_in_account",
            "users_not_in_account_or_whitelisted_domains",
            "users_not_on_invite",
        ),
    },
    "who_can_ask_questions": one_of(1, 2, 3, 4, 5),
    "who_will_receive_summary": one_of(1, 2, 3, 4),
}

MEETING: dict[str, Shape] = {
    "agenda": text(2000),
    "default_password": flag,
    "duration": whole(1, 1440),
    "password": passcode,
    "pre_schedule": flag,
    "schedule_for": text(),
    "settings": SETTINGS,
    "start_time": start_time,
    "timezone": text(64),
    "topic": text(200),
    "tracking_fields": [{"field*": text(), "value": text()}],
    "type": one_of(1, 2, 3, 8, 10),
}

# What a meeting has where nobody said otherwise. Zoom's defaults are not a school's: the lasting chat is on.
DEFAULTS: dict[str, Any] = {
    **dict.fromkeys(FLAGS, False),
    "alternative_hosts": "",
    "alternative_hosts_email_notification": True,
    "approval_type": 2,
    "approved_or_denied_countries_or_regions": {"enable": False},
    "audio": "both",
    "auto_recording": "none",
    "breakout_room": {"enable": False},
    "continuous_meeting_chat": {"enable": True},
    "email_notification": True,
    "encryption_type": "enhanced_encryption",
    "jbh_time": 0,
    "question_and_answer": {"enable": False},
    "registrants_confirmation_email": True,
    "registrants_email_notification": True,
    "registration_type": 1,
    "show_share_button": True,
    "waiting_room": True,
    "waiting_room_options": {"mode": "follow_setting"},
}


def problems(body: Mapping[str, Any], shape: Mapping[str, Shape], prefix: str = "") -> list[str]:
    """The names of fields that Zoom would refuse, dotted. Fields that Zoom does not know are no problem."""
    found = []
    for name, inner in shape.items():
        plain = name.rstrip("*")
        if plain in body:
            found += _problems(body[plain], inner, prefix + plain)
        elif name.endswith("*"):
            found.append(prefix + plain)
    return found


def _problems(value: Any, shape: Shape, name: str) -> list[str]:
    if isinstance(shape, dict):
        return problems(value, shape, f"{name}.") if isinstance(value, dict) else [name]
    if isinstance(shape, list):
        if not isinstance(value, list):
            return [name]
        return [one for n, item in enumerate(value) for one in _problems(item, shape[0], f"{name}[{n}]")]
    return [] if shape(value) else [name]


def known(body: Mapping[str, Any], shape: Mapping[str, Shape]) -> dict[str, Any]:
    """A copy of the fields that Zoom knows; it drops the others without a word."""
    kept = {}
    for name, inner in shape.items():
        plain = name.rstrip("*")
        if plain in body:
            kept[plain] = known(body[plain], inner) if isinstance(inner, dict) else deepcopy(body[plain])
    return kept
