"""Finds the meeting of the make-believe Zoom that belongs to a session of ours."""

import re

from zoomguard.sandbox.zoom_state import Meeting, ZoomState


class NoSuchSession(LookupError):
    """No meeting of this sandbox bears the mark of the session that was asked for."""


def meeting_of(state: ZoomState, session: str) -> Meeting:
    """By meeting number, by our mark in the agenda, or by the short id in the topic; the latest one.

    ValueError for what is none of these, NoSuchSession where nothing fits. A topic that was changed since
    still counts as it was.
    """
    if not re.fullmatch(r"[A-Za-z0-9-]{4,64}", session):
        raise ValueError("session is an id, a short id or a meeting number")
    state.catch_up()
    mark = re.compile(rf"zg:[^:\s]+:{re.escape(session)}:\S+", re.IGNORECASE)
    word = re.compile(rf"(?<![\w-]){re.escape(session)}(?![\w-])", re.IGNORECASE)
    found = [
        one
        for one in state.meetings.values()
        if not one.deleted
        and (
            session == str(one.number)
            or mark.match(one.fields["agenda"])
            or word.search(f"{one.fields['topic']}\n{one.first_topic}")
        )
    ]
    if not found:
        raise NoSuchSession(session)
    return max(found, key=lambda one: one.created_at)
