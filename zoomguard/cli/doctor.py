"""`zoomguard doctor`: whether what the installation stands on can carry it."""

from __future__ import annotations

from zoomguard.cli import layout, show
from zoomguard.cli.command import group, json_option
from zoomguard.cli.in_process import operator
from zoomguard.domain.times import printable

EXITS = {"kept": show.DONE, "refused": show.REFUSED, "unknown": show.OUTSIDE}


@group("doctor", "zoomguard doctor storage")
def doctor() -> None:
    """Tries what the installation stands on, and says whether it can carry it."""


@doctor.command("storage", examples=("zoomguard doctor storage", "zoomguard doctor storage --json"))
@json_option
def storage(as_json: bool) -> int:
    """Tries whether the bucket can keep evidence, with small objects of its own.

    Exit 0: it can. Exit 1: it cannot. Exit 4: S3 could not be reached or asked.
    """
    with operator() as application:
        report = application.storage.examine()
    lines = [printable(line) for line in report.lines()]
    show.out([row for line in lines for row in layout.wrap(line, rest=" " * 13)], as_json)
    if as_json:
        show.document(report.as_json())
    return EXITS[report.exit]
