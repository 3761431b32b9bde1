"""What came of making the index anew from the bags."""

from __future__ import annotations

from dataclasses import dataclass, field

from zoomguard.domain.archive import count


@dataclass
class RebuildReport:
    """`not_whole` maps the prefix of what is no whole bag to the reason."""

    bags: int = 0
    files: int = 0
    recordings: set[str] = field(default_factory=set)
    not_whole: dict[str, str] = field(default_factory=dict)

    @property
    def exit(self) -> str:
        """ "wrong" where something in the bucket is no whole bag, or nothing was found, else "done"."""
        return "wrong" if self.not_whole or not self.bags else "done"

    def as_json(self) -> dict[str, object]:
        """The document of `archive reconcile --rebuild --json`."""
        return {
            "schema": "zoomguard/1",
            "outcome": self.exit,
            "recordings": len(self.recordings),
            "bags": self.bags,
            "files": self.files,
            "not_whole": dict(self.not_whole),
        }

    def lines(self) -> tuple[str, ...]:
        """The run in words."""
        left = [(f"not whole  {reason}", f"    {prefix}") for prefix, reason in sorted(self.not_whole.items())]
        if not self.bags:
            left.append(("No whole bag was found.", "Is S3_BUCKET the bucket of this college?"))
        made = (count(len(self.recordings), "recording"), count(self.bags, "bag"), count(self.files, "file"))
        return (
            f"Index made anew: {', '.join(made)}",
            *(line for lines in left for line in lines),
            "Holds and restrictions are not kept in bags: place them again before anybody is let in.",
            "Next: zoomguard archive verify --all",
        )
