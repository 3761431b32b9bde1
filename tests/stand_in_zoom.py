"""What the stand-in's Zoom knows and answers; `stand_in.py` puts it on the wire."""

import base64
import binascii
import hashlib
import re
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import unquote
from zoneinfo import ZoneInfo

Body = dict[str, Any]
STAFF = tuple(f"{name}@northmoor.example" for name in ("t.wren", "h.lindqvist", "p.nandakumar", "o.mbeki"))
ACCOUNT = "acct.0451"
SCOPES = (
    "meeting:write:meeting meeting:read:meeting meeting:update:meeting meeting:delete:meeting "
    "meeting:update:status meeting:update:in_meeting_controls meeting:read:list_meetings "
    "meeting:write:batch_registrants meeting:write:registrant meeting:read:list_registrants "
    "meeting:update:registrant_status meeting:delete:registrant meeting:read:past_meeting "
    "meeting:read:list_past_instances meeting:read:list_past_participants "
    "report:read:list_meeting_participants "
    "cloud_recording:read:list_recording_files cloud_recording:read:list_user_recordings "
    "cloud_recording:delete:meeting_recording cloud_recording:update:recover_meeting_recordings "
    "cloud_recording:read:recording_settings cloud_recording:update:recording_settings "
    "user:read:user user:read:list_users user:read:settings account:read:settings account:read:lock_settings"
)
TOKEN_LIFE_S = 3600
PASSCODE_RULE = {"length": 6, "have_letter": True, "have_number": True, "have_special_character": False,
                 "only_allow_numeric": False, "consecutive_characters_length": 0}  # fmt: skip
SETTINGS: Body = {
    "schedule_meeting": {
        "join_before_host": False, "use_pmi_for_scheduled_meetings": False, "personal_meeting": False,
        "require_password_for_scheduling_new_meetings": True, "require_password_for_scheduled_meetings": True,
        "meeting_password_requirement": PASSCODE_RULE, "continuous_meeting_chat": {"enable": False},
    },
    "in_meeting": {
        "chat": False, "private_chat": False, "file_transfer": False, "screen_sharing": True,
        "who_can_share_screen": "host", "annotation": False, "whiteboard": False, "remote_control": False,
        "breakout_room": False, "allow_live_streaming": False, "co_host": True, "e2e_encryption": False,
        "attention_mode_focus_mode": True,
    },
    "recording": {
        "cloud_recording": True, "auto_recording": "cloud", "local_recording": False,
        "host_pause_stop_recording": False, "recording_disclaimer": True, "save_chat_text": True,
    },
    "feature": {"meeting_capacity": 300, "cloud_cover": "light"},
}  # fmt: skip
SECURITY: Body = {
    "meeting_security": {
        "waiting_room": True, "meeting_password": True, "require_password_for_scheduled_meeting": True,
        "encryption_type": "enhanced_encryption", "end_to_end_encrypted_meetings": False,
        "meeting_password_requirement": PASSCODE_RULE, "embed_password_in_join_link": True,
        "waiting_room_settings": {"participants_to_place_in_waiting_room": 0,
                                  "users_who_can_admit_participants_from_waiting_room": 0},
    },
}  # fmt: skip
MEETING_DEFAULTS: Body = {
    "host_video": True, "participant_video": True, "join_before_host": False, "jbh_time": 0,
    "use_pmi": False, "mute_upon_entry": False, "watermark": False, "approval_type": 2, "audio": "both",
    "auto_recording": "none", "waiting_room": False, "encryption_type": "enhanced_encryption",
    "alternative_hosts": "", "focus_mode": False,
    "meeting_authentication": False, "private_meeting": False, "allow_multiple_devices": True,
    "breakout_room": {"enable": False}, "continuous_meeting_chat": {"enable": True}, "mood_lighting": "teal",
}  # fmt: skip


class Refused(Exception):
    """An answer in Zoom's form of a refusal."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.body = status, {"code": code, "message": message}


@dataclass
class Answer:
    """What goes back on the wire: a JSON object, bytes, or nothing."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Ask:
    """A request as a route sees it: the raw groups of its path, query and parsed body."""

    groups: tuple[str, ...]
    query: dict[str, str]
    body: Any
    headers: Any


@dataclass
class File:
    """One recording file and its bytes."""

    id: str
    type: str
    extension: str
    recording_type: str
    media_type: str
    data: bytes

    def described(self) -> Body:
        digest = hashlib.sha256(self.data).hexdigest()
        return {"id": self.id, "file_type": self.type, "size_bytes": len(self.data), "sha256": digest}


@dataclass
class Held:
    """One instance of a meeting that took place, with its files."""

    uuid: str
    meeting: Body
    start: datetime
    end: datetime
    files: list[File]
    registrants: list[Body]
    trashed: set[str] = field(default_factory=set)


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def iso(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _parsed(text: str, zone: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone))


def _opaque(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode()[:22]


def _new_uuid() -> str:
    """A meeting UUID of the awkward sort: it begins with a slash and has two more in a row."""
    return "/" + secrets.token_hex(6) + "//" + secrets.token_hex(3) + "+=="


def _merged(old: Body, new: Body) -> Body:
    """New values over old ones, inside nested objects too."""
    nested = {k for k, v in new.items() if isinstance(v, dict) and isinstance(old.get(k), dict)}
    return old | new | {k: _merged(old[k], new[k]) for k in nested}


def _box(kind: bytes, payload: bytes) -> bytes:
    return (len(payload) + 8).to_bytes(4, "big") + kind + payload


def _media(brand: bytes, size_bytes: int) -> bytes:
    """The boxes ftyp, free and mdat; not playable, but it begins as a film does."""
    head = _box(b"ftyp", brand + b"\0\0\2\0" + brand + b"mp41") + _box(b"free", b"")
    return head + _box(b"mdat", secrets.token_bytes(max(size_bytes - len(head) - 8, 16)))


def _files(size_bytes: int) -> list[File]:
    words = b"WEBVTT\n\n1\n00:00:00.000 --> 00:00:01.000\nGood afternoon.\n"
    parts = [
        ("MP4", "MP4", "shared_screen_with_speaker_view", "video/mp4", _media(b"isom", size_bytes)),
        ("M4A", "M4A", "audio_only", "audio/mp4", _media(b"M4A ", max(size_bytes // 8, 64))),
        ("TRANSCRIPT", "VTT", "audio_transcript", "text/vtt", words),
        ("CHAT", "TXT", "chat_file", "text/plain", b"00:00:01\tSomebody:\tHello\n"),
    ]
    return [File(f"f-{secrets.token_hex(9)}", *part) for part in parts]


class World:
    """Everything this Zoom knows; every method that a route calls runs under its lock."""

    def __init__(self, staff: tuple[str, ...], page_limit: int) -> None:
        self.lock = threading.RLock()
        self.page_limit = page_limit
        self.api, self.cdn = "", ""  # set once the ports are known
        self.users: dict[str, Body] = {}
        self.meetings: dict[int, Body] = {}
        self.registrants: dict[int, dict[str, Body]] = {}
        self.held: list[Held] = []
        self.tokens: dict[str, float] = {}
        self.grants: dict[str, File] = {}
        self.calls: list[Body] = []
        self.exchanges: list[Body] = []
        self.mail: list[Body] = []
        for person in staff:
            self.add_user(*person.partition("=")[::2])

    # --- people

    def add_user(self, address: str, user_id: str = "") -> Body:
        first, _, last = address.partition("@")[0].partition(".")
        user: Body = {
            "id": user_id or _opaque(address.lower()), "email": address, "first_name": first.title(),
            "last_name": last.title(), "display_name": f"{first} {last}".title(), "type": 2,
            "status": "active", "pmi": 4_000_000_000 + len(self.users), "use_pmi": False,
            "timezone": "Europe/London", "account_id": ACCOUNT, "role_name": "Member", "verified": 1,
            "last_login_time": iso(now()), "shoe_size": None,
        }  # fmt: skip
        self.users[user["id"]] = user
        return user

    def user(self, raw: str) -> Body:
        wanted = unquote(raw)
        for user in self.users.values():
            if wanted == user["id"] or wanted.lower() == user["email"].lower():
                return user
        raise Refused(404, 1001, "User does not exist.")

    def get_user(self, ask: Ask) -> Answer:
        return Answer(200, self.user(ask.groups[0]))

    def list_users(self, ask: Ask) -> Answer:
        status = ask.query.get("status", "active")
        return self.page("users", [u for u in self.users.values() if u["status"] == status], ask)

    def user_settings(self, ask: Ask) -> Answer:
        self.user(ask.groups[0])
        return self.settings(ask)

    def settings(self, ask: Ask) -> Answer:
        option = ask.query.get("option")
        if option == "meeting_security":
            return Answer(200, SECURITY)
        return Answer(200, SETTINGS if option is None else {"authentication_options": []})

    def locks(self, ask: Ask) -> Answer:
        sections: dict[str, Body] = SECURITY if ask.query.get("option") == "meeting_security" else SETTINGS
        return Answer(200, {name: dict.fromkeys(leaves, True) for name, leaves in sections.items()})

    def page(self, key: str, items: list[Body], ask: Ask) -> Answer:
        """One page, always shorter than asked when `page_limit` is; the token is opaque to the caller."""
        size = int(ask.query.get("page_size", "30"))
        if not 1 <= size <= 300:
            raise Refused(400, 300, "The value that you entered for the page_size field is invalid.")
        token = ask.query.get("next_page_token", "")
        start = int(token.removeprefix("leaf-"), 16) if token else 0
        end = start + min(size, self.page_limit)
        after = f"leaf-{end:x}" if end < len(items) else ""
        about = {"page_size": size, "total_records": len(items), "next_page_token": after, "paper": "A4"}
        return Answer(200, about | {key: items[start:end]})

    # --- meetings

    def create(self, ask: Ask) -> Answer:
        host, body = self.user(ask.groups[0]), dict(ask.body)
        self._check(body)
        number = 3_100_000_000 + secrets.randbelow(800_000_000)
        zone = body.get("timezone", "UTC")
        meeting = {
            "id": number, "uuid": _new_uuid(), "host_id": host["id"], "host_email": host["email"], "type": 2,
            "topic": "Stand-in meeting", "agenda": "", "duration": 60, "timezone": zone, "status": "waiting",
            "created_at": iso(now()), "join_url": f"{self.api}/w/{number}?pwd={secrets.token_hex(8)}",
            "password": secrets.token_hex(4), "creation_source": "open_api",
            "settings": dict(MEETING_DEFAULTS), "kettle": {"on": True},
        }  # fmt: skip
        self._apply(meeting, body)
        self.meetings[number], self.registrants[number] = meeting, {}
        return Answer(201, self._shown(meeting))

    def _check(self, body: Body) -> None:
        limits = {"topic": 200, "agenda": 2000, "password": 10}
        if any(len(body.get(name, "")) > longest for name, longest in limits.items()):
            raise Refused(400, 300, "Validation Failed.")
        if body.get("type", 2) != 2 or not 1 <= body.get("duration", 60) <= 1440:
            raise Refused(400, 300, "Validation Failed.")
        known = {user["email"].lower() for user in self.users.values()} | set(self.users)
        for name in _hosts(body.get("settings", {}).get("alternative_hosts", "")):
            if name not in known and name.lower() not in known:
                said = "as an alternative host because the user cannot be selected at this time."
                raise Refused(400, 1114, f'Unable to assign "{name}" {said}')

    def _apply(self, meeting: Body, body: Body) -> None:
        for name in ("topic", "agenda", "duration", "timezone", "password"):
            meeting[name] = body.get(name, meeting[name])
        if "start_time" in body or "start_time" not in meeting:
            text = body.get("start_time") or iso(now())
            meeting["start_time"] = iso(_parsed(text, meeting["timezone"]))
        settings = _merged(meeting["settings"], body.get("settings", {}))
        settings.pop("waiting_room_options", None)  # an account of the older sort: it does not know the field
        settings["alternative_hosts"] = ";".join(reversed(_hosts(settings["alternative_hosts"])))
        if settings["waiting_room"]:
            settings["join_before_host"] = False
        meeting["settings"] = settings

    def _shown(self, meeting: Body) -> Body:
        start_url = f"{self.api}/w/{meeting['id']}/as-host?zak={secrets.token_hex(12)}"
        shown = meeting | {"start_url": start_url, "encrypted_password": _opaque(meeting["password"])}
        if meeting["settings"]["approval_type"] != 2:
            shown["registration_url"] = f"{self.api}/w/{meeting['id']}/register"
        return shown

    def meeting(self, raw: str) -> Body:
        number = int(raw) if raw.isdigit() else 0
        if number not in self.meetings:
            raise Refused(404, 3001, f"Meeting does not exist: {number}.")
        return self.meetings[number]

    def get_meeting(self, ask: Ask) -> Answer:
        return Answer(200, self._shown(self.meeting(ask.groups[0])))

    def patch_meeting(self, ask: Ask) -> Answer:
        self._check(ask.body)
        self._apply(self.meeting(ask.groups[0]), ask.body)
        return Answer(204)

    def delete_meeting(self, ask: Ask) -> Answer:
        number = self.meeting(ask.groups[0])["id"]
        del self.meetings[number], self.registrants[number]
        return Answer(204)

    def end_meeting(self, ask: Ask) -> Answer:
        self.meeting(ask.groups[0])["status"] = "waiting"
        return Answer(204)

    def control_meeting(self, ask: Ask) -> Answer:
        self.meeting(ask.groups[0])
        return Answer(202)

    def list_meetings(self, ask: Ask) -> Answer:
        host, kind = self.user(ask.groups[0]), ask.query.get("type", "scheduled")
        mine = [m for m in self.meetings.values() if m["host_id"] == host["id"] and self._of_type(m, kind)]
        first, last = ask.query.get("from", "0000")[:10], ask.query.get("to", "9999")[:10]
        mine = [m for m in mine if first <= m["start_time"][:10] <= last]
        brief = "id uuid host_id topic type start_time duration timezone created_at join_url".split()
        rows = [{k: m[k] for k in brief} | {"agenda": m["agenda"][:250], "row_tint": "ivory"} for m in mine]
        return self.page("meetings", sorted(rows, key=lambda row: str(row["start_time"])), ask)

    def _of_type(self, meeting: Body, kind: str) -> bool:
        over_at = _parsed(meeting["start_time"], "UTC") + timedelta(minutes=meeting["duration"])
        wanted = {"upcoming": over_at > now(), "previous_meetings": over_at <= now(), "live": False}
        return wanted.get(kind.removesuffix("_meetings") if kind.startswith("up") else kind, True)

    # --- registrants

    def register(self, ask: Ask) -> Answer:
        meeting = self.meeting(ask.groups[0])
        if meeting["settings"]["approval_type"] == 2:
            raise Refused(400, 3000, f"Registration has not been enabled for this meeting: {meeting['id']}.")
        status = "approved" if ask.body.get("auto_approve") else "pending"
        rows = [self._registrant(meeting, person, status) for person in ask.body["registrants"]]
        shown = [{"registrant_id": r["id"], "email": r["email"], "join_url": r["join_url"]} for r in rows]
        return Answer(201, {"registrants": shown, "ink": "blue"})

    def _registrant(self, meeting: Body, person: Body, status: str) -> Body:
        listed = self.registrants[meeting["id"]]
        for row in listed.values():
            if row["email"].lower() == person["email"].lower():
                return row
        name = f"rg.{secrets.token_hex(7)}"
        row = {
            "id": name, "email": person["email"], "first_name": person["first_name"], "status": status,
            "last_name": person.get("last_name", ""), "create_time": iso(now()),
            "join_url": f"{self.api}/w/{meeting['id']}?tk={secrets.token_hex(16)}",
        }  # fmt: skip
        listed[name] = row
        return row

    def list_registrants(self, ask: Ask) -> Answer:
        rows = self.registrants[self.meeting(ask.groups[0])["id"]].values()
        status = ask.query.get("status", "approved")
        return self.page("registrants", [row for row in rows if row["status"] == status], ask)

    def judge_registrants(self, ask: Ask) -> Answer:
        listed = self.registrants[self.meeting(ask.groups[0])["id"]]
        named = {value.lower() for row in ask.body.get("registrants", ()) for value in row.values()}
        for row in [r for r in listed.values() if r["id"] in named or r["email"].lower() in named]:
            if ask.body["action"] == "cancel":
                del listed[row["id"]]
            else:
                row["status"] = {"approve": "approved", "deny": "denied"}[ask.body["action"]]
        return Answer(204)

    def delete_registrant(self, ask: Ask) -> Answer:
        if self.registrants[self.meeting(ask.groups[0])["id"]].pop(unquote(ask.groups[1]), None) is None:
            raise Refused(404, 300, "The registrant does not exist.")
        return Answer(204)

    # --- what took place

    def hold(self, ask: Ask) -> Answer:
        """Holds a meeting now; Zoom gives the number a new UUID for its next instance."""
        meeting = self.meeting(str(ask.body["meeting_number"]))
        start = now()
        end = start + timedelta(seconds=int(ask.body.get("seconds", 1)))
        listed = self.registrants[meeting["id"]].values()
        people = [dict(row) for row in listed if row["status"] == "approved"]
        files = _files(int(ask.body.get("size_bytes", 48_000)))
        held = Held(meeting["uuid"], dict(meeting), start, end, files, people)
        self.held.append(held)
        meeting["uuid"] = _new_uuid()
        told = [file.described() for file in files]
        return Answer(201, {"uuid": held.uuid, "meeting_number": meeting["id"], "files": told})

    def instance(self, raw: str, code: int = 3301) -> Held:
        """By number the latest instance; a UUID with a first or a double slash must be encoded twice."""
        once = unquote(raw)
        name = once if once != unquote(once) or not (once.startswith("/") or "//" in once) else ""
        for held in reversed(self.held):
            if unquote(name) == held.uuid or once == str(held.meeting["id"]):
                return held
        raise Refused(404, code, "This recording or meeting does not exist.")

    def past(self, ask: Ask) -> Answer:
        held = self.instance(ask.groups[0], 3001)
        kept = {k: held.meeting[k] for k in ("id", "host_id", "topic", "type")}
        times = {"start_time": iso(held.start), "end_time": iso(held.end), "duration": 1}
        return Answer(200, kept | times | {"uuid": held.uuid, "participants_count": 1 + len(held.registrants)})

    def instances(self, ask: Ask) -> Answer:
        mine = [held for held in self.held if ask.groups[0] == str(held.meeting["id"])]
        return Answer(200, {"meetings": [{"uuid": h.uuid, "start_time": iso(h.start)} for h in mine]})

    def participants(self, ask: Ask) -> Answer:
        held = self.instance(ask.groups[0], 3001)
        names = [held.meeting["host_email"], *_hosts(held.meeting["settings"]["alternative_hosts"])]
        staff = [(u["id"], u["display_name"], u["email"], "") for u in map(self.user, names)]
        guests = [("", row["first_name"], "", row["id"]) for row in held.registrants]
        seconds = int((held.end - held.start).total_seconds())
        rows = [
            {"id": user_id, "participant_user_id": user_id, "user_id": str(16_778_240 + n), "name": name,
             "user_email": address, "registrant_id": registrant, "join_time": iso(held.start),
             "failover": False, "leave_time": iso(held.end), "duration": seconds, "status": "in_meeting"}
            for n, (user_id, name, address, registrant) in enumerate(staff + guests)
        ]  # fmt: skip
        return self.page("participants", rows, ask)

    # --- recordings

    def list_recordings(self, ask: Ask) -> Answer:
        host, today = self.user(ask.groups[0]), now().date()
        first = date.fromisoformat(ask.query.get("from", today.isoformat()))
        last = date.fromisoformat(ask.query.get("to", (today + timedelta(days=1)).isoformat()))
        if last - first > timedelta(days=31):
            raise Refused(400, 300, "The date range must not be longer than a month.")
        trash = ask.query.get("trash") == "true"
        mine = [h for h in self.held if h.meeting["host_id"] == host["id"]]
        mine = [h for h in mine if trash or first <= h.start.date() <= last]
        rows = [row for row in (self._recording(h, trash) for h in mine) if row["recording_files"]]
        answer = self.page("meetings", rows, ask)
        answer.body |= {"from": first.isoformat(), "to": last.isoformat()}
        return answer

    def _recording(self, held: Held, trash: bool = False) -> Body:
        files = [file for file in held.files if (file.id in held.trashed) == trash]
        kept = {k: held.meeting[k] for k in ("id", "host_id", "topic", "timezone")}
        return kept | {
            "uuid": held.uuid, "account_id": ACCOUNT, "type": "2", "start_time": iso(held.start),
            "duration": 1, "total_size": sum(len(f.data) for f in files), "recording_count": len(files),
            "reel": "B", "recording_files": [self._file(held, file) for file in files],
        }  # fmt: skip

    def _file(self, held: Held, file: File) -> Body:
        return {
            "id": file.id, "meeting_id": held.uuid, "recording_start": iso(held.start),
            "recording_end": iso(held.end), "file_type": file.type, "file_extension": file.extension,
            "file_size": len(file.data), "recording_type": file.recording_type, "status": "completed",
            "download_url": f"{self.api}/fetch/{file.id}", "grain": 400,
        }  # fmt: skip

    def get_recording(self, ask: Ask) -> Answer:
        held = self.instance(ask.groups[0])
        row = self._recording(held)
        if not row["recording_files"]:
            raise Refused(404, 3301, "This recording does not exist.")
        if "download_access_token" in ask.query.get("include_fields", ""):
            row["download_access_token"] = self.new_token(min(int(ask.query.get("ttl", "3600")), 604_800))
        return Answer(200, row)

    def delete_recording(self, ask: Ask) -> Answer:
        held = self.instance(ask.groups[0])
        chosen = set(ask.groups[1:]) or {file.id for file in held.files}
        if ask.query.get("action", "trash") == "delete":
            held.files = [file for file in held.files if file.id not in chosen]
        held.trashed |= chosen
        return Answer(204)

    def recover(self, ask: Ask) -> Answer:
        held = self.instance(ask.groups[0])
        held.trashed -= set(ask.groups[1:]) or set(held.trashed)
        return Answer(204)

    def change_sharing(self, ask: Ask) -> Answer:
        self.instance(ask.groups[0])
        return Answer(204)

    def fetch(self, ask: Ask) -> Answer:
        for held in self.held:
            for file in held.files:
                if file.id == ask.groups[0] and file.id not in held.trashed:
                    grant = secrets.token_urlsafe(20)
                    self.grants[grant] = file
                    return Answer(302, None, {"Location": f"{self.cdn}/blob/{grant}"})
        raise Refused(404, 3301, "This recording does not exist.")

    # --- tokens and controls

    def new_token(self, life_s: int) -> str:
        token = f"stand-in.{secrets.token_urlsafe(30)}"
        self.tokens[token] = time.monotonic() + life_s
        return token

    def token(self, ask: Ask) -> Answer:
        kind, _, secret = ask.headers.get("Authorization", "").partition(" ")
        try:
            client, _, password = base64.b64decode(secret, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            client = password = ""
        if kind.lower() != "basic" or not client or not password:
            return Answer(401, {"reason": "Invalid client_id or client_secret", "error": "invalid_client"})
        form = ask.body if isinstance(ask.body, dict) else {}
        if form.get("grant_type") != "account_credentials" or not form.get("account_id"):
            return Answer(400, {"reason": "unsupported grant type", "error": "unsupported_grant_type"})
        scope = " ".join(f"{name}:admin" for name in SCOPES.split())
        token = self.new_token(TOKEN_LIFE_S)
        about = {"token_type": "bearer", "expires_in": TOKEN_LIFE_S, "scope": scope, "api_url": self.api}
        return Answer(200, about | {"access_token": token, "roast": "dark"})

    def require_bearer(self, headers: Any) -> None:
        kind, _, token = headers.get("Authorization", "").partition(" ")
        if kind.lower() != "bearer" or self.tokens.get(token, 0) < time.monotonic():
            raise Refused(401, 124, "Invalid access token.")

    def add_staff(self, ask: Ask) -> Answer:
        return Answer(201, self.add_user(ask.body["email"], ask.body.get("id", "")))

    def tell(self, ask: Ask) -> Answer:
        return Answer(200, list(getattr(self, ask.groups[0])))

    def room(self, ask: Ask) -> Answer:
        return Answer(200, b"A room of the stand-in.\n", {"Content-Type": "text/plain"})


def _hosts(text: str) -> list[str]:
    return [part.strip() for part in re.split("[;,]", text) if part.strip()]


Route = tuple[str, re.Pattern[str], Callable[[World, Ask], Answer]]


def _route(method: str, path: str, act: Callable[[World, Ask], Answer]) -> Route:
    return method, re.compile(path.replace("*", "([^/]+)")), act


OPEN = [
    _route("POST", "/oauth/token", World.token),
    _route("POST", "/control/hold", World.hold),
    _route("POST", "/control/staff", World.add_staff),
    _route("GET", "/control/(mail|calls|exchanges)", World.tell),
    _route("GET", "/w/.+", World.room),
]
WITH_BEARER = [
    _route("GET", "/fetch/*", World.fetch),
    _route("GET", "/v2/users", World.list_users),
    _route("GET", "/v2/users/*", World.get_user),
    _route("GET", "/v2/users/*/settings", World.user_settings),
    _route("GET", "/v2/accounts/*/settings", World.settings),
    _route("GET", "/v2/accounts/*/lock_settings", World.locks),
    _route("POST", "/v2/users/*/meetings", World.create),
    _route("GET", "/v2/users/*/meetings", World.list_meetings),
    _route("GET", "/v2/users/*/recordings", World.list_recordings),
    _route("GET", "/v2/meetings/*", World.get_meeting),
    _route("PATCH", "/v2/meetings/*", World.patch_meeting),
    _route("DELETE", "/v2/meetings/*", World.delete_meeting),
    _route("PUT", "/v2/meetings/*/status", World.end_meeting),
    _route("PATCH", "/v2/live_meetings/*/events", World.control_meeting),
    _route("POST", "/v2/meetings/*/batch_registrants", World.register),
    _route("GET", "/v2/meetings/*/registrants", World.list_registrants),
    _route("PUT", "/v2/meetings/*/registrants/status", World.judge_registrants),
    _route("DELETE", "/v2/meetings/*/registrants/*", World.delete_registrant),
    _route("GET", "/v2/meetings/*/recordings", World.get_recording),
    _route("DELETE", "/v2/meetings/*/recordings", World.delete_recording),
    _route("PUT", "/v2/meetings/*/recordings/status", World.recover),
    _route("PATCH", "/v2/meetings/*/recordings/settings", World.change_sharing),
    _route("DELETE", "/v2/meetings/*/recordings/*", World.delete_recording),
    _route("PUT", "/v2/meetings/*/recordings/*/status", World.recover),
    _route("GET", "/v2/past_meetings/*", World.past),
    _route("GET", "/v2/past_meetings/*/instances", World.instances),
    _route("GET", "/v2/past_meetings/*/participants", World.participants),
    _route("GET", "/v2/report/meetings/*/participants", World.participants),
]
