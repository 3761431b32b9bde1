"""Whether bags in the bucket are what was archived: every byte hashed again, every manifest read again."""

from __future__ import annotations

from dataclasses import dataclass, field

from zoomguard.domain.archive import count
from zoomguard.domain.bag import DECLARATION, MARK_NAME, digest, manifest_of, oxum
from zoomguard.domain.incidents import IncidentKind, next_step


@dataclass(frozen=True)
class Disagreement:
    """One object that is not what the archive rests on; `key` and `version_id` name it in the bucket, `incident` what
    stands open about it ("": it was closed)."""

    kind: IncidentKind
    recording: str
    key: str
    version_id: str
    reason: str
    incident: str = ""

    @property
    def subject(self) -> str:
        """What an incident calls it."""
        return f"{self.key}@{self.version_id}"

    def as_json(self) -> dict[str, str | None]:
        """The parts by name."""
        return {
            "kind": self.kind.value,
            "recording": self.recording,
            "key": self.key,
            "version": self.version_id,
            "reason": self.reason,
            "incident": self.incident or None,
        }


@dataclass
class FixityReport:
    """What `archive verify` found. `unknown` maps a recording's short id to the code of what kept us from telling."""

    bags: int = 0
    agreeing: int = 0
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
            "agree": self.agreeing,
            "wrong": [d.as_json() for d in self.wrong],
            "unknown": dict(self.unknown),
            "never_checked": self.never_checked,
        }

    def lines(self) -> tuple[str, ...]:
        """The run in words."""
        objects = f"{count(self.objects, 'object')}, {self.read_bytes / 1e6:.1f} MB"
        said = [f"{count(self.bags, 'bag')} read again from S3 ({objects})"]
        for each in self.wrong:
            said.append("  ".join(filter(None, ("wrong  ", each.recording, each.incident, each.reason))))
            said.append(f"    key      {each.key}")
            said.append(f"    version  {each.version_id}")
        said += [f"unknown  {short}  {code}" for short, code in sorted(self.unknown.items())]
        if self.never_checked:
            said.append(f"Not read again since sealed: {count(self.never_checked, 'bag')}")
        if self.exit == "done":
            agree = "All agree: payload, manifests and the archive's index."
            said.append(agree if self.bags else "No bag is on record: nothing was proved.")
        elif self.exit == "wrong":
            named = {each.incident for each in self.wrong if each.incident}
            said.append(next_step(named) if named else "Next: touch nothing in the bucket, and tell the data lead.")
        return tuple(said)


def manifests_disagree(tags: dict[str, bytes], payload: dict[str, tuple[str, int]]) -> dict[str, str]:
    """What of a bag's tag files does not hold, as path and reason: `tags` are the tag files as read, `payload` the
    SHA-256 and the size in bytes by path on record."""
    digests = {path: digest(content) for path, content in tags.items() if path != MARK_NAME}
    said = tags.get("bag-info.txt", b"").decode(errors="replace").split("\n")
    holds = {
        MARK_NAME: (_listed(tags, MARK_NAME) == digests, "the tagmanifest does not name the tag files as they are"),
        "manifest-sha256.txt": (
            _listed(tags, "manifest-sha256.txt") == {path: sha256 for path, (sha256, _) in payload.items()},
            "the manifest does not name the files on record",
        ),
        "bag-info.txt": (
            f"Payload-Oxum: {oxum([size for _, size in payload.values()])}" in said,
            "the payload has another size than it says",
        ),
        "bagit.txt": (tags.get("bagit.txt") == DECLARATION.encode(), "it does not declare the bag that we write"),
    }
    return {path: reason for path, (is_so, reason) in holds.items() if not is_so}


def _listed(tags: dict[str, bytes], path: str) -> dict[str, str] | None:
    return manifest_of(tags[path]) if path in tags else None
