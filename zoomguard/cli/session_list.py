"""Sessions in a table, and one session with all there is to say of it."""

from __future__ import annotations

from itertools import groupby

from zoomguard.cli.answers import Said
from zoomguard.cli.layout import counted, day, facts, hours, moment, slot, table, wrap
from zoomguard.cli.session_text import elsewhere, head, made_on, people

REFUSED_CHANGE = "refused_change"
COLUMNS = ("TIME", "SESSION", "COURSE", "STATE", "OBSERVER", "NEEDS")
# The screen words of verdicts.
VERDICTS = {
    "pass": "holds",
    "fail": "does not hold",
    "unknown": "we could not tell",
    "not_applicable": "does not apply",
    "overridden": "was set aside",
    "waiting": "waiting for the observer's yes",
}
ALLOWED = {"pass": "Allowed", "fail": "Not allowed", "waiting": "Waiting for the observer's yes"}
STATES = {"at_risk": "at risk", "live": "on now", "moving": "changing"}
# Why a session is at risk, and what it needs.
RISKS = {
    "OBSERVER_MISSING": "an observer",
    "STAFF": "another teacher or observer",
    "CONSENT_UNKNOWN": "a permission looked at",
    "DRIFT": "its settings in Zoom put right",
    "STRANGER": "somebody unknown looked at",
    "ZOOM_UNREADABLE": "Zoom to answer again",
    "CLOCK_RULES": "its time looked at: a zone has new rules",
}
CHANGES = {"time": "another time", "observer": "another observer", "meeting": "a new meeting in Zoom"}


def listed(sessions: list[Said]) -> list[str]:
    """Sessions in a table for each day and zone."""
    if not sessions:
        return ["No sessions.", "Next: zoomguard schedule --help"]
    lines: list[str] = []
    for title, group in groupby(sessions, key=lambda s: day(s.text("starts_at"), s.text("zone"))):
        lines += [*wrap(title), "", *table(COLUMNS, [_row(s) for s in group]), ""]
    troubled = [s for s in sessions if needs(s)]
    first = _first((troubled or sessions)[0])
    if troubled:
        return [*lines, f"{counted(len(troubled), 'session needs', 'sessions need')} somebody. Next: {first}"]
    return [*lines, f"Next: {first}"]


def _first(session: Said) -> str:
    """Who was only asked to observe a session answers; there is nothing more to see."""
    one = session.text("short_id")
    return f"zoomguard sessions accept {one} (or decline)" if _asked(session) else f"zoomguard sessions show {one}"


def _asked(session: Said) -> bool:
    return session.text("asked") == "yes"


def _row(session: Said) -> tuple[str, ...]:
    name = session.text("observer_name") or session.text("observer")
    asked = {"asked": " (asked)", "no": " (said no)"}.get(session.text("observer_answer"), "")
    return (
        hours(session.text("starts_at"), session.number("minutes"), session.text("zone")),
        session.text("short_id"),
        session.text("course"),
        state(session),
        f"{name}{asked}" if name else "nobody yet",
        needs(session) or "-",
    )


def state(session: Said) -> str:
    """Where a session stands, in words; scheduled with a yes of the observer is ready. Who was asked reads that."""
    if _asked(session):
        return "asked"
    if session.text("ready") == "yes":
        return "ready"
    return STATES.get(session.text("state"), session.text("state").replace("_", " "))


def needs(session: Said) -> str:
    """What a session at risk needs, or one that somebody was asked about; "" where it needs nothing."""
    if _asked(session):
        return "your yes or no"
    risk = session.text("risk")
    nobody = session.text("state") == "scheduled" and session.text("observer_answer") in ("no", "none")
    return RISKS.get(risk, risk) or ("an observer" if nobody else "")


def detail(answer: Said) -> list[str]:
    """A session, and why it is allowed: the rules that were asked and the consents they rested on."""
    session = answer.needed("session")
    rows = [("State", state(session)), ("At risk", _risk(session)), ("Changing", _change(session))]
    rows += [*elsewhere(answer, session.text("starts_at")), *people(session), ("Zoom meeting", _meeting(session))]
    lines = [*head(session), *facts(rows)]
    for why in _latest([w for w in answer.parts("why") if w.text("occasion") != REFUSED_CHANGE]):
        lines += ["", *_why(why)]
    tried = [w for w in answer.parts("why") if w.text("occasion") == REFUSED_CHANGE]
    for why in tried[-1:]:
        rules = sorted({r.text("rule") for r in why.parts("rules") if r.text("verdict") in ("fail", "unknown")})
        lines += ["", *wrap(f"A change was refused on {moment(why.text('at'))} and is not in it: {', '.join(rules)}.")]
    return [*lines, "", *wrap(_next(session))]


def _risk(session: Said) -> str:
    return f"{session.text('risk')}: it needs {needs(session)}" if needs(session) else ""


def _meeting(session: Said) -> str:
    made = made_on(session)
    return session.text("meeting_number") or (f"none yet; it is made on {made}" if made else "none")


def _change(session: Said) -> str:
    """What a session is being changed to, while Zoom has not answered."""
    change = session.part("change")
    if change is None:
        return ""
    kind = change.text("kind")
    starts_at = change.text("starts_at") or session.text("starts_at")
    minutes = change.number("minutes") or session.number("minutes")
    wanted = {
        "time": slot(starts_at, minutes, session.text("zone")),
        "observer": change.text("observer"),
        "meeting": change.text("teacher"),
    }.get(kind, "")
    return f"to {CHANGES.get(kind, kind)}: {wanted}" if wanted else f"to {CHANGES.get(kind, kind)}"


def _next(session: Said) -> str:
    if session.text("risk") == "OBSERVER_MISSING":
        return f"Next: zoomguard sessions replace-observer {session.text('short_id')} --pool"
    return "Next: zoomguard policy explain RULE says what a rule asks."


def _latest(whys: list[Said]) -> list[Said]:
    """The newest of the evaluations that asked the same; `--json` has all."""
    newest = {(w.text("occasion"), frozenset(r.text("rule") for r in w.parts("rules"))): w for w in whys}
    return list(newest.values())


def _why(why: Said) -> list[str]:
    """An evaluation: each verdict that is no pass in words, the passes by name."""
    rules = why.parts("rules")
    passed = list(dict.fromkeys(r.text("rule") for r in rules if r.text("verdict") == "pass"))
    asked_at, verdict = moment(why.text("at")), why.text("verdict")
    allowed = ALLOWED.get(verdict, "We could not tell")
    words = counted(len({r.text("rule") for r in rules}), "rule", "rules")
    lines = wrap(f"{allowed} ({why.text('occasion')}) on {asked_at}: {words} asked, terms {why.text('terms_version')}.")
    for rule in (r for r in rules if r.text("verdict") not in ("pass", "not_applicable")):
        reason = "" if rule.text("verdict") == "waiting" else rule.text("reason")
        about = " ".join(filter(None, (rule.text("subject"), reason)))
        lines += wrap(
            f"{VERDICTS.get(rule.text('verdict'), rule.text('verdict'))}. {about}", f"  {rule.text('rule')}  "
        )
    rows = [("Holds", ", ".join(passed)), ("Consents", ", ".join(why.texts("consent_event_ids")))]
    return lines + facts(rows)
