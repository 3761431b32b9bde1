"""What the tests of reconcile share: an archived lesson, and findings in short."""

from __future__ import annotations

from tests.archive.bucket import Bucket
from tests.archive.lessons import held
from tests.house import Home
from zoomguard.domain.reconcile import ReconcileReport

Place = tuple[Home, Bucket]


def archived(home: Home, **script: object) -> None:
    """A lesson that was held and archived."""
    held(home, **script)
    assert home.app.archive.run().exit == "done"


def found(report: ReconcileReport) -> list[tuple[str, str]]:
    """Kind and subject of each finding, in the order they were found."""
    return [(f.kind.value, f.subject) for f in report.findings]
