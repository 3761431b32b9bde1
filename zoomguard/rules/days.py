"""Rules about the day that a session is on."""

from __future__ import annotations

from zoomguard.domain.calendars import closed_on
from zoomguard.domain.findings import Verdict, failed, not_applicable, passed
from zoomguard.domain.times import day_in
from zoomguard.rules.facts import PeopleFacts
from zoomguard.rules.rule import Level, Origin, Override, Rule, rule
from zoomguard.rules.terms import Terms


@rule(
    "COLLEGE-OPEN",
    title="The college is open on that day",
    origin=Origin.BRIEF,
    level=Level.WARN,
    override=Override.NONE,
    remedy="Look whether that day is meant; a weekly series leaves such days out.",
)
def the_college_is_open(people: PeopleFacts, terms: Terms) -> Verdict:
    """A single lesson may well be meant to be in the holidays: it is said, and stops nothing."""
    if not terms.closures and not terms.term_dates:
        return not_applicable("The terms name no closures and no term dates.")
    day = day_in(people.starts_at, terms.zone)
    closed = closed_on(day, terms.closures, terms.term_dates)
    return failed(f"The college is closed on {day:%a %-d %b %Y}: {closed}.") if closed else passed()


RULES: tuple[Rule[PeopleFacts], ...] = (the_college_is_open,)
