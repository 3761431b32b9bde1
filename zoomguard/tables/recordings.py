"""Recordings, their files, their bags, and who opened them why."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

import sqlalchemy as sa
from sqlmodel import col, select

from zoomguard.domain.errors import Fault
from zoomguard.domain.recordings import FileState, Purpose, RecordingState, RetentionClass
from zoomguard.tables.database import Transaction
from zoomguard.tables.types import Personal, Row, RowKind, UTCDateTime, chosen, column, key


class Recording(Row, table=True):
    """All files of one meeting instance (UUID)."""

    __tablename__ = "recording"
    KIND: ClassVar[RowKind] = RowKind.DECISION

    id: str = key()
    short_id: str = column(unique=True)
    # No foreign key: made again from the bags alone, a recording may stand without its session's row.
    session_id: str | None = column(default=None, index=True)
    uuid: str = column(unique=True)
    meeting_number: int = column(type=sa.BigInteger)
    host_id: str = column(Personal.PSEUDONYM)
    state: RecordingState = column(type=chosen(RecordingState, "state"))
    retention_class: RetentionClass = column(type=chosen(RetentionClass, "retention_class"))
    retain_until_at: datetime | None = column(default=None, type=UTCDateTime)
    starts_at: datetime = column(type=UTCDateTime)
    last_end_at: datetime | None = column(default=None, type=UTCDateTime)
    terms_version: str = column()
    first_seen_at: datetime = column(type=UTCDateTime)
    restricted: bool = column(default=False)
    bags: int = column(default=0)
    version: int = column(default=1)


class RecordingFile(Row, table=True):
    """One file: what Zoom said of it, where its copy lies, and what proves the copy."""

    __tablename__ = "recording_file"
    KIND: ClassVar[RowKind] = RowKind.DECISION
    __table_args__ = (sa.UniqueConstraint("recording_id", "zoom_file_key"),)

    id: str = key()
    recording_id: str = column(foreign_key="recording.id", index=True)
    zoom_file_key: str = column()
    type: str = column()
    recording_type: str = column(default="")
    zoom_size: int | None = column(default=None, type=sa.BigInteger)
    recorded_from_at: datetime | None = column(default=None, type=UTCDateTime)
    recorded_to_at: datetime | None = column(default=None, type=UTCDateTime)
    name: str = column()
    bag_number: int = column(default=0)
    state: FileState = column(type=chosen(FileState, "state"))
    # None while the file is only expected, or never came: it lies in no bag.
    key: str | None = column(default=None, unique=True)
    s3_version_id: str = column(default="")
    size: int | None = column(default=None, type=sa.BigInteger)
    sha256: str = column(default="")
    crc64nvme: str = column(default="")
    downloaded_at: datetime | None = column(default=None, type=UTCDateTime)
    verified_at: datetime | None = column(default=None, type=UTCDateTime)
    seen_at: datetime | None = column(default=None, type=UTCDateTime)
    # Since when Zoom has not served it rightly, without a break.
    failing_since_at: datetime | None = column(default=None, type=UTCDateTime)
    attempts: int = column(default=0)
    last_error_code: str = column(default="")
    version: int = column(default=1)

    @property
    def place(self) -> str:
        """The key in the bucket, of a file that lies in a bag; Fault for one that does not."""
        if self.key is None:
            raise Fault("A file that lies in no bag was looked for in the bucket.", "Report this defect.")
        return self.key


class Bag(Row, table=True):
    """A bag of a recording; sealed once its tagmanifest is in the bucket."""

    __tablename__ = "bag"
    KIND: ClassVar[RowKind] = RowKind.DECISION

    recording_id: str = column(primary_key=True, foreign_key="recording.id")
    number: int = column(primary_key=True)
    # S3 sorts keys by their bytes; so does SQLite, PostgreSQL only under this collation.
    prefix: str = column(type=sa.String().with_variant(sa.String(collation="C"), "postgresql"), unique=True, index=True)
    begun_at: datetime = column(type=UTCDateTime)
    retain_until_at: datetime = column(type=UTCDateTime)
    # The moment its tag files were fixed; None until the last of them is in the bucket.
    sealed_at: datetime | None = column(default=None, type=UTCDateTime)
    # When locks and tags were read back last, and when all bytes were; None: not since it was sealed.
    checked_at: datetime | None = column(default=None, type=UTCDateTime)
    rehashed_at: datetime | None = column(default=None, type=UTCDateTime)
    version: int = column(default=1)


class BagFile(Row, table=True):
    """A tag file of a bag: its exact text, so that a sweep after a crash writes the same bytes."""

    __tablename__ = "bag_file"
    KIND: ClassVar[RowKind] = RowKind.DECISION
    __table_args__ = (sa.ForeignKeyConstraint(["recording_id", "bag_number"], ["bag.recording_id", "bag.number"]),)

    recording_id: str = column(primary_key=True)
    bag_number: int = column(primary_key=True)
    path: str = column(primary_key=True)
    position: int = column()
    content: str = column(Personal.PSEUDONYM)
    size: int = column()
    sha256: str = column()
    s3_version_id: str = column(default="")


class Viewing(Row, table=True):
    """Somebody opened a recording, for a purpose and with a reason."""

    __tablename__ = "viewing"
    KIND: ClassVar[RowKind] = RowKind.DECISION

    id: str = key()
    recording_id: str = column(foreign_key="recording.id", index=True)
    person_id: str = column(Personal.PSEUDONYM, foreign_key="person.id")
    purpose: Purpose = column(type=chosen(Purpose, "purpose"))
    opened_at: datetime = column(type=UTCDateTime)
    until_at: datetime = column(type=UTCDateTime)
    finished_at: datetime | None = column(default=None, type=UTCDateTime)
    version: int = column(default=1)


class ViewingRead(Row, table=True):
    """A range of bytes that was streamed under a viewing."""

    __tablename__ = "viewing_read"
    KIND: ClassVar[RowKind] = RowKind.OBSERVATION

    id: str = key()
    viewing_id: str = column(foreign_key="viewing.id", index=True)
    path: str = column()
    start: int = column(type=sa.BigInteger)
    stop: int = column(type=sa.BigInteger)
    at: datetime = column(type=UTCDateTime)


def by_uuid(tx: Transaction, uuid: str) -> Recording | None:
    """The recording of a meeting instance."""
    return tx.first(select(Recording).where(Recording.uuid == uuid))


def find(tx: Transaction, id_or_short: str) -> Recording | None:
    """A recording by its id or short id."""
    named = sa.or_(col(Recording.id) == id_or_short, col(Recording.short_id) == id_or_short)
    return tx.first(select(Recording).where(named))


def files(tx: Transaction, recording_id: str) -> list[RecordingFile]:
    """The files of a recording, in the order they were found."""
    return tx.all(
        select(RecordingFile).where(RecordingFile.recording_id == recording_id).order_by(col(RecordingFile.id))
    )


# A file that Zoom serves otherwise after it was archived stands beside the first, under its key and a number.
AGAIN = "~"


def zoom_key(file: RecordingFile) -> str:
    """How Zoom's list knows the file."""
    return file.zoom_file_key.partition(AGAIN)[0]


def bag_files(tx: Transaction, recording_id: str, number: int) -> list[BagFile]:
    """The tag files of a bag, in the order they are written."""
    return tx.all(
        select(BagFile)
        .where(BagFile.recording_id == recording_id, BagFile.bag_number == number)
        .order_by(col(BagFile.position))
    )


def unarchived(tx: Transaction, session_id: str | None = None) -> list[Recording]:
    """Recordings that are not wholly in the archive yet, or of which Zoom announced another file, oldest first; of
    one session all of them."""
    announced = select(RecordingFile.recording_id).where(RecordingFile.state == FileState.EXPECTED)
    wanted = sa.or_(col(Recording.state) != RecordingState.ARCHIVED, col(Recording.id).in_(announced))
    if session_id is not None:
        wanted = col(Recording.session_id) == session_id
    return tx.all(select(Recording).where(wanted).order_by(col(Recording.starts_at)))


def of_sessions(tx: Transaction, session_ids: frozenset[str]) -> set[str]:
    """Of these sessions the ones that have a recording."""
    return set(tx.all(select(Recording.session_id).where(col(Recording.session_id).in_(session_ids)))) - {None}


def uuids_of(tx: Transaction, session_id: str) -> frozenset[str]:
    """The instances of a session's meeting that have a recording."""
    return frozenset(tx.all(select(Recording.uuid).where(Recording.session_id == session_id)))


def open_bags(tx: Transaction, recording_id: str) -> list[Bag]:
    """The bags of a recording that are not sealed yet, in order; more than one only after a crash or a race."""
    return tx.all(
        select(Bag).where(Bag.recording_id == recording_id, col(Bag.sealed_at).is_(None)).order_by(col(Bag.number))
    )


def waiting_bags(tx: Transaction, recording_id: str) -> list[Bag]:
    """The bags that are not sealed yet and hold a file, in order: one whose files all went missing is none."""
    filled = {f.bag_number for f in files(tx, recording_id)}
    return [b for b in open_bags(tx, recording_id) if b.number in filled]


def sealed_bags(tx: Transaction, recording_id: str) -> list[Bag]:
    """The sealed bags of a recording, in order."""
    return tx.all(
        select(Bag).where(Bag.recording_id == recording_id, col(Bag.sealed_at).is_not(None)).order_by(col(Bag.number))
    )


def bags_to_rehash(tx: Transaction, most: int | None) -> list[tuple[str, int]]:
    """Recording and number of sealed bags, those first that were never read again, then by how long ago it was."""
    never_first = col(Bag.rehashed_at).is_not(None)
    query = select(Bag.recording_id, Bag.number).where(col(Bag.sealed_at).is_not(None))
    query = query.order_by(never_first, col(Bag.rehashed_at), col(Bag.recording_id), col(Bag.number))
    return [tuple(row) for row in tx.all(query.limit(most))]


def bags_never_rehashed(tx: Transaction) -> int:
    """How many sealed bags were never read again."""
    query = select(sa.func.count()).select_from(Bag)
    count: int = tx.first(query.where(col(Bag.sealed_at).is_not(None), col(Bag.rehashed_at).is_(None)))
    return count


def bag_prefixes(tx: Transaction, after: str, most: int) -> list[str]:
    """Prefixes of bags in the order of their bytes."""
    return tx.all(select(Bag.prefix).where(Bag.prefix > after).order_by(col(Bag.prefix)).limit(most))


def objects_between(tx: Transaction, after: str, to: str) -> list[tuple[str, str, int | None]]:
    """Key, version ("" while under way) and size of all objects whose bag's prefix lies between, `to` included;
    sorted by key, in the order of bytes."""
    within = (Bag.prefix > after, Bag.prefix <= to)
    files = select(RecordingFile.key, RecordingFile.s3_version_id, RecordingFile.size).join(
        Bag, sa.and_(col(Bag.recording_id) == RecordingFile.recording_id, col(Bag.number) == RecordingFile.bag_number)
    )
    path = col(Bag.prefix) + col(BagFile.path)
    tags = select(path, BagFile.s3_version_id, BagFile.size).join(
        Bag, sa.and_(col(Bag.recording_id) == BagFile.recording_id, col(Bag.number) == BagFile.bag_number)
    )
    return sorted(tuple(r) for q in (files, tags) for r in tx.all(q.where(*within)))


def object_at(tx: Transaction, key: str) -> tuple[str, int | None] | None:
    """Version and size of the object that the index has under a key, read afresh."""
    row = tx.first(select(RecordingFile.s3_version_id, RecordingFile.size).where(RecordingFile.key == key))
    if row is None:
        prefix, path = key[: len(key) - len(key.split("/", 5)[-1])], key.split("/", 5)[-1]
        tags = select(BagFile.s3_version_id, BagFile.size).join(
            Bag, sa.and_(col(Bag.recording_id) == BagFile.recording_id, col(Bag.number) == BagFile.bag_number)
        )
        row = tx.first(tags.where(Bag.prefix == prefix, BagFile.path == path))
    return (row[0], row[1]) if row is not None else None


def bags_to_check(tx: Transaction, parts_of_the_rest: int) -> list[tuple[str, int]]:
    """Recording and number of the sealed bags that were not looked at since, and of one part of the others, those
    first that were looked at longest ago."""
    which = select(Bag.recording_id, Bag.number).where(col(Bag.sealed_at).is_not(None))
    fresh = tx.all(which.where(col(Bag.checked_at).is_(None)).order_by(col(Bag.prefix)))
    known = which.where(col(Bag.checked_at).is_not(None))
    rest: int = tx.first(select(sa.func.count()).select_from(known.subquery()))
    oldest = known.order_by(col(Bag.checked_at), col(Bag.prefix)).limit(-(-rest // parts_of_the_rest))
    return [tuple(row) for row in [*fresh, *tx.all(oldest)]]


def count(tx: Transaction) -> int:
    """How many recordings are on record."""
    found: int = tx.first(select(sa.func.count()).select_from(Recording))
    return found


def first_start(tx: Transaction) -> datetime | None:
    """When the oldest recording on record began."""
    found: datetime | None = tx.first(select(sa.func.min(Recording.starts_at)))
    return found


def by_key(tx: Transaction, key: str) -> Recording | None:
    """The recording that a key of the index belongs to."""
    parts = key.split("/")
    return tx.get(Recording, parts[3]) if len(parts) > 4 else None
