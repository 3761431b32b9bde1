"""Sessions as people read them."""

from __future__ import annotations

from zoomguard.cli.answers import Said
from zoomguard.cli.gathering import gathered
from zoomguard.cli.layout import facts, moment, short_day, slot, wrap

NOT_SCHEDULED = "Not scheduled"
DONE_WORDS = {"scheduled": "Scheduled", "planned": "Planned", "unchanged": "Already scheduled"}
# What an observer answered.
ANSWERS = {"asked": "asked; answer wanted", "yes": "said yes", "no": "said no", "none": "not asked"}


def head(session: Said, words: str = "") -> list[str]:
    """The line by which a session is known: id, course, when."""
    when = slot(session.text("starts_at"), session.number("minutes"), session.text("zone"))
    parts = (words, session.text("short_id"), session.text("course"), when)
    return wrap("  ".join(part for part in parts if part), rest="  ")


def scheduled(answer: Said) -> list[str]:
    """What came of an ask that the rules allow."""
    session = answer.part("session")
    if session is None or answer.text("outcome") == "possible":
        return possible(answer)
    outcome = answer.text("outcome")
    words = DONE_WORDS.get(outcome, outcome.capitalize())
    again = answer.number("zoom_writes") == 0 and outcome == "scheduled"
    rows = [*people(session), ("Recorded", "yes, in the cloud; archived and kept as the terms say")]
    rows += [("Zoom", _zoom(session, answer, again)), ("Invitations", _invitations(answer, again))]
    lines = [*_headline(session, words, made_on(answer)), *facts(rows), *warned(answer)]
    return [*lines, "", f"Next: zoomguard sessions show {session.text('short_id')}"]


def possible(answer: Said) -> list[str]:
    """What a dry run found: it would go."""
    day = made_on(answer)
    later = f" The meeting would be made on {day}." if day else ""
    words = f"Possible: all rules allow it.{later} Nothing was created in Zoom, nothing was kept."
    return [*wrap(words), *warned(answer), *wrap("Next: run it again without --dry-run.")]


def made_on(answer: Said) -> str:
    """The day on which the meeting of a planned session is made; "" where it is not planned."""
    session = answer.part("session") or answer
    return short_day(answer.text("waits_until") or session.text("waits_until"), session.text("zone") or "UTC")


def _headline(session: Said, words: str, day: str) -> list[str]:
    if not day:
        return head(session, words)
    return [f"{words} {session.text('short_id')}: the meeting is made on {day}.", *head(session)]


def people(session: Said) -> list[tuple[str, str]]:
    """Who is in a session: the adults by name, the children by reference."""
    children = session.texts("children")
    pupils = f"{len(children)}  {', '.join(children)}"
    return [("Teacher", named(session, "teacher")), ("Observer", observed(session)), ("Pupils", pupils)]


def named(session: Said, part: str) -> str:
    """A name with its address, as far as both are said."""
    name, address = session.text(f"{part}_name"), session.text(part)
    return f"{name} ({address})" if name and address else name or address


def observed(session: Said) -> str:
    """The observer, and what they answered."""
    words = ANSWERS.get(session.text("observer_answer"), "")
    return "; ".join(filter(None, (named(session, "observer") or "nobody yet", words)))


def elsewhere(said: Said, starts_at: str) -> list[tuple[str, str]]:
    """The start of a session where clocks show another hour, with the children there."""
    rows = [(e.text("zone"), ", ".join(e.texts("children"))) for e in said.parts("elsewhere")]
    return [("Elsewhere", f"{moment(starts_at, zone)} for {children}") for zone, children in rows]


def warned(answer: Said) -> list[str]:
    """What stops nothing and should be known all the same."""
    warnings = answer.parts("warnings")
    return ["", "To note:", *findings(gathered(warnings))] if warnings else []


def _zoom(session: Said, answer: Said, again: bool) -> str:
    number = session.text("meeting_number")
    meeting = f"meeting {number}" if number else "no meeting yet"
    compared = answer.number("settings_compared")
    read = f"; read back, {compared} of {compared} settings as asked" if compared else ""
    return f"{meeting}{read}{'; it stood already' if again else ''}"


def _invitations(answer: Said, again: bool) -> str:
    count = answer.number("invitations")
    if again and not count:
        return "went out when it was scheduled"
    if made_on(answer) and not count:
        return "go out when the meeting is made"
    return f"{count} go out now" if count != 1 else "1 goes out now"


def refusal(answer: Said, words: str = NOT_SCHEDULED) -> list[str]:
    """All that is in the way at once: rule, reason, what to do, who can help."""
    found = answer.parts("findings")
    ways = "1 thing is in the way" if len(found) == 1 else f"{len(found)} things are in the way"
    lines = [*wrap(f"{words}. {ways}{_left_in_zoom(answer, words)}."), "", *findings(found)]
    first = found[0].text("rule") if found else "CON-CHANNEL"
    return [*lines, "", *wrap(f"Next: put this right and repeat, or see: zoomguard policy explain {first}")]


def _left_in_zoom(answer: Said, words: str) -> str:
    if words != NOT_SCHEDULED:
        return ""
    session = answer.part("session")
    if not answer.number("zoom_writes"):
        return "; nothing was created in Zoom"
    if session is not None and session.text("state") == "removing":
        return "; the meeting is being taken out of Zoom again"
    return "; the meeting was taken out of Zoom again"


def findings(found: list[Said], indent: str = "  ") -> list[str]:
    """Each finding: its rule, the reason, what to do, who can help."""
    longest = max((len(f.text("rule")) for f in found), default=0)
    return [line for one in found for line in _finding(one, f"{indent}{one.text('rule'):<{longest}}  ")]


def _finding(finding: Said, first: str) -> list[str]:
    unknown = "We could not tell. " if finding.text("verdict") == "unknown" else ""
    # A reason may say already whom it is about.
    subject, reason = finding.text("subject"), finding.text("reason")
    about = f"{subject}: " if subject and subject not in reason else ""
    lines = wrap(f"{unknown}{about}{reason}", first)
    blank = " " * len(first)
    if finding.text("wanted") or finding.text("got"):
        lines += wrap(f"Asked for: {finding.text('wanted') or '-'}. Zoom says: {finding.text('got') or '-'}.", blank)
    if finding.text("remedy"):
        lines += wrap(finding.text("remedy"), blank)
    if finding.text("who"):
        lines += wrap(f"Who can help: {finding.text('who')}", blank)
    return lines
