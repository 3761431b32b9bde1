"""/s/ID: a session: how it stands, the way in for its adults, what may be changed, and why it is allowed."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from zoomguard.application import Application
from zoomguard.application.observers import Observers
from zoomguard.application.session_choices import Choice
from zoomguard.domain.errors import BadInput, ZoomguardError
from zoomguard.web.errors import status_of
from zoomguard.web.pages import commands, my_day, session_acts, staff
from zoomguard.web.pages.notices import TOLD_HERE, Notice, notice_of
from zoomguard.web.pages.rendering import STAFF_CSP
from zoomguard.web.pages.session_acts import ACTS, DONE, Act, Proposal
from zoomguard.web.pages.standing import wall
from zoomguard.web.pages.visitor import SignedFields, Visiting, Visitor
from zoomguard.web.who import App

router = APIRouter(include_in_schema=False)
# Browsers hold the redirect after a form to `form-action` too, and Zoom sends on between hosts of its own.
JOINING = {"sandbox": "form-action 'self' https: http:", "production": "form-action 'self' https:"}
ANSWERS = {"accept": Observers.accept, "decline": Observers.decline}


@router.api_route("/s/{session}", methods=staff.SEE)
def show(request: Request, application: App, visitor: Visiting, session: str) -> Response:
    """The session; for another's and for none the same page that nothing is here."""
    told = DONE.get(request.query_params.get("done", ""), "")
    return Room(request, application, visitor, staff.named(session)).page(told=told)


@router.post("/s/{session}")
def act(request: Request, application: App, visitor: Visiting, session: str, typed: SignedFields) -> Response:
    """What a form of the page asks for, by the name of its button."""
    room, name = Room(request, application, visitor, staff.named(session)), staff.said(typed, "act")
    if name == Choice.ENTER:
        return room.enter()
    if name in ANSWERS:
        return room.answer(name, staff.said(typed, "for"))
    if name not in ACTS:
        raise BadInput("This page has no such form.", "Load it again.", code="BAD_FIELD")
    return room.change(ACTS[name], typed)


@dataclass(frozen=True)
class Room:
    """One session before one visitor."""

    request: Request
    application: Application
    visitor: Visitor
    id: str

    def enter(self) -> Response:
        """The way into the meeting, fetched fresh and shown to nobody else."""
        try:
            return RedirectResponse(self.application.staff_doors.open(self.visitor.who, self.id), 303)
        except TOLD_HERE as error:
            return self._told(error, "You are not in the meeting yet")

    def answer(self, name: str, for_email: str) -> Response:
        """A yes or a no: one's own leads to one's day, for who may be asked sees no more of the session."""
        try:
            outcome, _ = ANSWERS[name](self.application.observers, self.visitor.who, self.id, for_email)
        except TOLD_HERE as error:
            notice = notice_of(error, "The answer was not taken", "It is as it was before.")
            if for_email:
                return self.page(status_of(error), notice=notice)
            return my_day.page(self.request, self.application, self.visitor, status_of(error), notice=notice)
        return RedirectResponse(f"/s/{self.id}?done={outcome}" if for_email else f"/?told={outcome}", 303)

    def change(self, act: Act, typed: FormData) -> Response:
        """Tries a change and shows who would be told; the second press does it."""
        dry_run = staff.said(typed, "step") != "do"
        try:
            answer = act.run(self.application, self.visitor.who, self.id, typed, dry_run)
        except TOLD_HERE as error:
            return self._told(error, act.refused)
        if dry_run and answer.outcome == "possible":
            return self.page(proposal=Proposal(act, answer, session_acts.sent(typed)))
        return RedirectResponse(f"/s/{self.id}?done={session_acts.done(act.name, answer.outcome)}", 303)

    def _told(self, error: ZoomguardError, title: str) -> Response:
        return self.page(status_of(error), notice=notice_of(error, title))

    def page(
        self, status: int = 200, *, notice: Notice | None = None, proposal: Proposal | None = None, told: str = ""
    ) -> Response:
        """The session as it stands now, with what was just tried or done."""
        app, who = self.application, self.visitor.who
        detail, choices = app.sessions.show(who, self.id), app.session_choices.of(who, self.id)
        return staff.page(
            self.request,
            self.visitor,
            "session.html",
            status,
            headers={"Content-Security-Policy": f"{STAFF_CSP.rpartition(';')[0]}; {JOINING[app.environment]}"},
            session=detail.session,
            why=tuple(reversed(detail.why)),
            elsewhere=detail.elsewhere,
            may={choice.value for choice in choices},
            door=app.staff_doors.look(who, self.id),
            offers=app.lesson_offers.offers(who) if Choice.OBSERVER in choices else None,
            notice=notice,
            proposal=proposal,
            told=told,
            start=wall(detail.session),
            commands=commands.of_session(detail.session, wall(detail.session)),
        )
