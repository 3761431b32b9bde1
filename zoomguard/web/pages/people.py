"""/people: who is on the staff, whether somebody is ready for a lesson, and shutting out who leaves."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from zoomguard.application import Application, access
from zoomguard.domain.errors import BadInput, Conflict, OutsideFailed, ZoomguardError
from zoomguard.domain.findings import Outcome
from zoomguard.domain.people import Who
from zoomguard.domain.people_files import PersonView
from zoomguard.domain.staffing import Left, Readiness
from zoomguard.web.errors import status_of
from zoomguard.web.pages import commands, staff
from zoomguard.web.pages.notices import NOTHING, Notice, notice_of
from zoomguard.web.pages.visitor import SignedFields, Visiting, Visitor
from zoomguard.web.who import App

router = APIRouter(include_in_schema=False)
NOT_CHECKED = "Nobody was checked, and nothing was changed."
# What came of the second press: told only where the person is shut out by then.
DONE = {
    "deactivated": "This person is shut out.",
    "unchanged": "This person was shut out already. Nothing was changed.",
}
# Each point of a check: what it asks.
CHECKS = {
    "active": "Staff list",
    "organisation_account": "Address",
    "role": "Role",
    "training": "Training",
    "dbs": "DBS check",
    "policy_ack": "Policy",
    "zoom_account": "Account at Zoom",
    "zoom_licence": "Licence at Zoom",
    "zoom_sign_in": "Sign-in at Zoom",
}
# How a point is shown: kind, icon, words.
LOOKS = {
    Outcome.PASS: ("ok", "ok", "OK"),
    Outcome.FAIL: ("stop", "stop", "Put this right"),
    Outcome.UNKNOWN: ("unknown", "unknown", "Could not tell"),
}


@router.api_route("/people", methods=staff.SEE)
def show(request: Request, application: App, visitor: Visiting) -> Response:
    """The staff, and the check of one address."""
    office, asked = Office(request, application, visitor), request.query_params
    email = staff.said(asked, "email")
    return office.check(email, staff.said(asked, "done")) if email else office.page(Answer())


@router.post("/people")
def deactivate(request: Request, application: App, visitor: Visiting, typed: SignedFields) -> Response:
    """The first press says which lessons would need somebody else, the second shuts the person out."""
    office, dry_run = Office(request, application, visitor), staff.said(typed, "step") != "do"
    return office.deactivate(staff.said(typed, "email"), dry_run=dry_run)


@dataclass(frozen=True)
class Answer:
    """What is known of one address: the check, which lessons name its person, and why nobody may shut it out."""

    email: str = ""
    found: Readiness | None = None
    left: Left | None = None
    kept: str = ""
    notice: Notice | None = None


@dataclass(frozen=True)
class Office:
    """The staff before one visitor."""

    request: Request
    application: Application
    visitor: Visitor

    def check(self, email: str, done: str) -> Response:
        """Whether somebody is ready, and to those who may shut people out what is left of a leaver."""
        found, notice, status = None, None, 200
        try:
            found = self.application.staffing.check(self.visitor.who, email)
        except BadInput as error:
            return self.told(email, error, "Not checked", NOT_CHECKED)
        except OutsideFailed as error:
            # Zoom's silence keeps nobody from being shut out.
            notice, status = notice_of(error, "Not checked", NOT_CHECKED), status_of(error)
        email = found.email if found else email
        left, kept = self._would_leave(email)
        told = DONE.get(done, "") if left and left.outcome == "unchanged" else ""
        return self.page(Answer(email, found, left, kept, notice), status, told=told)

    def deactivate(self, email: str, *, dry_run: bool) -> Response:
        """Previews it, or does it and leads to what is left."""
        try:
            left = self.application.staffing.deactivate(self.visitor.who, email, dry_run=dry_run)
        except (BadInput, Conflict) as error:
            return self.told(email, error, "Not shut out")
        if left.outcome == "possible":
            return self.page(Answer(email), proposal=left)
        return RedirectResponse(f"/people?{urlencode({'email': email, 'done': left.outcome})}", 303)

    def _would_leave(self, email: str) -> tuple[Left | None, str]:
        """The lessons that name somebody; for who cannot be shut out none and the reason. Changes nothing."""
        if not access.may(self.visitor.who, "people.deactivate"):
            return None, ""
        try:
            return self.application.staffing.deactivate(self.visitor.who, email, dry_run=True), ""
        except Conflict as error:
            return None, f"{error.message} {error.remedy}"

    def told(self, email: str, error: ZoomguardError, title: str, not_done: str = NOTHING) -> Response:
        """The page with what stood in the way."""
        return self.page(Answer(email, notice=notice_of(error, title, not_done)), status_of(error))

    def page(self, answer: Answer, status: int = 200, *, proposal: Left | None = None, told: str = "") -> Response:
        """The page; whoever may neither see nor check the staff gets none."""
        return staff.page(
            self.request,
            self.visitor,
            "people.html",
            status,
            here="/people",
            people=self._people(),
            may_check=access.may(self.visitor.who, "people.check"),
            answer=answer,
            proposal=proposal,
            told=told,
            points=CHECKS,
            looks=LOOKS,
            commands=_commands(self.visitor.who, answer, answer.left or proposal),
        )

    def _people(self) -> tuple[PersonView, ...] | None:
        """All staff, or None for those who check single addresses only."""
        who = self.visitor.who
        if access.may(who, "people.see"):
            return self.application.people.list(who)
        access.require(who, "people.check")
        return None


def _commands(who: Who, answer: Answer, left: Left | None) -> tuple[str, ...]:
    """What the page does, and the next step after a leaver, as far as the visitor may."""
    email = shlex.quote(answer.email) if answer.found or left else "EMAIL"
    lines = (
        ("people.see", "people list"),
        ("people.check", f"people check {email}"),
        ("people.deactivate", f"people deactivate {email} --dry-run"),
        ("people.deactivate", f"people deactivate {email}"),
    )
    said = tuple(commands.line(words, ()) for act, words in lines if access.may(who, act))
    return said + (_instead(email, left) if left else ())


def _instead(email: str, left: Left) -> tuple[str, ...]:
    taught = any(s.teacher == left.email for s in left.sessions)
    observed = [s.short_id for s in left.sessions if s.observer == left.email]
    reassign = (commands.line("sessions reassign", (f"--teacher {email}", "--to EMAIL")),) * taught
    return reassign + (commands.line("sessions replace-observer", (*observed, "--pool")),) * bool(observed)
