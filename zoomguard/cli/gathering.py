"""Findings that say the same of several people, as one."""

from __future__ import annotations

from collections.abc import Sequence

from zoomguard.cli.answers import Said

ALIKE = ("rule", "verdict", "reason", "wanted", "got", "remedy", "who")


def gathered(found: Sequence[Said]) -> list[Said]:
    """Findings that differ only in whom they are about, as one that names all; in the order of the first of each."""
    groups: dict[tuple[str, ...], list[Said]] = {}
    for one in found:
        groups.setdefault(tuple(one.text(name) for name in ALIKE), []).append(one)
    return [_one(group) for group in groups.values()]


def about(finding: Said) -> str:
    """Whom it is about, before its reason; "" where the reason says that already."""
    subject = finding.text("subject")
    return f"{subject}: " if subject and subject not in finding.text("reason") else ""


def _one(group: Sequence[Said]) -> Said:
    subjects = dict.fromkeys(one.raw("subject") for one in group if one.text("subject"))
    return Said({**group[0].document, "subject": ", ".join(subjects)}) if len(subjects) > 1 else group[0]
