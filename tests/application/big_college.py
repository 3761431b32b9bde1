"""A college with a whole term to schedule: more teachers, observers and families than Northmoor has."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import product

from tests.application.lessons import import_rows
from tests.house import TEACHER, Home
from zoomguard.domain.timetable_files import TIMETABLE_COLUMNS
from zoomguard.sandbox.zoom_state import User

# Lessons of the busy teacher each weekday, and the one hour at which all the others teach.
HOURS, HOUR_OF_OTHERS = (9, 10, 11, 13, 14, 15), 12
OTHERS, OBSERVERS, CHILDREN = 5, 8, 17
FIRST_DAY = date(2026, 11, 24)
NAMES = [a + b for a, b in product(("Ba", "Do", "Fe", "Gi", "Ku", "Lo", "Mi"), ("ran", "lev", "nor", "shi", "tek"))]
SCOPES = ("video_live", "video_record", "email")
Row = dict[str, str]


def other_teachers() -> list[str]:
    """The addresses of those who teach little."""
    return [f"{NAMES[n].lower()}.tutor@northmoor.example" for n in range(OTHERS)]


def enlarge(home: Home) -> None:
    """Puts them on record and gives the staff a licence at Zoom."""
    staff = [_staff(f"TT{n}", email, "teacher") for n, email in enumerate(other_teachers())]
    staff += [_staff(f"OO{n}", f"{NAMES[n].lower()}.watch@northmoor.example", "observer") for n in range(OBSERVERS)]
    import_rows(home, "staff", staff)
    import_rows(home, "children", [_child(n) for n in range(CHILDREN)])
    import_rows(home, "guardians", [_guardian(n) for n in range(CHILDREN)])
    import_rows(home, "consents", [_consent(n, scope) for n in range(CHILDREN) for scope in SCOPES])
    state = home.sandbox._zoom.state
    with state.lock:
        for n, row in enumerate(staff):
            user = User(f"user{n:018d}", row["email"], row["known_as"], "", True, 6_000_000_001 + n, home.clock.now())
            state.users[user.id] = user


def _staff(reference: str, email: str, role: str) -> Row:
    name = email.partition(".")[0].title()
    papers = {"training_until": "2027-11-23", "dbs_until": "2027-11-23", "policy_ack_on": "2026-09-24"}
    named = {"reference": reference, "email": email, "known_as": name, "family_name": role.title()}
    return {**named, "roles": role, **papers, "relatives": ""}


def _child(n: int) -> Row:
    named = {"reference": f"K-{n:03d}", "known_as": f"{NAMES[n]}i", "family_name": f"{NAMES[-1 - n]}ova"}
    return {**named, "born_on": "2014-10-07", "country": "GB", "timezone": "Europe/London", "email": ""}


def _guardian(n: int) -> Row:
    named = {"reference": f"P-{n:03d}", "email": f"parent{n}@families.example", "known_as": f"{NAMES[n]}a"}
    rest = {"family_name": f"{NAMES[-1 - n]}ova", "language": "en", "child": f"K-{n:03d}", "relation": "mother"}
    return {**named, **rest, "parental_responsibility": "yes", "may_contact": "yes"}


def _consent(n: int, scope: str) -> Row:
    answer = {"child": f"K-{n:03d}", "guardian": f"P-{n:03d}", "scope": scope, "answer": "given"}
    dates = {"effective_on": "2026-11-16", "valid_until_on": "2027-11-16", "verified_on": "2026-11-20"}
    proof = {"method": "paper_signed", "form_version": "2026-1", "evidence_ref": f"FORM-{n}-{scope}"}
    return {**answer, **dates, **proof, "verified_by": "c.pugh@northmoor.example"}


def timetable(rows: int, rows_of_others: int) -> str:
    """A term as a file: so many lessons of one teacher, day by day, and so many of the others at their hour."""
    lines = [",".join(TIMETABLE_COLUMNS)]
    days = _weekdays(max(-(-rows // len(HOURS)), -(-rows_of_others // OTHERS)))
    for n in range(rows):
        day, hour = days[n // len(HOURS)], HOURS[n % len(HOURS)]
        lines.append(_line(TEACHER, f"K-{n % (CHILDREN - OTHERS):03d}", f"MATHS-{n:03d}", f"{day} {hour:02d}:00"))
    for n in range(rows_of_others):
        place, day = n % OTHERS, days[n // OTHERS]
        child = f"K-{CHILDREN - OTHERS + place:03d}"
        lines.append(_line(other_teachers()[place], child, f"ART-{n:03d}", f"{day} {HOUR_OF_OTHERS}:00"))
    return "\n".join(lines) + "\n"


def _line(teacher: str, child: str, course: str, start: str) -> str:
    said = {"teacher": teacher, "observer": "pool", "children": child, "course": course, "start": start}
    said |= {"timezone": "Europe/London", "minutes": "50"}
    return ",".join(said.get(name, "") for name in TIMETABLE_COLUMNS)


def _weekdays(many: int) -> list[date]:
    found, day = [], FIRST_DAY
    while len(found) < many:
        if day.weekday() < 5:
            found.append(day)
        day += timedelta(days=1)
    return found
