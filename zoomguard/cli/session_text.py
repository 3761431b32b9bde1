"""Sessions as people read them."""

from __future__ import annotations

from itertools import groupby

from zoomguard.cli.answers import Said
from zoomguard.cli.layout import counted, day, facts, hours, moment, slot, table, wrap

NOT_SCHEDULED = "Not scheduled"
DONE_WORDS = {"scheduled": "Scheduled", "planned": "Planned", "unchanged": "Already scheduled"}
# The screen words of verdicts.
VERDICTS = {
    "pass": "holds",
    "fail": "does not hold",
    "unknown": "we could not tell",
    "not_applicable": "does not apply",
    "overridden": "was set aside",
}


def head(session: Said, words: str = "") -> list[str]:
    """The line by which a session is known: id, course, when."""
    when = slot(session.text("starts_at"), session.number("minutes"), session.text("zone"))
    parts = (words, session.text("short_id"), session.text("course"), when)
    return wrap("  ".join(part for part in parts if part), rest="  ")


def scheduled(answer: Said) -> list[str]:
    """What came of an ask that the rules allow."""
    session = answer.part("session")
    if session is None:
        return wrap("Possible: all rules allow it. Nothing was created in Zoom, nothing was kept.") + wrap(
            "Next: run it again without --dry-run."
        )
    words = DONE_WORDS.get(answer.text("outcome"), answer.text("outcome").capitalize())
    again = answer.number("zoom_writes") == 0 and answer.text("outcome") == "scheduled"
    rows = [*_people(session), ("Recorded", "yes, in the cloud; archived and kept as the terms say")]
    rows += [("Zoom", _zoom(session, answer, again)), ("Invitations", _invitations(answer, again))]
    return [*head(session, words), *facts(rows), "", f"Next: zoomguard sessions show {session.text('short_id')}"]


def _people(session: Said) -> list[tuple[str, str]]:
    children = session.texts("children")
    pupils = f"{len(children)}  {', '.join(children)}"
    return [("Teacher", session.text("teacher")), ("Observer", session.text("observer")), ("Pupils", pupils)]


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
    return f"{count} go out now" if count != 1 else "1 goes out now"


def refusal(answer: Said, words: str = NOT_SCHEDULED) -> list[str]:
    """All that is in the way at once: rule, reason, what to do, who can help."""
    findings = answer.parts("findings")
    ways = "1 thing is in the way" if len(findings) == 1 else f"{len(findings)} things are in the way"
    lines = [*wrap(f"{words}. {ways}{_left_in_zoom(answer, words)}."), ""]
    longest = max((len(f.text("rule")) for f in findings), default=0)
    for finding in findings:
        lines += _finding(finding, longest)
    first = findings[0].text("rule") if findings else "CON-CHANNEL"
    return [*lines, "", *wrap(f"Next: put this right and repeat, or see: zoomguard policy explain {first}")]


def _left_in_zoom(answer: Said, words: str) -> str:
    session = answer.part("session")
    if not answer.number("zoom_writes"):
        return "; nothing was created in Zoom" if words == NOT_SCHEDULED else ""
    if session is not None and session.text("state") == "removing":
        return "; the meeting is being taken out of Zoom again"
    return "; the meeting was taken out of Zoom again"


def _finding(finding: Said, longest: int) -> list[str]:
    unknown = "We could not tell. " if finding.text("verdict") == "unknown" else ""
    # A reason may say already whom it is about.
    subject, reason = finding.text("subject"), finding.text("reason")
    about = f"{subject}: " if subject and subject not in reason else ""
    lines = wrap(f"{unknown}{about}{reason}", f"  {finding.text('rule'):<{longest}}  ")
    blank = " " * (longest + 4)
    if finding.text("wanted") or finding.text("got"):
        lines += wrap(f"Asked for: {finding.text('wanted') or '-'}. Zoom says: {finding.text('got') or '-'}.", blank)
    if finding.text("remedy"):
        lines += wrap(finding.text("remedy"), blank)
    if finding.text("who"):
        lines += wrap(f"Who can help: {finding.text('who')}", blank)
    return lines


def listed(sessions: list[Said]) -> list[str]:
    """Sessions in a table for each day and zone."""
    if not sessions:
        return ["No sessions.", "Next: zoomguard schedule --help"]
    lines: list[str] = []
    for title, group in groupby(sessions, key=lambda s: day(s.text("starts_at"), s.text("zone"))):
        lines += [title, *table(("TIME", "SESSION", "COURSE", "STATE", "PUPILS", "OBSERVER"), [_row(s) for s in group])]
        lines.append("")
    return [*lines, f"Next: zoomguard sessions show {sessions[0].text('short_id')}"]


def _row(session: Said) -> tuple[str, ...]:
    return (
        hours(session.text("starts_at"), session.number("minutes"), session.text("zone")),
        session.text("short_id"),
        session.text("course"),
        session.text("state").replace("_", " "),
        str(len(session.texts("children"))),
        session.text("observer"),
    )


def detail(answer: Said) -> list[str]:
    """A session, and why it is allowed: the rules that were asked and the consents they rested on."""
    session = answer.needed("session")
    rows = [("State", session.text("state").replace("_", " ")), *_people(session)]
    rows.append(("Zoom meeting", session.text("meeting_number") or "none"))
    lines = [*head(session), *facts(rows)]
    for why in answer.parts("why"):
        lines += ["", *_why(why)]
    return [*lines, "", *wrap("Next: zoomguard policy explain RULE says what a rule asks.")]


def _why(why: Said) -> list[str]:
    """An evaluation: each verdict that is no pass in words, the passes by name."""
    rules = why.parts("rules")
    passed = list(dict.fromkeys(r.text("rule") for r in rules if r.text("verdict") == "pass"))
    asked_at, verdict = moment(why.text("at")), why.text("verdict")
    allowed = {"pass": "Allowed", "fail": "Not allowed"}.get(verdict, "We could not tell")
    words = counted(len({r.text("rule") for r in rules}), "rule", "rules")
    lines = wrap(f"{allowed} ({why.text('occasion')}) on {asked_at}: {words} asked, terms {why.text('terms_version')}.")
    for rule in (r for r in rules if r.text("verdict") not in ("pass", "not_applicable")):
        about = " ".join(filter(None, (rule.text("subject"), rule.text("reason"))))
        lines += wrap(
            f"{VERDICTS.get(rule.text('verdict'), rule.text('verdict'))}. {about}", f"  {rule.text('rule')}  "
        )
    rows = [("Holds", ", ".join(passed)), ("Consents", ", ".join(why.texts("consent_event_ids")))]
    return lines + facts(rows)
