"""What the tests of sessions look at: Zoom's meetings, the mail, the record; and time that passes."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import SQLModel, col, select

from tests.house import Home
from zoomguard.domain.errors import OutsideFailed
from zoomguard.domain.people import OPERATOR
from zoomguard.domain.sessions import SessionState
from zoomguard.tables.audit import Audit
from zoomguard.tables.sessions import VideoSession
from zoomguard.tables.work import Work

KINDS = (
    "create_meeting",
    "remove_meeting",
    "change_meeting",
    "settle_entries",
    "renew_doors",
    "schedule_batch",
    "create_planned",
    "send_message",
    "sweep_meetings",
)
INVITED = (
    "eva.kral@families.example",
    "jan.kral@families.example",
    "lan.tran@families.example",
    "martha.stone@families.example",
    "ngozi.okafor@families.example",
)
NAMES = ("Lena", "Kral", "Marek", "Minh", "Tran", "Ada", "Okafor", "Ivy", "Stone")
FIRST_FORM = "FORM-0120-G20"


def meetings(home: Home) -> list[Any]:
    """The meetings of ours that stand at Zoom."""
    state = home.sandbox._zoom.state
    with state.lock:
        return [m for m in state.meetings.values() if not m.deleted and m.fields["agenda"].startswith("zg:")]


def writes(home: Home) -> list[str]:
    """What was sent to Zoom that changes something, in order."""
    sent = [c.partition(" ") for c in home.zoom_calls("meetings")]
    return [f"{method} {path.rpartition('/')[2]}" for method, _, path in sent if method != "GET"]


def mail(home: Home, subject: str = "Online lesson") -> list[str]:
    """To whom mails with such a subject went, in order of address."""
    return sorted(m["to"] for m in home.sandbox.mail() if m["subject"].startswith(subject))


def sessions(home: Home) -> list[VideoSession]:
    """All sessions on record, oldest first."""
    with home.house.database.reading() as tx:
        return tx.all(select(VideoSession).order_by(col(VideoSession.id)))


def only_session(home: Home) -> VideoSession:
    """The one session on record."""
    (session,) = sessions(home)
    return session


def state_of(home: Home) -> SessionState:
    """The state of the one session on record."""
    return only_session(home).state


def audited(home: Home, action: str) -> int:
    """How often something stands in the audit."""
    with home.house.database.reading() as tx:
        return len(tx.all(select(Audit.seq).where(Audit.action == action)))


def row_counts(home: Home) -> dict[str, int]:
    """How many rows each table has."""
    with home.house.database.engine.connect() as connection:
        return {
            name: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for name, table in SQLModel.metadata.tables.items()
        }


def attempt(home: Home, **change: Any) -> str:
    """Schedules, and gives the code of what went wrong outside; "" where nothing did."""
    try:
        home.schedule(**change)
    except OutsideFailed as error:
        return error.code
    return ""


def until_quiet(home: Home, within: timedelta = timedelta(hours=1)) -> None:
    """Does what is due, moving the clock to the next piece of work, until nothing falls due within that time."""
    ends = home.clock.now() + within
    for _ in range(200):
        home.do_due(*KINDS)
        due_at = _next_due(home)
        if due_at is None or due_at > ends:
            return
        home.clock.advance(max(0.0, (due_at - home.clock.now()).total_seconds()) + 0.001)
    raise AssertionError("work never ends")


def _next_due(home: Home) -> Any:
    with home.house.database.reading() as tx:
        open_work = select(Work.due_at).where(col(Work.done_at).is_(None), col(Work.kind).in_(KINDS))
        return tx.first(open_work.order_by(col(Work.due_at)))


def all_at_once(calls: list[Callable[[], Any]]) -> list[Any]:
    """What each call gave, or the error it met, with all of them begun together."""
    with ThreadPoolExecutor(len(calls)) as pool:
        begun = [pool.submit(call) for call in calls]
        return [one.exception() or one.result() for one in begun]


def change_file(home: Home, name: str, change: Callable[[dict[str, str]], bool | None], **how: Any) -> None:
    """Imports the lines of one of the school's files that `change` says yes to, changed by it."""
    with (home.path / "school" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if change(row)]
    import_rows(home, name, rows, **how)


def import_rows(home: Home, name: str, rows: list[dict[str, str]], **how: Any) -> None:
    """Imports lines into staff, children, guardians, groups or consents."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    take_in = home.app.consents.import_file if name == "consents" else getattr(home.app.people, f"import_{name}")
    answer = take_in(text.getvalue().encode(), by=OPERATOR, **how)
    assert answer.written and not answer.refused, answer


def object_to(home: Home, child: str, answer: str, guardian: str = "", scope: str = "video_live") -> None:
    """A guardian of the child refuses or withdraws."""

    def change(row: dict[str, str]) -> bool:
        chosen = (row["child"], row["scope"]) == (child, scope) and guardian in ("", row["guardian"])
        row.update(answer=answer, valid_until_on="", effective_on=row["verified_on"], evidence_ref="CALL-1")
        return chosen

    change_file(home, "consents", change)
