"""BagIt bags (RFC 8493) as text, and the form of the keys they lie under."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping
from datetime import date, datetime

# Only our own ids and a fixed list of names make a key: no topic, no name, nothing from outside.
NAMES = re.compile(
    r"(bagit\.txt|bag-info\.txt|manifest-sha256\.txt|tagmanifest-sha256\.txt|metadata/recording\.json"
    r"|data/(video|audio|transcript|captions|chat|chat-messages|timeline|summary|poll|thumbnail|other)"
    r"(-\d{1,4})?\.(mp4|m4a|vtt|txt|json|csv|jpg|bin))"
)
KEY = re.compile(r"v1/\d{4}/([0-9A-HJKMNP-TV-Z]{26}|unassigned)/[0-9A-HJKMNP-TV-Z]{26}/b\d{3}/" + NAMES.pattern)
# Under these nothing of the archive is ever kept: what a doctor or a check of ours tried out.
PROBES = ("v1/probe", "v1-probe/")
LINE = re.compile(r"([0-9a-f]{64})  ([\x21-\x7e]+)")
DECLARATION = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
UNASSIGNED = "unassigned"
MARK_NAME = "tagmanifest-sha256.txt"


def prefix(starts_at: datetime, session_id: str | None, recording_id: str, number: int) -> str:
    """The prefix of a bag, with the year of the session in UTC and a closing slash."""
    return f"v1/{starts_at.year:04d}/{session_id or UNASSIGNED}/{recording_id}/b{number:03d}/"


def key(bag_prefix: str, name: str) -> str:
    """The key of a file in a bag; ValueError where it would not have the agreed form."""
    full = bag_prefix + name
    if KEY.fullmatch(full) is None:
        raise ValueError("a key holds only ids of ours and a name from the list")
    return full


def prefix_of(key_in_bag: str) -> str:
    """The prefix of the bag that a key of the agreed form lies in."""
    return "/".join(key_in_bag.split("/", 5)[:5]) + "/"


def place_of(bag_prefix: str) -> tuple[str | None, str, int]:
    """The session (None: unassigned), the recording and the number of the bag under a prefix of the agreed form."""
    _, _, session_id, recording_id, number, _ = bag_prefix.split("/")
    return None if session_id == UNASSIGNED else session_id, recording_id, int(number.removeprefix("b"))


def info(
    recording_id: str, bagged_on: date, payload: Mapping[str, int], organisation: str, number: int, version: str
) -> str:
    """bag-info.txt; `payload` maps paths to sizes in bytes (Payload-Oxum, RFC 8493 §2.2.2)."""
    lines = [
        f"Source-Organization: {_line(organisation)}",
        f"Bagging-Date: {bagged_on.isoformat()}",
        f"External-Identifier: {recording_id}",
        f"Payload-Oxum: {oxum(payload.values())}",
        f"Bag-Group-Identifier: {recording_id}",
        f"Bag-Count: {number} of ?",
        f"Bag-Software-Agent: zoomguard {version}",
    ]
    return "\n".join(lines) + "\n"


def oxum(sizes: Collection[int]) -> str:
    """Bytes and number of the payload's files (RFC 8493 §2.2.2)."""
    return f"{sum(sizes)}.{len(sizes)}"


def manifest(digests: Mapping[str, str]) -> str:
    """A manifest: one line "hex digest, two spaces, path" for each file, sorted by path."""
    return "".join(f"{digests[path]}  {path}\n" for path in sorted(digests))


def manifest_of(content: bytes) -> dict[str, str] | None:
    """The digests by path in a manifest of ours; None where it has another form, or names a path twice."""
    try:
        lines = content.decode().split("\n")
    except UnicodeDecodeError:
        return None
    found = [LINE.fullmatch(line) for line in lines[:-1]]
    if lines[-1] or not all(found):
        return None
    digests = {m[2]: m[1] for m in found if m is not None}
    return digests if len(digests) == len(found) else None


def digest(content: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(content).hexdigest()


def _line(text: str) -> str:
    return " ".join(text.split())
