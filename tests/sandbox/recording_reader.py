"""Reads recordings and their bytes from the sandbox's Zoom, as any client would."""

from datetime import timedelta
from typing import Any

from tests.sandbox.zoom_caller import TEACHER, Reply, ZoomCaller


def recording_of(zoom: ZoomCaller, uuid: str) -> Any:
    """What Zoom says of one recording."""
    reply = zoom.recordings(uuid)
    assert reply.status == 200, reply.body
    return reply.json


def rows_of(zoom: ZoomCaller, uuid: str, kind: str = "MP4") -> list[Any]:
    """The rows of a recording's files of one kind."""
    return [one for one in recording_of(zoom, uuid)["recording_files"] if one["file_type"] == kind]


def signed(zoom: ZoomCaller, file: dict[str, Any]) -> str:
    """The link to the CDN."""
    reply = zoom.send("GET", file["download_url"], {"Authorization": f"Bearer {zoom.token}"})
    assert reply.status == 302, reply.body
    return str(reply.headers["Location"])


def part(zoom: ZoomCaller, link: str, **headers: str) -> Reply:
    """What the CDN answers; `Range="bytes=5-"`, `If_Range=...`."""
    return zoom.send("GET", link, {name.replace("_", "-"): text for name, text in headers.items()})


def bytes_of(zoom: ZoomCaller, file: dict[str, Any]) -> bytes:
    """The whole file."""
    return part(zoom, signed(zoom, file)).body


def listed(zoom: ZoomCaller, host: str = TEACHER, **query: Any) -> list[Any]:
    """All pages of a host's recordings of the last twenty days."""
    today = zoom.sandbox.clock.now().date()
    window = {"from": (today - timedelta(days=20)).isoformat(), "to": today.isoformat(), "page_size": 300}
    rows: list[Any] = []
    token = ""
    while True:
        asked = window | query | ({"next_page_token": token} if token else {})
        reply = zoom.call("GET", f"/users/{host}/recordings", **asked)
        assert reply.status == 200, reply.body
        rows += reply.json["meetings"]
        token = reply.json["next_page_token"]
        if not token:
            return rows
