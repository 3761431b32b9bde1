"""Classes of any size at the sandbox's college, and what it takes to schedule a lesson for one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import sqlalchemy as sa

from tests.application.lessons import import_rows
from tests.house import Home
from zoomguard.sandbox.school import FORM_VERSION, SCOPES, VERIFIER_EMAIL

PLACE = {"country": "GB", "timezone": "Europe/London", "email": ""}


def add_class(home: Home, name: str, size: int) -> str:
    """A class of children who all may take part, each with a mother and a father of their own; gives its name."""
    children = [f"{name}-{n:03d}" for n in range(size)]
    guardians = [(f"G-{child}-{parent}", child) for child in children for parent in "AB"]
    import_rows(home, "children", [_child(child, n) for n, child in enumerate(children)])
    import_rows(home, "guardians", [_guardian(reference, child) for reference, child in guardians])
    import_rows(home, "consents", [_consent(home, *both, scope) for both in guardians for scope in SCOPES])
    import_rows(home, "groups", [{"group": name, "child": child} for child in children])
    return name


def _child(reference: str, n: int) -> dict[str, str]:
    names = {"known_as": f"Child{n}", "family_name": f"Of{reference}".replace("-", "")}
    return {"reference": reference, **names, "born_on": "2014-10-07", **PLACE}


def _guardian(reference: str, child: str) -> dict[str, str]:
    names = {"known_as": "Parent", "family_name": reference, "email": f"{reference}@families.example".lower()}
    theirs = {"child": child, "relation": "mother" if reference.endswith("A") else "father"}
    may = {"parental_responsibility": "yes", "may_contact": "yes"}
    return {"reference": reference, **names, "language": "en", **theirs, **may}


def _consent(home: Home, guardian: str, child: str, scope: str) -> dict[str, str]:
    today = home.clock.now().date()
    dates = {
        "effective_on": today - timedelta(days=7),
        "valid_until_on": today + timedelta(days=300),
        "verified_on": today - timedelta(days=3),
    }
    form = {"method": "paper_signed", "form_version": FORM_VERSION, "evidence_ref": f"FORM-{guardian}"}
    said = {"child": child, "guardian": guardian, "scope": scope, "answer": "given", "verified_by": VERIFIER_EMAIL}
    return {**said, **form, **{column: day.isoformat() for column, day in dates.items()}}


@contextmanager
def statements(home: Home) -> Iterator[Counter[str]]:
    """The SQL statements of a block, each with how often it was sent; one for many rows at once counts once."""
    sent: Counter[str] = Counter()

    def note(connection: object, cursor: object, statement: str, *_: object) -> None:
        sent[" ".join(statement.split())] += 1

    engine = home.house.database.engine
    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)
