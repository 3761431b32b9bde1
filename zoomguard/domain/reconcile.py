"""What our index says of the bucket against what the bucket says of itself: two sorted lists, walked side by side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from typing import Protocol
from urllib.parse import quote

from zoomguard.domain.archive import count
from zoomguard.domain.incidents import WORDS, IncidentKind, next_step

K = IncidentKind


def shown(name: str) -> str:
    """A name from outside as it may stand in a row and on a screen: what is not printable in the way of URLs."""
    return "".join(c if c.isprintable() else quote(c, safe="") for c in name)


@dataclass(frozen=True, slots=True)
class Ours:
    """An object of the index; without a version it is still under way."""

    key: str
    version_id: str
    size: int | None


class Theirs(Protocol):
    """A version or a delete marker as the bucket lists it."""

    @property
    def key(self) -> str: ...
    @property
    def version_id(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def is_marker(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Difference:
    """Something about one version of one key."""

    kind: IncidentKind
    key: str
    version_id: str


def differences(ours: Iterator[Ours], theirs: Iterable[Theirs]) -> Iterator[Difference]:
    """Both sorted by key, in the order of bytes; constant memory, but for the versions of one key.

    An object under way may or may not be there: nothing is said of it.
    """
    mine = next(ours, None)
    for key, group in groupby(theirs, attrgetter("key")):
        while mine is not None and mine.key < key:
            if mine.version_id:
                yield Difference(K.OBJECT_MISSING, mine.key, mine.version_id)
            mine = next(ours, None)
        versions = list(group)
        if mine is not None and mine.key == key:
            if len(versions) != 1 or versions[0].version_id != mine.version_id or versions[0].size != mine.size:
                yield from _of_one(mine, versions)
            mine = next(ours, None)
        else:
            yield from (Difference(K.UNKNOWN_OBJECT, key, v.version_id) for v in versions)
    while mine is not None:
        if mine.version_id:
            yield Difference(K.OBJECT_MISSING, mine.key, mine.version_id)
        mine = next(ours, None)


def _of_one(mine: Ours, versions: list[Theirs]) -> Iterator[Difference]:
    if not mine.version_id:
        return
    found = False
    for version in versions:
        if version.is_marker:
            yield Difference(K.DELETE_MARKER, mine.key, version.version_id)
        elif version.version_id != mine.version_id:
            yield Difference(K.EXTRA_VERSION, mine.key, version.version_id)
        else:
            found = True
            if version.size != mine.size:
                yield Difference(K.OBJECT_DIFFERS, mine.key, version.version_id)
    if not found:
        yield Difference(K.OBJECT_MISSING, mine.key, mine.version_id)


@dataclass(frozen=True)
class ReconcileFinding:
    """One finding with what was done about it; `settled` where a person has closed its incident, `incident` the one
    that stands open."""

    kind: IncidentKind
    subject: str
    done: str
    settled: bool = False
    incident: str = ""

    def as_json(self) -> dict[str, object]:
        """The parts by name."""
        return {
            "kind": self.kind.value,
            "subject": self.subject,
            "title": WORDS[self.kind].title,
            "done": self.done,
            "settled": self.settled,
            "incident": self.incident or None,
        }


@dataclass
class ReconcileReport:
    """What `archive reconcile` compared and found. `unknown` maps a side ("zoom", "s3", a host) to a code."""

    hosts: int = 0
    zoom_recordings: int = 0
    found_late: int = 0
    objects: int = 0
    bags_checked: int = 0
    object_reads: int = 0
    uploads_given_up: int = 0
    findings: list[ReconcileFinding] = field(default_factory=list)
    more: dict[str, int] = field(default_factory=dict)
    unknown: dict[str, str] = field(default_factory=dict)

    @property
    def exit(self) -> str:
        """ "wrong" where something is found that nobody has settled, "postponed" where a side could not be asked."""
        if self.more or any(not f.settled for f in self.findings):
            return "wrong"
        return "postponed" if self.unknown else "done"

    def as_json(self) -> dict[str, object]:
        """The document of `archive reconcile --json`."""
        return {
            "schema": "zoomguard/1",
            "outcome": self.exit,
            "hosts": self.hosts,
            "zoom_recordings": self.zoom_recordings,
            "found_late": self.found_late,
            "objects": self.objects,
            "bags_checked": self.bags_checked,
            "object_reads": self.object_reads,
            "uploads_given_up": self.uploads_given_up,
            "findings": [f.as_json() for f in self.findings],
            "more": dict(self.more),
            "unknown": dict(self.unknown),
        }

    def lines(self) -> tuple[str, ...]:
        """The run in words."""
        said = [
            f"Zoom: {count(self.hosts, 'host')}, {count(self.zoom_recordings, 'recording')};"
            f" {self.found_late} not seen before",
            f"S3: {count(self.objects, 'version')} listed; locks and tags of {count(self.bags_checked, 'bag')} read"
            f" back ({count(self.object_reads, 'read')})",
        ]
        if self.uploads_given_up:
            said.append(f"{count(self.uploads_given_up, 'unfinished upload')} of ours given up")
        for each in self.findings:
            state = "settled" if each.settled else "found  "
            said.append("  ".join(filter(None, (state, each.kind.value, each.incident, each.done))))
            said.append(f"    {each.subject}")
        said += [f"and {n} more of {kind}" for kind, n in sorted(self.more.items())]
        said += [f"unknown  {side}  {code}" for side, code in sorted(self.unknown.items())]
        if self.exit == "done":
            agree, settled = "Zoom, the index and S3 agree.", "Nothing new: all of this was settled before."
            said.append(settled if self.findings else agree)
        elif self.exit == "wrong":
            said.append(next_step(() if self.more else {f.incident for f in self.findings if f.incident}))
        return tuple(said)
