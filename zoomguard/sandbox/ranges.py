"""Files as the CDN gives them: whole or in ranges (RFC 9110, 13.1.5 and 14), and as faults leave that."""

import re
from collections.abc import Callable
from dataclasses import replace

from zoomguard.sandbox.faults import Fault, Faults
from zoomguard.sandbox.media import Medium, again
from zoomguard.sandbox.wire import Answer, Ask
from zoomguard.sandbox.zoom_state import RecordingFile

HASHED_UP_TO_BYTES = 32_000_000
STALLS_FOR_S = 600


def delivered(faults: Faults, ask: Ask, file: RecordingFile) -> Answer:
    """The file, or what a fault makes of it."""
    asked = ask.headers.get("range", "")
    changed = goes_on(asked) and faults.take("etag_changed", ask.method, ask.path)
    if changed:
        file.medium = again(file.medium)
    if asked and faults.take("range_ignored", ask.method, ask.path):
        headers = {name: text for name, text in ask.headers.items() if name != "range"}
        return replace(ranged(replace(ask, headers=headers), file.medium), fault="range_ignored")
    answer = ranged(ask, file.medium)
    if answer.status == 206 and faults.take("range_wrong", ask.method, ask.path):
        return _elsewhere(asked, file.medium)
    answer = _interrupted(faults, ask, answer)
    return replace(answer, fault="etag_changed") if changed and not answer.fault else answer


def ranged(ask: Ask, medium: Medium) -> Answer:
    """A file, whole or the one range that was asked for: 200, 206 or 416.

    Its ETag is strong. With an If-Range that is not the ETag the range is as if it had not been asked for.
    """
    headers, size = _headers(medium), medium.size_bytes
    span = _span(ask.headers.get("range", ""), size)
    if span is None or ask.headers.get("if-range", headers["ETag"]) != headers["ETag"]:
        return Answer(200, headers=headers, read=medium.read, length=size)
    start, stop = span
    if start >= stop:
        return Answer(416, headers=headers | {"Content-Range": f"bytes */{size}"})
    return _part(medium, start, stop)


def goes_on(asked: str) -> bool:
    """Whether this Range is of one who has the beginning already."""
    return re.fullmatch(r"bytes=0*[1-9]\d*-\d*", asked) is not None


def _elsewhere(asked: str, medium: Medium) -> Answer:
    """206 with a range that nobody asked for: it begins half-way to the one that was, or a byte after 0."""
    start, stop = _span(asked, medium.size_bytes) or (0, medium.size_bytes)
    return replace(_part(medium, start // 2 if start else 1, stop), fault="range_wrong")


def _interrupted(faults: Faults, ask: Ask, answer: Answer) -> Answer:
    for name in ("truncated", "stalled"):
        fault: Fault | None = faults.take(name, ask.method, ask.path) if answer.size_bytes else None
        if fault:
            cut_after = int(fault.more.get("after_bytes", answer.size_bytes // 2))
            stall_s = float(fault.more.get("for_s", STALLS_FOR_S)) if name == "stalled" else 0.0
            return replace(answer, cut_after=cut_after, stall_s=stall_s, fault=name)
    return answer


def _headers(medium: Medium) -> dict[str, str]:
    size = medium.size_bytes
    tag = medium.sha256()[:32] if size < HASHED_UP_TO_BYTES else f"{size}-{medium.kind}-{medium.edition}"
    return {"Content-Type": medium.content_type, "Accept-Ranges": "bytes", "ETag": f'"{tag}"'}


def _part(medium: Medium, start: int, stop: int) -> Answer:
    headers = _headers(medium) | {"Content-Range": f"bytes {start}-{stop - 1}/{medium.size_bytes}"}
    return Answer(206, headers=headers, read=_shifted(medium, start), length=stop - start)


def _span(asked: str, size: int) -> tuple[int, int] | None:
    """First byte and the one after the last, of the one range that is asked for; None where none is."""
    match = re.fullmatch(r"bytes=(\d*)-(\d*)", asked)
    if not match or not any(match.groups()):
        return None
    first, last = match.groups()
    if not first:
        return max(0, size - int(last)), size
    return int(first), min(int(last) + 1, size) if last else size


def _shifted(medium: Medium, offset: int) -> Callable[[int, int], bytes]:
    return lambda start, stop: medium.read(offset + start, offset + stop)
