"""Every governed setting of a Zoom meeting in one place: what is asked, and what came back.

Field names, lengths and defaults are Zoom's: POST /users/{userId}/meetings and GET /meetings/{meetingId},
developers.zoom.us/docs/api/meetings. Zoom answers 201 and silently puts a locked setting in the place of
what was asked, so the plan is compared with a fresh GET.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from zoomguard.domain.times import iso, parse_iso

Scalar = str | int | bool | None
PASSCODE_LENGTH = 10
# Zoom's own limit is 10 characters out of letters, digits and a few specials; these cannot be mistaken for others.
SMALL, LARGE, DIGITS, SPECIALS = "abcdefghjkmnpqrstuvwxyz", "ABCDEFGHJKLMNPQRSTUVWXYZ", "23456789", "@-_*"
# What the agenda says after our mark: the same for everybody, so it tells nothing about anybody.
AGENDA = "A recorded session of the college. Two members of staff take part."
MARK = re.compile(r"zg:(?P<installation>[A-Za-z0-9-]{1,48}):(?P<session>[0-9A-Z]{26}):(?P<attempt>\d{1,3})")
# Which rule stands behind each setting: a difference is a finding of that rule. In the order people read them.
GOVERNED: dict[str, tuple[str, Scalar]] = {
    "type": ("VC-IDENTITY", 2),
    "settings.waiting_room": ("VC-WAITING", True),
    "settings.waiting_room_options.mode": ("VC-WAITING", "custom"),
    "settings.waiting_room_options.who_goes_to_waiting_room": ("VC-WAITING", "everyone"),
    "settings.join_before_host": ("VC-WAITING", False),
    "settings.use_pmi": ("VC-PASSCODE", False),
    "settings.auto_recording": ("VC-RECORD", "cloud"),
    "settings.encryption_type": ("VC-RECORD", "enhanced_encryption"),
    "settings.alternative_host_manage_cloud_recording": ("VC-RECORD", False),
    "settings.approval_type": ("VC-IDENTITY", 1),
    "settings.allow_multiple_devices": ("VC-IDENTITY", False),
    "settings.show_share_button": ("VC-IDENTITY", False),
    "settings.private_meeting": ("VC-IDENTITY", True),
    "settings.breakout_room.enable": ("VC-CONTENT", False),
    "settings.continuous_meeting_chat.enable": ("VC-CONTENT", False),
    "settings.auto_start_meeting_summary": ("VC-CONTENT", False),
    "settings.auto_start_ai_companion_questions": ("VC-CONTENT", False),
    "settings.mute_upon_entry": ("VC-CONTENT", True),
    "settings.focus_mode": ("VC-CONTENT", True),
    "settings.audio": ("VC-CONTENT", "voip"),
    "settings.push_change_to_calendar": ("VC-CONTENT", False),
    "settings.email_notification": ("VC-IDENTITY", False),
    "settings.alternative_hosts_email_notification": ("VC-IDENTITY", False),
    "settings.registrants_email_notification": ("VC-IDENTITY", False),
    "settings.registrants_confirmation_email": ("VC-IDENTITY", False),
}
# Zoom does not return these on every account; the host's security settings decide instead (see `WaitingRoomOfHost`).
WAITING_ROOM_OPTIONS = ("settings.waiting_room_options.mode", "settings.waiting_room_options.who_goes_to_waiting_room")
# Not sent; where Zoom has it on by itself, it copies recordings to a channel of the account's.
COPIES = "settings.auto_add_recording_to_video_management.enable"
# Sent, but never part of GET /meetings/{meetingId} by Zoom's published answer: nothing to compare.
NOT_RETURNED = frozenset({"settings.push_change_to_calendar"})


@dataclass(frozen=True)
class PasscodeRule:
    """The host's passcode requirement (`meeting_security.meeting_password_requirement`)."""

    length: int = 0
    have_special_character: bool = False
    only_allow_numeric: bool = False
    consecutive_characters_length: int = 0


@dataclass(frozen=True)
class HostPosture:
    """What Zoom says of a host: `everyone_waits` is None where it cannot be told."""

    zoom_user_id: str
    email: str
    licensed: bool
    active: bool
    passcode_rule: PasscodeRule
    everyone_waits: bool | None


@dataclass(frozen=True)
class MeetingPlan:
    """The meeting we want: who hosts, when, which passcode, and by which mark it is found again."""

    host_email: str
    observers: tuple[str, ...]
    topic: str
    mark: str
    starts_at: datetime
    minutes: int
    zone: str
    passcode: str
    host_id: str = ""

    def request(self) -> dict[str, object]:
        """The body of POST /users/{userId}/meetings, with each governed setting in it."""
        body: dict[str, object] = {
            "topic": self.topic,
            "agenda": f"{self.mark}\n{AGENDA}",
            "start_time": iso(self.starts_at),
            "duration": self.minutes,
            "timezone": self.zone,
            "password": self.passcode,
            "default_password": False,
            "settings": {"alternative_hosts": ";".join(self.observers)},
        }
        for path, (_, wanted) in GOVERNED.items():
            _put(body, path.split("."), wanted)
        return body

    def repair(self) -> dict[str, object]:
        """The body of the one PATCH that puts settings back; PATCH knows no `default_password`."""
        return {k: v for k, v in self.request().items() if k not in ("default_password", "topic", "agenda")}


@dataclass(frozen=True)
class Meeting:
    """A meeting as GET /meetings/{meetingId} gave it. `values` maps the governed paths to what Zoom said;
    a path that Zoom left out is absent. Secrets stay in `passcode` and `join_url` and are never shown."""

    number: int
    uuid: str
    host_email: str
    status: str
    topic: str
    agenda: str
    starts_at: datetime | None
    minutes: int | None
    passcode: str
    join_url: str
    alternative_hosts: frozenset[str]
    values: Mapping[str, Scalar]
    host_id: str = ""
    personal: bool = False
    copied_elsewhere: bool = False


@dataclass(frozen=True)
class Difference:
    """One setting that is not as asked; `got` None means that Zoom did not say."""

    setting: str
    rule: str
    wanted: Scalar
    got: Scalar


def mark(installation: str, session_id: str, attempt: int) -> str:
    """Our mark in the agenda's first line, by which a meeting is found when an answer was lost."""
    return f"zg:{installation}:{session_id}:{attempt}"


def read_mark(agenda: str) -> tuple[str, str, int] | None:
    """Installation, session and attempt out of an agenda, or None where the mark is not ours."""
    match = MARK.fullmatch(agenda.split("\n", 1)[0].strip())
    return (match["installation"], match["session"], int(match["attempt"])) if match else None


def new_passcode(rule: PasscodeRule) -> str:
    """A passcode of 10 characters of its own that meets the host's rule: all classes, or digits alone."""
    while True:
        if rule.only_allow_numeric:
            code = "".join(secrets.choice("0123456789") for _ in range(PASSCODE_LENGTH))
        else:
            classes = (SMALL, LARGE, DIGITS, SPECIALS)
            picked = [secrets.choice(c) for c in classes]
            picked += [secrets.choice("".join(classes)) for _ in range(PASSCODE_LENGTH - len(classes))]
            secrets.SystemRandom().shuffle(picked)
            code = "".join(picked)
        if not _runs(code):
            return code


def meeting_of(answer: Mapping[str, object]) -> Meeting:
    """The meeting in Zoom's answer to GET; ValueError where it lacks what every meeting has."""
    settings = answer.get("settings")
    alternative = settings.get("alternative_hosts", "") if isinstance(settings, Mapping) else ""
    return Meeting(
        number=_number(answer.get("id")),
        uuid=_text(answer, "uuid"),
        host_email=_text(answer, "host_email").lower(),
        status=_text(answer, "status"),
        topic=_text(answer, "topic"),
        agenda=_text(answer, "agenda"),
        starts_at=_moment(answer.get("start_time")),
        minutes=_whole(answer.get("duration")),
        passcode=_text(answer, "password"),
        join_url=_text(answer, "join_url"),
        alternative_hosts=frozenset(h.strip().lower() for h in re.split(r"[;,]", str(alternative)) if h.strip()),
        values={path: value for path in GOVERNED if (value := _get(answer, path.split("."))) is not None},
        host_id=_text(answer, "host_id"),
        personal=bool(answer.get("pmi")),
        copied_elsewhere=_get(answer, COPIES.split(".")) not in (None, False),
    )


def differences(plan: MeetingPlan, meeting: Meeting, everyone_waits: bool | None) -> tuple[Difference, ...]:
    """What Zoom's meeting has other than the plan asked; an absent setting is a difference, never a pass.

    `everyone_waits` is the host's own security setting, which decides where the meeting does not return
    `waiting_room_options`.
    """
    found = []
    for path, (rule, wanted) in GOVERNED.items():
        if path in NOT_RETURNED and path not in meeting.values:
            continue
        got = meeting.values.get(path)
        if got is None and path in WAITING_ROOM_OPTIONS and everyone_waits is True:
            continue
        if got != wanted or isinstance(got, bool) != isinstance(wanted, bool):
            found.append(Difference(path, rule, wanted, got))
    return tuple(found) + _other_differences(plan, meeting)


def _other_differences(plan: MeetingPlan, meeting: Meeting) -> tuple[Difference, ...]:
    found = []
    if meeting.passcode != plan.passcode:
        found.append(Difference("password", "VC-PASSCODE", "a passcode of its own", _passcode_words(meeting.passcode)))
    if {o.lower() for o in plan.observers} != meeting.alternative_hosts:
        wanted, got = ";".join(plan.observers), ";".join(sorted(meeting.alternative_hosts)) or None
        found.append(Difference("settings.alternative_hosts", "OBSERVER-AT-ZOOM", wanted, got))
    if meeting.starts_at != plan.starts_at:
        got = iso(meeting.starts_at) if meeting.starts_at else None
        found.append(Difference("start_time", "SESSION-APPROVED", iso(plan.starts_at), got))
    if meeting.minutes != plan.minutes:
        found.append(Difference("duration", "SESSION-APPROVED", plan.minutes, meeting.minutes))
    if read_mark(meeting.agenda) != read_mark(plan.mark):
        found.append(Difference("agenda", "VC-IDENTITY", "our mark", "another text"))
    if meeting.topic != plan.topic:
        found.append(Difference("topic", "ID-NOPUBLISH", plan.topic, "another topic"))
    return tuple(found) + tuple(_uninvited(plan, meeting))


def _uninvited(plan: MeetingPlan, meeting: Meeting) -> Iterator[Difference]:
    """What Zoom may have done that nothing in the request speaks of."""
    # Zoom gives the host by id and by address; where it leaves one out, the other one tells.
    hosted_by, wanted = (meeting.host_id, plan.host_id) if meeting.host_id else (meeting.host_email, plan.host_email)
    if wanted and hosted_by != wanted:
        got = "another account" if hosted_by else None
        yield Difference("host_id", "OBSERVER-AT-ZOOM", "the teacher's account", got)
    # Where Zoom owns up to `use_pmi`, that is the finding.
    if meeting.personal and meeting.values.get("settings.use_pmi") is False:
        yield Difference("pmi", "VC-PASSCODE", None, "a personal meeting number")
    if meeting.copied_elsewhere:
        yield Difference(COPIES, "VC-RECORD", False, True)


def _passcode_words(passcode: str) -> str | None:
    return "another passcode" if passcode else None


def _runs(code: str) -> bool:
    """Whether three neighbours are alike or in sequence; Zoom's strictest rule forbids four."""
    steps = [(ord(b) - ord(a), ord(c) - ord(b)) for a, b, c in zip(code, code[1:], code[2:], strict=False)]
    return any(x == y and x in (-1, 0, 1) for x, y in steps)


def _put(body: dict[str, object], path: list[str], value: Scalar) -> None:
    """Sets a value deep in a body; each of GOVERNED's paths leads through objects alone."""
    inner: dict[str, Any] = body
    for name in path[:-1]:
        inner = inner.setdefault(name, {})
    inner[path[-1]] = value


def _get(answer: object, path: list[str]) -> Scalar:
    for name in path:
        if not isinstance(answer, Mapping):
            return None
        answer = answer.get(name)
    return answer if isinstance(answer, str | int | bool) else None


def _text(answer: Mapping[str, object], name: str) -> str:
    value = answer.get(name)
    return value if isinstance(value, str) else ""


def _number(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError("the meeting has no number")
    return int(value)


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _moment(value: object) -> datetime | None:
    """Zoom gives UTC, with or without the Z."""
    if not isinstance(value, str):
        return None
    try:
        return parse_iso(value if value.endswith("Z") else f"{value}Z").astimezone(UTC)
    except ValueError:
        return None
