"""Recordings for those who may see them: listed, shown, and opened for a purpose with a reason.

Held, restricted, one's own and not-there look alike. A play is opened once, on record; under it the objects of the
sealed bags are streamed through the service, and the right is asked again at each read.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from sqlmodel import col, select

from zoomguard.application import access
from zoomguard.application.ports import Clock, Vault
from zoomguard.application.recording_bytes import Checked, from_bucket, open_wrong
from zoomguard.domain import ids
from zoomguard.domain.audit import Event
from zoomguard.domain.errors import BadInput, Conflict, IntegrityFailed, NotAllowed, NotThere, Refused
from zoomguard.domain.findings import Finding, Outcome
from zoomguard.domain.incidents import IncidentKind
from zoomguard.domain.people import Role, Who
from zoomguard.domain.recordings import (
    FileView,
    Play,
    PlayObject,
    Purpose,
    RecordingState,
    RecordingView,
    never_listed,
    why_not,
)
from zoomguard.tables import people as people_table
from zoomguard.tables import recordings as table
from zoomguard.tables import sessions as sessions_table
from zoomguard.tables.database import Database, Transaction
from zoomguard.tables.recordings import Recording, RecordingFile, Viewing, ViewingRead
from zoomguard.tables.sessions import VideoSession

log = logging.getLogger("zoomguard.recordings")
NOT_FOR_YOU = ("There is no such recording for you.", "See: zoomguard recordings list")
PLAY_LASTS = timedelta(hours=4)
SHORTEST_REASON, LONGEST_REASON = 8, 500
# Which roles may give which purpose; publication is nobody's.
PURPOSES: dict[Purpose, frozenset[Role]] = {
    Purpose.QA_REVIEW: frozenset({Role.REVIEWER}),
    Purpose.TRANSPARENCY_COMPLAINT: frozenset({Role.DSL, Role.DEPUTY, Role.DATA_LEAD}),
    Purpose.SAFEGUARDING: frozenset({Role.DSL, Role.DEPUTY}),
    Purpose.DSAR: frozenset({Role.DATA_LEAD, Role.DSL, Role.DEPUTY}),
    Purpose.LEGAL: frozenset({Role.DATA_LEAD, Role.DSL, Role.DEPUTY}),
}


@dataclass(frozen=True)
class _Stored:
    """Where an object of a play lies."""

    object: PlayObject
    key: str
    version_id: str

    @property
    def place(self) -> tuple[str, str]:
        """What names it in the bucket."""
        return self.key, self.version_id


class Recordings:
    """The use cases of recordings."""

    def __init__(self, database: Database, clock: Clock, vault: Vault) -> None:
        self.database, self.clock, self.vault = database, clock, vault
        # What differed when it was last read whole by this process: no range of it, so that no cut copy is completed.
        self._differing: set[tuple[str, str]] = set()

    def list(self, who: Who, *, most: int = 200) -> tuple[RecordingView, ...]:
        """The recordings that this person may open, newest first."""
        access.require(who, "recordings.see")
        with self.database.reading() as tx:
            rows = tx.all(select(Recording).order_by(col(Recording.starts_at).desc()).limit(most))
            return tuple(self._view(tx, r) for r in rows if not self._hidden(tx, who, r))

    def show(self, who: Who, id_or_short: str) -> RecordingView:
        """One recording; NotThere where it is not for this person."""
        with self.database.reading() as tx:
            return self._view(tx, self._seen(tx, who, id_or_short))

    def open(self, who: Who, id_or_short: str, purpose: str, reason: str) -> Play:
        """Opens a recording for a purpose with a reason, on record. `publication` is refused whoever asks."""
        aim = _purpose(purpose)
        _check_reason(reason)
        if aim is Purpose.PUBLICATION:
            self._refuse_publication(who, id_or_short)
        now = self.clock.now()
        with self.database.deciding() as tx:
            recording = self._seen(tx, who, id_or_short)
            if not who.roles & PURPOSES[aim]:
                raise NotAllowed(
                    f"Your role may not open a recording for the purpose {aim.value}.",
                    "Give the purpose that your role is for, or ask somebody whose it is.",
                    code="PURPOSE_NOT_YOURS",
                )
            objects = tuple(s.object for s in self._stored(tx, recording))
            if recording.state is not RecordingState.ARCHIVED and not objects:
                raise Conflict("The recording is not in the archive yet.", "Try again later.", code="NOT_ARCHIVED")
            viewing = Viewing(
                id=ids.ulid(now),
                recording_id=recording.id,
                person_id=who.id,
                purpose=aim,
                opened_at=now,
                until_at=now + PLAY_LASTS,
            )
            tx.add(viewing)
            payload = {"recording": recording.id, "purpose": aim.value, "reason": reason}
            tx.commit(audit=Event("recording.opened", "viewing", viewing.id, who.id, payload))
            return Play(viewing.id, self._view(tx, recording), viewing.until_at, objects)

    def object(self, who: Who, play_id: str, number: int) -> PlayObject:
        """One object of a play, as long as the play lasts and the person may still see the recording."""
        with self.database.reading() as tx:
            return self._object(tx, who, play_id, number).object

    @contextmanager
    def read(self, who: Who, play_id: str, number: int, start: int, stop: int | None) -> Iterator[Iterator[bytes]]:
        """Streams bytes of one object; which range was read goes on record when it ends.

        IntegrityFailed before the last byte where they are not the bag's (see Checked), before the first where there is
        no such version in the bucket any more.
        """
        with self.database.reading() as tx:
            stored = self._object(tx, who, play_id, number)
        size, end = stored.object.size, min(stored.object.size if stop is None else stop, stored.object.size)
        whole = start == 0 and end == size
        if not whole and stored.place in self._differing:
            raise IntegrityFailed("It differs from the bag.", "Tell the operator.", code="OBJECT_DIFFERS")
        gone = partial(self._note_wrong, play_id, stored, IncidentKind.OBJECT_MISSING)
        with from_bucket(self.vault, *stored.place, start, end, gone) as chunks:
            checked = Checked(chunks, max(end - start, 0), stored.object.sha256 if whole else "")
            try:
                yield checked
            finally:
                self._note_read(play_id, stored.object.path, start, start + checked.given)
                if checked.differs:
                    self._object_differs(play_id, stored)
                elif whole and checked.given == size:
                    self._differing.discard(stored.place)

    def _object_differs(self, play_id: str, stored: _Stored) -> None:
        """The trace of it, and no range of the object until it agrees again."""
        self._differing.add(stored.place)
        self._note_wrong(play_id, stored, IncidentKind.OBJECT_DIFFERS)

    def _note_wrong(self, play_id: str, stored: _Stored, kind: IncidentKind) -> None:
        log.error("%s: %s of play %s, version %s", kind.name, stored.object.path, play_id, stored.version_id)
        with self.database.deciding() as tx:
            recording = tx.need(Recording, tx.need(Viewing, play_id).recording_id)
            told = open_wrong(tx, kind, recording, *stored.place, self.clock.now())
            if told:
                tx.commit(audit=told)

    def finish(self, who: Who, play_id: str) -> None:
        """Closes a play: what was fetched goes into the audit, one event for each object that was read."""
        now = self.clock.now()
        with self.database.deciding() as tx:
            viewing = tx.lock(Viewing, play_id)
            if viewing is None or viewing.person_id != who.id:
                raise NotThere(*NOT_FOR_YOU)
            if viewing.finished_at is not None:
                return
            viewing.finished_at = now
            reads = tx.all(select(ViewingRead).where(ViewingRead.viewing_id == play_id))
            events = tuple(
                _fetched(viewing, path, sum(r.stop - r.start for r in reads if r.path == path))
                for path in sorted({r.path for r in reads})
            )
            tx.commit(audit=events or (Event("recording.closed_unread", "viewing", play_id, who.id),))

    # Who may --------------------------------------------------------------------------------------------------

    def _seen(self, tx: Transaction, who: Who, id_or_short: str) -> Recording:
        row = table.find(tx, id_or_short.upper())
        if row is None or not access.may(who, "recordings.see") or self._hidden(tx, who, row):
            raise NotThere(*NOT_FOR_YOU)
        return row

    def _hidden(self, tx: Transaction, who: Who, recording: Recording) -> bool:
        """Nobody sees a recording of their own teaching or observing, or of a relative; nor a restricted one."""
        if recording.restricted and not who.has(Role.DSL, Role.DEPUTY, Role.DATA_LEAD):
            return True
        session = tx.get(VideoSession, recording.session_id) if recording.session_id else None
        if session is None:
            # Whose lesson it was is not on record: it may be that of whoever teaches or observes.
            return who.has(Role.TEACHER, Role.OBSERVER) or not who.has(Role.DSL, Role.DEPUTY, Role.DATA_LEAD)
        if who.id in (session.teacher_id, session.observer_id):
            return True
        children = {c.child_id for c in sessions_table.roster(tx, session.id)}
        return any(r.child_id in children for r in people_table.relations_of(tx, frozenset({who.id})))

    def _refuse_publication(self, who: Who, id_or_short: str) -> None:
        with self.database.deciding() as tx:
            recording = self._seen(tx, who, id_or_short)
            payload = {"purpose": Purpose.PUBLICATION.value}
            tx.commit(audit=Event("recording.publication_refused", "recording", recording.id, who.id, payload))
        finding = Finding(
            "CON-PUBLISH",
            Outcome.FAIL,
            id_or_short,
            "Recordings serve quality assurance and transparency; nothing is published.",
            remedy="There is no way to publish a recording with zoomguard.",
        )
        raise Refused((finding,))

    # What lies where --------------------------------------------------------------------------------------------

    def _object(self, tx: Transaction, who: Who, play_id: str, number: int) -> _Stored:
        viewing = tx.get(Viewing, play_id)
        if viewing is None or viewing.person_id != who.id or viewing.finished_at is not None:
            raise NotThere(*NOT_FOR_YOU)
        if self.clock.now() >= viewing.until_at:
            raise Conflict("This play has ended.", "Fetch again, with purpose and reason.", code="PLAY_ENDED")
        recording = self._seen(tx, who, viewing.recording_id)
        found = [s for s in self._stored(tx, recording) if s.object.number == number]
        if not found:
            raise NotThere(*NOT_FOR_YOU)
        return found[0]

    def _stored(self, tx: Transaction, recording: Recording) -> tuple[_Stored, ...]:
        """The objects of all sealed bags; those of later bags have their bag before the path."""
        stored: list[_Stored] = []
        files = table.files(tx, recording.id)
        for bag in table.sealed_bags(tx, recording.id):
            before = "" if bag.number == 1 else f"b{bag.number:03d}/"
            # Payload first, the tag files after it, as they were written.
            for file in (f for f in files if f.bag_number == bag.number and f.verified_at is not None):
                played = PlayObject(len(stored) + 1, f"{before}data/{file.name}", file.size or 0, file.sha256)
                stored.append(_Stored(played, file.place, file.s3_version_id))
            for tag in table.bag_files(tx, recording.id, bag.number):
                played = PlayObject(len(stored) + 1, f"{before}{tag.path}", tag.size, tag.sha256)
                stored.append(_Stored(played, bag.prefix + tag.path, tag.s3_version_id))
        return tuple(stored)

    def _view(self, tx: Transaction, recording: Recording) -> RecordingView:
        session = tx.get(VideoSession, recording.session_id) if recording.session_id else None
        files = table.files(tx, recording.id)
        return RecordingView(
            recording.id,
            recording.short_id,
            recording.session_id,
            session.short_id if session else None,
            session.course if session else "",
            recording.state,
            recording.starts_at,
            recording.retain_until_at,
            tuple(map(_file_view, files)),
            never_listed(frozenset(f.type for f in files)),
        )

    def _note_read(self, play_id: str, path: str, start: int, stop: int) -> None:
        """What was read; a stream that outlives its play goes into the audit by itself."""
        if stop <= start:
            return
        now = self.clock.now()
        with self.database.deciding() as tx:
            viewing = tx.hold(Viewing, play_id)
            tx.add(ViewingRead(id=ids.ulid(now), viewing_id=play_id, path=path, start=start, stop=stop, at=now))
            tx.commit(audit=_fetched(viewing, path, stop - start) if viewing.finished_at is not None else ())


def _fetched(viewing: Viewing, path: str, count: int) -> Event:
    return Event("recording.fetched", "viewing", viewing.id, viewing.person_id, {"path": path, "bytes": count})


def _file_view(file: RecordingFile) -> FileView:
    why = why_not(file.state, file.last_error_code)
    return FileView(file.id, file.name, file.state, file.size, file.sha256 or None, why, file.bag_number or 1)


def _purpose(text: str) -> Purpose:
    try:
        return Purpose(text)
    except ValueError:
        names = ", ".join(p.value for p in Purpose if p is not Purpose.PUBLICATION)
        raise BadInput("That is no purpose.", f"Give one of: {names}.", code="BAD_PURPOSE") from None


def _check_reason(reason: str) -> None:
    if not SHORTEST_REASON <= len(reason.strip()) <= LONGEST_REASON or not reason.isprintable():
        raise BadInput(
            "The reason is missing, too short or too long.",
            f"Say in {SHORTEST_REASON} to {LONGEST_REASON} characters why you need the recording.",
            code="BAD_REASON",
        )
