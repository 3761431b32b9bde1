"""Whether a storage can keep evidence: what was asked of it, what was seen, and what follows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from zoomguard.domain.findings import Outcome
from zoomguard.domain.times import iso, spoken

KEPT, REFUSED, UNTOLD = "kept", "refused", "unknown"


@dataclass(frozen=True)
class StorageWanted:
    """What the storage is held against: our environment, the moment, and the shortest and longest days we keep."""

    environment: str
    production: bool
    now: datetime
    shortest_days: int
    longest_days: int


@dataclass(frozen=True)
class Probe:
    """One thing that was tried. `name` is stable; `seen` may also say something about a pass.

    `blocking` says that evidence cannot be kept where this is not a pass; the others are warnings.
    """

    name: str
    outcome: Outcome
    blocking: bool = False
    seen: str = ""
    remedy: str = ""

    @property
    def word(self) -> str:
        """What came of it in one word, the same for people and programs."""
        if self.outcome is Outcome.NOT_APPLICABLE:
            return "n/a"
        return "warning" if self.outcome is Outcome.FAIL and not self.blocking else self.outcome.value

    def as_json(self) -> dict[str, object]:
        """The probe as JSON gives it."""
        return {
            "name": self.name,
            "outcome": self.word,
            "blocking": self.blocking,
            "seen": self.seen,
            "remedy": self.remedy,
        }


@dataclass(frozen=True)
class LeftObject:
    """An object of the probes that had to stay, and until when it is locked (None: it could not be told)."""

    key: str
    version_id: str
    locked_until_at: datetime | None

    def as_json(self) -> dict[str, object]:
        """The object as JSON gives it."""
        until = iso(self.locked_until_at) if self.locked_until_at else None
        return {"key": self.key, "version_id": self.version_id, "locked_until": until}


@dataclass(frozen=True)
class StorageReport:
    """All that was tried in one bucket."""

    bucket: str
    environment: str
    probes: tuple[Probe, ...]
    left: tuple[LeftObject, ...] = ()

    @property
    def exit(self) -> str:
        """ "refused": evidence cannot be kept here; "unknown": it could not be told; "kept": it can."""
        blocking = {probe.outcome for probe in self.probes if probe.blocking}
        if Outcome.FAIL in blocking:
            return REFUSED
        return UNTOLD if Outcome.UNKNOWN in blocking else KEPT

    def as_json(self) -> dict[str, object]:
        """The document of `doctor storage --json`."""
        return {
            "schema": "zoomguard/1",
            "outcome": self.exit,
            "bucket": self.bucket,
            "environment": self.environment,
            "probes": [probe.as_json() for probe in self.probes],
            "left": [left.as_json() for left in self.left],
            "verdict": self.verdict(),
        }

    def verdict(self) -> str:
        """The one line at the end."""
        failed = sum(probe.blocking and probe.outcome is Outcome.FAIL for probe in self.probes)
        untold = sum(probe.blocking and probe.outcome is Outcome.UNKNOWN for probe in self.probes)
        noted = sum(not probe.blocking and probe.outcome in (Outcome.FAIL, Outcome.UNKNOWN) for probe in self.probes)
        if self.exit == REFUSED:
            return f"Evidence cannot be kept here: {failed} of {len(self.probes)} probes failed."
        if self.exit == UNTOLD:
            return f"Whether evidence can be kept here is not known: of what decides it, {untold} could not be asked."
        return f"Evidence can be kept here{f'; {noted} to look at' if noted else ''}."

    def lines(self) -> tuple[str, ...]:
        """The report in words: one line for each probe, what to do below it, and the verdict last."""
        longest = max((len(probe.name) for probe in self.probes), default=0)
        said = []
        for probe in self.probes:
            said.append(f"{probe.word:<7}  {probe.name:<{longest}}  {probe.seen}".rstrip())
            said += [f"         Do: {probe.remedy}"] if probe.remedy else []
        said += [_left(one) for one in self.left]
        return (*said, self.verdict())


def _left(one: LeftObject) -> str:
    if one.locked_until_at is None:
        return f"left     {one.key} (version {one.version_id}): it could not be removed"
    return f"left     {one.key} (version {one.version_id}): locked until {spoken(one.locked_until_at, 'UTC')}"
