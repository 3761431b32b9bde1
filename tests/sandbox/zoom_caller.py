"""Talks to the sandbox's Zoom over HTTP, as any client would."""

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

import urllib3

from zoomguard.sandbox import Sandbox

NINE = datetime(2026, 11, 23, 9, tzinfo=UTC)
TEACHER, OBSERVER, RESERVE = (
    "t.wren@northmoor.example",
    "p.nandakumar@northmoor.example",
    "o.mbeki@northmoor.example",
)
UNLICENSED = "s.rao@northmoor.example"
LESSON: dict[str, Any] = {
    "topic": "MATHS S-7K2M",
    "agenda": "zg:sandbox-1:01JD0000000000000000000000:1\nMaths",
    "type": 2,
    "duration": 50,
    "timezone": "Europe/London",
    "password": "aB3defghij",
    "settings": {
        "waiting_room": True,
        "waiting_room_options": {"mode": "custom", "who_goes_to_waiting_room": "everyone"},
        "join_before_host": False,
        "auto_recording": "cloud",
        "alternative_hosts": OBSERVER,
        "approval_type": 1,
        "continuous_meeting_chat": {"enable": False},
    },
}


@dataclass
class Reply:
    status: int
    headers: Any
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def refusal(self) -> tuple[int, int]:
        """Status and Zoom's code."""
        return self.status, self.json["code"]


class ZoomCaller:
    """One client of one sandbox. `token` is fetched when it is needed."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.settings = sandbox.settings()
        self.pool = urllib3.PoolManager(retries=False, timeout=30)
        self._token = ""
        self._good_until_at = sandbox.clock.now()

    @property
    def token(self) -> str:
        now = self.sandbox.clock.now()
        if not self._token or now >= self._good_until_at:
            self._token = self.sign_in().json["access_token"]
            self._good_until_at = now + timedelta(minutes=55)
        return self._token

    def forget_token(self) -> None:
        self._token = ""

    def sign_in(self, secret: str | None = None, **form: str) -> Reply:
        secret = secret or self.settings["ZOOMGUARD_ZOOM_CLIENT_SECRET"]
        word = base64.b64encode(f"{self.settings['ZOOMGUARD_ZOOM_CLIENT_ID']}:{secret}".encode()).decode()
        asked = {
            "grant_type": "account_credentials",
            "account_id": self.settings["ZOOMGUARD_ZOOM_ACCOUNT_ID"],
        }
        headers = {"Authorization": f"Basic {word}", "Content-Type": "application/x-www-form-urlencoded"}
        body = urlencode({name: text for name, text in (asked | form).items() if text})
        return self.send("POST", self.settings["ZOOMGUARD_ZOOM_OAUTH_URL"], headers, body.encode())

    def send(self, method: str, url: str, headers: dict[str, str], body: bytes | None = None) -> Reply:
        got = self.pool.request(method, url, headers=headers, body=body, redirect=False)
        return Reply(got.status, got.headers, got.data)

    def call(self, method: str, path: str, body: Any = None, token: str | None = None, **query: Any) -> Reply:
        asked = {name.rstrip("_"): value for name, value in query.items()}
        url = self.settings["ZOOMGUARD_ZOOM_API_URL"] + path + (f"?{urlencode(asked)}" if asked else "")
        headers = {"Authorization": f"Bearer {token or self.token}"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        return self.send(method, url, headers, None if body is None else json.dumps(body).encode())

    def create(self, host: str = TEACHER, settings: dict[str, Any] | None = None, **fields: Any) -> Reply:
        tomorrow = self.sandbox.clock.now() + timedelta(days=1)
        body = {
            **LESSON,
            "start_time": tomorrow.strftime("%Y-%m-%dT16:00:00Z"),
            **fields,
            "settings": LESSON["settings"] | (settings or {}),
        }
        return self.call("POST", f"/users/{host}/meetings", body)

    def register(self, number: int, *names: str, **fields: Any) -> Reply:
        people = [{"email": f"{one}@in.example", "first_name": one.title()} for one in names]
        body = {"auto_approve": True, "registrants_confirmation_email": False, "registrants": people}
        return self.call("POST", f"/meetings/{number}/batch_registrants", body | fields)

    def recordings(self, uuid: str, **query: Any) -> Reply:
        return self.call("GET", f"/meetings/{twice(uuid)}/recordings", **query)

    def control(self, method: str, path: str, body: Any = None, key: str | None = None) -> Reply:
        key = self.sandbox.controls.key if key is None else key
        document = None if body is None else json.dumps(body).encode()
        status, answer = self.sandbox.controls.answer(
            method, path, {}, {"Authorization": f"Bearer {key}"}, document or b""
        )
        return Reply(status, {}, json.dumps(answer).encode())

    def as_host(self, session: Any, act: str, **more: Any) -> Any:
        """Do something in Zoom's own pages; the answer's document."""
        return self.control("POST", "/sandbox/host", {"session": str(session), "act": act, **more}).json

    def hold(self, session: Any, **script: Any) -> Any:
        """Play a lesson; the answer's document."""
        return self.control("POST", "/sandbox/play", {"session": str(session), **script}).json


def scene(at_s: float, kind: str, who: str = "") -> dict[str, Any]:
    """One thing that happens in a lesson."""
    return {"at_s": at_s, "kind": kind, "who": who}


def twice(uuid: str) -> str:
    """A UUID encoded twice, as Zoom wants it where it begins with a slash or holds two in a row."""
    return quote(quote(uuid, safe=""), safe="")
