"""The audit chain: canonical bytes, hashes, commitments, and the check of a whole chain.

An entry's hash is SHA-256 over a label, its number, the hash before it and the body's very bytes. The body
holds no personal data: what could be personal is a payload that the body only commits to (HMAC-SHA256 under
a random salt), so that a payload can be erased while the chain still verifies.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

LABEL = b"zoomguard/audit/v1\0"
VERSION = 1


@dataclass(frozen=True)
class Event:
    """A decision as the audit keeps it: a topic and a past verb, about what, by whom, with a payload."""

    action: str
    subject_kind: str
    subject_id: str
    actor: str
    payload: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Entry:
    """One stored entry with the columns that repeat what its body says."""

    seq: int
    prev_hash: str
    hash: str
    body: bytes
    at: datetime
    actor: str
    action: str
    subject_kind: str
    subject_id: str
    payload_commit: str
    salt: bytes | None
    payload: bytes | None


@dataclass(frozen=True)
class Broken:
    """The first entry that does not hold, and why."""

    seq: int
    reason: str


@dataclass(frozen=True)
class Verification:
    """What a check of the chain found: `unanchored` entries stand behind the last anchor (0 = no anchor yet)."""

    entries: int
    head: str
    broken: Broken | None
    last_anchor_seq: int
    erased_payloads: int

    @property
    def unanchored(self) -> int:
        """How many good entries at the end rest on this database alone."""
        return max(0, self.entries - self.last_anchor_seq)


def canonical(value: object) -> bytes:
    """Canonical JSON of a subset: sorted ASCII keys, no floats, NFC strings, UTF-8. ValueError for the rest."""
    return json.dumps(_subset(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _subset(value: object) -> object:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, Mapping):
        if not all(isinstance(k, str) and k.isascii() for k in value):
            raise ValueError("keys are ASCII text")
        return {k: _subset(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_subset(v) for v in value]
    raise ValueError(f"{type(value).__name__} has no canonical form")


def genesis(installation: str) -> str:
    """The hash before the first entry, different in each installation."""
    return hashlib.sha256(b"zoomguard/genesis/v1\0" + installation.encode()).hexdigest()


def commitment(salt: bytes, payload: bytes) -> str:
    """HMAC-SHA256 of a payload's bytes under its salt; meaningless once the salt is erased."""
    return hmac.new(salt, payload, hashlib.sha256).hexdigest()


def body(event: Event, at: datetime, commit: str) -> bytes:
    """The bytes that are stored and hashed."""
    return _bytes(event.action, event.actor, at, commit, event.subject_kind, event.subject_id)


def _bytes(action: str, actor: str, at: datetime, commit: str, kind: str, subject: str) -> bytes:
    parts = {
        "action": action,
        "actor": actor,
        "at": _stamp(at),
        "payload": commit,
        "subject": subject,
        "subject_kind": kind,
        "v": VERSION,
    }
    return canonical(parts)


def entry_hash(seq: int, prev_hash: str, content: bytes) -> str:
    """SHA-256 over label, u64 number, previous hash, length and bytes of the body."""
    framed = LABEL + seq.to_bytes(8, "big") + bytes.fromhex(prev_hash) + len(content).to_bytes(8, "big") + content
    return hashlib.sha256(framed).hexdigest()


def verify(entries: Iterable[Entry | None], genesis_hash: str, last_anchor_seq: int = 0) -> Verification:
    """Walks a chain in order of `seq` and names the first entry that does not hold; None is one without a form."""
    seq, head, erased = 0, genesis_hash, 0
    for entry in entries:
        reason = _fault(entry, seq + 1, head) if entry else "cannot be read"
        if entry is None or reason:
            return Verification(seq, head, Broken(seq + 1, reason), last_anchor_seq, erased)
        seq, head = entry.seq, entry.hash
        erased += entry.payload is None
    if seq < last_anchor_seq:
        return Verification(seq, head, Broken(seq + 1, "missing: an anchor names it"), last_anchor_seq, erased)
    return Verification(seq, head, None, last_anchor_seq, erased)


def _fault(entry: Entry, seq: int, head: str) -> str:
    if entry.seq != seq:
        return f"missing: the next stored entry is {entry.seq}"
    if entry.prev_hash != head:
        return "does not follow the entry before it"
    if entry.hash != entry_hash(seq, head, entry.body):
        return "its bytes were changed"
    if not _copies_agree(entry):
        return "a column says other than its bytes"
    if (entry.salt is None) != (entry.payload is None):
        return "half of its payload is gone"
    kept = entry.salt is not None and entry.payload is not None
    if kept and commitment(entry.salt or b"", entry.payload or b"") != entry.payload_commit:
        return "its payload was changed"
    return ""


def _copies_agree(entry: Entry) -> bool:
    """The columns make the very bytes again; so a body that is no JSON at all is told apart too."""
    e = entry
    try:
        return e.body == _bytes(e.action, e.actor, e.at, e.payload_commit, e.subject_kind, e.subject_id)
    except ValueError:
        return False


def _stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
