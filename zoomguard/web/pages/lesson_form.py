"""The form in which a lesson is asked for: what was typed, as it is shown again and as it is sent."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, fields, replace

from starlette.datastructures import FormData, QueryParams

from zoomguard.domain.sessions import POOL, ScheduleAsk, SessionView
from zoomguard.web.pages.staff import listed, number, said
from zoomguard.web.pages.standing import wall


@dataclass(frozen=True)
class LessonForm:
    """Every field as text; `children` and `without` are references with blanks between."""

    group: str = ""
    children: str = ""
    without: str = ""
    course: str = ""
    teacher: str = ""
    date: str = ""
    time: str = ""
    minutes: str = ""
    observer: str = POOL
    until: str = ""
    timezone: str = ""
    fold: str = ""
    like: str = ""
    key: str = ""

    @property
    def start(self) -> str:
        """Date and time as one."""
        return f"{self.date} {self.time}".strip()

    def ask(self, *, dry_run: bool) -> ScheduleAsk:
        """The same for the application; BadInput where the length is no number."""
        return ScheduleAsk(
            teacher=self.teacher,
            observer=self.observer,
            children=tuple(self.children.split()),
            course=self.course,
            start=self.start,
            minutes=number(self.minutes, "The length"),
            zone=self.timezone,
            fold=self.fold or None,
            key="" if dry_run else self.key,
            dry_run=dry_run,
            group=self.group,
            without=tuple(self.without.split()),
            like=self.like,
        )

    def hidden(self) -> tuple[tuple[str, str], ...]:
        """All of it for the second press: under the key of an attempt that was cut off, or a new one."""
        keyed = replace(self, key=self.key or f"web-{secrets.token_hex(16)}")
        return tuple((f.name, getattr(keyed, f.name)) for f in fields(keyed) if getattr(keyed, f.name))


def of_form(typed: FormData, zone: str) -> LessonForm:
    """What a form brought back; a button may add one more child to leave out, or name the observer instead."""
    given = {f.name: said(typed, f.name) for f in fields(LessonForm)}
    given["children"] = " ".join(listed(typed, "children"))
    given["without"] = " ".join(dict.fromkeys((*listed(typed, "without"), *listed(typed, "also_without"))))
    given["observer"] = said(typed, "instead") or given["observer"] or ("" if given["like"] else POOL)
    return LessonForm(**{**given, "timezone": given["timezone"] or zone})


def of_link(query: QueryParams, zone: str, minutes: int, pattern: SessionView | None) -> LessonForm:
    """What a link fills in: a class, a start such as "2026-12-01 16:00", a session to be like."""
    date, _, time = said(query, "start").replace("T", " ").partition(" ")
    empty = LessonForm(group=said(query, "group"), date=date, time=time, minutes=str(minutes), timezone=zone, course="")
    if pattern is None:
        return empty
    return replace(
        empty,
        like=pattern.short_id,
        minutes=str(pattern.minutes),
        observer="",
        time=time or wall(pattern)[-5:],
        timezone=pattern.zone,
    )
