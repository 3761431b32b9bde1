"""What an installation and everything outside it have come to: as a picture to compare, and what must hold in any."""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta
from typing import Any

from sqlmodel import col, select

from tests.application.lessons import meetings, sessions
from tests.house import Home
from zoomguard.application.session_parts import SessionParts, plan_of
from zoomguard.domain.errors import NotThere
from zoomguard.domain.meeting_plan import differences, read_mark
from zoomguard.domain.sessions import SessionState
from zoomguard.tables import observers as observers_table
from zoomguard.tables import sessions as table
from zoomguard.tables.batches import BatchRow
from zoomguard.tables.database import Transaction
from zoomguard.tables.doors import Door, DoorState
from zoomguard.tables.messages import Message, MessageState
from zoomguard.tables.people import Person
from zoomguard.tables.sessions import HostBudget, SessionChild, VideoSession
from zoomguard.tables.work import Work

S = SessionState
STANDING = frozenset({S.SCHEDULED, S.AT_RISK, S.LIVE, S.ENDED})
SETTLED = STANDING | {S.PLANNED, S.REFUSED, S.CANCELLED, S.FAILED}
SHORT = re.compile(r"S-[0-9A-Z]{4}")
# A sweep looks for what a lost answer may have left: it follows from the kill itself.
OF_THE_KILL = frozenset({"sweep_meetings"})


def parts_of(home: Home) -> SessionParts:
    parts: SessionParts = home.app.sessions.parts
    return parts


# What must hold in any picture ----------------------------------------------------------------------------------


def check_that_all_is_whole(home: Home, kinds: tuple[str, ...] = (), repeats: int = 0) -> None:
    """Nothing is half, nothing twice, nothing left over, and no work owed; of these `kinds` where some are given.

    A mail whose process was killed as the server took it goes out again under the same number: so many `repeats`.
    """
    assert home.app.audit.verify().broken is None
    standing = [s for s in sessions(home) if s.state in STANDING]
    at_zoom = {m.number: m for m in meetings(home)}
    assert sorted(at_zoom) == sorted(s.meeting_number or 0 for s in standing), "a meeting too many, or too few"
    for session in sessions(home):
        check_that_it_is_settled(home, session, kinds)
    for session in standing:
        check_what_zoom_has(home, session, at_zoom[session.meeting_number])
    check_doors(home)
    check_mails(home, repeats)
    check_that_writes_were_counted(home)


def check_that_it_is_settled(home: Home, session: VideoSession, kinds: tuple[str, ...] = ()) -> None:
    """No change is under way, nothing is still owed that should have been done by now, each question is open once."""
    assert session.state in SETTLED, session.state
    wanted = (session.change, session.next_starts_at, session.next_teacher_id, session.next_observer_id)
    assert wanted == ("", None, None, None), wanted
    now = home.clock.now()
    with home.house.database.reading() as tx:
        owed = tx.all(select(Work).where(Work.subject == session.id, col(Work.done_at).is_(None), Work.due_at <= now))
        asked = [(a.person_id, a.state) for a in observers_table.asks_of(tx, session.id)]
    assert [w.kind for w in owed if not kinds or w.kind in kinds] == []
    twice = {a: n for a, n in Counter(asked).items() if n > 1 and a[1] == observers_table.AskState.OPEN}
    assert twice == {}, "a question is open twice"


def check_what_zoom_has(home: Home, session: VideoSession, meeting: Any) -> None:
    """The meeting is what the record says: time, host, observer, settings, passcode, mark, and who may come in."""
    parts = parts_of(home)
    with home.house.database.reading() as tx:
        plan, roster = plan_of(parts, tx, session, session.attempt), table.roster(tx, session.id)
    now = (meeting.host.email, meeting.start_at, int(meeting.fields["duration"]), meeting.password)
    assert now == (plan.host_email, session.starts_at, session.minutes, plan.passcode)
    assert meeting.settings["alternative_hosts"].split(";") == list(plan.observers)
    assert read_mark(meeting.fields["agenda"]) == (parts.installation, session.id, session.attempt)
    read = parts.meetings.read(meeting.number)
    assert read is not None
    posture = parts.users.posture(plan.host_email)
    assert differences(plan, read, posture and posture.everyone_waits) == (), "Zoom has other settings"
    if session.starts_at + timedelta(minutes=session.minutes) <= home.clock.now():
        return  # Whose links were told by telephone is put out of it afterwards.
    approved = [(r.email, r.id, r.join_url) for r in meeting.registrants if r.status == "approved"]
    assert len(approved) == len({r[0] for r in approved}), "somebody is approved twice"
    assert sorted(approved) == sorted((c.address, c.registrant_id, _link(parts, c)) for c in roster)


def _link(parts: SessionParts, entry: SessionChild) -> str:
    return parts.seals.open("session_child", "join_url", f"{entry.session_id}/{entry.child_id}", entry.join_url)


def check_doors(home: Home) -> None:
    """A door for everybody of the roster of a session that stands, none twice; all others refuse."""
    parts = parts_of(home)
    with home.house.database.reading() as tx:
        doors = tx.all(select(Door))
        rosters = {s.id: {c.child_id for c in table.roster(tx, s.id)} for s in sessions(home)}
    states = {s.id: s.state for s in sessions(home)}
    assert len(doors) == len({(d.session_id, d.person_id) for d in doors}), "a child has two doors"
    for door in doors:
        leads_in = states[door.session_id] in STANDING and door.person_id in rosters[door.session_id]
        assert (door.state is DoorState.OPEN) == leads_in
        seen = look(home, parts.seals.open("door", "token", door.id, door.token))
        assert (seen in ("early", "open", "over")) if leads_in else seen == "refused", (seen, states[door.session_id])
    with_doors = {(d.session_id, d.person_id) for d in doors}
    assert {(s, c) for s, children in rosters.items() if states[s] in STANDING for c in children} <= with_doors


def look(home: Home, token: str) -> str:
    """What somebody sees who holds a door's link."""
    try:
        return str(home.app.doors.look(token).state)
    except NotThere:
        return "refused"


def check_mails(home: Home, repeats: int = 0) -> None:
    """What was queued has gone out or was dropped, and nobody got the same mail twice."""
    now = home.clock.now()
    with home.house.database.reading() as tx:
        queued = [m for m in tx.all(select(Message)) if m.state is MessageState.QUEUED and m.not_before_at <= now]
    assert [m.template for m in queued] == []
    assert len(home.sandbox.mail()) - len(mails(home)) <= repeats, "somebody got a mail again"
    sent = Counter((m["to"], m["subject"], _without_links(m["text"])) for m in mails(home))
    assert [mail[:2] for mail, times in sent.items() if times > 1] == [], "somebody got a mail twice"


def mails(home: Home) -> list[dict[str, Any]]:
    """All mails; one that came again under its number is one."""
    return list({m["headers"]["Message-ID"]: m for m in home.sandbox.mail()}.values())


def _without_links(text: str) -> str:
    return re.sub(r"https?://\S+", "", text)


def check_that_writes_were_counted(home: Home) -> None:
    """Zoom never saw more creates and changes of a host's meetings in a UTC day than we counted before sending."""
    seen: Counter[str] = Counter()
    for call in home.sandbox.calls():
        path = call["path"].partition("?")[0]
        creates = call["method"] == "POST" and re.fullmatch(r"/v2/users/[^/]+/meetings", path)
        if call["status"] == 429:
            continue  # Zoom did nothing, and counts it not.
        if creates or (call["method"] == "PATCH" and re.fullmatch(r"/v2/meetings/\d+", path)):
            seen[call["at"][:10]] += 1
    with home.house.database.reading() as tx:
        counted: Counter[str] = Counter()
        for row in tx.all(select(HostBudget)):
            counted[row.utc_day.isoformat()] += row.used
            assert row.used <= 100
    assert all(counted[day] >= n for day, n in seen.items()), (seen, counted)


# The picture ----------------------------------------------------------------------------------------------------


def picture(home: Home) -> dict[str, Any]:
    """Everything that people could tell apart, without numbers and codes that are drawn anew each time."""
    at_zoom = {m.number: m for m in meetings(home)}
    with home.house.database.reading() as tx:
        shown = [_session(home, tx, s, at_zoom) for s in sessions(home)]
        rows = [(r.line, r.outcome.value, r.code) for r in tx.all(select(BatchRow).order_by(col(BatchRow.position)))]
        open_work = {
            w.kind for w in tx.all(select(Work).where(col(Work.done_at).is_(None))) if w.kind not in OF_THE_KILL
        }
    return {
        "sessions": sorted(shown, key=lambda s: str(s["start"])),
        "mail": sorted((m["to"], SHORT.sub("S-....", m["subject"])) for m in mails(home)),
        "owed": sorted(open_work),
        "rows": rows,
    }


def _session(home: Home, tx: Transaction, session: VideoSession, at_zoom: dict[int, Any]) -> dict[str, Any]:
    meeting = at_zoom.get(session.meeting_number or 0)
    return {
        "state": session.state.value,
        "why": (session.removal_reason, session.risk),
        "start": session.starts_at.isoformat(),
        "staff": (_email(home, tx, session.teacher_id), _email(home, tx, session.observer_id)),
        "yes": session.accepted_at is not None,
        "sequence": session.sequence,
        "roster": [tx.need(Person, c.child_id).reference for c in table.roster(tx, session.id)],
        "asked": sorted(
            (_email(home, tx, a.person_id), a.kind.value, a.state.value)
            for a in observers_table.asks_of(tx, session.id)
        ),
        "zoom": meeting and (meeting.host.email, meeting.start_at.isoformat(), meeting.settings["alternative_hosts"]),
        "meetings": len({s.outcome for s in table.steps(tx, "create_meeting", session.id) if s.state == "done"}),
    }


def _email(home: Home, tx: Transaction, person_id: str) -> str:
    person = tx.need(Person, person_id)
    return parts_of(home).seals.open("person", "email", person_id, person.email)
