"""/messages: what was written to families and staff, what came of it, and sending it once more."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from zoomguard.application import Application, access
from zoomguard.application.message_desk import MOST, RELEASING
from zoomguard.domain.errors import NotThere
from zoomguard.domain.messages import TOO_LATE, MessageView, Template
from zoomguard.domain.office_hours import OUTSIDE_HOURS, TZ_EXCEPTION
from zoomguard.domain.people import Who
from zoomguard.web.errors import status_of
from zoomguard.web.pages import staff
from zoomguard.web.pages.notices import TOLD_HERE, Notice, notice_of
from zoomguard.web.pages.visitor import SignedFields, Visiting, Visitor
from zoomguard.web.pages.words import plain, when
from zoomguard.web.who import App

router = APIRouter(include_in_schema=False)
T = Template
WHAT: dict[str, str] = {
    T.INVITATION: "invitation",
    T.CHANGE: "change of a lesson",
    T.CANCELLATION: "cancellation",
    T.LEFT_OUT: "leaving the roster",
    T.REMINDER: "reminder",
    T.TEACHING: "lesson to teach",
    T.ASK: "question to observe",
    T.ON: "lesson to observe",
    T.OFF: "lesson no longer to observe",
    T.COVERED: "no longer needed as observer",
    T.REASSIGNED: "lesson given to another teacher",
    T.OBSERVER_MISSING: "alarm: nobody observes",
    T.AT_RISK: "alarm: lesson at risk",
    T.NOT_CREATED: "lesson not made",
    T.DAY_SHEET: "day sheet",
    T.INCIDENT: "alarm: incident",
}
HOURS = {
    OUTSIDE_HOURS: "Children are written to in office hours and by day at home.",
    TZ_EXCEPTION: "No hour is good in both zones: the nearest is taken.",
}
# What came of a try at the mail server.
TRIES = {
    "accepted": "taken",
    "refused": "refused for good",
    "failed": "not taken",
    "unknown": "not known whether it was taken",
    "withheld": "held back",
}
AGAIN, RELEASE = "Send again", "Let it go"
LAST_TRY_FAILED = ("failed", "unknown")


@dataclass(frozen=True)
class Standing:
    """`kind`, `icon` and `words` of the chip, and the sentence that says why."""

    kind: str
    icon: str
    words: str
    why: str


HELD = Standing("warn", "hand", "Waits for a person", "Somebody typed a sentence in it. {}")
RELEASED_BY = "A monitor, the safeguarding lead or a deputy lets it go."
WAITS = Standing("idle", "clock", "Waits", "")
TRYING = Standing("warn", "clock", "Not taken yet", "The mail server has not taken it. It is tried again by itself.")
ON_ITS_WAY = Standing("unknown", "clock", "On its way", "It goes by itself.")
BOUNCED = Standing(
    "stop", "stop", "Bounced", "The mail server refused it. Look at the address on record, then send it again."
)
DROPPED = Standing("idle", "norec", "Dropped", "What it says no longer holds.")
TOO_LATE_NOW = Standing("idle", "norec", "Dropped", "The lesson was over before it could leave.")
WITHHELD = Standing("idle", "norec", "Dropped", "This person may not be written to.")


@dataclass(frozen=True)
class Line:
    """A message as the page shows it; `act` is the button's word, "" where nothing can be done."""

    view: MessageView
    act: str

    @property
    def what(self) -> str:
        """Which words of ours it has."""
        return WHAT.get(self.view.template, plain(self.view.template))

    @property
    def to(self) -> str:
        """To whom: as what, and by reference."""
        return f"{self.view.audience} {self.view.to_reference}".strip()

    @property
    def waits(self) -> bool:
        """Whether it waits for an hour at which its reader may be written to."""
        return self.standing is WAITS

    @property
    def standing(self) -> Standing:
        """How it stands."""
        return _standing(self.view)

    @property
    def why(self) -> str:
        """Why it stands so."""
        if self.standing is HELD:
            return HELD.why.format("" if self.act else RELEASED_BY).strip()
        return HOURS[self.view.reason] if self.waits else self.standing.why

    @property
    def tries(self) -> str:
        """What came of the tries so far, where that says more than the state."""
        outcomes = [TRIES.get(one, one) for one in self.view.tries if one != "trying"]
        said = len(outcomes) == 1 and (self.view.state in ("sent", "bounced") or self.standing is TRYING)
        return "" if said else ", ".join(outcomes)


def _standing(view: MessageView) -> Standing:
    if view.state == "sent":
        return Standing("ok", "ok", "Sent", "")
    if view.state == "bounced":
        return BOUNCED
    if view.state == "dropped":
        return TOO_LATE_NOW if view.reason == TOO_LATE else WITHHELD if "withheld" in view.tries else DROPPED
    if view.awaits:
        return HELD
    if view.tries and view.tries[-1] in LAST_TRY_FAILED:
        return TRYING
    return WAITS if view.reason in HOURS else ON_ITS_WAY


def _line(view: MessageView, who: Who) -> Line:
    if not access.may(who, "messages.resend"):
        return Line(view, "")
    if view.state == "queued" and view.awaits and who.has(*RELEASING):
        return Line(view, RELEASE)
    return Line(view, AGAIN if view.state in ("sent", "bounced") else "")


@router.api_route("/messages", methods=staff.SEE)
def show(request: Request, application: App, visitor: Visiting) -> Response:
    """All messages, or those about one lesson; `done` names the one that was just sent once more."""
    asked = request.query_params
    return Desk(request, application, visitor, staff.said(asked, "session")).page(done=staff.said(asked, "done"))


@router.post("/messages/{message}")
def resend(request: Request, application: App, visitor: Visiting, message: str, typed: SignedFields) -> Response:
    """Sends a message once more, or lets go one that waits for somebody."""
    desk = Desk(request, application, visitor, staff.said(typed, "session"))
    try:
        view = application.messages.resend(visitor.who, staff.named(message))
    except TOLD_HERE as error:
        return desk.page(status_of(error), notice=notice_of(error, "Not sent again"))
    filtered = {"session": desk.session} if desk.session else {}
    return RedirectResponse(f"/messages?{urlencode({**filtered, 'done': view.id})}", 303)


@dataclass(frozen=True)
class Desk:
    """The messages before one visitor; `session` is what was typed to see those of one lesson."""

    request: Request
    application: Application
    visitor: Visitor
    session: str

    def page(self, status: int = 200, *, notice: Notice | None = None, done: str = "") -> Response:
        """The messages as they stand now; an unknown lesson is told above an empty list."""
        views: tuple[MessageView, ...] = ()
        who, known = self.visitor.who, True
        try:
            views = self.application.messages.list(who, self.session)
        except NotThere as error:
            known, status = False, status_of(error)
            notice = notice or notice_of(error, "No such lesson", "No messages are shown.")
        lines = [_line(view, who) for view in views]
        session = views[0].session if views and self.session else self.session.upper()
        return staff.page(
            self.request,
            self.visitor,
            "messages.html",
            status,
            here="/messages",
            lines=lines,
            session=session,
            known=known,
            most=MOST,
            notice=notice,
            told=self._told(next((line for line in lines if line.view.id == done), None)),
            commands=_commands(lines, session if known else ""),
        )

    def _told(self, line: Line | None) -> str:
        """What came of sending it once more, as it is by now."""
        if line is None or line.view.state not in ("queued", "sent"):
            return ""
        if line.waits:
            until = when(line.view.not_before_at, self.application.installation.terms.zone)
            return f"It leaves on {until}: {line.what} to {line.to}."
        return f"{'On its way' if line.view.state == 'queued' else 'It has left'}: {line.what} to {line.to}."


def _commands(lines: Iterable[Line], session: str) -> tuple[str, str]:
    """Those that do the same; the second names what needs somebody most."""
    offered = [line for line in lines if line.act]
    first = min(offered, key=lambda line: (line.act != RELEASE, line.view.state != "bounced"), default=None)
    about = f" --session {shlex.quote(session)}" if session else ""
    return f"zoomguard messages list{about}", f"zoomguard messages resend {first.view.id if first else 'ID'}"
