"""Somebody's day: lessons, what must be answered, and for the office where trouble is. Reads only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlmodel import col, select

from zoomguard.application import access
from zoomguard.application.session_parts import SessionParts, views
from zoomguard.application.session_seen import ANSWERABLE, still_asked
from zoomguard.domain import times
from zoomguard.domain.observers import CALL_BEFORE
from zoomguard.domain.people import Who
from zoomguard.domain.sessions import SessionState, SessionView
from zoomguard.tables.database import Transaction
from zoomguard.tables.sessions import VideoSession

WEEK = timedelta(days=7)
# So many are looked at for the next one: of some this person may have said no.
COMING = 10
# What never takes place is listed on its own day alone.
NOT_HELD = frozenset({SessionState.REFUSED, SessionState.CANCELLED, SessionState.FAILED})
IN_TROUBLE = frozenset({SessionState.AT_RISK, SessionState.FAILED, SessionState.REFUSED})


@dataclass(frozen=True)
class Lesson:
    """A session in somebody's day: `part` is "teacher", "observer" or "" (neither), `again` the wall time of the
    same lesson a week later ("" where this person cannot ask for it), `trouble` that somebody must do something."""

    session: SessionView
    part: str
    again: str
    trouble: bool
    over: bool


@dataclass(frozen=True)
class MyDay:
    """The day `on`, with the lessons of this person a week back and ahead (or the next one after that); those of
    today are everybody's where `office` is set, and `next_on` is then the next day on which anybody has one."""

    on: date
    office: bool
    questions: tuple[Lesson, ...]
    today: tuple[Lesson, ...]
    later: tuple[Lesson, ...]
    earlier: tuple[Lesson, ...]
    next_on: date | None = None

    @property
    def next(self) -> Lesson | None:
        """The first lesson of today that this person is in and that is not over."""
        mine = (one for one in self.today if one.part and not one.over and one.session.state not in NOT_HELD)
        return min(mine, key=lambda one: one.session.starts_at, default=None)


class MyDays:
    """The use case of the first page."""

    def __init__(self, parts: SessionParts) -> None:
        self.parts = parts

    def show(self, who: Who) -> MyDay:
        """Today's lessons, those with trouble first for the office; then what comes and what was."""
        access.require(who, "sessions.see_own")
        now, office = self.parts.clock.now(), access.may(who, "sessions.see_all")
        on = times.day_in(now, self.parts.terms.zone)
        from_at, until_at = times.day_bounds(on, self.parts.terms.zone)
        with self.parts.database.reading() as tx:
            mine = _in_it(self._lessons(tx, who, self._of(who), from_at - WEEK, until_at + WEEK))
            today = self._lessons(tx, who, None, from_at, until_at) if office else mine
            questions, coming = self._questions(tx, who, now), self._coming(tx, who, until_at)
            next_on = self._next_day(tx, until_at) if office else None
        held = [one for one in mine if one.session.state not in NOT_HELD]
        return MyDay(
            on=on,
            office=office,
            questions=questions,
            today=_in_order(one for one in today if from_at <= one.session.starts_at < until_at),
            later=tuple(one for one in held if one.session.starts_at >= until_at) or coming,
            earlier=tuple(one for one in reversed(held) if one.session.starts_at < from_at),
            next_on=next_on,
        )

    def _of(self, who: Who) -> sa.ColumnElement[bool]:
        return sa.or_(col(VideoSession.teacher_id) == who.id, col(VideoSession.observer_id) == who.id)

    def _lessons(
        self, tx: Transaction, who: Who, which: sa.ColumnElement[bool] | None, from_at: datetime, until_at: datetime
    ) -> tuple[Lesson, ...]:
        query = select(VideoSession).where(VideoSession.starts_at >= from_at, VideoSession.starts_at < until_at)
        if which is not None:
            query = query.where(which)
        rows = tx.all(query.order_by(col(VideoSession.starts_at), col(VideoSession.id)).limit(500))
        return self._seen(tx, who, rows)

    def _coming(self, tx: Transaction, who: Who, from_at: datetime) -> tuple[Lesson, ...]:
        """The next lesson, however far away."""
        query = select(VideoSession).where(
            self._of(who), VideoSession.starts_at >= from_at, col(VideoSession.state).not_in(NOT_HELD)
        )
        return _in_it(self._seen(tx, who, tx.all(query.order_by(col(VideoSession.starts_at)).limit(COMING))))[:1]

    def _next_day(self, tx: Transaction, from_at: datetime) -> date | None:
        """The next day of the college with a lesson."""
        query = select(VideoSession.starts_at).where(
            VideoSession.starts_at >= from_at, col(VideoSession.state).not_in(NOT_HELD)
        )
        found = tx.first(query.order_by(col(VideoSession.starts_at)).limit(1))
        return times.day_in(found, self.parts.terms.zone) if found else None

    def _questions(self, tx: Transaction, who: Who, now: datetime) -> tuple[Lesson, ...]:
        """Lessons to come that this person was asked to observe, and that nobody observes yet."""
        query = select(VideoSession).where(still_asked(who.id, now))
        return self._seen(tx, who, tx.all(query.order_by(col(VideoSession.starts_at), col(VideoSession.id))))

    def _seen(self, tx: Transaction, who: Who, rows: list[VideoSession]) -> tuple[Lesson, ...]:
        shown = views(self.parts, tx, rows)
        return tuple(self._lesson(who, row, view) for row, view in zip(rows, shown, strict=True))

    def _lesson(self, who: Who, row: VideoSession, view: SessionView) -> Lesson:
        now = self.parts.clock.now()
        observes = who.id == row.observer_id and bool(view.observer) and view.observer_answer != "no"
        part = "teacher" if who.id == row.teacher_id else "observer" if observes else ""
        may_ask = access.may(who, "sessions.schedule")
        own = part == "teacher" or access.may(who, "sessions.schedule_for_others")
        over = view.starts_at + timedelta(minutes=view.minutes) <= now
        return Lesson(view, part, week_later(view) if may_ask and own else "", in_trouble(view, now), over)


def _in_it(lessons: tuple[Lesson, ...]) -> tuple[Lesson, ...]:
    """Those that this person teaches or is to observe: after a no, or let go, one is in it no more."""
    return tuple(one for one in lessons if one.part)


def week_later(view: SessionView) -> str:
    """The wall time a week after a session, as it is typed."""
    wall = view.starts_at.astimezone(times.zone(view.zone)).replace(tzinfo=None)
    return (wall + WEEK).isoformat(" ", "minutes")


def in_trouble(view: SessionView, now: datetime) -> bool:
    """Whether somebody must do something about a session now: at risk, not made, or soon and without a yes."""
    soon = now < view.starts_at <= now + CALL_BEFORE
    unanswered = view.state in ANSWERABLE and view.observer_answer != "yes"
    return view.state in IN_TROUBLE or (soon and unanswered)


def _in_order(lessons: Iterable[Lesson]) -> tuple[Lesson, ...]:
    """Trouble that can still be mended first, then by time."""
    return tuple(sorted(lessons, key=lambda one: (one.over or not one.trouble, one.session.starts_at)))
