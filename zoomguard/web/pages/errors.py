"""Errors as people read them: what happened, what did not, what to do. Nothing of what was asked is repeated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from fastapi import Request
from starlette.responses import RedirectResponse, Response

from zoomguard.web.pages.rendering import render
from zoomguard.web.pages.visitor import COOKIE, NO_SIGN_IN, NOT_OUR_FORM


@dataclass(frozen=True)
class Words:
    """The page of one kind of error."""

    title: str
    happened: str
    not_done: str
    steps: tuple[str, ...]


NOTHING = "Nothing was changed."
AGAIN = "Try again in a few minutes."
BACK = "Go back, load the page again, and repeat."
UNREADABLE = Words("We could not read that", "Something in the request was not as it should be.", NOTHING, (BACK,))
BROKEN = Words(
    "Something went wrong here",
    "It is our fault, not yours.",
    "We cannot say whether your last step was done: look before you repeat it.",
    (AGAIN, "Tell whoever runs the service; its log says where it went wrong."),
)
FULL = Words("The service is busy", "We could not answer just now.", NOTHING, (AGAIN,))
BY_CODE = {
    NOT_OUR_FORM: Words(
        "This form is no longer valid",
        "It was not sent from a page that we showed to you, or you have signed in anew since.",
        NOTHING,
        (BACK,),
    ),
    NO_SIGN_IN: Words(
        "Sign-in is not set up",
        "The pages for staff need a way to sign in, and this service has none yet.",
        "The doors for children and the command line work.",
        ("Use the command line: zoomguard login.", "Ask whoever runs the service."),
    ),
}
BY_STATUS = {
    403: Words(
        "You may not do this",
        "It needs a role that you do not have.",
        NOTHING,
        ("Ask the office or the safeguarding lead to do it.",),
    ),
    404: Words(
        "There is nothing here for you",
        "The address is wrong, it is gone, or it is not yours to see.",
        NOTHING,
        ("Look at the link again, or begin with the page before.",),
    ),
    405: Words("That is not possible here", "This page does not take that.", NOTHING, (BACK,)),
    408: Words("That took too long", "Your request did not arrive in time.", NOTHING, (BACK,)),
    409: Words("It has changed meanwhile", "What you saw is no longer so.", NOTHING, (BACK,)),
    413: Words("That is too large", "We take at most 1 MiB.", NOTHING, ("Send less at once.",)),
    502: Words(
        "Zoom did not answer",
        "Another service that we need failed or could not tell.",
        "We cannot say whether your last step was done: look before you repeat it.",
        (AGAIN, "Do not make a meeting by hand: it would have no second adult and no archive."),
    ),
    503: FULL,
}


def page(request: Request, status: int, code: str, headers: Mapping[str, str] | None = None) -> Response:
    """The page of an error by its code, or by its status where the code has none of its own."""
    otherwise = BROKEN if status >= 500 else UNREADABLE
    words = BY_CODE.get(code) or BY_STATUS.get(status, otherwise)
    staff = COOKIE in request.cookies
    return render(request, "error.html", status, headers=headers, words=words, code=code, staff=staff)


def to_sign_in(request: Request) -> Response:
    """Where somebody must sign in first; back here afterwards if they were only looking."""
    asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    after = asked if request.method == "GET" else "/"
    return RedirectResponse(f"/sign-in?next={quote(after, safe='/')}", 303)
