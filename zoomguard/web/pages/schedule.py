"""/schedule: a lesson, or a weekly series, asked for in two steps: first what the rules say, then it is done."""

from __future__ import annotations

from dataclasses import dataclass, replace

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from zoomguard.application import Application
from zoomguard.application.lesson_offers import Rehearsal
from zoomguard.domain.batches import BatchView
from zoomguard.domain.errors import ZoomguardError
from zoomguard.domain.times import a_day
from zoomguard.web.errors import status_of
from zoomguard.web.pages import commands, lesson_form, staff
from zoomguard.web.pages.lesson_form import LessonForm
from zoomguard.web.pages.notices import TOLD_HERE, Notice, notice_of
from zoomguard.web.pages.visitor import SignedFields, Visiting, Visitor
from zoomguard.web.who import App

router = APIRouter(include_in_schema=False)
NOT_SCHEDULED = "Not scheduled"
NOT_CHECKED = "That cannot be asked like this"


@router.api_route("/schedule", methods=staff.SEE)
def form(request: Request, application: App, visitor: Visiting) -> Response:
    """The form; a link may fill it in."""
    desk = Desk(request, application, visitor)
    offers, like = application.lesson_offers.offers(visitor.who), staff.said(request.query_params, "like")
    pattern = application.sessions.show(visitor.who, like).session if like else None
    return desk.page(lesson_form.of_link(request.query_params, desk.zone, offers.minutes, pattern))


@router.post("/schedule")
def ask(request: Request, application: App, visitor: Visiting, typed: SignedFields) -> Response:
    """The first press checks, the second schedules."""
    desk = Desk(request, application, visitor)
    lesson = lesson_form.of_form(typed, desk.zone)
    if staff.said(typed, "step") == "schedule":
        return desk.schedule(lesson)
    return desk.check(replace(lesson, key=""))


@dataclass(frozen=True)
class Desk:
    """Where one visitor asks for lessons."""

    request: Request
    application: Application
    visitor: Visitor

    @property
    def zone(self) -> str:
        """The college's."""
        return self.application.installation.terms.zone

    def check(self, lesson: LessonForm) -> Response:
        """What the rules say; nothing is written anywhere."""
        try:
            if lesson.until:
                return self.page(lesson, batch=self._series(lesson, dry_run=True))
            found = self.application.lesson_offers.rehearse(self.visitor.who, lesson.ask(dry_run=True))
        except TOLD_HERE as error:
            return self._told(lesson, error, NOT_CHECKED)
        return self.page(lesson, 422 if found.findings else 200, rehearsal=found)

    def schedule(self, lesson: LessonForm) -> Response:
        """Does it, and leads to what came of it."""
        try:
            if lesson.until:
                return RedirectResponse(f"/batches/{self._series(lesson, dry_run=False).id}", 303)
            answer = self.application.sessions.schedule(self.visitor.who, lesson.ask(dry_run=False))
        except TOLD_HERE as error:
            return self._told(lesson, error, NOT_SCHEDULED)
        made = answer.session.short_id if answer.session else ""
        return RedirectResponse(f"/s/{made}?done=schedule-{answer.outcome}", 303)

    def _series(self, lesson: LessonForm, *, dry_run: bool) -> BatchView:
        asked = lesson.ask(dry_run=dry_run)
        # The series has the key: each of its lessons has one of its own.
        asked, key = replace(asked, key="", dry_run=False), asked.key
        batches, until_on = self.application.batches, a_day(lesson.until)
        return batches.submit_series(self.visitor.who, asked, until_on, key, dry_run=dry_run)

    def _told(self, lesson: LessonForm, error: ZoomguardError, title: str) -> Response:
        notice = notice_of(error, title)
        return self.page(lesson if notice.again else replace(lesson, key=""), status_of(error), notice=notice)

    def page(
        self,
        lesson: LessonForm,
        status: int = 200,
        *,
        rehearsal: Rehearsal | None = None,
        batch: BatchView | None = None,
        notice: Notice | None = None,
    ) -> Response:
        """The form with what is known of it so far."""
        typed = replace(lesson, minutes=lesson.minutes if lesson.minutes.isdecimal() else "")
        return staff.page(
            self.request,
            self.visitor,
            "schedule.html",
            status,
            form=lesson,
            offers=self.application.lesson_offers.offers(self.visitor.who),
            rehearsal=rehearsal,
            batch=batch,
            notice=notice,
            commands=(commands.schedule(typed.ask(dry_run=True), lesson.until),),
        )
