"""What a webhook says: read strictly, freed of secrets, and told apart (developers.zoom.us/docs/api/webhooks).

An event is a hint to go and look; nothing here is taken for a fact.
"""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

from zoomguard.domain.errors import BadInput

DEPTH = 32
CHALLENGE = "endpoint.url_validation"
EVENT = re.compile(r"[a-z0-9_.]{1,100}")
NUMBER = re.compile(r"[0-9]{1,18}")
UUID = re.compile(r"[\x21-\x7e]{1,200}")
# Passcodes, links that let somebody in or show a recording, and tokens, wherever in an event they stand.
SECRET_KEY = re.compile(
    r".*(password|passcode|pwd|zak|token)|(.*_)?(join|start|share|play|registration|personal_meeting)_url|.*host_key|.*_links?"
)
WORD = re.compile(r"[^\s\"'<>]+")
CUT = "(cut)"
# Zoom tells of the end before the recording is there: who asks at once asks in vain.
DISCOVER = "discover_recordings"
MAKES_DUE: dict[str, tuple[str, timedelta]] = {"meeting.ended": (DISCOVER, timedelta(minutes=2))}
# Zoom tells of one recording: that one is looked at, however long ago its lesson was.
HEAR = "hear_recording"
ABOUT_A_RECORDING = frozenset({"recording.completed", "recording.transcript_completed", "recording.recovered"})
# Something is another than it was in a meeting that may be one of ours: its session is looked at again.
LOOK_AGAIN = frozenset(
    {
        "meeting.updated",
        "meeting.deleted",
        "meeting.registration_created",
        "meeting.registration_approved",
        "meeting.registration_cancelled",
    }
)


def parse(body: bytes) -> dict[str, Any]:
    """The event in a body of UTF-8 JSON; BadInput BAD_EVENT where it is not strictly that.

    Refused: more than 32 levels, a key twice, NaN and infinities, anything but an object with an event's name.
    """
    try:
        said = json.loads(
            body.decode(), object_pairs_hook=_without_repeats, parse_constant=_refuse, parse_float=_finite
        )
    except (ValueError, RecursionError):
        raise _malformed() from None
    if not isinstance(said, dict) or _deeper_than(said, DEPTH):
        raise _malformed()
    if not isinstance(said.get("event"), str) or EVENT.fullmatch(said["event"]) is None:
        raise _malformed()
    return said


def account_of(said: dict[str, Any]) -> str:
    """The Zoom account that an event is about, or ""."""
    account = _section(said, "payload").get("account_id")
    return account if isinstance(account, str) else ""


def happened_at(said: dict[str, Any]) -> datetime | None:
    """The event's own time (event_ts, Unix milliseconds), where it gives a possible one."""
    stamp = said.get("event_ts")
    if type(stamp) is not int or not 0 <= stamp < 253_402_300_800_000:
        return None
    return datetime.fromtimestamp(stamp // 1000, UTC) + timedelta(milliseconds=stamp % 1000)


def meeting_number(said: dict[str, Any]) -> int | None:
    """The meeting's number, which Zoom writes as text in some events and as a number in others."""
    number = _section(said, "payload", "object").get("id")
    if isinstance(number, bool) or not isinstance(number, int | str):
        return None
    return int(number) if NUMBER.fullmatch(str(number)) else None


def meeting_uuid(said: dict[str, Any]) -> str:
    """The UUID of the meeting instance, or ""."""
    uuid = _section(said, "payload", "object").get("uuid")
    return uuid if isinstance(uuid, str) and UUID.fullmatch(uuid) else ""


def plain_token(said: dict[str, Any]) -> object:
    """What a challenge asks us to sign; its form is judged by whoever signs."""
    return _section(said, "payload").get("plainToken")


def without_secrets(said: Any) -> Any:
    """The same event with secrets cut out by the names of their keys, and the query of every link."""
    if isinstance(said, dict):
        return {k: CUT if SECRET_KEY.fullmatch(k.lower()) else without_secrets(v) for k, v in said.items()}
    if isinstance(said, list):
        return [without_secrets(v) for v in said]
    return WORD.sub(_without_query, said) if isinstance(said, str) and "://" in said else said


def _without_query(word: re.Match[str]) -> str:
    address, mark, _ = word[0].partition("?")
    return f"{address}?{CUT}" if mark and "://" in address else word[0]


def _section(said: dict[str, Any], *names: str) -> dict[str, Any]:
    inner: Any = said
    for name in names:
        inner = inner.get(name) if isinstance(inner, dict) else None
    return inner if isinstance(inner, dict) else {}


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("no number")
    return number


def _refuse(text: str) -> NoReturn:
    raise ValueError("no number")


def _deeper_than(said: Any, levels: int) -> bool:
    if not isinstance(said, dict | list):
        return False
    inner = said.values() if isinstance(said, dict) else said
    return levels == 0 or any(_deeper_than(v, levels - 1) for v in inner)


def _malformed() -> BadInput:
    return BadInput("That is no event of Zoom's.", code="BAD_EVENT")
