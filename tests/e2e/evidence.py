"""The archive of a town as the scenarios use it: lessons that are held, commands that copy, what lies in the bucket."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.archive.bucket import Bucket
from tests.e2e.stage import Stage
from tests.e2e.town import OBSERVER, TEACHER, Ran, Town

COLUMNS = "teacher,observer,group,children,course,start,timezone,minutes,weekly_until".split(",")
MARK = "/tagmanifest-sha256.txt"


def uncapped(terms: str) -> str:
    """Terms under which copies may take all of the line by day too."""
    return terms.replace("megabits_per_second = 200", "megabits_per_second = 0")


def agreed(stage: Stage, **change: Any) -> dict[str, Any]:
    """A lesson whose observer said yes, so that nothing calls it off."""
    session = stage.make(**change)
    assert stage.do(session, "accept", by=session["observer"])[0] == 200
    return session


@contextmanager
def without_service(town: Town) -> Iterator[None]:
    """While nobody but `zoomguard archive` copies; Zoom's events of that time are lost."""
    town.stop_service()
    yield
    start_again(town)


def start_again(town: Town) -> None:
    """The service comes back; tokens of before may have ended with the sandbox's hours."""
    town.start_service()
    town.tokens.clear()


def hold(town: Town, session: dict[str, Any], **script: Any) -> None:
    """The lesson is held, and its recording appears."""
    town.control("POST", "play", {"session": session["short_id"], **script})


def archive(town: Town, *words: str) -> Ran:
    """`zoomguard archive` as cron runs it."""
    return town.zg("archive", *words)


def bucket(town: Town) -> Bucket:
    """The town's bucket."""
    return Bucket(town.environ.get("ZOOMGUARD_S3_ENDPOINT_URL") or town.sandbox.settings()["ZOOMGUARD_S3_ENDPOINT_URL"])


def downloads(town: Town) -> list[str]:
    """The paths of recordings' files that were asked for at Zoom."""
    return [c["path"] for c in town.control("GET", "calls") if c["path"].startswith("/rec/download/")]


def true_hashes(town: Town, session: dict[str, Any]) -> list[str]:
    """SHA-256 of what Zoom has of a lesson in truth."""
    shown = town.control("POST", "recordings", {"session": session["short_id"], "do": "show"})
    return sorted(file["sha256"] for file in shown["files"])


def hashes(bag: Any) -> list[str]:
    """SHA-256 of the payload, as the bag's manifest says."""
    return sorted(bag.payload_entries()[path]["sha256"] for path in bag.payload_files())


def sealed(town: Town, session: dict[str, Any]) -> list[str]:
    """The commit marks of a lesson's bags."""
    return [key for key in bucket(town).sealed() if f"/{session['id']}/" in key]


def timetable(file: Path, first: date, count: int, a_day: int, **change: str) -> Path:
    """A file of so many lessons of one child, so many a day, on the hour from nine on."""
    row = {"teacher": TEACHER, "observer": OBSERVER, "children": "C-0120", "course": "ART-7", "minutes": "50", **change}
    with file.open("w", newline="") as target:
        writer = csv.DictWriter(target, COLUMNS, restval="")
        writer.writeheader()
        for n in range(count):
            day = first + timedelta(days=n // a_day)
            writer.writerow({**row, "start": f"{day} {9 + n % a_day:02}:00"})
    return file


def in_order(sessions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """By their start, as time goes by."""
    return sorted(sessions, key=lambda s: datetime.fromisoformat(s["starts_at"]))
