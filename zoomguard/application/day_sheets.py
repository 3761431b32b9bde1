"""The sheet of the day: what the office needs on paper when nothing else works."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from sqlmodel import select

from zoomguard.application import access, messages
from zoomguard.application.session_parts import SessionParts, views
from zoomguard.domain import day_sheets, times
from zoomguard.domain.audit import Event
from zoomguard.domain.day_sheets import DaySheet
from zoomguard.domain.people import SERVICE, Role, Who
from zoomguard.domain.sessions import RESERVING
from zoomguard.domain.spoken_starts import day_said
from zoomguard.tables import people as people_table
from zoomguard.tables.database import Transaction
from zoomguard.tables.sessions import VideoSession

SHEET_AT = time(7)


class DaySheets:
    """Read by those who keep the office; sent to them every morning."""

    def __init__(self, parts: SessionParts) -> None:
        self.parts = parts

    def show(self, who: Who, on: date | None = None) -> DaySheet:
        """The sheet of a day of the college (today, where none is named)."""
        access.require(who, "sessions.day_sheet")
        with self.parts.database.reading() as tx:
            return self._sheet(tx, on or self._today())

    def day_meant(self, text: str) -> date:
        """The college's day that is meant: "2026-12-01", "1 Dec", "tue", "tomorrow". BadInput BAD_DATE for others."""
        return day_said(text, self.parts.terms.zone, self.parts.clock.now())

    def send(self, _: str) -> datetime:
        """The duty: at 07:00 of the college's day to every coordinator; gives the next morning."""
        now, zone, today = self.parts.clock.now(), self.parts.terms.zone, self._today()
        this_morning = times.to_utc(datetime.combine(today, SHEET_AT), zone)
        if now < this_morning:
            return this_morning
        with self.parts.database.deciding() as tx:
            sheet = self._sheet(tx, today)
            told = 0
            if sheet.sessions:
                text = day_sheets.text(sheet)
                told = messages.day_sheet(tx, self.parts.post, today, self._office(tx, today), text, now)
            if told:
                tx.commit(audit=Event("day_sheet.sent", "day", today.isoformat(), SERVICE.id, {"to": told}))
        return times.to_utc(datetime.combine(today + timedelta(days=1), SHEET_AT), zone)

    def _today(self) -> date:
        return times.day_in(self.parts.clock.now(), self.parts.terms.zone)

    def _office(self, tx: Transaction, today: date) -> tuple[str, ...]:
        return tuple(people_table.holders_of(tx, (Role.COORDINATOR,), today))

    def _sheet(self, tx: Transaction, on: date) -> DaySheet:
        from_at, until_at = times.day_bounds(on, self.parts.terms.zone)
        query = select(VideoSession).where(VideoSession.starts_at >= from_at, VideoSession.starts_at < until_at)
        rows = [s for s in tx.all(query) if s.state in RESERVING]
        terms = self.parts.terms
        shown = views(self.parts, tx, sorted(rows, key=lambda s: (s.starts_at, s.id)))
        return DaySheet(on, terms.zone, terms.organisation, shown, _numbers(self.parts))


def _numbers(parts: SessionParts) -> tuple[tuple[str, str], ...]:
    contacts = parts.terms.contacts
    named = (
        (contacts.safeguarding_lead, contacts.safeguarding_phone),
        ("Office", contacts.office_phone),
        ("NSPCC helpline", contacts.nspcc),
        ("Childline", "0800 1111"),
    )
    return tuple((who, number) for who, number in named if number)
