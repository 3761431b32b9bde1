"""Changes of sessions as people read them: what happened to which, who is told, what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from zoomguard.cli.answers import Said
from zoomguard.cli.gathering import gathered
from zoomguard.cli.layout import counted, facts, slot, wrap
from zoomguard.cli.session_text import ANSWERS, elsewhere, findings, head, made_on, observed, warned
from zoomguard.cli.several import Row

UNTOUCHED = "Nothing was changed."
LOOK = "zoomguard sessions list shows what there is, and how it stands."
SHOW_NEXT = "zoomguard sessions show {}"


@dataclass(frozen=True)
class Words:
    """How one kind of change is said: done, only tried, still open at Zoom, refused, and asked for; `aim` is what
    the session is to become, where the service does not say it."""

    done: str
    would: str
    being: str
    refused: str
    question: str
    next: str = SHOW_NEXT
    aim: str = ""

    def of(self, answer: Said) -> str:
        """What became of one session."""
        outcome = answer.text("outcome")
        state = answer.needed("session").text("state")
        said = {"possible": self.would, "unchanged": "Already so", "asked": "Colleagues were asked"}.get(outcome)
        return said or (self.being if outcome == "moving" or state in ("moving", "removing") else self.done)


def changed(answer: Said, words: Words) -> list[str]:
    """What came of a change of one session, or what would."""
    session = answer.needed("session")
    possible = answer.text("outcome") == "possible"
    lines = [*head(session, words.of(answer)), *facts(_rows(answer, words)), *warned(answer), ""]
    if possible:
        return [*lines, f"{UNTOUCHED} Next: run it again without --dry-run."]
    return [*lines, f"Next: {words.next.format(session.text('short_id'))}"]


def _rows(answer: Said, words: Words) -> list[tuple[str, str]]:
    session = answer.needed("session")
    answered = session.text("observer_answer") in ANSWERS
    return [
        *_to(answer, words),
        ("Observer", observed(session) if answered else ""),
        ("Meeting", f"made on {made_on(session)}" if made_on(session) else ""),
        (_telling(answer), told(answer)),
    ]


def _to(answer: Said, words: Words) -> list[tuple[str, str]]:
    """What a session would become, and the new hour where children live elsewhere."""
    to, possible = answer.part("to"), answer.text("outcome") == "possible"
    if to is None:
        return [("To", words.aim if possible else "")]
    aim = slot(to.text("starts_at"), to.number("minutes"), to.text("zone"))
    return [("To", aim if possible else ""), *elsewhere(to, to.text("starts_at"))]


def _telling(answer: Said) -> str:
    """Mails are queued: nobody was told yet, and of a change that Zoom has not confirmed nobody is."""
    outcome = answer.text("outcome")
    moving = outcome == "moving" or answer.needed("session").text("state") == "moving"
    return {"possible": "Would tell", "asked": "Being asked"}.get(outcome, "Will be told" if moving else "Being told")


def told(answer: Said) -> str:
    """Who is told; "" where the service does not say. Mail to pupils waits for office hours."""
    said = answer.part("told")
    if said is None:
        return ""
    kinds = (
        ("guardians", "guardian", "guardians"),
        ("children", "pupil (in office hours)", "pupils (in office hours)"),
        ("held", "pupil (once a designated person has read it)", "pupils (once a designated person has read it)"),
    )
    parts = [counted(said.number(name), one, many) for name, one, many in kinds if said.number(name)]
    return ", ".join([*parts, *said.texts("staff")]) or "nobody"


def several(rows: Sequence[Row], words: Words, *, dry_run: bool) -> list[str]:
    """What came of each of several sessions."""
    if not rows:
        return [*wrap(f"No session matches; {UNTOUCHED.lower()}"), *wrap(f"Next: {LOOK}")]
    done = sum(row.exit_code == 0 for row in rows)
    lines = wrap(f"{words.would if dry_run else words.done}: {done} of {counted(len(rows), 'session', 'sessions')}.")
    for row in rows:
        lines += ["", *_row(row, words)]
    ends = f"{UNTOUCHED} Next: run it again without --dry-run." if dry_run else "Next: zoomguard sessions list"
    return [*lines, "", ends]


def previewed(rows: Sequence[Row], words: Words) -> list[str]:
    """What would come of each, before somebody is asked whether to go on."""
    return [line for row in rows for line in [*_row(row, words), ""]]


def _row(row: Row, words: Words) -> list[str]:
    if row.error is not None:
        return wrap(f"{row.id}  {words.refused}. {row.wrong()}", rest="  ")
    if row.answer is None or row.exit_code:
        return [f"{row.id}  {words.refused}.", *findings(gathered(row.answer.parts("findings") if row.answer else []))]
    said = [*_to(row.answer, words), (_telling(row.answer), told(row.answer))]
    lines = head(row.answer.needed("session"), words.of(row.answer)) + facts(said)
    return lines + findings(gathered(row.answer.parts("warnings")))


def guardians(rows: Sequence[Row]) -> int:
    """How many mails to guardians these rows make."""
    said = (row.answer.part("told") for row in rows if row.answer)
    return sum(part.number("guardians") for part in said if part)
