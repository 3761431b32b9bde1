"""Whether a member of staff could be in a lesson, point by point; and what is left when one goes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from zoomguard.domain.findings import Outcome
from zoomguard.domain.meeting_plan import HostPosture
from zoomguard.domain.people import Role, StaffOnRecord
from zoomguard.domain.sessions import SessionView

OFFICE = "Ask the enrolment office."
ZOOM_ADMIN = "Ask the college's Zoom administrator."


@dataclass(frozen=True)
class Check:
    """One point: pass, fail or unknown, why, and what to do."""

    check: str
    verdict: Outcome
    reason: str
    remedy: str = ""


@dataclass(frozen=True)
class Readiness:
    """All points about somebody; ready means that each of them passes."""

    email: str
    name: str
    checks: tuple[Check, ...]

    @property
    def ready(self) -> bool:
        """Unknown is never a pass."""
        return all(c.verdict is Outcome.PASS for c in self.checks)

    def as_json(self) -> dict[str, object]:
        """The answer of `people check`."""
        return {
            "schema": "zoomguard/1",
            "person": {"email": self.email, "name": self.name, "ready": self.ready},
            "checks": [
                {"check": c.check, "verdict": c.verdict.value, "reason": c.reason, "remedy": c.remedy}
                for c in self.checks
            ],
        }


@dataclass(frozen=True)
class Left:
    """What became of a leaver: the outcome, and the lessons that still name this person."""

    outcome: str
    email: str
    sessions: tuple[SessionView, ...]

    def as_json(self) -> dict[str, object]:
        """The answer of `people deactivate`."""
        return {
            "schema": "zoomguard/1",
            "outcome": self.outcome,
            "email": self.email,
            "sessions": [s.as_json() for s in self.sessions],
        }


def readiness(
    staff: StaffOnRecord, name: str, posture: HostPosture | None, today: date, *, organisational: bool
) -> Readiness:
    """Every point, in the order in which people mend them."""
    return Readiness(staff.email, name, tuple(_checks(staff, posture, today, organisational)))


def _checks(staff: StaffOnRecord, posture: HostPosture | None, today: date, ours: bool) -> Iterator[Check]:
    yield _point("active", staff.active, "on the staff list", "no longer active", OFFICE)
    yield _point("organisation_account", ours, "an address of the organisation", "not an address of ours", OFFICE)
    may = sorted(r.value for r in staff.roles & {Role.TEACHER, Role.OBSERVER})
    yield _point("role", bool(may), " and ".join(may), "neither teacher nor observer", OFFICE)
    papers = (
        ("training", staff.training_until_on),
        ("dbs", staff.dbs_until_on),
        ("policy_ack", staff.policy_ack_until_on),
    )
    for paper, until_on in papers:
        yield _paper(paper, until_on, today)
    yield from _at_zoom(staff.email, posture)


def _point(check: str, holds: bool, yes: str, no: str, remedy: str) -> Check:
    return Check(check, Outcome.PASS, yes) if holds else Check(check, Outcome.FAIL, no, remedy)


def _paper(check: str, until_on: date | None, today: date) -> Check:
    if until_on is None:
        return Check(check, Outcome.FAIL, "nothing is on record", OFFICE)
    if until_on < today:
        return Check(check, Outcome.FAIL, f"ended on {until_on.isoformat()}", OFFICE)
    return Check(check, Outcome.PASS, f"valid until {until_on.isoformat()}")


def _at_zoom(email: str, posture: HostPosture | None) -> Iterator[Check]:
    if posture is None:
        yield Check("zoom_account", Outcome.UNKNOWN, "Zoom knows nobody by this address", ZOOM_ADMIN)
        return
    yield _point("zoom_account", posture.active, "active at Zoom", "not active at Zoom", ZOOM_ADMIN)
    yield _point("zoom_licence", posture.licensed, "licensed at Zoom", "no licence at Zoom", ZOOM_ADMIN)
    # Zoom tells nobody who is signed in on which device: it is said instead of guessed.
    yield _point(
        "zoom_sign_in",
        posture.email in ("", email),
        f"be signed in to Zoom as {email} when you come to a lesson",
        f"Zoom knows this person as {posture.email}",
        ZOOM_ADMIN,
    )
