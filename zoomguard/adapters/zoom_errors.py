"""What Zoom's refusals mean to us: one table.

Zoom's number and the HTTP status are independent of each other (developers.zoom.us/docs/api/errors). Zoom's
own sentences hold addresses of people and are never passed on; only names of scopes and fields are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from zoomguard.domain.errors import OutcomeUnknown, OutsideFailed

SCOPES = re.compile(r"scopes?\s*:?\s*\[([^\]]{1,2000})\]")
SCOPE = re.compile(r"[a-z_]+(?::[a-z_]+){1,4}")
FIELD = re.compile(r"[A-Za-z0-9_.\[\]]{1,60}")
LOOK = "zoomguard looks whether it happened before it tries again."
AGAIN = "Try again later."
ASK_ADMIN = "Ask the Zoom administrator to allow it, or check the plan."


@dataclass(frozen=True)
class Row:
    """Zoom's number, HTTP status (None: any) and a text in its message, and what that is to us."""

    number: int | None
    status: int | None
    code: str
    permanent: bool
    message: str
    remedy: str
    text: str = ""


_CREDENTIALS = ("ZOOM_CREDENTIALS", True, "Zoom does not accept the client id or secret.")
_SCOPES = ("ZOOM_SCOPES", True, "The Zoom app lacks scopes.", "Add them to the app and activate it again.")
_TOKEN = ("ZOOM_TOKEN", False, "Zoom does not accept a fresh token.", "Check that the Zoom app is activated.")
_NOT_PERMITTED = ("ZOOM_NOT_PERMITTED", True, "Zoom does not permit this to the account.", ASK_ADMIN)
_NO_USER = ("ZOOM_NO_USER", True, "Zoom does not know this user in the account.", "Check the e-mail address.")
_NO_MEETING = ("ZOOM_NO_MEETING", True, "Zoom has no such meeting.", "Look whether it was deleted.")
_OBSERVER = (
    "ZOOM_ALTERNATIVE_HOST",
    True,
    "Zoom does not take the observer as an alternative host.",
    "The observer must be active and licensed in the same Zoom account.",
)
_BAD_REQUEST = (
    "ZOOM_REFUSED_REQUEST",
    True,
    "Zoom calls the request invalid.",
    "Report it: a defect of ours.",
)
# A page's token lives fifteen minutes; Zoom gives its end the number of every invalid request.
PAGE_TOKEN = "ZOOM_PAGE_TOKEN"
_PAGE_TOKEN = (PAGE_TOKEN, False, "Zoom let a list end before all of its pages were read.", AGAIN)
_UNAVAILABLE = ("ZOOM_UNAVAILABLE", False, "Zoom has an error of its own.", AGAIN)

# The first row that fits holds: Zoom's numbers first, then HTTP statuses for answers without a known number.
TABLE: tuple[Row, ...] = (
    Row(None, 500, *_UNAVAILABLE),
    Row(None, 502, *_UNAVAILABLE),
    Row(None, 503, *_UNAVAILABLE),
    Row(None, 504, *_UNAVAILABLE),
    Row(200, None, *_CREDENTIALS, "Check ZOOM_CLIENT_ID and ZOOM_CLIENT_SECRET.", "api key or secret"),
    Row(4711, None, *_SCOPES),
    Row(4700, None, *_SCOPES, "scopes"),
    Row(4700, None, *_TOKEN),
    Row(124, None, *_TOKEN),
    Row(4741, None, *_TOKEN),
    Row(200, None, *_NOT_PERMITTED),
    Row(403, None, *_NOT_PERMITTED),
    Row(2305, None, *_NOT_PERMITTED),
    Row(4400, None, *_NOT_PERMITTED),
    Row(4501, None, *_NOT_PERMITTED),
    Row(1001, None, *_NO_USER),
    Row(1010, None, *_NO_USER),
    Row(1113, None, *_OBSERVER),
    Row(1114, None, *_OBSERVER),
    Row(1115, None, *_OBSERVER),
    Row(3001, None, *_NO_MEETING),
    Row(3000, None, "ZOOM_REFUSED_HERE", True, "Zoom refuses this for that meeting or user.", ASK_ADMIN),
    Row(3161, None, "ZOOM_HOST_MAY_NOT", True, "Zoom does not let this host schedule meetings.", ASK_ADMIN),
    Row(3301, None, "ZOOM_NO_RECORDING", False, "Zoom has no recording of this meeting (yet).", AGAIN),
    Row(3309, None, "ZOOM_STORAGE_FULL", True, "The account's cloud storage is full.", "Make room in it."),
    Row(3310, None, "ZOOM_RECORDING_IN_USE", True, "A webinar uses this recording.", "End that use first."),
    Row(12702, None, "ZOOM_TOO_OLD", True, "Zoom tells nothing older than a year.", "There is no remedy."),
    Row(300, None, *_PAGE_TOKEN, "page token"),
    Row(300, None, *_BAD_REQUEST),
    Row(None, 401, *_TOKEN),
    Row(None, 403, *_NOT_PERMITTED),
    Row(
        None,
        404,
        "ZOOM_NOT_FOUND",
        True,
        "Zoom does not know this address.",
        "Check ZOOM_API_URL and the plan.",
    ),
    Row(None, 408, *_UNAVAILABLE),
    Row(None, 400, *_BAD_REQUEST),
)
OTHER = Row(None, None, "ZOOM_ANSWER", False, "Zoom answered in a way that is not understood.", AGAIN)


def refusal(status: int, document: Mapping[str, object], *, changes: bool) -> OutsideFailed:
    """The error for an answer of 4xx or 5xx. For a change, a 5xx or 408 may have come after the deed."""
    if changes and (status >= 500 or status == 408):
        return OutcomeUnknown(f"Zoom answered {status}: it may or may not have happened.", LOOK)
    number, said = _number(document), str(document.get("message", ""))
    row = _row(status, number, said)
    detail = _missing_scopes(said) if row.code == "ZOOM_SCOPES" else _fields(document)
    origin = f"Zoom {status}/{number}" if number is not None else f"HTTP {status}"
    message = f"{row.message} ({origin}{'; ' + detail if detail else ''})"
    return OutsideFailed(message, row.remedy, code=row.code, permanent=row.permanent)


def unusable(status: int, *, changes: bool) -> OutsideFailed:
    """The error for an answer that cannot be read as what Zoom would say."""
    if changes:
        return OutcomeUnknown(f"Zoom's answer ({status}) cannot be read.", LOOK)
    return OutsideFailed(f"Zoom's answer ({status}) cannot be read.", AGAIN, code="ZOOM_ANSWER")


def is_stale_token(status: int, document: Mapping[str, object]) -> bool:
    """Whether a fresh token would help: 124, 4741 (revoked), or a bare 401."""
    number = _number(document)
    return number in (124, 4741) or (status == 401 and number is None)


def _row(status: int, number: int | None, said: str) -> Row:
    if status >= 500:
        return next((row for row in TABLE if row.status == status), TABLE[0])
    for row in TABLE:
        fits = row.number == number if row.number is not None else row.status == status
        if fits and row.text in said.lower():
            return row
    return _BY_KIND if 400 <= status < 500 else OTHER


_BY_KIND = Row(None, None, *_BAD_REQUEST)


def _number(document: Mapping[str, object]) -> int | None:
    number = document.get("code")
    return number if isinstance(number, int) and not isinstance(number, bool) else None


def _missing_scopes(said: str) -> str:
    match = SCOPES.search(said)
    return ", ".join(sorted(set(SCOPE.findall(match[1])))) if match else ""


def _fields(document: Mapping[str, object]) -> str:
    errors = document.get("errors")
    names = [e.get("field") for e in errors if isinstance(e, Mapping)] if isinstance(errors, list) else []
    return ", ".join(sorted({n for n in names if isinstance(n, str) and FIELD.fullmatch(n)})[:10])
