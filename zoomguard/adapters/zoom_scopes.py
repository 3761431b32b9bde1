"""What the Zoom app must be allowed to do: its granular scopes, and what each is for.

https://developers.zoom.us/docs/integrations/oauth-scopes-granular/
Zoom takes scopes away from an app without a word when the role of whoever made it is lowered.
"""

from __future__ import annotations

from collections.abc import Iterable

NEEDED = {
    "meeting:write:meeting:admin": "creates a lesson's meeting",
    "meeting:read:meeting:admin": "reads it back",
    "meeting:read:list_meetings:admin": "finds a meeting whose creation was not answered",
    "meeting:update:meeting:admin": "puts settings back; moves it",
    "meeting:delete:meeting:admin": "takes it away",
    "meeting:update:status:admin": "ends it",
    "meeting:write:registrant:admin": "registers a child",
    "meeting:write:batch_registrants:admin": "registers a class",
    "meeting:read:list_registrants:admin": "reads who is registered",
    "meeting:update:registrant_status:admin": "takes a child or a stranger off",
    "user:read:user:admin": "looks up staff and their licence",
    "user:read:settings:admin": "reads what a host's own settings allow",
    "meeting:read:list_past_instances:admin": "finds out whether a lesson was held",
    "meeting:read:list_past_participants:admin": "finds out whether anybody came to it",
    "cloud_recording:read:list_user_recordings:admin": "finds recordings",
    "cloud_recording:read:list_recording_files:admin": "reads and downloads their files",
}


def missing(granted: Iterable[str]) -> tuple[str, ...]:
    """Those that are needed and not granted, in order; none for an app of before 2024, whose scopes are the classic
    ones ("meeting:write:admin") and cannot be compared."""
    known = frozenset(granted)
    if known and all(scope.count(":") < 3 for scope in known):
        return ()
    return tuple(scope for scope in NEEDED if scope not in known)
