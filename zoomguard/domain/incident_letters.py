"""The letter by which the leads hear of incidents: what was found, about which lesson or recording, what to do.

It holds ids, the course and the time of a lesson; no child's name, no topic, no key of the bucket.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from zoomguard.domain.incidents import WORDS, IncidentKind
from zoomguard.domain.letter_words import Written, joined, wrapped
from zoomguard.domain.times import spoken

# So many are named; the others are counted, and stand on the page.
NAMED = 10
RULE = "It stays open until somebody says how it was settled. Nobody settles what is about a lesson of their own."


@dataclass(frozen=True)
class Found:
    """An incident in a letter; `course` and `starts_at` where the session is on record, "" and None where it is not."""

    short_id: str
    found_at: datetime
    session: str = ""
    course: str = ""
    starts_at: datetime | None = None
    recording: str = ""


def letter(organisation: str, kind: IncidentKind, found: Sequence[Found], count: int, zone: str, url: str) -> Written:
    """Subject and text about `count` incidents of one kind, of which `found` are the oldest, at most NAMED; `url` is
    the page of all incidents."""
    words, one = WORDS[kind], found[0]
    if count == 1:
        subject, facts = f"Incident {one.short_id}: {brief(kind)}", _facts(one, zone)
        first, look, name = words.title, f"{url}/{one.short_id}", one.short_id
    else:
        subject, facts = f"{count} incidents: {brief(kind)}", _several(found, count, zone)
        first, look, name = f"This was found {count} times: {words.title}", url, "ID"
    parts = [
        wrapped(f"{first}."),
        facts,
        wrapped(f"What to do: {words.remedy}"),
        f"Look at it here (you sign in first):\n\n  {look}",
        f"Or as commands:\n\n  zoomguard incidents show {name}\n  zoomguard incidents close {name} --note TEXT",
        wrapped(RULE),
    ]
    return subject, joined(["Hello,", *parts, organisation])


def brief(kind: IncidentKind) -> str:
    """A kind in few words: a header of more than 78 characters is folded, and shown oddly by some (RFC 5322, 2.1.1)."""
    return WORDS[kind].short or WORDS[kind].title


def _facts(one: Found, zone: str) -> str:
    lines = [
        f"  Incident:   {one.short_id}",
        f"  Found:      {spoken(one.found_at, zone)}",
        f"  Lesson:     {one.course} ({one.session})" if one.course else "",
        f"  When:       {spoken(one.starts_at, zone)}" if one.starts_at else "",
        f"  Lesson:     {one.session}" if one.session and not one.course else "",
        f"  Recording:  {one.recording}" if one.recording else "",
    ]
    return "\n".join(line for line in lines if line)


def _several(found: Sequence[Found], count: int, zone: str) -> str:
    lines = [f"  {one.short_id}  {_about(one, zone)}".rstrip() for one in found]
    return "\n".join([*lines, *([f"  and {count - len(found)} more"] if count > len(found) else [])])


def _about(one: Found, zone: str) -> str:
    """The lesson, else the recording, else nothing but the incident's own id."""
    if one.course and one.starts_at:
        return f"{one.course} ({one.session}), {spoken(one.starts_at, zone)}"
    return f"lesson {one.session}" if one.session else f"recording {one.recording}" if one.recording else ""
