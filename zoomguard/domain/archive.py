"""What an archive run found and did, as people, cron and programs read it."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import timedelta

from zoomguard.domain.incidents import next_step

# Zoom needs about twice a lesson's length, and up to a day at peaks: what is not listed after that is missing.
LISTED_AFTER = timedelta(hours=24)


@dataclass
class ArchiveTally:
    """Counts of one run. `postponed` and `wrong` map a recording's short id to the code of what stands in the way;
    `expected` and `missing` name sessions, `open_incidents` grave ones that nobody has closed; `waiting` is how long
    ago each recording was found that is not archived whole when the run ends. A run for one session speaks in these
    of that session alone."""

    hosts: int = 0
    recordings: int = 0
    files: int = 0
    safe: int = 0
    copied: int = 0
    copied_bytes: int = 0
    sealed: int = 0
    outside: int = 0
    elsewhere: int = 0
    postponed: dict[str, str] = field(default_factory=dict)
    wrong: dict[str, str] = field(default_factory=dict)
    expected: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    open_incidents: tuple[tuple[str, str], ...] = ()
    waiting: tuple[timedelta, ...] = ()

    @property
    def exit(self) -> str:
        """ "wrong" where something is missing or does not agree, "postponed" where something is left, else "done"."""
        if self.wrong or self.missing or self.open_incidents:
            return "wrong"
        return "postponed" if self.postponed else "done"

    def add(self, other: ArchiveTally) -> None:
        """Takes in what another part of the run counted."""
        for each in fields(self):
            mine, theirs = getattr(self, each.name), getattr(other, each.name)
            setattr(self, each.name, {**mine, **theirs} if isinstance(mine, dict) else mine + theirs)

    def as_json(self) -> dict[str, object]:
        """The document of `archive --json`."""
        return {
            "schema": "zoomguard/1",
            "outcome": self.exit,
            "hosts": self.hosts,
            "recordings": self.recordings,
            "files": self.files,
            "safe": self.safe,
            "copied": self.copied,
            "copied_bytes": self.copied_bytes,
            "sealed": self.sealed,
            "outside": self.outside,
            "elsewhere": self.elsewhere,
            "waiting": len(self.waiting),
            "longest_wait_s": int(max(self.waiting, default=timedelta()).total_seconds()),
            "postponed": dict(self.postponed),
            "wrong": dict(self.wrong),
            "expected": list(self.expected),
            "missing": list(self.missing),
            "incidents": [{"incident": short, "kind": kind} for short, kind in self.open_incidents],
        }

    def lines(self) -> tuple[str, ...]:
        """The run in words."""
        looked = f"{count(self.hosts, 'host')} looked at"
        said = [
            f"{looked}, {count(self.files, 'file')} of {count(self.recordings, 'recording')}",
            f"{self.safe} archived before, {self.copied} copied ({self.copied_bytes / 1e6:.1f} MB),"
            f" {count(self.sealed, 'bag')} sealed",
        ]
        if self.outside:
            said.append(
                f"{count(self.outside, 'recording')} of meetings outside sessions: not opened without a decision"
            )
        if self.elsewhere:
            said.append(f"{count(self.elsewhere, 'recording')} in the hands of another run")
        if self.waiting:
            waits = f"{count(len(self.waiting), 'recording')} not whole in the archive yet"
            said.append(f"{waits}, found up to {_up_to(max(self.waiting))} ago")
        if "hosts" in self.postponed:
            said.append("No teacher is on record, so nothing was looked for. Next: zoomguard people import staff FILE")
        said += [f"postponed  {short}  {code}" for short, code in sorted(self.postponed.items())]
        said += [f"wrong      {short}  {code}" for short, code in sorted(self.wrong.items())]
        said += [f"expected   {short}  not at Zoom yet" for short in self.expected]
        said += [f"missing    {short}  was held, and after 24 hours not all of it is at Zoom" for short in self.missing]
        said += [f"open       {short}  {kind}" for short, kind in self.open_incidents]
        if self.missing or self.open_incidents:
            said.append(next_step(() if self.missing else [short for short, _ in self.open_incidents]))
        if self.copied and self.exit == "done":
            said.append("All copied files read back from S3: lock, size and checksum agree.")
        return tuple(said)


def _up_to(wait: timedelta) -> str:
    """How long something waited at most: in begun minutes, from an hour on in hours."""
    minutes = max(1, -(-wait // timedelta(minutes=1)))
    return f"{minutes} min" if minutes < 60 else f"{wait / timedelta(hours=1):.1f} h"


def count(number: int, noun: str) -> str:
    """A number with its noun."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
