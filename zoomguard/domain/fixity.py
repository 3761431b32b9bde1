"""Whether bags in the bucket are what was archived: every byte hashed again, every manifest read again."""

from __future__ import annotations

from dataclasses import dataclass, field

from zoomguard.domain.bag import MARK_NAME, manifest_of
from zoomguard.domain.incidents import IncidentKind


@dataclass(frozen=True)
class Disagreement:
    """One object that is not what the archive rests on; `key` and `version_id` name it in the bucket."""

    kind: IncidentKind
    recording: str
    key: str
    version_id: str
    reason: str

    @property
    def subject(self) -> str:
        """What an incident calls it."""
        return f"{self.key}@{self.version_id}"

    def as_json(self) -> dict[str, str]:
        """The parts by name."""
        return {
            "kind": self.kind.value,
            "recording": self.recording,
            "key": self.key,
            "version": self.version_id,
            "reason": self.reason,
        }


@dataclass
class FixityReport:
    """What `archive verify` found. `unknown` maps a recording's short id to the code of what kept us from telling."""

    bags: int = 0
    objects: int = 0
    read_bytes: int = 0
    wrong: list[Disagreement] = field(default_factory=list)
    unknown: dict[str, str] = field(default_factory=dict)
    never_checked: int = 0

    @property
    def exit(self) -> str:
        """ "wrong" where a bag differs, "postponed" where it could not be told, else "done"."""
        return "wrong" if self.wrong else "postponed" if self.unknown else "done"

    def as_json(self) -> dict[str, object]:
        """The document of `archive verify --json`."""
        return {
            "schema": "zoomguard/1",
            "outcome": self.exit,
            "bags": self.bags,
            "objects": self.objects,
            "bytes": self.read_bytes,
            "agree": self.bags - len({d.key.rsplit("/b", 1)[0] for d in self.wrong}) - len(self.unknown),
            "wrong": [d.as_json() for d in self.wrong],
            "unknown": dict(self.unknown),
            "never_checked": self.never_checked,
        }

    def lines(self) -> tuple[str, ...]:
        """The run in words."""
        said = [f"{self.bags} bags, {self.objects} objects, {self.read_bytes / 1e6:.1f} MB read again from S3"]
        for each in self.wrong:
            said.append(f"wrong    {each.recording}  {each.reason}")
            said.append(f"    key      {each.key}")
            said.append(f"    version  {each.version_id}")
        said += [f"unknown  {short}  {code}" for short, code in sorted(self.unknown.items())]
        if self.never_checked:
            said.append(f"{self.never_checked} bags have not been read again since they were sealed.")
        if self.exit == "done" and self.bags:
            said.append("All agree: payload, manifests and the archive's index.")
        return tuple(said)


def manifests_disagree(tags: dict[str, bytes], digests: dict[str, str], payload: dict[str, str]) -> dict[str, str]:
    """What of a bag's manifests does not hold, as path and reason: `tags` are the tag files as read, `digests` their
    SHA-256, `payload` the SHA-256 by path on record."""
    wrong: dict[str, str] = {}
    marked, listed = manifest_of(tags[MARK_NAME]), manifest_of(tags["manifest-sha256.txt"])
    if marked is None or marked != {p: d for p, d in digests.items() if p != MARK_NAME}:
        wrong[MARK_NAME] = "the tagmanifest does not name the tag files as they are"
    if listed is None or listed != payload:
        wrong["manifest-sha256.txt"] = "the manifest does not name the files on record"
    return wrong
