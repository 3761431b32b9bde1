"""The command that does the same as a page, to be copied."""

from __future__ import annotations

import shlex
from collections.abc import Iterable

from zoomguard.domain.sessions import POOL, ScheduleAsk, SessionView

WIDTH = 78


def schedule(ask: ScheduleAsk, weekly_until: str = "") -> str:
    """`zoomguard schedule` for an ask."""
    options = [
        ("--teacher", ask.teacher),
        ("--observer", "" if ask.observer == POOL and not ask.like else ask.observer),
        ("--group", ask.group),
        *(("--child", child) for child in ask.children),
        *(("--except", child) for child in ask.without),
        ("--like", ask.like),
        ("--course", ask.course),
        ("--start", ask.start),
        ("--minutes", str(ask.minutes or "")),
        ("--timezone", "" if ask.zone == ScheduleAsk.zone else ask.zone),
        ("--fold", ask.fold or ""),
        ("--until", weekly_until),
    ]
    weekly = ["--weekly"] if weekly_until else []
    return line("schedule", [*weekly, *_given(options)])


def of_session(view: SessionView, start: str) -> tuple[str, ...]:
    """What the page of a session does."""
    one = view.short_id
    return (
        f"zoomguard sessions show {one}",
        line(f"sessions reschedule {one}", _given([("--start", start)])),
        f"zoomguard sessions replace-observer {one} --pool",
        f"zoomguard sessions roster {one} --add REF --remove REF",
        f"zoomguard sessions cancel {one}",
    )


def line(words: str, options: Iterable[str]) -> str:
    """One command, on several lines where it is long."""
    lines = [f"zoomguard {words}"]
    for option in options:
        if len(lines[-1]) + len(option) + 1 > WIDTH:
            lines[-1] += " \\"
            lines.append("   ")
        lines[-1] += f" {option}"
    return "\n".join(lines)


def _given(options: Iterable[tuple[str, str]]) -> list[str]:
    return [f"{name} {shlex.quote(value)}" for name, value in options if value]
