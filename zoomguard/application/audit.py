"""The audit chain: verified in place or from an export, and exported."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator

import sqlalchemy as sa

from zoomguard.domain import audit
from zoomguard.domain.audit import Entry, Verification
from zoomguard.domain.errors import BadInput, IntegrityFailed
from zoomguard.domain.times import parse_iso
from zoomguard.tables import audit as table
from zoomguard.tables.database import Database


class AuditTrail:
    """Checks and exports the chain. Anchors outside come with the watch; until then the whole tail is unanchored."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def verify(self) -> Verification:
        """Walks the chain in the database and names the first entry that does not hold."""
        with self.database.streaming() as connection:
            genesis = connection.execute(sa.text("SELECT genesis FROM install")).scalar_one_or_none()
            anchored = connection.execute(
                sa.text("SELECT max(seq) FROM anchor WHERE put_at IS NOT NULL")
            ).scalar_one_or_none()
            return audit.verify(table.entries(connection), genesis or audit.genesis(""), anchored or 0)

    def export(self) -> Iterator[str]:
        """The chain as lines of JSON: a head line, then one line for each entry, with its very bytes."""
        with self.database.streaming() as connection:
            row = connection.execute(sa.text("SELECT id, genesis FROM install")).one()
            yield json.dumps({"schema": "zoomguard/audit/1", "installation": row.id, "genesis": row.genesis})
            for seq, entry in enumerate(table.entries(connection), 1):
                if entry is None:
                    raise IntegrityFailed(f"Entry {seq} of the audit cannot be read.", "Run: zoomguard audit verify")
                yield json.dumps(_as_json(entry))


def verify_export(lines: Iterator[str]) -> Verification:
    """Checks an export without any database; BadInput where it is not one."""
    try:
        head = json.loads(next(lines))
        if head["schema"] != "zoomguard/audit/1":
            raise ValueError
        bytes.fromhex(head["genesis"])
        return audit.verify((_entry(line) for line in lines), head["genesis"])
    except (ValueError, KeyError, TypeError, StopIteration):
        raise BadInput(
            "The file is not an audit export.", "Make one with: zoomguard audit export", code="NOT_AN_EXPORT"
        ) from None


def _entry(line: str) -> Entry | None:
    """One line of an export; None where it has no form, so that the check can name it."""
    try:
        return _from_json(json.loads(line))
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None


def _as_json(entry: Entry) -> dict[str, object]:
    return {
        "seq": entry.seq,
        "prev_hash": entry.prev_hash,
        "hash": entry.hash,
        "body": base64.b64encode(entry.body).decode(),
        "at": entry.at.isoformat(),
        "actor": entry.actor,
        "action": entry.action,
        "subject_kind": entry.subject_kind,
        "subject_id": entry.subject_id,
        "payload_commit": entry.payload_commit,
        "salt": base64.b64encode(entry.salt).decode() if entry.salt is not None else None,
        "payload": base64.b64encode(entry.payload).decode() if entry.payload is not None else None,
    }


def _from_json(said: dict[str, str | int | None]) -> Entry:
    def content(name: str) -> bytes | None:
        return None if said[name] is None else base64.b64decode(str(said[name]), validate=True)

    return Entry(
        int(said["seq"] or 0),
        str(said["prev_hash"]),
        str(said["hash"]),
        content("body") or b"",
        parse_iso(str(said["at"])),
        str(said["actor"]),
        str(said["action"]),
        str(said["subject_kind"]),
        str(said["subject_id"]),
        str(said["payload_commit"]),
        content("salt"),
        content("payload"),
    )


def in_words(found: Verification) -> str:
    """The result as a sentence: the tail that nothing outside vouches for is always stated."""
    tail = f"{found.unanchored} of {found.entries} entries are behind the last anchor (unanchored tail)."
    if found.broken is not None:
        last = found.last_anchor_seq
        anchor = f"The last good anchor is entry {last}." if last else "There is no anchor yet."
        return f"First bad entry: {found.broken.seq}: {found.broken.reason}. {anchor}"
    return f"{found.entries} entries agree; head {found.head[:16]}. {tail}"
